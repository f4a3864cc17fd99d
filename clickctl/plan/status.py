"""The state of every hour of a range, and the commands that would mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from clickctl.domain.hours import Hour, HourRange, Unit, unit_from_name
from clickctl.domain.ledger import Commit, Failure, InputFile, Ledger
from clickctl.domain.rules import QualityRules


class State(StrEnum):
    MISSING = "missing"
    WAITING = "waiting"
    COMMITTED = "committed"
    STALE = "stale"
    TORN = "torn"
    PUBLISHING = "publishing"
    FAILED = "failed"
    BLOCKED = "blocked"
    FUTURE = "future"


INPUT_CHANGED = "its raw files changed since it was committed"

MENDABLE = (State.WAITING, State.STALE, State.TORN, State.FAILED)


@dataclass(frozen=True)
class HourSeen:
    """What was observed of one hour.

    `raw` are its files, `torn` the units of its day whose publishing run is dead, `blocked` tells
    that a folder lies where one of its files should be, `problem` why its ledger could not be read.
    """

    hour: Hour
    ledger: Ledger
    raw: tuple[InputFile, ...]
    torn: frozenset[str] = frozenset()
    blocked: bool = False
    problem: str = ""


@dataclass(frozen=True)
class HourStatus:
    """One hour: its state and why, the unit that holds it, and the unit whose run would mend it."""

    hour: Hour
    state: str
    unit: str | None = None
    reason: str = ""
    mend: str | None = None
    raw_files: int = 0
    raw_bytes: int = 0


@dataclass(frozen=True)
class Mend:
    """A command that would mend some hours, and which states they are in."""

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


def hour_status(seen: HourSeen, rules: QualityRules, present: Hour) -> HourStatus:
    """`present` is the hour that is now filling."""
    unit = seen.ledger.unit_of(seen.hour)
    entry = seen.ledger.entry(unit)
    state, reason = _state(seen, unit, rules, present)
    mend = seen.hour.day if _failed_day(seen, present) else unit
    return HourStatus(
        hour=seen.hour,
        state=state,
        unit=str(unit) if entry.commit or entry.publishing else None,
        reason=reason,
        mend=str(mend) if state in MENDABLE and _rerun_keeps_rows(seen, entry.commit) else None,
        raw_files=len(seen.raw),
        raw_bytes=sum(file.size for file in seen.raw),
    )


def _state(seen: HourSeen, unit: Unit, rules: QualityRules, present: Hour) -> tuple[State, str]:
    entry = seen.ledger.entry(unit)
    if seen.problem:
        return State.BLOCKED, seen.problem
    if entry.publishing and str(unit) in seen.torn:
        return State.TORN, entry.how_torn
    if entry.publishing:
        return State.PUBLISHING, "a run is publishing it"
    if seen.blocked:
        return State.BLOCKED, "a folder lies where a raw file should be"
    if seen.raw and entry.failure:
        return State.FAILED, entry.failure.error
    if seen.raw and (failure := _failed_day(seen, present)):
        return State.FAILED, f"the last run of the day failed: {failure.error}"
    if entry.commit is None:
        if seen.hour >= present:
            return State.FUTURE, "not over yet"
        return (State.WAITING, "raw files wait to be run") if seen.raw else (State.MISSING, "no raw files have arrived")
    return _committed(seen, entry.commit, rules, present)


def _failed_day(seen: HourSeen, present: Hour) -> Failure | None:
    """A day that is not over is run by its hours, whatever became of it as a day."""
    return seen.ledger.entry(seen.hour.day).failure if seen.hour.day < present.day else None


def _committed(seen: HourSeen, commit: Commit, rules: QualityRules, present: Hour) -> tuple[State, str]:
    inputs = _inputs(seen.hour, commit)
    if not seen.raw and not inputs:
        return (State.FUTURE, "not over yet") if seen.hour >= present else (State.MISSING, "no raw files have arrived")
    if not seen.raw:
        return State.COMMITTED, "committed; its raw files are gone"
    if seen.raw != inputs:
        return State.STALE, INPUT_CHANGED
    if commit.transform != rules.name:
        return State.STALE, "it was made by other rules"
    return State.COMMITTED, ""


def _inputs(hour: Hour, commit: Commit) -> tuple[InputFile, ...]:
    return tuple(file for file in commit.inputs if file.key.startswith(f"{hour.path}/"))


def _rerun_keeps_rows(seen: HourSeen, commit: Commit | None) -> bool:
    """There are raw files, and all of those behind the rows that are committed."""
    present = {file.key for file in seen.raw}
    return bool(present) and not (commit and {file.key for file in _inputs(seen.hour, commit)} - present)


def report(hours: HourRange, statuses: Iterable[HourStatus]) -> StatusReport:
    found = tuple(statuses)
    counts: dict[str, int] = {}
    for status in found:
        counts[status.state] = counts.get(status.state, 0) + 1
    return StatusReport(hours.first, hours.end, counts, found, _mends(found))


@dataclass
class _Group:
    """Neighbouring units to mend, their first and last hour, and the hours that need it."""

    first: Hour
    last: Hour
    units: set[str]
    hours: list[HourStatus]


def _mends(statuses: tuple[HourStatus, ...]) -> tuple[Mend, ...]:
    """One command for each run of neighbouring units that need one."""
    groups: list[_Group] = []
    for status in statuses:
        if status.mend is None:
            continue
        unit = unit_from_name(status.mend)
        first, last = unit.hours[0], unit.hours[-1]
        if not groups or (groups[-1].last < first and groups[-1].last.plus(1) < first):
            groups.append(_Group(first, last, set(), []))
        group = groups[-1]
        group.last = max(group.last, last)
        group.units.add(status.mend)
        group.hours.append(status)
    return tuple(
        Mend(_command(group), tuple(sorted({s.state for s in group.hours})), len(group.hours)) for group in groups
    )


def _command(group: _Group) -> str:
    if len(group.units) == 1:
        return f"clickctl run-partition {group.units.copy().pop()}"
    return f"clickctl backfill {HourRange(group.first, group.last.plus(1)).words}"
