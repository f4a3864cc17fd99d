"""What a test can let go wrong, and what it can look at afterwards."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

import pytest

from tests.redshift.asking import Client
from tests.redshift.parquets import copy, manifest, parquet

if TYPE_CHECKING:
    from tests.aws.harness.account import Aws
    from tests.redshift.record import Statement
    from tests.redshift.server import Standin


def lost(ask: Client, sql: str) -> Exception:
    with pytest.raises(Exception) as caught:
        ask(sql)
    assert not (caught.value.args and isinstance(caught.value.args[0], dict)), caught.value
    return caught.value


def test_statements_are_recorded_as_they_were_sent(standin: Standin, ask: Client, other: Client) -> None:
    ask("CREATE TABLE t (a INT)  DISTSTYLE ALL")
    for value in (1, 2):
        other("INSERT INTO t VALUES (?)", value)
    ask.refused("nonsense")
    ask.refused("SELECT 1 FROM nothing")
    assert standin.statements == ["CREATE TABLE t (a INT)  DISTSTYLE ALL", *["INSERT INTO t VALUES ($1)"] * 2,
                                  "nonsense", "SELECT 1 FROM nothing"]  # fmt: skip
    assert [statement.values for statement in standin.statements] == [(), (1,), (2,), None, None]
    assert [statement.outcome for statement in standin.statements] == ["CREATE TABLE", "INSERT 0 1", "INSERT 0 1",
                                                                       "42601", "42P01"]  # fmt: skip
    assert len({statement.connection for statement in standin.statements}) == 2


def test_queries_of_the_test_itself_leave_no_record_and_meet_no_faults(standin: Standin) -> None:
    standin.faults.refuse("SELECT", "XX000", "no", times=math.inf)
    assert standin.query("SELECT 1") == [(1,)]
    assert standin.statements == []


@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_cut_before_commit_leaves_nothing(standin: Standin, ask: Client, reset: bool) -> None:
    ask("CREATE TABLE t (a INT)")
    rule = standin.faults.cut_before("^commit", reset=reset)
    ask("BEGIN")
    ask("INSERT INTO t VALUES (1)")
    lost(ask, "COMMIT")
    assert rule.met == 1
    assert standin.query("SELECT a FROM t") == []


@pytest.mark.parametrize("sql", ["COMMIT", "INSERT INTO t VALUES (2)"])
def test_a_connection_cut_after_a_statement_leaves_what_it_did(standin: Standin, ask: Client, sql: str) -> None:
    ask("CREATE TABLE t (a INT)")
    standin.faults.cut_after(f"^{sql[:6]}")
    if sql == "COMMIT":
        ask("BEGIN")
        ask("INSERT  INTO t VALUES (2)".replace("INSERT", " INSERT"))
    lost(ask, sql)
    assert standin.query("SELECT a FROM t") == [(2,)]


def test_the_nth_statement_that_matches_is_refused_and_fails_its_block(standin: Standin, ask: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    standin.faults.conflict("^INSERT", nth=2)
    ask("BEGIN")
    ask("INSERT INTO t VALUES (1)")
    assert ask.refused("INSERT INTO t VALUES (2)")["M"] == "1023"
    assert ask.refused("INSERT INTO t VALUES (3)")["C"] == "25P02"
    ask("ROLLBACK")
    ask("INSERT INTO t VALUES (4)")
    assert standin.query("SELECT a FROM t") == [(4,)]


def test_a_statement_that_is_prepared_already_arrives_again(standin: Standin, ask: Client) -> None:
    rule = standin.faults.refuse("SELECT", "57014", "enough", nth=2, times=2)
    assert ask.one("SELECT 1") == 1
    for _ in range(2):
        assert ask.refused("SELECT 1")["M"] == "enough"
    assert ask.one("SELECT 1") == 1
    assert (rule.seen, rule.met) == (4, 2)


def test_a_function_is_called_before_and_after_a_statement(standin: Standin, ask: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    counts: list[object] = []

    def look(statement: Statement) -> None:
        counts.append((str(statement), standin.query("SELECT count(*) FROM t")))

    standin.faults.call("^COMMIT", look)
    standin.faults.call_after("^COMMIT", look)
    ask("BEGIN")
    ask("INSERT INTO t VALUES (1)")
    ask("COMMIT")
    assert counts == [("COMMIT", [(0,)]), ("COMMIT", [(1,)])]


def test_a_restart_keeps_what_was_committed_and_nothing_else(standin: Standin, ask: Client, other: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    ask("INSERT INTO t VALUES (1)")
    ask("BEGIN")
    ask("INSERT INTO t VALUES (2)")
    standin.restart()
    lost(ask, "COMMIT")
    lost(other, "SELECT 1")
    assert standin.query("SELECT a FROM t") == [(1,)]


def test_the_server_can_restart_in_the_middle_of_a_copy(standin: Standin, aws: Aws, ask: Client) -> None:
    ask("CREATE TABLE t (a VARCHAR(9))")
    sql = copy("t", manifest(aws, parquet(aws, "1.parquet", {"a": ["x"] * 1000})))
    restarted = threading.Event()

    def restart(_: str) -> None:
        standin.restart()
        restarted.set()

    standin.faults.mid_copy("^COPY", restart)
    ask("BEGIN")
    lost(ask, sql)
    assert restarted.wait(60)
    assert standin.query("SELECT count(*) FROM t") == [(0,)]
    assert standin.copies == []
    again = Client(standin)
    again(sql)
    again.close()
    assert standin.query("SELECT count(*) FROM t") == [(1000,)]


def test_a_new_test_finds_nothing_of_the_last(standin: Standin, ask: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    standin.faults.refuse("SELECT", "XX000", "no")
    standin.reset()
    again = Client(standin)
    assert again.one("SELECT count(*) FROM svv_redshift_columns") == 0
    again.close()
    assert standin.statements == ["SELECT count(*) FROM svv_redshift_columns"]
