"""A backfill's plan, from a range or from a saved one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import clickctl
from clickctl.commands.context import now
from clickctl.config import Config
from clickctl.domain.hours import Day, HourRange, Unit, hour_of
from clickctl.observe import DaySeen
from clickctl.plan.backfill import BackfillPlan, Only, PlannedUnit, estimate, refuse_drift
from clickctl.survey import observe_days, plan_units, units_in
from clickctl.wiring import Backend


@dataclass(frozen=True)
class Planner:
    """Plans for one engine. `at_once` is how many of its runs go side by side."""

    backend: Backend
    config: Config
    engine: str
    at_once: int

    def plan(self, hours: HourRange, only: Only | None, newest_first: bool) -> tuple[BackfillPlan, set[Day]]:
        """The plan of a range, and the event-days its units hold rows of already."""
        days = observe_days(self.backend.publisher, hours.days)
        items = self._planned(days, units_in(days, hours, hour_of(now())), only)
        made = BackfillPlan(
            first=hours.first,
            end=hours.end,
            items=items[::-1] if newest_first else items,
            transform=self.config.quality.name,
            code_version=clickctl.__version__,
            force=only is Only.ALL,
        )
        return self._estimated(made, days), _held(days)

    def replan(self, saved: BackfillPlan) -> tuple[BackfillPlan, set[Day]]:
        """The saved plan without the units committed since it was begun; refused if its inputs drifted."""
        units = [item.unit for item in saved.items]
        days = observe_days(self.backend.publisher, dict.fromkeys(unit.day for unit in units))
        fresh = dict(zip(units, self._planned(days, units, None), strict=True))
        refuse_drift(saved, fresh, self.config.quality, clickctl.__version__)
        items = tuple(item if saved.force or not item.runs else fresh[item.unit] for item in saved.items)
        return self._estimated(replace(saved, items=items), days), _held(days)

    def _planned(self, days: dict[Day, DaySeen], units: Iterable[Unit], only: Only | None) -> tuple[PlannedUnit, ...]:
        joins = self.engine == "glue"
        return plan_units(self.backend.publisher, days, units, self.config.quality, only, joins=joins)

    def _estimated(self, plan: BackfillPlan, days: dict[Day, DaySeen]) -> BackfillPlan:
        ledgers = (day.ledger for day in days.values())
        seconds, dollars = estimate(plan.items, ledgers, self.engine, self.at_once)
        return replace(plan, seconds=seconds, dollars=dollars)


def _held(days: dict[Day, DaySeen]) -> set[Day]:
    commits = (commit for day in days.values() for commit in day.ledger.committed().values())
    return {day for commit in commits for day in commit.event_days}
