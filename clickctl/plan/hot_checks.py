"""What `doctor` says of the hot tables, whichever warehouse holds them: pure."""

from __future__ import annotations

from collections.abc import Mapping

from clickctl.domain.hours import Day
from clickctl.plan.checks import Check, Subject
from clickctl.plan.hot import Load
from clickctl.plan.hot_tables import Columns, drift, missing

MAKE_TABLES = "clickctl load-hot --create-tables"


def tables_told(subject: Subject, wanted: Mapping[str, Columns], seen: Mapping[str, Columns]) -> Check:
    """The tables and their columns as they should be, against those that are there."""
    absent, others = missing(wanted, seen), drift(wanted, seen)
    told = ". ".join([*([f"missing: {', '.join(absent)}"] if absent else []), *others])
    if others:
        return subject.fail(told, f"Alter the table, or rename it and run '{MAKE_TABLES}'.")
    if absent:
        return subject.fail(told, MAKE_TABLES)
    return subject.ok(f"{len(wanted)} tables, as they should be")


def freshness_seen(loads: Mapping[Day, Load], today: Day) -> str:
    """`14 days loaded, newest event 2026-01-05T13:59:59Z, 2 days ago`."""
    if not loads:
        return "nothing is loaded yet"
    newest = max(load.newest_event for load in loads.values())
    age = max(0, (today.date - newest.date()).days)
    ago = "today" if age == 0 else "yesterday" if age == 1 else f"{age} days ago"
    return f"{len(loads)} {'day' if len(loads) == 1 else 'days'} loaded, newest event {newest.isoformat()}Z, {ago}"
