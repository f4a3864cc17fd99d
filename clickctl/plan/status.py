"""The state of every hour of a range, and the commands that would mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from clickctl.domain.hours import Hour, HourRange
from clickctl.domain.ledger import InputFile, Ledger, UnitEntry
from clickctl.domain.rules import QualityRules


class State(StrEnum):
    MISSING = "missing"
    WAITING = "waiting"
    COMMITTED = "committed"
    STALE = "stale"
    TORN = "torn"
    PUBLISHING = "publishing"
    FAILED = "failed"
    FUTURE = "future"


MENDABLE = (State.WAITING, State.STALE, State.TORN, State.FAILED)


@dataclass(frozen=True)
class HourStatus:
    """One hour: its state, the unit that holds it, and why it is in that state."""

    hour: Hour
    state: str
    unit: str | None = None
    reason: str = ""
    raw_files: int = 0
    raw_bytes: int = 0


@dataclass(frozen=True)
class Mend:
    """A command that would mend some hours, and which state they are in."""

    command: str
    states: tuple[str, ...]
    hours: int


@dataclass(frozen=True)
class StatusReport:
    first: Hour
    end: Hour
    counts: dict[str, int]
    hours: tuple[HourStatus, ...]
    mend: tuple[Mend, ...]


def hour_status(
    hour: Hour, ledger: Ledger, raw: tuple[InputFile, ...], torn: frozenset[str], rules: QualityRules, present: Hour
) -> HourStatus:
    """`torn` names the units of the ledger whose publishing run is dead; `raw` the hour's files."""
    unit = ledger.unit_of(hour)
    state, reason = _state(hour, ledger.entry(unit), raw, str(unit) in torn, rules, present)
    held = str(unit) if ledger.entry(unit).commit or ledger.entry(unit).publishing else None
    return HourStatus(hour, state, held, reason, len(raw), sum(file.size for file in raw))


def _state(
    hour: Hour, entry: UnitEntry, raw: tuple[InputFile, ...], torn: bool, rules: QualityRules, present: Hour
) -> tuple[State, str]:
    if entry.publishing:
        return (State.TORN, "a run died while publishing it") if torn else (State.PUBLISHING, "a run is publishing it")
    if entry.failure:
        return State.FAILED, entry.failure.error
    if entry.commit is None:
        if raw:
            return State.WAITING, "raw files wait to be run"
        return (State.FUTURE, "") if hour >= present else (State.MISSING, "no raw files have arrived")
    inputs = tuple(file for file in entry.commit.inputs if file.key.startswith(f"{hour.path}/"))
    if raw and raw != inputs:
        return State.STALE, "its raw files changed since it was committed"
    if entry.commit.transform != rules.name and raw:
        return State.STALE, "it was made by other rules"
    if not inputs:
        return (State.FUTURE, "") if hour >= present else (State.MISSING, "no raw files have arrived")
    return State.COMMITTED, "" if raw else "committed; its raw files are gone"


def report(hours: HourRange, statuses: Iterable[HourStatus]) -> StatusReport:
    found = tuple(statuses)
    counts: dict[str, int] = {}
    for status in found:
        counts[status.state] = counts.get(status.state, 0) + 1
    return StatusReport(hours.first, hours.end, counts, found, _mends(found))


def _mends(statuses: tuple[HourStatus, ...]) -> tuple[Mend, ...]:
    """One backfill for each run of neighbouring hours that need one."""
    mends: list[Mend] = []
    group: list[HourStatus] = []
    for status in (*statuses, None):
        if status is not None and status.state in MENDABLE:
            group.append(status)
        elif group:
            mends.append(_mend(group))
            group = []
    return tuple(mends)


def _mend(group: list[HourStatus]) -> Mend:
    states = tuple(sorted({status.state for status in group}))
    first, last = group[0].hour, group[-1].hour
    if len(group) == 1:
        return Mend(f"clickctl run-partition {first}", states, 1)
    end = last.plus(1)
    whole = first == first.day.first_hour and end == end.day.first_hour
    return Mend(f"clickctl backfill {first.day if whole else first} {end.day if whole else end}", states, len(group))
