"""The state of every hour, and commands that mend exactly what can be mended."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

from clickctl.domain.hours import Hour, HourRange, Unit, parse_range, parse_unit
from clickctl.domain.ledger import Ledger, UnitEntry
from clickctl.plan.backfill import plan_unit, units_of
from clickctl.plan.partition import decide, lost_inputs
from clickctl.plan.status import MENDABLE, HourSeen, Mend, State, hour_status
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
    publishing,
    raw,
    worlds,
)

NOW = datetime(2026, 1, 20, 12, 30, tzinfo=UTC)
FILES = (raw(HOUR),)
EMPTY = Ledger(DAY)
PUBLISHED = ledger({HOUR: UnitEntry(publishing=publishing())})
FAILED = ledger({HOUR: UnitEntry(failure=FAILURE)})
DEAD = frozenset({str(HOUR)})


@pytest.mark.parametrize(
    ("seen", "state", "reason", "mend"),
    [
        (HourSeen(HOUR, EMPTY, ()), State.MISSING, "no raw files have arrived", None),
        (HourSeen(HOUR, EMPTY, FILES), State.WAITING, "raw files wait to be run", "2026-01-05T13"),
        (HourSeen(HOUR, committed(HOUR), FILES), State.COMMITTED, "", None),
        (HourSeen(HOUR, committed(HOUR), ()), State.COMMITTED, "committed; its raw files are gone", None),
        (
            HourSeen(HOUR, committed(HOUR), (raw(HOUR, etag="e2"),)),
            *(State.STALE, "its raw files changed since it was committed", "2026-01-05T13"),
        ),
        (
            HourSeen(HOUR, committed(HOUR, rules=OTHER_RULES), FILES),
            State.STALE,
            "it was made by other rules",
            str(HOUR),
        ),
        (
            HourSeen(HOUR, committed(HOUR, rules=OTHER_RULES), ()),
            State.COMMITTED,
            "committed; its raw files are gone",
            None,
        ),
        (HourSeen(HOUR, PUBLISHED, FILES), State.PUBLISHING, "a run is publishing it", None),
        (HourSeen(HOUR, PUBLISHED, FILES, DEAD), State.TORN, "a run died while publishing it", "2026-01-05T13"),
        (HourSeen(HOUR, PUBLISHED, (), DEAD), State.TORN, "a run died while publishing it", None),
        (HourSeen(HOUR, FAILED, FILES), State.FAILED, "the disk is full", "2026-01-05T13"),
        (HourSeen(HOUR, FAILED, ()), State.MISSING, "no raw files have arrived", None),
        (HourSeen(HOUR, EMPTY, FILES, blocked=True), State.BLOCKED, "a folder lies where a raw file should be", None),
        (HourSeen(LATER, Ledger(LATER.day), (raw(LATER),)), State.FUTURE, "not over yet", None),
        (HourSeen(LATER.plus(5), Ledger(LATER.day), ()), State.FUTURE, "not over yet", None),
    ],
)
def test_an_hour_is_in_the_state_it_is_in(seen: HourSeen, state: State, reason: str, mend: str | None) -> None:
    found = hour_status(seen, RULES, LATER)
    assert (found.state, found.reason, found.mend) == (state, reason, mend)
    assert (found.raw_files, found.raw_bytes) == (len(seen.raw), 100 * len(seen.raw))


def test_an_hour_names_the_unit_that_holds_it() -> None:
    assert hour_status(HourSeen(HOUR, EMPTY, FILES), RULES, LATER).unit is None
    assert hour_status(HourSeen(HOUR, committed(HOUR), FILES), RULES, LATER).unit == "2026-01-05T13"
    assert hour_status(HourSeen(HOUR, committed(DAY), FILES), RULES, LATER).unit == "2026-01-05"


def test_an_hour_without_raw_files_in_a_committed_day_is_missing() -> None:
    day = ledger({DAY: UnitEntry(commit(DAY, [raw(DAY.hours[0])]))})
    assert hour_status(HourSeen(HOUR, day, ()), RULES, LATER).state == State.MISSING
    assert hour_status(HourSeen(DAY.hours[0], day, (raw(DAY.hours[0]),)), RULES, LATER).state == State.COMMITTED


def test_a_file_that_came_late_to_a_committed_day_makes_its_hour_stale_and_the_day_the_mend() -> None:
    found = hour_status(HourSeen(HOUR, committed(DAY), (raw(HOUR), raw(HOUR, "part-1.json"))), RULES, LATER)
    assert (found.state, found.mend) == (State.STALE, "2026-01-05")


def test_a_failed_night_is_told_by_every_hour_of_the_day_and_mended_as_a_day() -> None:
    night = committed(*DAY.hours).with_entry(DAY, UnitEntry(failure=FAILURE))
    report = World({DAY: night}, {hour: (raw(hour),) for hour in DAY.hours}).status(DAY.hours)
    assert report.counts == {State.FAILED: 24}
    assert report.hours[0].reason == "the last run of the day failed: the disk is full"
    assert report.mend == (Mend("clickctl run-partition 2026-01-05", ("failed",), 24),)


def test_a_rerun_that_would_lose_rows_is_not_offered_as_a_mend() -> None:
    two = ledger({HOUR: UnitEntry(commit(HOUR, [raw(HOUR), raw(HOUR, "part-1.json")]))})
    found = hour_status(HourSeen(HOUR, two, FILES), RULES, LATER)
    assert (found.state, found.mend) == (State.STALE, None)


def test_neighbouring_hours_are_mended_by_one_command_and_whole_days_named_as_days() -> None:
    days = {DAY.plus(n): Ledger(DAY.plus(n)) for n in range(3)}
    span = HourRange(DAY.first_hour, DAY.plus(3).first_hour)

    def mends(*waiting: Hour) -> list[str]:
        files = {hour: (raw(hour),) for hour in waiting}
        return [mend.command for mend in World(days, files).status(span).mend]

    assert mends() == []
    assert mends(HOUR) == ["clickctl run-partition 2026-01-05T13"]
    assert mends(HOUR, HOUR.plus(1)) == ["clickctl backfill 2026-01-05T13 2026-01-05T15"]
    assert mends(*HourRange(HOUR, HOUR.plus(12))) == ["clickctl backfill 2026-01-05T13 2026-01-06T01"]
    assert mends(*HourRange(DAY.first_hour, DAY.plus(2).first_hour)) == ["clickctl backfill 2026-01-05 2026-01-07"]
    assert mends(HOUR, HOUR.plus(2)) == [
        "clickctl run-partition 2026-01-05T13",
        "clickctl run-partition 2026-01-05T15",
    ]


def covered(mend: Mend, world: World) -> tuple[Unit, ...]:
    """The units a mend's command runs, by reading it as the command line does."""
    words = shlex.split(mend.command)
    assert words[0] == "clickctl"
    if words[1] == "run-partition":
        (name,) = words[2:]
        unit = parse_unit(name, NOW)
        return (world.days[unit.day].unit_of(unit) if isinstance(unit, Hour) else unit,)
    verb, first, end = words[1:]
    assert verb == "backfill"
    return units_of(parse_range(first, end, NOW), world.days, world.present)


@settings(max_examples=150)
@given(worlds())
def test_mends_are_valid_commands_that_run_every_mendable_hour_once_and_nothing_that_is_well(world: World) -> None:
    report = world.status(HourRange(DAY.first_hour, DAY.plus(3).first_hour))
    mendable = [status for status in report.hours if status.mend]
    units = [unit for mend in report.mend for unit in covered(mend, world)]
    hours = [hour for unit in units for hour in unit.hours]
    assert len(hours) == len(set(hours))
    assert {status.hour for status in mendable} <= set(hours)
    for unit in units:
        assert any(status.hour in unit.hours for status in mendable), f"{unit} needed no mending"
    assert sum(mend.hours for mend in report.mend) == len(mendable)
    for status in report.hours:
        assert status.mend is None or status.state in MENDABLE


@settings(max_examples=150)
@given(worlds())
def test_a_mend_really_runs_what_it_promises_to_mend(world: World) -> None:
    report = world.status(HourRange(DAY.first_hour, DAY.plus(3).first_hour))
    mendable = {status.hour for status in report.hours if status.mend}
    for mend in report.mend:
        for unit in covered(mend, world):
            seen = world.seen(unit)
            if not mendable.intersection(unit.hours) or seen.busy or seen.obstacles or lost_inputs(seen):
                continue  # another hour of the same day stands in the way, and the run says so
            found = (
                decide(seen, RULES).verdict if "run-partition" in mend.command else plan_unit(seen, RULES, None).verdict
            )
            assert found in ("missing", "compact", "stale", "torn", "failed"), f"{mend.command}: {unit} {found}"


@given(worlds())
def test_every_hour_is_counted_once(world: World) -> None:
    report = world.status(HourRange(DAY.first_hour, DAY.plus(3).first_hour))
    assert sum(report.counts.values()) == len(report.hours) == 72
