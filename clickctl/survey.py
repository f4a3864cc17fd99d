"""A range of days as it is now: what is planned and what is told are made of it."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from clickctl.domain.hours import Day, Hour, HourRange, Unit
from clickctl.domain.ledger import Ledger, UnitEntry
from clickctl.domain.rules import QualityRules
from clickctl.observe import DaySeen, judge_runs, see_day
from clickctl.plan.backfill import Only, PlannedUnit, plan_unit, units_of
from clickctl.plan.status import HourSeen, HourStatus, StatusReport, hour_status, report
from clickctl.publish import Publisher


def observe_days(publisher: Publisher, days: Iterable[Day]) -> dict[Day, DaySeen]:
    """Ledger and raw files of every day: two calls a day, several days at once."""
    with ThreadPoolExecutor(16, "observe") as pool:
        return {seen.day: seen for seen in pool.map(lambda day: see_day(publisher, day), days)}


def units_in(days: dict[Day, DaySeen], hours: HourRange, present: Hour) -> tuple[Unit, ...]:
    """The units of a range, without the hours that are not over and that nobody has run yet."""
    ledgers = {day: seen.ledger for day, seen in days.items()}
    units = units_of(hours, ledgers, present)
    return tuple(unit for unit in units if unit.hours[0] < present or ledgers[unit.day].entry(unit) != UnitEntry())


def plan_units(
    publisher: Publisher,
    days: dict[Day, DaySeen],
    units: Iterable[Unit],
    rules: QualityRules,
    only: Only | None,
    *,
    joins: bool = False,
) -> tuple[PlannedUnit, ...]:
    """The verdict on each unit; an hour that is held by its day is seen as that day."""
    planned = []
    for wanted in units:
        day = days[wanted.day]
        unit = day.ledger.unit_of(wanted) if isinstance(wanted, Hour) else wanted
        seen = replace(judge_runs(publisher, unit, day.raw.of(unit), day.ledger, joins=joins), problem=day.problem)
        planned.append(plan_unit(seen, rules, only))
    return tuple(planned)


def status_of(publisher: Publisher, hours: HourRange, rules: QualityRules, present: Hour) -> StatusReport:
    """The state of every hour of a range; `present` is the hour that is now filling."""
    return status_of_days(publisher, observe_days(publisher, hours.days), hours, rules, present)


def status_of_days(
    publisher: Publisher, days: dict[Day, DaySeen], hours: HourRange, rules: QualityRules, present: Hour
) -> StatusReport:
    """The same, where the days of the range are known."""
    torn = {day: _torn_units(publisher, seen.ledger) for day, seen in days.items()}
    return report(hours, (_hour_status(hour, days[hour.day], torn[hour.day], rules, present) for hour in hours))


def _hour_status(hour: Hour, day: DaySeen, torn: frozenset[str], rules: QualityRules, present: Hour) -> HourStatus:
    raw = day.raw.of(hour)
    return hour_status(HourSeen(hour, day.ledger, raw.files, torn, bool(raw.obstacles), day.problem), rules, present)


def _torn_units(publisher: Publisher, ledger: Ledger) -> frozenset[str]:
    return frozenset(name for name, entry in ledger.units.items() if publisher.torn(entry))
