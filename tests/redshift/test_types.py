"""Types and functions, where Redshift's are not PostgreSQL's."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.redshift.asking import Client


def test_varchar_counts_bytes(ask: Client) -> None:
    ask("CREATE TABLE t (a VARCHAR(4))")
    ask("INSERT INTO t VALUES ('éé')")
    for value in ("ééa", "\U0001f600a"):
        refused = ask.refused("INSERT INTO t VALUES (?)", value)
        assert (refused["C"], refused["M"]) == ("22001", "value too long for type character varying(4)")
    assert ask.refused("UPDATE t SET a = 'ééé'")["C"] == "22001"
    assert ask.refused("INSERT INTO t SELECT a || 'x' FROM t")["C"] == "22001"
    assert ask("SELECT a FROM t") == [("éé",)]


def test_blanks_at_the_end_are_cut_in_silence(ask: Client) -> None:
    ask("CREATE TABLE t (a VARCHAR(2))")
    ask("INSERT INTO t VALUES ('a     ')")
    assert ask.one("SELECT a FROM t") == "a "


def test_an_explicit_cast_cuts_to_bytes_at_a_character(ask: Client) -> None:
    assert ask("SELECT CAST('aéé' AS VARCHAR(4)), 'ééé'::varchar(5), CAST(? AS VARCHAR(1))", "é") == [("aé", "éé", "")]
    assert len(ask.one("SELECT CAST(repeat('x', 999) AS VARCHAR)")) == 256


def test_json_is_parsed_or_refused(ask: Client) -> None:
    ask("CREATE TABLE t (a SUPER)")
    ask("INSERT INTO t SELECT json_parse(?)", '{"b": [1, null, "é"]}')
    assert ask.one("SELECT json_serialize(a) FROM t") == '{"b":[1,null,"é"]}'
    assert ask("SELECT can_json_parse('{}'), can_json_parse('{'), can_json_parse(NULL), is_valid_json('[1]')") == [
        (True, False, None, False)
    ]
    refused = ask.refused("SELECT json_parse('{\"a\": NaN}')")
    assert (refused["C"], refused["M"]) == ("XX000", "JSON parsing error")


def test_super_is_told_to_the_driver_as_super(ask: Client) -> None:
    ask("SELECT json_parse('1')")
    assert ask.cursor.description[0][1] == 4000


def test_getdate_and_sysdate_are_times_in_utc(ask: Client) -> None:
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    for told in ask("SELECT getdate(), SYSDATE")[0]:
        assert abs(told - now) < datetime.timedelta(minutes=5)


def test_dates_are_added_and_compared(ask: Client) -> None:
    assert ask(
        "SELECT dateadd(day, -1, '2026-03-01'::timestamp), datediff(hour, '2026-01-01', '2026-01-02 01:30')"
    ) == [(datetime.datetime(2026, 2, 28), 25)]


@pytest.mark.parametrize(
    "value",
    [1, -(2**40), True, 1.5, "é'\\", None, datetime.date(2026, 1, 5), datetime.datetime(2026, 1, 5, 13, 0, 0, 7)],
)
def test_bind_values_arrive_and_are_recorded(standin: object, ask: Client, value: object) -> None:
    kinds = {int: "BIGINT", bool: "BOOLEAN", float: "FLOAT8", str: "VARCHAR(9)", type(None): "INT",
             datetime.date: "DATE", datetime.datetime: "TIMESTAMP"}  # fmt: skip
    ask(f"CREATE TABLE t (a {kinds[type(value)]})")
    ask("INSERT INTO t VALUES (?)", value)
    assert ask.one("SELECT a FROM t") == value
    recorded = standin.statements[-2].values[0]  # type: ignore[attr-defined]
    assert str(recorded) == str(value)
