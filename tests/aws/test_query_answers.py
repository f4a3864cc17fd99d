"""What Athena answers, as values, and what it costs."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.aws.query_answers import charge, row_of, value_of
from tests.aws.athena import TB, Athena, query


@pytest.mark.parametrize("count", [0, 998, 999, 1000, 1999, 2500])
def test_every_row_is_read_and_the_header_is_not_one(athena: Athena, count: int) -> None:
    answer = query().run(f"SELECT range AS n FROM range({count})")
    assert answer.columns == ("n",)
    assert answer.rows == tuple((n,) for n in range(count))


def test_a_row_that_looks_like_the_header_is_kept(athena: Athena) -> None:
    athena.database.execute('CREATE TABLE "tables" (x INTEGER)')
    assert query().run("SELECT 'a' AS a").rows == (("a",),)
    shown = query().run("SHOW TABLES")
    athena.database.execute(f'CREATE TABLE "{shown.columns[0]}" (x INTEGER)')
    assert len(query().run("SHOW TABLES").rows) == 2


def test_null_is_not_the_empty_text(athena: Athena) -> None:
    assert query().run("SELECT NULL::VARCHAR AS a, '' AS b, NULL::BIGINT AS c").rows == ((None, "", None),)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("9223372036854775807", "bigint", 9223372036854775807), ("-1", "tinyint", -1), ("1.5", "double", 1.5),
        ("Infinity", "double", float("inf")), ("1.5", "decimal(2,1)", "1.5"), ("true", "boolean", True),
        ("false", "boolean", False), ("007", "varchar", "007"), ("2026-01-05", "date", date(2026, 1, 5)),
        ("2026-01-05 13:00:00.123", "timestamp", datetime(2026, 1, 5, 13, 0, 0, 123000)),
        ("2026-01-05 13:00:00.123 UTC", "timestamp with time zone", datetime(2026, 1, 5, 13, 0, 0, 123000)),
        ("2026-01-05 13:00:00.123 Asia/Tokyo", "timestamp with time zone", "2026-01-05 13:00:00.123 Asia/Tokyo"),
        ("12026-01-05 13:00:00.123", "timestamp", "12026-01-05 13:00:00.123"), (None, "bigint", None),
        ("", "varchar", ""), ("{a=1}", "row", "{a=1}"),
    ],
)  # fmt: skip
def test_values_have_the_types_of_their_columns(text: str | None, kind: str, value: object) -> None:
    assert value_of(text, kind) == value
    assert type(value_of(text, kind)) is type(value)


def test_a_row_has_a_value_for_every_column() -> None:
    columns = [{"Name": name, "Type": "string"} for name in ("col_name", "data_type", "comment")]
    described = {"Data": [{"VarCharValue": "user_id             \tstring              \t                    "}]}
    assert row_of(described, columns) == ("user_id", "string", "")
    assert row_of({"Data": [{"VarCharValue": "year"}]}, columns) == ("year", None, None)
    assert row_of({"Data": [{}, {}, {}]}, columns) == (None, None, None)


@pytest.mark.parametrize(
    ("statement", "state", "scanned", "dollars"),
    [
        ("DML", "SUCCEEDED", TB, 5), ("DML", "SUCCEEDED", 0, 0.00005), ("DML", "SUCCEEDED", 9_000_001, 0.00005),
        ("DML", "SUCCEEDED", 10_000_000, 0.00005), ("DML", "SUCCEEDED", 10_000_001, 0.000055),
        ("DML", "CANCELLED", 200 * 10**9, 1), ("DML", "CANCELLED", 1, 0.00005), ("DML", "CANCELLED", 0, 0),
        ("DML", "FAILED", TB, 0), ("DDL", "SUCCEEDED", TB, 0), ("UTILITY", "SUCCEEDED", 0, 0),
        ("UTILITY", "SUCCEEDED", 10**9, 0.005),
    ],
)  # fmt: skip
def test_a_query_costs_what_the_price_list_says(statement: str, state: str, scanned: int, dollars: float) -> None:
    assert charge(statement, state, scanned, 5.0) == pytest.approx(dollars)


@given(st.integers(0, 10 * TB), st.integers(0, 10**7))
def test_more_bytes_never_cost_less(scanned: int, more: int) -> None:
    assert charge("DML", "SUCCEEDED", scanned, 5.0) <= charge("DML", "SUCCEEDED", scanned + more, 5.0)


def test_an_answer_tells_its_bytes_cost_and_id(athena: Athena) -> None:
    athena.scanned = [0, 5, 12_345_678]
    answer = query(dollars_per_tb=10.0).run("SELECT 1 AS a")
    assert (answer.bytes_scanned, answer.query_id) == (12_345_678, athena.asked[0].id)
    assert answer.dollars == pytest.approx(0.00013)
