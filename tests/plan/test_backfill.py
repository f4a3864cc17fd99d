"""A range to units: every hour in exactly one, whole days as days; saved plans; estimates."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.domain.errors import RunFailed
from clickctl.domain.hours import Day, Hour, HourRange, Unit
from clickctl.domain.ledger import Ledger, UnitEntry
from clickctl.domain.structure import StructureError, from_plain, to_plain
from clickctl.plan.backfill import (
    BackfillPlan,
    Only,
    PlannedUnit,
    estimate,
    plan_unit,
    refuse_drift,
    units_of,
)
from clickctl.plan.partition import Seen, Verdict
from tests.plan.facts import (
    DAY,
    FAILURE,
    HOUR,
    LATER,
    OTHER_RULES,
    RULES,
    World,
    commit,
    committed,
    ledger,
    raw,
    worlds,
)

DAY_FILES = tuple(map(raw, DAY.hours))


@given(worlds(), st.integers(0, 71), st.integers(1, 72))
def test_every_hour_of_a_range_is_in_exactly_one_unit(world: World, start: int, length: int) -> None:
    first = DAY.first_hour.plus(start)
    hours = HourRange(first, min(first.plus(length), DAY.plus(3).first_hour))
    units = units_of(hours, world.days, world.present)
    covered = Counter(hour for unit in units for hour in unit.hours)
    assert all(covered[hour] == 1 for hour in hours)
    assert set(covered.values()) == {1}
    for unit in units:
        whole = set(unit.day.hours) <= set(hours) and unit.day < world.present.day
        held = world.days[unit.day].unit_of(unit.hours[0]) == unit.day
        assert isinstance(unit, Day) == (whole or held)
        assert isinstance(unit, Day) or unit in set(hours)


def test_whole_days_are_days_and_the_rest_hours() -> None:
    hours = HourRange(DAY.first_hour.plus(-2), DAY.plus(1).first_hour.plus(1))
    before = DAY.plus(-1)
    assert units_of(hours, {}, LATER) == (before.hours[22], before.hours[23], DAY, DAY.plus(1).first_hour)


def test_the_day_that_is_not_over_is_run_by_its_hours() -> None:
    hours = HourRange(DAY.first_hour, DAY.plus(1).first_hour)
    assert units_of(hours, {}, DAY.hours[23]) == DAY.hours
    assert units_of(hours, {}, DAY.plus(1).first_hour) == (DAY,)


def test_an_hour_of_a_day_held_as_a_day_means_that_day() -> None:
    assert units_of(HourRange(HOUR, HOUR.plus(2)), {DAY: committed(DAY)}, LATER) == (DAY,)


def plan(unit: Unit, inputs: object, found: Ledger, only: Only | None = None, **seen: object) -> tuple[str, str]:
    planned = plan_unit(Seen(unit, tuple(inputs), found, **seen), RULES, only)  # type: ignore[arg-type]
    return planned.verdict, planned.reason


CASES = {
    "missing": Seen(HOUR, (raw(HOUR),), Ledger(DAY)),
    "stale": Seen(HOUR, (raw(HOUR, etag="e2"),), committed(HOUR)),
    "failed": Seen(HOUR, (raw(HOUR),), ledger({HOUR: UnitEntry(failure=FAILURE)})),
    "torn": Seen(HOUR, (raw(HOUR),), Ledger(DAY), torn=True),
    "unchanged": Seen(HOUR, (raw(HOUR),), committed(HOUR)),
}


@pytest.mark.parametrize(
    ("only", "runs"),
    [
        (None, {"missing", "stale", "failed", "torn"}),
        (Only.MISSING, {"missing"}),
        (Only.STALE, {"stale"}),
        (Only.FAILED, {"failed", "torn"}),
        (Only.ALL, set(CASES)),
    ],
)
def test_only_runs_what_it_names_and_says_why_the_others_wait(only: Only | None, runs: set[str]) -> None:
    planned = {name: plan_unit(seen, RULES, only) for name, seen in CASES.items()}
    assert {name for name, item in planned.items() if item.runs} == runs
    waiting = {name: item.reason for name, item in planned.items() if not item.runs and name != "unchanged"}
    assert waiting == {name: f"{name}, but only {only} was asked for" for name in waiting}


def test_a_unit_that_cannot_be_run_stays_told_whatever_only_asks_for() -> None:
    for only in (None, *Only):
        assert plan(HOUR, [raw(HOUR)], committed(HOUR), only, busy=True)[0] == "busy"
        assert plan(HOUR, [raw(HOUR)], committed(HOUR), only, obstacles=("x",))[0] == "blocked"
        assert plan(HOUR, [], Ledger(DAY), only)[0] == "no-raw"


def test_a_day_of_current_hours_is_left_alone_unless_all_is_asked_for() -> None:
    hours = committed(*DAY.hours)
    assert plan(DAY, DAY_FILES, hours) == ("unchanged", "all its hours are committed, inputs unchanged")
    assert plan(DAY, DAY_FILES, hours, Only.ALL)[0] == "compact"


def test_a_day_is_as_its_hours_are() -> None:
    reason = "some of its hours are missing, stale or failed"
    assert plan(DAY, DAY_FILES, committed(*DAY.hours[:20])) == ("missing", reason)
    assert plan(DAY, DAY_FILES, committed(*DAY.hours, rules=OTHER_RULES)) == ("stale", reason)
    failed = committed(*DAY.hours[:20]).with_entry(DAY.hours[20], UnitEntry(failure=FAILURE))
    assert plan(DAY, DAY_FILES, failed) == ("failed", reason)
    assert plan(DAY, DAY_FILES, failed, Only.FAILED)[0] == "failed"


def test_a_day_of_nothing_but_failed_hours_is_run_by_only_failed() -> None:
    assert plan(DAY, DAY_FILES, ledger({HOUR: UnitEntry(failure=FAILURE)}), Only.FAILED)[0] == "failed"


def item(unit: Unit, verdict: str = "missing", fingerprint: str = "f1", size: int = 100) -> PlannedUnit:
    return PlannedUnit(unit, verdict, "why", size, 1, fingerprint)


def saved(*items: PlannedUnit) -> BackfillPlan:
    return BackfillPlan(DAY.first_hour, DAY.plus(1).first_hour, items, RULES.name, "0.1.0")


def test_a_saved_plan_runs_on_exactly_what_it_was_made_for() -> None:
    refuse_drift(saved(item(HOUR)), {HOUR: item(HOUR)}, RULES, "0.1.0")


def test_units_committed_since_are_no_drift() -> None:
    refuse_drift(saved(item(HOUR)), {HOUR: item(HOUR, "unchanged")}, RULES, "0.1.0")


@pytest.mark.parametrize(
    ("made", "now", "rules", "version", "told"),
    [
        (item(HOUR), item(HOUR, fingerprint="f2"), RULES, "0.1.0", "the raw files of 2026-01-05T13 changed"),
        (item(HOUR), item(DAY), RULES, "0.1.0", "the day of 2026-01-05T13 is held as a whole by now"),
        (item(HOUR), item(HOUR), OTHER_RULES, "0.1.0", f"the rules are {OTHER_RULES.name}"),
        (item(HOUR), item(HOUR), RULES, "0.2.0", "this is clickctl 0.2.0, the plan was made by 0.1.0"),
    ],
)
def test_a_saved_plan_is_refused_when_anything_it_rests_on_drifted(
    made: PlannedUnit, now: PlannedUnit, rules: object, version: str, told: str
) -> None:
    with pytest.raises(RunFailed) as refused:
        refuse_drift(saved(made), {HOUR: now}, rules, version)  # type: ignore[arg-type]
    assert told in refused.value.message
    assert "clickctl backfill 2026-01-05 2026-01-06 --plan-out FILE" in refused.value.hint


def test_what_a_plan_leaves_alone_may_drift() -> None:
    refuse_drift(saved(item(HOUR, "unchanged")), {HOUR: item(HOUR, fingerprint="f2")}, RULES, "0.1.0")


def test_a_refusal_names_the_first_few_units_and_counts_the_rest() -> None:
    now: dict[Unit, PlannedUnit] = {hour: item(hour, fingerprint="f2") for hour in DAY.hours}
    with pytest.raises(RunFailed, match=r"2026-01-05T04 and 19 more changed"):
        refuse_drift(saved(*(item(hour) for hour in DAY.hours)), now, RULES, "0.1.0")


@given(worlds())
def test_a_plan_is_read_back_as_it_was_saved(world: World) -> None:
    hours = HourRange(DAY.first_hour, DAY.plus(3).first_hour)
    units = units_of(hours, world.days, world.present)
    made = saved(*(plan_unit(world.seen(unit), RULES, None) for unit in units))
    assert from_plain(BackfillPlan, to_plain(made), strict=True) == made


def test_a_saved_plan_with_a_word_of_its_own_is_refused() -> None:
    plain = to_plain(saved(item(HOUR)))
    for spoilt in (
        {**plain, "units": []},
        replace_first(plain, "verdict", "perhaps"),
        replace_first(plain, "unit", "now"),
    ):
        with pytest.raises(StructureError):
            from_plain(BackfillPlan, spoilt, strict=True)


def replace_first(plain: dict[str, object], key: str, value: object) -> dict[str, object]:
    first = {**plain["items"][0], key: value}  # type: ignore[index]
    return {**plain, "items": [first]}


def test_an_estimate_goes_by_what_past_commits_took() -> None:
    past = [ledger({HOUR: UnitEntry(commit(HOUR, bytes_in=1_000, seconds=2.0))})]
    todo = [item(hour, size=1_000) for hour in DAY.hours[:4]]
    assert estimate(todo, past, "local", 1) == (8.0, None)
    assert estimate(todo, past, "local", 2) == (4.0, None)
    assert estimate(todo[:1], past, "local", 8) == (2.0, None)
    assert estimate([item(HOUR, "unchanged")], past, "local", 8) == (0.0, None)


def test_what_a_billed_engine_will_cost_goes_by_its_own_commits() -> None:
    billed = replace(commit(HOUR, bytes_in=1_000, seconds=2.0), engine="glue", cost=0.25)
    past = [ledger({HOUR: UnitEntry(billed), HOUR.plus(1): UnitEntry(commit(HOUR, bytes_in=1_000, seconds=99.0))})]
    todo = [item(hour, size=2_000) for hour in DAY.hours[:4]]
    assert estimate(todo, past, "glue", 1) == (16.0, 2.0)
    assert estimate(todo, past, "spark", 1) == (None, None)


def test_an_estimate_is_not_made_up_when_nothing_is_known() -> None:
    assert estimate([item(HOUR)], [], "local", 1) == (None, None)
    assert estimate([item(HOUR)], [committed(HOUR)], "local", 1) == (None, None)


def test_every_verdict_either_runs_needs_help_or_is_at_rest() -> None:
    assert not [verdict for verdict in Verdict if verdict.runs and verdict.needs_help]
    at_rest = {verdict for verdict in Verdict if not verdict.runs and not verdict.needs_help}
    assert at_rest == {Verdict.UNCHANGED, Verdict.NO_RAW}


def test_items_keep_the_order_they_run_in() -> None:
    plan = saved(item(HOUR), item(HOUR.plus(1), "unchanged"), item(HOUR.plus(2)))
    assert [str(one.unit) for one in plan.to_run] == ["2026-01-05T13", "2026-01-05T15"]
    assert [one.unit for one in replace(plan, items=plan.items[::-1]).to_run] == [HOUR.plus(2), HOUR]
    assert isinstance(plan.first, Hour)
