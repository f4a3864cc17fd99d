"""Who sees what, who waits for whom, and what ends a transaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.redshift.asking import Client
    from tests.redshift.server import Standin


def waiting(standin: Standin) -> bool:
    """Somebody waits for a lock."""
    return bool(standin.query("SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0])


def until_somebody_waits(standin: Standin) -> None:
    while not waiting(standin):
        pass


def test_truncate_inside_a_transaction_is_refused(ask: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    ask("TRUNCATE TABLE t")
    ask("BEGIN")
    assert ask.refused("TRUNCATE t")["C"] == "25001"
    assert ask.refused("SELECT 1")["C"] == "25P02"
    ask("ROLLBACK")


def test_vacuum_inside_a_transaction_is_refused(ask: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    ask("BEGIN")
    assert ask.refused("VACUUM t")["C"] == "25001"


def test_a_refused_statement_fails_the_transaction(ask: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    ask("BEGIN")
    ask("INSERT INTO t VALUES (1)")
    ask.refused("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING")
    ask("COMMIT")
    assert ask("SELECT a FROM t") == []


def test_words_for_beginning_and_ending_are_known(ask: Client) -> None:
    for begin, end in (("BEGIN", "END"), ("START TRANSACTION", "COMMIT WORK"), ("BEGIN WORK", "ABORT"),
                       ("BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY", "ROLLBACK")):  # fmt: skip
        ask(begin)
        ask(end)


def test_a_transaction_keeps_what_it_first_saw_whatever_level_it_asks_for(ask: Client, other: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    ask("BEGIN ISOLATION LEVEL READ COMMITTED")
    assert ask.one("SELECT count(*) FROM t") == 0
    other("INSERT INTO t VALUES (1)")
    assert ask.one("SELECT count(*) FROM t") == 0
    ask("COMMIT")
    assert ask.one("SELECT count(*) FROM t") == 1


def test_a_cycle_of_two_transactions_is_a_1023(ask: Client, other: Client) -> None:
    ask("CREATE TABLE a (x INT)")
    ask("CREATE TABLE b (x INT)")
    for client, read, written in ((ask, "a", "b"), (other, "b", "a")):
        client("BEGIN")
        client(f"SELECT count(*) FROM {read}")
        client(f"INSERT INTO {written} VALUES (1)")
    ask("COMMIT")
    refused = other.refused("COMMIT")
    assert (refused["C"], refused["M"]) == ("XX000", "1023")
    assert refused["D"].startswith("Serializable isolation violation on table - ")


def test_writers_of_one_table_wait_for_one_another_and_then_see_what_was_written(
    standin: Standin, ask: Client, other: Client
) -> None:
    ask("CREATE TABLE t (a INT)")
    ask("BEGIN")
    ask("INSERT INTO t VALUES (1)")
    with ThreadPoolExecutor() as pool:
        other("BEGIN")
        deleted = pool.submit(other, "DELETE FROM t WHERE a = 1")
        until_somebody_waits(standin)
        ask("COMMIT")
        deleted.result(30)
    assert other.cursor.rowcount == 1
    other("COMMIT")
    assert standin.query("SELECT a FROM t") == []


def test_a_write_outside_a_block_waits_too(standin: Standin, ask: Client, other: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    ask("BEGIN")
    ask("INSERT INTO t VALUES (1)")
    with ThreadPoolExecutor() as pool:
        updated = pool.submit(other, "UPDATE t SET a = a + 1")
        until_somebody_waits(standin)
        ask("COMMIT")
        updated.result(30)
    assert standin.query("SELECT a FROM t") == [(2,)]


def test_readers_do_not_wait_for_writers_but_for_a_lock(standin: Standin, ask: Client, other: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    ask("BEGIN")
    ask("INSERT INTO t VALUES (1)")
    assert other.one("SELECT count(*) FROM t") == 0
    ask("LOCK TABLE t")
    with ThreadPoolExecutor() as pool:
        counted = pool.submit(other.one, "SELECT count(*) FROM t")
        until_somebody_waits(standin)
        ask("COMMIT")
        assert counted.result(30) in (0, 1)  # what there was when it began to wait, or when it no longer did


def test_what_waits_longer_than_statement_timeout_is_cancelled(ask: Client, other: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    ask("BEGIN")
    ask("LOCK t")
    other("SET statement_timeout TO 50")
    other("BEGIN")
    refused = other.refused("LOCK t")
    assert refused["C"] == "57014"
    assert "cancelled on user's request" in refused["M"]


def test_two_that_wait_for_each_other_are_told_of_a_deadlock(standin: Standin, ask: Client, other: Client) -> None:
    ask("CREATE TABLE a (x INT)")
    ask("CREATE TABLE b (x INT)")
    for client, table in ((ask, "a"), (other, "b")):
        client("BEGIN")
        client(f"LOCK {table}")
    with ThreadPoolExecutor() as pool:
        pending = pool.submit(ask, "LOCK b")
        until_somebody_waits(standin)
        try:
            other("LOCK a")
            failed = pending.exception(30)
        except Exception as error:
            failed = error
        other.close()
    assert failed is not None
    assert failed.args[0]["C"] == "40P01"


def test_the_driver_can_begin_by_itself(standin: Standin) -> None:
    with standin.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE t (a INT)")
        cursor.execute("INSERT INTO t VALUES (1)")
        assert cursor.rowcount == 1
        connection.rollback()
        cursor.execute("SELECT count(*) FROM svv_redshift_columns WHERE table_name = 't'")
        assert cursor.fetchone() == [0]
        assert cursor.rowcount == -1
    assert standin.statements[0] == "begin transaction"
