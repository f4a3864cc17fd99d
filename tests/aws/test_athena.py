"""The Athena port: what is sent, waited for and cancelled."""

from __future__ import annotations

import os
import signal
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.aws.query import LONGEST_PARAMETER, LONGEST_STATEMENT
from clickctl.domain.errors import EngineError, UsageError
from clickctl.domain.hours import Day, unit_from_name
from clickctl.domain.layout import FACTS, USERS
from tests.aws.athena import TB, Athena, query, refusal
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault


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
