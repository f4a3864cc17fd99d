"""Plans against a lake that moves on while they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from clickctl.domain.hours import Day, Hour, HourRange, Unit
from clickctl.domain.rules import QualityRules
from clickctl.execute import UnitResult, UnitRunner
from clickctl.local.engine import LocalEngine
from clickctl.many import Stop, run_many
from clickctl.plan.backfill import PlannedUnit
from clickctl.publish import Publisher
from clickctl.roots import LakeRoots
from clickctl.survey import observe_days, plan_units, status_of, units_in
from tests.commands.lakes import Put, fill
from tests.conftest import event

DAY = Day(date(2026, 1, 5))
RULES = QualityRules()
LATER = Hour(datetime(2026, 1, 20, tzinfo=UTC))


@pytest.fixture
def engine(publisher: Publisher) -> Iterator[LocalEngine]:
    engine = LocalEngine(publisher, 1, "")
    yield engine
    engine.close()


def planned(publisher: Publisher, hours: HourRange, present: Hour = LATER) -> tuple[PlannedUnit, ...]:
    days = observe_days(publisher, hours.days)
    return plan_units(publisher, days, units_in(days, hours, present), RULES, None)


def run(publisher: Publisher, items: Sequence[PlannedUnit], engine: LocalEngine, stop: Stop) -> tuple[UnitResult, ...]:
    runner = UnitRunner(publisher, RULES, 128_000_000)
    return run_many(
        runner, items, engine, at_once=1, force=False, fail_fast=False, stop=stop, on_done=lambda result: None
    )


def test_an_hour_whose_day_was_committed_since_it_was_planned_is_reported_as_that_day(
    publisher: Publisher, put_raw: Put, engine: LocalEngine
) -> None:
    fill(put_raw, str(DAY), (3, 4))
    items = planned(publisher, HourRange(DAY.hours[3], DAY.hours[5]))
    UnitRunner(publisher, RULES, 128_000_000).run(DAY, engine)
    results = run(publisher, items, engine, Stop())
    assert [(result.unit, result.outcome) for result in results] == [(DAY, "unchanged")] * 2


def test_after_a_stop_nothing_is_started_and_what_still_runs_is_told_once(
    publisher: Publisher, put_raw: Put, engine: LocalEngine
) -> None:
    fill(put_raw, str(DAY), (3, 4))
    told: list[Sequence[Unit]] = []
    stop = Stop(told.append)
    stop.asked = True
    results = run(publisher, planned(publisher, HourRange(DAY.hours[3], DAY.hours[5])), engine, stop)
    assert [result.outcome for result in results] == ["not-started"] * 2
    assert told == [[]]


def test_an_hour_that_is_not_over_waits_until_somebody_has_run_it(
    publisher: Publisher, put_raw: Put, engine: LocalEngine
) -> None:
    fill(put_raw, str(DAY), (3, 4))
    hours, present = HourRange(DAY.hours[3], DAY.hours[5]), DAY.hours[4]
    assert [item.unit for item in planned(publisher, hours, present)] == [DAY.hours[3]]
    UnitRunner(publisher, RULES, 128_000_000).run(DAY.hours[4], engine)
    put_raw("2026/01/05/04", [], name="part-1.json")
    assert [(item.unit, item.verdict) for item in planned(publisher, hours, present)] == [
        (DAY.hours[3], "missing"),
        (DAY.hours[4], "stale"),
    ]


def test_one_damaged_ledger_is_its_days_problem_and_not_the_ranges(
    publisher: Publisher, roots: LakeRoots, put_raw: Callable[..., Path]
) -> None:
    for day in ("05", "06"):
        put_raw(f"2026/01/{day}/13", [event(f"2026-01-{day}T13:00:00Z")])
    damaged = Path(roots.processed, "_ledger/2026/01/05.json")
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"{half of it")
    first, end = (Hour(datetime(2026, 1, day, 13, tzinfo=UTC)) for day in (5, 6))
    hours = HourRange(first, end.plus(1))
    counts = status_of(publisher, hours, RULES, LATER).counts
    assert (counts["blocked"], counts["waiting"]) == (11, 1)
    items = planned(publisher, hours)
    assert {(str(item.unit.day), item.verdict) for item in items if item.verdict != "no-raw"} == {
        ("2026-01-05", "blocked"),
        ("2026-01-06", "missing"),
    }
    assert "is not a ledger document" in items[0].reason
    assert damaged.read_bytes() == b"{half of it"
