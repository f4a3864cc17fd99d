"""Every name in the lake, as docs/data-contract.md promises it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.domain.hours import Day, Hour, Unit
from clickctl.domain.layout import (
    FACTS,
    QUARANTINE,
    USERS,
    is_raw_file,
    ledger_key,
    output_file,
    owner_of,
    partition_prefix,
    raw_prefix,
    staging_prefix,
)
from tests.domain.strategies import days, units

DAY = Day(date(2026, 1, 5))
HOUR = Hour(datetime(2026, 1, 5, 13, tzinfo=UTC))
EARLIER = Day(date(2025, 12, 31))


def test_names_are_those_of_the_design() -> None:
    assert raw_prefix(HOUR) == "2026/01/05/13/"
    assert raw_prefix(DAY) == "2026/01/05/"
    assert partition_prefix(FACTS, DAY) == "fact_clicks/year=2026/month=01/day=05/"
    assert output_file(FACTS, DAY, HOUR, 3) == "fact_clicks/year=2026/month=01/day=05/part-2026010513-0003.parquet"
    assert output_file(FACTS, DAY, DAY, 3) == "fact_clicks/year=2026/month=01/day=05/part-20260105-0003.parquet"
    assert output_file(USERS, EARLIER, HOUR, 0) == "dim_users/year=2025/month=12/day=31/part-2026010513-0000.parquet"
    assert output_file(QUARANTINE, DAY, HOUR, 0) == "2026/01/05/part-2026010513-0000.json.gz"
    assert ledger_key(DAY) == "_ledger/2026/01/05.json"
    assert staging_prefix(HOUR, "run7") == "_staging/2026-01-05T13/run7/"


@given(st.sampled_from((FACTS, USERS, QUARANTINE)), days, units, st.integers(0, 99_999))
def test_the_owner_of_a_file_is_the_unit_that_named_it(table: str, day: Day, unit: Unit, index: int) -> None:
    assert owner_of(output_file(table, day, unit, index)) == unit


@given(units, units, days, st.integers(0, 99), st.integers(0, 99))
def test_two_units_never_share_a_file(one: Unit, other: Unit, day: Day, i: int, j: int) -> None:
    same = output_file(FACTS, day, one, i) == output_file(FACTS, day, other, j)
    assert same == ((one, i) == (other, j))


@pytest.mark.parametrize(
    "key",
    [
        *("part-00000-5f3a.snappy.parquet", "part-2026010513-0003.parquet.crc", "_SUCCESS", "part-2026010513.parquet"),
        *("part-2026019913-0003.parquet", "part-2026010525-0003.parquet", "part-20260230-0000.parquet", ""),
        *("part-2026010513-003.parquet", "x-part-2026010513-0003.parquet", "part-2026010513-0003.json"),
    ],
)
def test_files_that_are_not_ours_have_no_owner(key: str) -> None:
    assert owner_of(key) is None
    assert owner_of(f"fact_clicks/year=2026/month=01/day=05/{key}") is None


@given(st.text(max_size=40))
def test_no_name_whatever_breaks_the_search_for_an_owner(name: str) -> None:
    assert owner_of(name) is None or name.startswith("part-") or "/part-" in name


@pytest.mark.parametrize("name", ["part-0.json", "part-00001.json.gz", "part-a b.json", "part-.json"])
def test_raw_files_are_read(name: str) -> None:
    assert is_raw_file(name)


@pytest.mark.parametrize(
    "name",
    [
        *("_SUCCESS", ".part-0.json", ".part-0.json.crc", "part-0.json.gz.tmp", "part-0.json.GZ", "part-0.parquet"),
        *("_part-0.json", "", "part-0.json/x", "data.json", "part-0.json.bz2", "part-0.json\n"),
    ],
)
def test_markers_hidden_files_and_half_written_ones_are_passed_over(name: str) -> None:
    assert not is_raw_file(name)
