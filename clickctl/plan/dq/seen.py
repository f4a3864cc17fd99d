"""What is known of a range before it is judged: ledgers, states of hours, receipts, the last load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from clickctl.domain.hours import Day, Hour, HourRange, Unit
from clickctl.domain.ledger import Commit, InputFile, Ledger
from clickctl.domain.limits import QualityLimits
from clickctl.domain.loads import LoadNote
from clickctl.domain.quality import Quality, total
from clickctl.plan.dq.results import Counts
from clickctl.plan.status import HourStatus, StatusReport

_FEW_LEDGERS = 51
FEWEST_WEEKS, MOST_WEEKS = 3, 8


def history_days(days: tuple[Day, ...]) -> tuple[tuple[Day, ...], int]:
    """The days of earlier weeks that these are compared with, and how many weeks that is.

    As many weeks, 3 to 8, as take at most 51 ledgers with the days themselves: a month costs no more
    calls than a week. With the day before them, by which it can be told what is new.
    """
    for weeks in range(MOST_WEEKS, FEWEST_WEEKS - 1, -1):
        try:
            wanted = {day.plus(-7 * week) for day in days for week in range(1, weeks + 1)} | {days[0].plus(-1)}
        except OverflowError:  # further back than there are days
            continue
        if len(wanted | set(days)) <= _FEW_LEDGERS or weeks == FEWEST_WEEKS:
            return tuple(sorted(wanted - set(days))), weeks
    return (), 0


def reaches_present(hours: HourRange, present: Hour) -> bool:
    """Whether a range says anything of how fresh the lake is now."""
    return hours.first <= present and hours.end >= present.plus(-1)


@dataclass(frozen=True)
class AlertsSeen:
    """Alerts of the range: `unsent` are raw files without a receipt that is sent, `since` is when alerts began.

    None for `since`: there is no receipt at all. `expected` tells that the configuration has a topic for them;
    `problem` why receipts could not be looked for where it has none.
    """

    action: str
    unsent: tuple[InputFile, ...]
    since: Hour | None
    expected: bool
    problem: str = ""


@dataclass(frozen=True)
class QualitySeen:
    """Everything that is judged. `ledgers` are those of the range and of the earlier weeks it is compared with.

    `recent` are those of the present day and the one before, for a range that reaches the present; `began` is
    the first arrival day that has a ledger.
    """

    hours: HourRange
    now: datetime
    present: Hour
    status: StatusReport
    ledgers: Mapping[Day, Ledger]
    weeks: int
    recent: tuple[Ledger, ...]
    began: Day | None
    alerts: AlertsSeen
    load: LoadNote | None
    limits: QualityLimits
    target_bytes: int

    @cached_property
    def statuses(self) -> dict[Hour, HourStatus]:
        return {status.hour: status for status in self.status.hours}

    @cached_property
    def units(self) -> dict[Unit, Commit]:
        """What is committed of the range: units that share an hour with it."""
        days = (self.ledgers.get(day, Ledger(day)).committed() for day in self.hours.days)
        found = {unit: commit for day in days for unit, commit in day.items()}
        return {unit: commit for unit, commit in sorted(found.items(), key=_first) if self._touches(unit)}

    def _touches(self, unit: Unit) -> bool:
        return unit.hours[0] < self.hours.end and unit.hours[-1] >= self.hours.first

    @cached_property
    def by_day(self) -> dict[Day, Quality]:
        """The counts of each arrival day, of the range and of earlier weeks, that has any: of the whole day."""
        found = {day: ledger.committed().values() for day, ledger in sorted(self.ledgers.items())}
        return {day: total(commit.quality for commit in commits) for day, commits in found.items() if commits}

    @cached_property
    def known_weeks(self) -> int:
        """How many of the earlier weeks have anything."""
        weeks = range(1, self.weeks + 1)
        return sum(any(day.plus(-7 * week) in self.by_day for day in self.hours.days) for week in weeks)

    @property
    def told_from(self) -> Day:
        """From this day on every ledger was read, up to the present or to the end of the range."""
        first = self.hours.first.day
        return min(first, self.present.day.plus(-1)) if reaches_present(self.hours, self.present) else first

    @cached_property
    def latest(self) -> tuple[Commit, ...]:
        """What is committed of the arrival days from `told_from` on."""
        read = (ledger for day, ledger in self.ledgers.items() if self.told_from <= day <= self.hours.days[-1])
        ledgers = (*read, *self.recent)
        return tuple(commit for ledger in ledgers for commit in ledger.committed().values())

    def counts(self, hour: Hour) -> Counts | None:
        """The counts of an arrival hour; None where nothing is committed of it, or the commit does not tell."""
        ledger = self.ledgers.get(hour.day, Ledger(hour.day))
        unit = ledger.unit_of(hour)
        if (commit := ledger.entry(unit).commit) is None:
            return None
        quality, name = commit.quality, str(hour)
        if unit == hour:
            return Counts(quality.lines, quality.facts, quality.quarantined)
        if name not in quality.hourly_lines:  # no file of this hour, or made before it was counted
            return None
        facts, quarantined = quality.hourly_facts.get(name, 0), quality.hourly_quarantined.get(name, 0)
        return Counts(quality.hourly_lines[name], facts, quarantined)

    def silent(self, unit: Unit) -> bool:
        """A day that was committed before lines were counted by hour."""
        quality = self.units[unit].quality
        return isinstance(unit, Day) and quality.lines > 0 and not quality.hourly_lines

    def earlier(self, hour: Hour) -> list[int]:
        """The facts of the same hour in earlier weeks, where known. A rerun has replaced its own point."""
        found = (self.counts(hour.plus(-168 * week)) for week in range(1, self.weeks + 1))
        return [counts.facts for counts in found if counts]

    def earlier_days(self, day: Day) -> list[Quality]:
        """The counts of the same day in earlier weeks."""
        weeks = (day.plus(-7 * week) for week in range(1, self.weeks + 1))
        return [self.by_day[earlier] for earlier in weeks if earlier in self.by_day]


def _first(item: tuple[Unit, Commit]) -> Hour:
    return item[0].hours[0]
