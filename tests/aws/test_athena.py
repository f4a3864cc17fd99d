"""The Athena port: what is sent, waited for, cancelled, paged, charged and explained."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.aws.query import LONGEST_PARAMETER, LONGEST_STATEMENT, AthenaQuery
from clickctl.aws.query_answers import charge, row_of, value_of
from clickctl.domain.errors import ClickctlError, ConfigError, EngineError, UsageError
from clickctl.domain.hours import Day, unit_from_name
from clickctl.domain.layout import FACTS, USERS
from clickctl.settings import AthenaSettings, AwsSettings, CatalogSettings
from tests.aws.athena import Athena
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault

TB = 10**12


@pytest.fixture
def athena(aws: Aws) -> Athena:
    return Athena(aws)


def query(pause: Callable[[float], object] = lambda seconds: None, kms_key: str = "", **athena: Any) -> AthenaQuery:
    names = CatalogSettings("lake", "clicks", "people")
    return AthenaQuery(AwsSettings(kms_key=kms_key), AthenaSettings(**athena), names, pause=pause)


def refusal(sql: str = "SELECT 1 AS a", **athena: Any) -> ClickctlError:
    with pytest.raises(ClickctlError) as raised:
        query(**athena).run(sql)
    return raised.value


def interrupted(seconds: float) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_statement_is_sent_to_its_workgroup_and_database_with_its_output_only_where_it_has_one(
    athena: Athena,
) -> None:
    query().run("SELECT 1 AS a")
    query(output="s3://mine/here/", workgroup="bare", kms_key="key").run("SELECT 1 AS a")
    plain, own = (asked.request for asked in athena.asked)
    assert plain.pop("ClientRequestToken") != own["ClientRequestToken"]
    assert plain == {
        "QueryString": "SELECT 1 AS a",
        "QueryExecutionContext": {"Database": "lake"},
        "WorkGroup": "primary",
    }
    assert own["ResultConfiguration"] == {
        "OutputLocation": "s3://mine/here/",
        "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "key"},
    }


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=4))
def test_a_parameter_is_text_whatever_is_in_it(values: list[str]) -> None:
    """Each literal, read as SQL, is the value again."""
    import duckdb

    for value, literal in zip(values, query()._request("?", values)["ExecutionParameters"], strict=True):
        assert duckdb.execute(f"SELECT {literal}").fetchall() == [(value,)]


def test_what_athena_would_not_take_is_not_sent(aws: Aws, athena: Athena) -> None:
    longest = "SELECT '" + "ü" * ((LONGEST_STATEMENT - 14) // 2) + "' AS a"
    assert len(longest.encode()) == LONGEST_STATEMENT
    query().run(longest)
    query().run("SELECT ? AS a", ["x" * (LONGEST_PARAMETER - 2)])
    before = len(athena.asked)
    with pytest.raises(UsageError, match=r"262,145 bytes.* 262,144"):
        query().run(longest + " ")
    with pytest.raises(UsageError, match=r"1,024 characters"):
        query().run("SELECT ? AS a", ["'" * (LONGEST_PARAMETER // 2)])
    assert len(athena.asked) == before


def test_a_lost_answer_starts_a_query_once(aws: Aws, athena: Athena) -> None:
    aws.faults.add(Fault("athena.StartQueryExecution", "lose", times=1))
    assert query().run("SELECT 1 AS a").rows == ((1,),)
    assert len(aws.calls.of("athena.StartQueryExecution")) == 2
    assert len(athena.asked) == 1


def test_throttling_is_waited_out_and_has_an_end(aws: Aws, athena: Athena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clickctl.aws.query._ATTEMPTS", 1)  # the SDK sleeps between its own
    limit = {"code": "TooManyRequestsException", "message": "You have exceeded the limit for queries"}
    aws.faults.add(Fault("athena.*", "error", times=2, **limit))
    pauses: list[float] = []
    assert query(pauses.append).run("SELECT 1 AS a").rows == ((1,),)
    assert (len(athena.asked), len(pauses)) == (1, 4)  # for two refusals, QUEUED and RUNNING

    monkeypatch.setattr("clickctl.aws.query._PATIENCE", 0.0)
    aws.faults.add(Fault("athena.StartQueryExecution", "error", **limit))
    error = refusal()
    assert (error.exit_code, "exceeded the limit" in error.message) == (5, True)
    assert "throttling" in error.hint


def test_the_pauses_between_looks_grow_to_five_seconds(athena: Athena) -> None:
    athena.states = ["QUEUED"] * 3 + ["RUNNING", "QUEUED"] * 8 + ["SUCCEEDED"]
    pauses: list[float] = []
    query(pauses.append).run("SELECT 1 AS a")
    assert len(pauses) == 19
    assert 0.1 <= pauses[0] <= 0.2
    assert all(pause <= 5 for pause in pauses)
    assert all(pause >= 2.5 for pause in pauses[-5:])


@pytest.mark.parametrize("state", ["QUEUED", "RUNNING"])
def test_ctrl_c_cancels_the_query(aws: Aws, athena: Athena, state: str) -> None:
    athena.states = [state]
    with pytest.raises(KeyboardInterrupt) as raised:
        query(interrupted).run("SELECT 1 AS a")
    assert [asked.state for asked in athena.asked] == ["CANCELLED"]
    assert not hasattr(raised.value, "__notes__")


def test_a_query_that_could_not_be_cancelled_is_told_of(aws: Aws, athena: Athena) -> None:
    athena.states = ["RUNNING"]
    aws.faults.add(Fault("athena.StopQueryExecution", "error", code="AccessDeniedException"))
    with pytest.raises(KeyboardInterrupt) as raised:
        query(interrupted).run("SELECT 1 AS a")
    assert "could not be cancelled and may go on" in raised.value.__notes__[0]
    athena.scanned = [2 * TB]
    assert "could not be cancelled and may go on" in refusal().changed


def test_a_query_nobody_can_follow_is_cancelled(aws: Aws, athena: Athena) -> None:
    aws.faults.add(Fault("athena.GetQueryExecution", "error", code="AccessDeniedException", message="no"))
    assert "AccessDeniedException: no" in refusal().message
    assert [asked.state for asked in athena.asked] == ["CANCELLED"]


def test_a_query_that_scans_more_than_allowed_is_cancelled(athena: Athena) -> None:
    athena.states, athena.scanned = ["RUNNING"] * 9 + ["SUCCEEDED"], [0, 10**10, 10**10 + 1]
    error = refusal(max_scan_gb=10)
    assert isinstance(error, EngineError)
    assert "has scanned 10.00 GB, and athena.max_scan_gb is 10" in error.message
    assert error.changed == "The query was cancelled."
    assert (athena.asked[-1].state, athena.asked[-1].looked) == ("CANCELLED", 2)
    assert query(max_scan_gb=0).run("SELECT 1 AS a").bytes_scanned == 10**10 + 1


def test_what_is_answered_late_but_paid_for_is_given(athena: Athena) -> None:
    athena.states, athena.scanned = ["SUCCEEDED"], [2 * TB]
    assert query(max_scan_gb=10).run("SELECT 1 AS a").dollars == 10


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


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("Bytes scanned limit was exceeded", "BytesScannedCutoffPerQuery"),
        ("Query exhausted resources at this scale factor", "fewer days"),
        ("SCHEMA_NOT_FOUND: line 1:15: Schema 'lake' does not exist", "register-partitions --create-tables"),
        ("COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved or requester is not authorized to access "
         "requested resources", "Check the SQL"),
        ("TYPE_MISMATCH: line 1:1: '=' cannot be applied to varchar, integer", "Check the SQL"),
        ("Permission denied on S3 path: s3://x: Access Denied (Service: Amazon S3; Status Code: 403)", "s3:GetObject"),
        ("Insufficient Lake Formation permission(s) on clicks", "glue:GetDatabase"),
        ("com.amazonaws.services.s3.model.AmazonS3Exception: user is not authorized to perform: kms:Decrypt",
         "kms:Decrypt"),
        ("Access denied when writing output to url: s3://x/y", "[athena] output"),
        ("something nobody has seen yet", "Athena's history, workgroup primary"),
        ("", "Athena's history, workgroup primary"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_failed_query_is_explained(athena: Athena, state: str, reason: str, told: str) -> None:
    athena.states, athena.reason = ["RUNNING", state], reason
    error = refusal()
    assert (type(error), error.exit_code) == (EngineError, 5)
    assert (reason or "no reason given") in error.message
    assert athena.asked[-1].id in error.message
    assert told in error.hint


def test_a_cancelled_query_tells_what_is_charged_and_a_failed_one_is_free(athena: Athena) -> None:
    athena.scanned, athena.states = [20 * 10**9], ["CANCELLED"]
    assert "It scanned 20.00 GB, for $0.1000." in refusal().message
    athena.states = ["FAILED"]
    assert "$" not in refusal().message


def test_a_missing_table_is_told_with_what_makes_it(athena: Athena) -> None:
    error = refusal("SELECT * FROM clicks")
    assert "TABLE_NOT_FOUND" in error.message
    assert "clickctl register-partitions --create-tables" in error.hint


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"workgroup": "none"}, "workgroup none: WorkGroup is not found"),
        ({"workgroup": "off"}, "WorkGroup off is disabled"),
        ({"workgroup": "bare"}, "No output location provided"),
    ],
)
def test_a_workgroup_or_output_that_cannot_be_used_is_an_error_of_the_configuration(
    athena: Athena, settings: dict[str, Any], told: str
) -> None:
    error = refusal(**settings)
    assert (type(error), error.exit_code) == (ConfigError, 3)
    assert told in error.message
    assert "[athena]" in error.hint


def test_a_statement_athena_cannot_read_is_an_error_of_the_statement(aws: Aws, athena: Athena) -> None:
    text = "line 1:1: mismatched input 'SELEC'. Expecting: 'ALTER', 'ANALYZE'"
    aws.faults.add(Fault("athena.StartQueryExecution", "error", code="InvalidRequestException", message=text))
    error = refusal("SELEC 1")
    assert (type(error), error.message, error.hint) == (
        EngineError,
        f"Athena: {text}.",
        "Check the SQL: it is Athena's (Trino's).",
    )


def test_missing_credentials_are_told_without_a_traceback(athena: Athena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    assert isinstance(refusal(), ConfigError)


@given(st.sets(st.dates(date(2020, 1, 1), date(2030, 12, 31)), min_size=1, max_size=60))
def test_rows_names_every_partition_it_asks_for_and_no_other(days: set[date]) -> None:
    """What partitions hold the condition is what Athena reads."""
    import duckdb

    from clickctl.sqlfiles import on_days

    around = {date.fromordinal(day.toordinal() + n) for day in days for n in (-31, -1, 0, 1, 366)}
    values = ", ".join("('{}', '{}', '{}')".format(*str(day).split("-")) for day in sorted(around))
    condition = on_days(Day(day) for day in days)
    sql = f"SELECT year || '-' || month || '-' || day FROM (VALUES {values}) t(year, month, day) WHERE {condition}"
    assert {row[0] for row in duckdb.execute(sql).fetchall()} == {str(day) for day in days}


def test_rows_asks_the_configured_table_for_its_days(athena: Athena) -> None:
    athena.database.execute("CREATE TABLE clicks (id INT, seen INT, year VARCHAR, month VARCHAR, day VARCHAR)")
    athena.database.execute("CREATE TABLE people AS FROM clicks")
    athena.database.execute("INSERT INTO clicks VALUES (1, 9, '2026', '01', '05'), (2, 8, '2026', '01', '05'), "
                            "(3, 1, '2026', '01', '06'), (4, 7, '2026', '01', '07')")  # fmt: skip
    days = [day for day in map(unit_from_name, ("2026-01-05", "2026-01-07")) if isinstance(day, Day)]
    assert [row[0] for row in query().rows(FACTS, days, 2).rows] == [4, 2]
    assert query().rows(FACTS, [], 2).rows == ()
    assert query().rows(USERS, days, 2).rows == ()
