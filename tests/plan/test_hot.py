"""What load-hot decides of each event-day, from ledgers and the warehouse's own bookkeeping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from hypothesis import given
from hypothesis import strategies as st

from clickctl.domain.hours import Day, Hour, Unit
from clickctl.domain.layout import FACTS, QUARANTINE, USERS, output_file
from clickctl.domain.ledger import Commit, Ledger, OutputFile, Owner, Publishing, UnitEntry
from clickctl.domain.quality import Quality
from clickctl.plan.hot import (
    EMPTY,
    EXPIRE,
    HELD,
    LOAD,
    RELOAD,
    UNCHANGED,
    DayFiles,
    HotPlan,
    Load,
    days_of,
    plan_hot,
)
from tests.plan.facts import DAY, HOUR, commit, ledger

FIRST, TODAY = DAY.plus(-3), DAY.plus(1)
BEFORE = FIRST.plus(-1)


def made(unit: Unit, days: Iterable[Day], run: str = "run1", longest: int = 100) -> Commit:
    """A commit with one file of each table on each of these event-days."""
    files = tuple(
        OutputFile(table, day, output_file(table, day, unit, 0), 1000, 10) for day in days for table in (FACTS, USERS)
    )
    quality = Quality(facts=10, longest={"page_url": longest})
    return replace(commit(unit, run=run, files=files), quality=quality)


def moving(unit: Unit, files: Iterable[OutputFile], run: str = "run2") -> Publishing:
    return Publishing(run, Owner("host", 1, "then", "2026-01-05T14:05:00Z"), tuple(files), ())


def lake(entries: dict[Unit, UnitEntry], torn: Iterable[Unit] = ()) -> dict[Day, DayFiles]:
    return days_of([ledger(entries)], set(torn))


def held(day: Day, fingerprint: str = "f", load_id: str = "l") -> Load:
    at = datetime(2026, 1, 5, 12)
    return Load(day, fingerprint, 2, 2000, 10, 0, 0, at, load_id, at)


def verdicts(plan: HotPlan) -> dict[str, str]:
    return {str(item.day): item.verdict for item in plan.days if item.verdict != EMPTY}


ONE = {HOUR: UnitEntry(made(HOUR, [DAY]))}


def test_a_day_that_was_never_loaded_is_loaded() -> None:
    plan = plan_hot(FIRST, TODAY, lake(ONE), {})
    assert verdicts(plan) == {"2026-01-05": LOAD}
    assert [len(item.lake.files) for item in plan.to_do] == [2]


def test_a_loaded_day_is_left_alone() -> None:
    days = lake(ONE)
    assert verdicts(plan_hot(FIRST, TODAY, days, {DAY: held(DAY, days[DAY].fingerprint)})) == {"2026-01-05": UNCHANGED}


def test_a_rerun_of_an_hour_reloads_its_days_and_no_other() -> None:
    other = Hour(HOUR.start.replace(hour=15))
    entries = {HOUR: UnitEntry(made(HOUR, [DAY, DAY.plus(-1)])), other: UnitEntry(made(other, [DAY, DAY.plus(-2)]))}
    loaded = {day: held(day, files.fingerprint) for day, files in lake(entries).items()}
    rerun = {**entries, HOUR: UnitEntry(made(HOUR, [DAY, DAY.plus(-1)], run="run9"))}
    assert verdicts(plan_hot(FIRST, TODAY, lake(rerun), loaded)) == {
        "2026-01-03": UNCHANGED, "2026-01-04": RELOAD, "2026-01-05": RELOAD,
    }  # fmt: skip


def test_full_loads_again_what_has_not_changed() -> None:
    days = lake(ONE)
    plan = plan_hot(FIRST, TODAY, days, {DAY: held(DAY, days[DAY].fingerprint)}, full=True)
    assert [(item.verdict, item.reason) for item in plan.to_do] == [(RELOAD, "asked for")]


def test_a_day_before_the_window_is_given_up() -> None:
    plan = plan_hot(FIRST, TODAY, {}, {BEFORE: held(BEFORE)})
    assert verdicts(plan) == {str(BEFORE): EXPIRE}


def test_a_day_whose_rows_left_the_lake_is_given_up() -> None:
    plan = plan_hot(FIRST, TODAY, {}, {DAY: held(DAY)})
    assert [(item.verdict, item.reason) for item in plan.to_do] == [(EXPIRE, "the lake has no rows of it any more")]


def test_every_day_of_the_window_is_named_even_without_rows() -> None:
    plan = plan_hot(FIRST, TODAY, {}, {})
    assert [(str(item.day), item.verdict) for item in plan.days] == [
        (f"2026-01-0{n}", EMPTY) for n in (2, 3, 4, 5, 6)
    ]  # fmt: skip
    assert not plan.to_do


def test_events_ahead_of_today_are_in_the_window() -> None:
    ahead = TODAY.plus(1)
    assert verdicts(plan_hot(FIRST, TODAY, lake({HOUR: UnitEntry(made(HOUR, [ahead]))}), {})) == {str(ahead): LOAD}


def test_days_of_the_lake_before_the_window_are_passed_over() -> None:
    assert verdicts(plan_hot(FIRST, TODAY, lake({HOUR: UnitEntry(made(HOUR, [BEFORE]))}), {})) == {}


def test_only_the_days_asked_for_are_judged() -> None:
    days = lake({HOUR: UnitEntry(made(HOUR, [DAY, DAY.plus(-1)]))})
    assert verdicts(plan_hot(FIRST, TODAY, days, {BEFORE: held(BEFORE)}, only=[DAY])) == {"2026-01-05": LOAD}


def test_a_day_whose_files_are_being_replaced_is_held() -> None:
    good = made(HOUR, [DAY])
    days = lake({HOUR: UnitEntry(good, moving(HOUR, good.files))})
    item = plan_hot(FIRST, TODAY, days, {}, only=[DAY]).days[0]
    assert (item.verdict, item.reason, item.lake.torn) == (HELD, "2026-01-05T13 is being published", False)


def test_a_torn_unit_is_named_so_that_it_can_be_mended() -> None:
    good = made(HOUR, [DAY])
    days = lake({HOUR: UnitEntry(good, moving(HOUR, good.files))}, torn=[HOUR])
    item = plan_hot(FIRST, TODAY, days, {}, only=[DAY]).days[0]
    assert (item.verdict, item.reason, item.lake.by) == (HELD, "2026-01-05T13 is torn", (HOUR,))


def test_a_publish_that_only_adds_files_holds_nothing() -> None:
    other = Hour(HOUR.start.replace(hour=15))
    days = lake({**ONE, other: UnitEntry(None, moving(other, made(other, [DAY]).files))})
    assert verdicts(plan_hot(FIRST, TODAY, days, {})) == {"2026-01-05": LOAD}


def test_a_day_that_is_loaded_as_the_ledger_has_it_is_not_held() -> None:
    good = made(HOUR, [DAY])
    days = lake({HOUR: UnitEntry(good, moving(HOUR, good.files))})
    assert verdicts(plan_hot(FIRST, TODAY, days, {DAY: held(DAY, days[DAY].fingerprint)})) == {"2026-01-05": UNCHANGED}


def test_no_day_is_loaded_in_part_where_a_ledger_cannot_be_read() -> None:
    days = lake({HOUR: UnitEntry(made(HOUR, [DAY, DAY.plus(-1)]))})
    plan = plan_hot(FIRST, TODAY, days, {BEFORE: held(BEFORE)}, unread={DAY: "The ledger is damaged."})
    told = {str(item.day): (item.verdict, item.reason) for item in plan.days}
    assert told == {
        str(BEFORE): (EXPIRE, "it left the window"),
        **{f"2026-01-0{n}": (HELD, "The ledger is damaged.") for n in (2, 3, 4, 5, 6)},
    }


def test_days_after_an_unreadable_ledger_are_not_concerned() -> None:
    days = lake(ONE)
    plan = plan_hot(FIRST, TODAY, days, {}, unread={DAY.plus(-2): "The ledger is damaged."})
    assert verdicts(plan) == {"2026-01-02": HELD, "2026-01-03": HELD, "2026-01-04": HELD, "2026-01-05": LOAD}


def test_a_ledger_that_cannot_be_read_reaches_as_far_as_events_may_lie_ahead() -> None:
    unread = {DAY.plus(-2): "The ledger is damaged."}
    plan = plan_hot(FIRST, TODAY, {}, {DAY: held(DAY)}, only=[DAY], unread=unread, reach=2)
    assert verdicts(plan) == {"2026-01-05": HELD}
    assert verdicts(plan_hot(FIRST, TODAY, {}, {DAY: held(DAY)}, only=[DAY], unread=unread)) == {"2026-01-05": EXPIRE}


def test_quarantine_is_not_loaded() -> None:
    bad = OutputFile(QUARANTINE, DAY, output_file(QUARANTINE, DAY, HOUR, 0), 10, 1)
    assert lake({HOUR: UnitEntry(replace(made(HOUR, []), files=(bad,)))}) == {}


def test_files_that_may_hold_a_text_no_column_can_are_marked() -> None:
    fits, wide, unknown = (Hour(HOUR.start.replace(hour=n)) for n in (1, 2, 3))
    old = replace(made(unknown, [DAY]), quality=Quality(facts=10))
    entries = {fits: UnitEntry(made(fits, [DAY])), wide: UnitEntry(made(wide, [DAY], longest=65_536)),
               unknown: UnitEntry(old)}  # fmt: skip
    found = lake(entries)[DAY].wide
    assert {key.rpartition("/")[2] for key in found} == {"part-2026010502-0000.parquet", "part-2026010503-0000.parquet"}


event_days = st.integers(-6, 2).map(DAY.plus)
worlds = st.dictionaries(
    st.integers(0, 23).map(lambda n: Hour(HOUR.start.replace(hour=n))),
    st.tuples(st.sets(event_days, min_size=1, max_size=4), st.sampled_from(["run1", "run2", "run3"])),
    max_size=5,
)


def _entries(world: dict[Hour, tuple[set[Day], str]]) -> dict[Unit, UnitEntry]:
    return {hour: UnitEntry(made(hour, sorted(days, key=str), run)) for hour, (days, run) in world.items()}


def _loaded(plan: HotPlan, before: dict[Day, Load]) -> dict[Day, Load]:
    """What the warehouse holds once a plan was executed."""
    after = dict(before)
    for item in plan.to_do:
        after.pop(item.day, None)
        if item.verdict != EXPIRE:
            after[item.day] = held(item.day, item.lake.fingerprint)
    return after


@given(worlds, worlds)
def test_executing_a_plan_leaves_nothing_to_do_and_holds_the_window_as_the_lake_has_it(
    first: dict[Hour, tuple[set[Day], str]], then: dict[Hour, tuple[set[Day], str]]
) -> None:
    warehouse: dict[Day, Load] = {}
    for world in (first, then):
        days = lake(_entries(world))
        warehouse = _loaded(plan_hot(FIRST, TODAY, days, warehouse), warehouse)
        assert not plan_hot(FIRST, TODAY, days, warehouse).to_do
        wanted = {day: files.fingerprint for day, files in days.items() if day >= FIRST}
        assert {day: load.fingerprint for day, load in warehouse.items()} == wanted


@given(worlds, st.randoms())
def test_the_plan_does_not_depend_on_the_order_of_ledgers_and_files(
    world: dict[Hour, tuple[set[Day], str]], random: st.DrawFn
) -> None:
    ledgers = [Ledger(Day(date(2026, 1, 5)), {str(hour): entry}) for hour, entry in _entries(world).items()]
    mixed = list(ledgers)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert days_of(ledgers, ()) == days_of(mixed, ())


@given(worlds)
def test_a_plan_names_each_day_once_in_order(world: dict[Hour, tuple[set[Day], str]]) -> None:
    plan = plan_hot(FIRST, TODAY, lake(_entries(world)), {BEFORE: held(BEFORE)})
    days = [item.day for item in plan.days]
    assert days == sorted(set(days))
