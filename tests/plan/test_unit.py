"""The order to an engine: how many files, and on which runs of others it rests."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clickctl.domain.layout import FACTS, USERS, output_file
from clickctl.domain.ledger import InputFile, Ledger, OutputFile, UnitEntry
from clickctl.plan.spread import group_inputs, slot_of, slot_salts
from clickctl.plan.unit import base_of, order_unit, plan_shards, related
from tests.plan.facts import DAY, HOUR, RULES, commit, committed, ledger, publishing, raw

TARGET = 1_000_000


def held(inputs: int, *sizes: int, table: str = FACTS) -> UnitEntry:
    """A day committed from `inputs` bytes in files of these sizes."""
    files = tuple(OutputFile(table, DAY, output_file(table, DAY, DAY, n), size, 1) for n, size in enumerate(sizes))
    return UnitEntry(commit(DAY, [raw(HOUR, size=inputs)], files=files))


def count(entry: UnitEntry, size_in: int, table: str = FACTS, name: str = "part-0.json.gz") -> int:
    return plan_shards(DAY, (raw(HOUR, name, size=size_in),), entry, TARGET).count(table, DAY)


def test_a_first_run_estimates_its_files_from_what_it_reads() -> None:
    assert count(UnitEntry(), 1_000) == 1
    assert count(UnitEntry(), 10 * TARGET) == 16
    assert count(UnitEntry(), 10 * TARGET, name="part-0.json") == 2
    assert count(UnitEntry(), 10 * TARGET, table=USERS) == 1


def test_a_rerun_keeps_the_file_count_so_that_it_overwrites_file_by_file() -> None:
    for size_in in (500, 1_000, 1_900):
        assert count(held(1_000, *[TARGET] * 4), size_in) == 4
    assert count(held(1_000, *[TARGET] * 4, table=USERS), 1_000, USERS) == 4


def test_a_rerun_changes_the_file_count_when_size_demands_it() -> None:
    assert count(held(1_000, *[TARGET] * 4), 2_500) == 10
    assert count(held(1_000, *[TARGET] * 4), 200) == 1
    assert count(held(1_000, 2 * TARGET + 1), 1_000) == 3


@given(st.lists(st.integers(1, 5 * TARGET), min_size=1, max_size=30), st.integers(1, 10_000))
def test_files_are_never_planned_twice_too_large_or_four_times_too_small(sizes: list[int], size_in: int) -> None:
    found = count(held(1_000, *sizes), size_in)
    expected = sum(sizes) * size_in / 1_000
    assert found == 1 or expected / found >= TARGET / 4
    assert expected / found <= 2 * TARGET


@given(st.lists(st.integers(TARGET // 2, TARGET), min_size=1, max_size=30))
def test_the_same_input_always_keeps_the_same_count(sizes: list[int]) -> None:
    assert count(held(1_000, *sizes), 1_000) == len(sizes)


def test_an_order_rests_on_every_run_whose_rows_it_would_touch() -> None:
    mixed = committed(DAY.hours[0], DAY.hours[1])
    assert base_of(HOUR, mixed) == ()
    assert base_of(DAY.hours[0], mixed) == (("2026-01-05T00", "run1"),)
    assert base_of(DAY, mixed) == (("2026-01-05T00", "run1"), ("2026-01-05T01", "run1"))
    assert base_of(HOUR, committed(DAY)) == (("2026-01-05", "run1"),)


def test_a_publish_under_way_counts_before_the_commit_it_replaces() -> None:
    torn = ledger({HOUR: UnitEntry(commit(HOUR), publishing("run2"))})
    assert base_of(HOUR, torn) == (("2026-01-05T13", "publishing run2"),)


def test_an_hour_touches_its_day_and_a_day_its_hours() -> None:
    assert related(HOUR, Ledger(DAY)) == (HOUR, DAY)
    assert related(DAY, committed(HOUR)) == (DAY, HOUR)


def test_an_order_sorts_its_inputs_so_that_their_order_does_not_matter() -> None:
    files = (raw(HOUR, "part-1.json"), raw(HOUR, "part-0.json"))
    orders = [order_unit(HOUR, "run1", some, Ledger(DAY), RULES, TARGET) for some in (files, files[::-1])]
    assert orders[0] == orders[1]
    assert orders[0].bytes_in == 200


@given(st.lists(st.integers(0, 10**9), max_size=30), st.integers(1, 8))
def test_every_input_is_read_by_exactly_one_task_and_no_task_has_much_more_than_its_share(
    sizes: list[int], tasks: int
) -> None:
    inputs = tuple(InputFile(f"{HOUR.path}/part-{n}.json", "e", size) for n, size in enumerate(sizes))
    order = replace(order_unit(HOUR, "run1", (), Ledger(DAY), RULES, TARGET), inputs=inputs)
    groups = group_inputs([order], tasks)
    assert sorted(file for group in groups for _, file in group) == sorted(inputs)
    assert all(groups)
    weights = [sum(file.size + 100_000 for _, file in group) for group in groups]
    assert max(weights, default=0) <= sum(weights) / max(1, len(groups)) + max(sizes, default=0) + 100_000


@given(st.integers(1, 64))
def test_each_slot_has_a_salt_of_its_own(slots: int) -> None:
    assert len(set(slot_salts(slots))) == slots


@given(st.integers(1, 20), st.integers(0, 20))
def test_the_buckets_of_one_table_and_day_never_meet_while_slots_suffice(buckets: int, spare: int) -> None:
    slots = buckets + spare
    assert len({slot_of(0, FACTS, DAY, bucket, slots) for bucket in range(buckets)}) == buckets
