"""load-hot, decided: what each event-day of the hot window needs, given the lake and the warehouse. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from clickctl.domain.hours import Day, Unit, unit_from_name
from clickctl.domain.layout import FACTS, TABLES
from clickctl.domain.ledger import Commit, Ledger, OutputFile
from clickctl.domain.widths import STAGED

RULES = 1
"""Part of every fingerprint: raise it when the same files would make other rows in the warehouse."""

LOAD, RELOAD, UNCHANGED, EXPIRE, HELD, EMPTY = "load", "reload", "unchanged", "expire", "held", "empty"


@dataclass(frozen=True)
class Load:
    """One row of the bookkeeping table: an event-day as the warehouse holds it. Times are UTC without a zone.

    `facts` are its rows; with the `duplicates` that were removed they are the rows of its files.
    `cut` counts values that were too long for their column. `fingerprint` is empty where the rows
    were in a table that has been made anew since.
    """

    day: Day
    fingerprint: str
    files: int
    bytes: int
    facts: int
    duplicates: int
    cut: int
    newest_event: datetime
    load_id: str
    loaded_at: datetime


@dataclass(frozen=True)
class DayFiles:
    """What the ledgers say of one event-day: the committed files of both tables.

    `wide` are keys of files that may hold a text no VARCHAR can. `held` says why the day is not to
    be read now, `by` names the units that are in the way, `torn` that nobody is at them any more.
    """

    day: Day
    files: tuple[OutputFile, ...] = ()
    fingerprint: str = ""
    wide: frozenset[str] = frozenset()
    held: str = ""
    by: tuple[Unit, ...] = ()
    torn: bool = False

    def of(self, table: str) -> tuple[OutputFile, ...]:
        return tuple(file for file in self.files if file.table == table)

    @property
    def rows(self) -> int:
        """Facts, duplicates across units included."""
        return sum(file.rows for file in self.of(FACTS))

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class DayPlan:
    """The verdict on one event-day, and why. `loaded` is what the warehouse has of it."""

    day: Day
    verdict: str
    reason: str
    lake: DayFiles
    loaded: Load | None

    @property
    def changes(self) -> bool:
        return self.verdict in (LOAD, RELOAD, EXPIRE)


@dataclass(frozen=True)
class HotPlan:
    """Days in order. The window begins with `first` and is open ahead: events may come early."""

    first: Day
    days: tuple[DayPlan, ...]

    @property
    def to_do(self) -> tuple[DayPlan, ...]:
        return tuple(day for day in self.days if day.changes)

    @property
    def held(self) -> tuple[DayPlan, ...]:
        return tuple(day for day in self.days if day.verdict == HELD)


def days_of(ledgers: Iterable[Ledger], torn: Collection[Unit]) -> dict[Day, DayFiles]:
    """The event-days that have files, from the ledgers of all arrival days that may have any.

    A day is held while a publish is under way that puts or deletes any of its committed files.
    """
    found: dict[Day, list[tuple[OutputFile, Commit]]] = {}
    moving: dict[str, Unit] = {}
    for ledger in ledgers:
        for commit in ledger.committed().values():
            for file in commit.files:
                if file.table in TABLES:
                    found.setdefault(file.day, []).append((file, commit))
        moving.update(_moving(ledger))
    return {day: _day(day, files, moving, torn) for day, files in found.items()}


def publishing(ledger: Ledger) -> dict[Unit, Collection[str]]:
    """The keys that each publish under way puts or deletes."""
    return {
        unit_from_name(name): {file.key for file in (*entry.publishing.files, *entry.publishing.replaces)}
        for name, entry in ledger.units.items()
        if entry.publishing
    }


def _moving(ledger: Ledger) -> dict[str, Unit]:
    return {key: unit for unit, keys in publishing(ledger).items() for key in keys}


def _day(
    day: Day, found: Sequence[tuple[OutputFile, Commit]], moving: Mapping[str, Unit], torn: Collection[Unit]
) -> DayFiles:
    found = sorted(found, key=lambda one: one[0].key)
    named = [[file.key, file.size, file.rows, commit.run_id] for file, commit in found]
    word = hashlib.sha256(json.dumps([RULES, named]).encode()).hexdigest()[:32]
    wide = frozenset(file.key for file, commit in found if _may_be_wide(commit))
    by = tuple(sorted({moving[file.key] for file, _ in found if file.key in moving}, key=str))
    dead = tuple(unit for unit in by if unit in torn)
    held = ""
    if by:
        held = f"{dead[0]} is torn" if dead else f"{by[0]} is being published"
    return DayFiles(day, tuple(file for file, _ in found), word, wide, held, dead or by, bool(dead))


def _may_be_wide(commit: Commit) -> bool:
    """True also for commits of before the longest texts were counted."""
    longest = commit.quality.longest
    return bool(commit.quality.facts) and (not longest or max(longest.values()) > STAGED)


def plan_hot(
    first: Day,
    today: Day,
    lake: Mapping[Day, DayFiles],
    loaded: Mapping[Day, Load],
    *,
    only: Collection[Day] = (),
    full: bool = False,
    unread: Mapping[Day, str] | None = None,
    reach: int = 1,
) -> HotPlan:
    """The verdict on each day from `first` on, and on what the warehouse holds of earlier ones.

    `only` limits it to these days. `unread` are arrival days whose ledgers could not be read, and
    why: no event-day that may have had files of theirs is touched, and such files lie `reach` days
    ahead of their arrival at most. `today` only says how many days without any rows are named.
    """
    window = {first.plus(n) for n in range((today.date - first.date).days + 1)}
    known = window | {day for day in lake if day >= first} | set(loaded)
    chosen = sorted(known & set(only) if only else known)
    judged, damaged = [], sorted((unread or {}).items())
    for day in chosen:
        missing = [why for arrival, why in damaged if (day.date - arrival.date).days <= reach]
        judged.append(_judged(day, first, lake.get(day, DayFiles(day)), loaded.get(day), full, missing))
    return HotPlan(first, tuple(judged))


def _judged(day: Day, first: Day, lake: DayFiles, load: Load | None, full: bool, missing: Sequence[str]) -> DayPlan:
    """`missing` tells of ledgers that could not be read and may have files of the day."""
    verdict, reason = _verdict(day, first, lake, load, full)
    if missing and day >= first and verdict != UNCHANGED:
        return DayPlan(day, HELD, missing[0], lake, load)
    return DayPlan(day, verdict, reason, lake, load)


def _verdict(day: Day, first: Day, lake: DayFiles, load: Load | None, full: bool) -> tuple[str, str]:
    if day < first:
        return EXPIRE, "it left the window"
    if not lake.files:
        return (EXPIRE, "the lake has no rows of it any more") if load else (EMPTY, "the lake has no rows of it")
    if load and load.fingerprint == lake.fingerprint and not full:
        return UNCHANGED, ""
    if lake.held:
        return HELD, lake.held
    if not load:
        return LOAD, "not loaded yet"
    if not load.fingerprint:
        return RELOAD, "its tables are new"
    return RELOAD, "asked for" if load.fingerprint == lake.fingerprint else "its files changed"
