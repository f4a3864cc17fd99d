"""The hot days in a DuckDB file: the local backend's warehouse. It is opened for one step at a time."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from clickctl.domain.errors import CommitConflict, LakeError, Locked, RunFailed
from clickctl.domain.layout import owner_of
from clickctl.hotsql import HotSql
from clickctl.interrupts import uninterrupted
from clickctl.local.duck import first_line, told
from clickctl.plan.hot import DayPlan, Load
from clickctl.roots import LakeRoots
from clickctl.warehouse import CopyFile, LoadOrder, RebuildOrder, WarehouseSeen

SCHEMA = "main"
_HINT = "Check the file and its folder, or name another one with [redshift] path."
_MACROS = (
    "CREATE TEMP MACRO octet_length(text) AS strlen(text)",
    "CREATE TEMP MACRO can_json_parse(text) AS json_valid(text)",
    "CREATE TEMP MACRO json_parse(text) AS CAST(text AS JSON)",
)
_COLUMNS = """
SELECT table_name, column_name, data_type FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = ? AND NOT internal ORDER BY table_name, column_index
"""


def warehouse_file(roots: LakeRoots, path: str) -> str:
    """The DuckDB file of the hot days: `redshift.path`, or `_warehouse.duckdb` under the processed root."""
    return os.path.abspath(os.path.expanduser(path)) if path else f"{roots.processed}/_warehouse.duckdb"


def exists(path: str) -> bool:
    """Whether the file is there. Raises LakeError where that cannot be told."""
    with _reached(path), suppress(FileNotFoundError, NotADirectoryError):
        os.stat(path)
        return True
    return False


@contextmanager
def _reached(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LakeError(f"{path}: its folder cannot be used: {error.strerror}.", hint=_HINT) from error


@dataclass(frozen=True)
class DuckWarehouse:
    """Whoever has the file open keeps all others out, which DuckDB sees to: that is the lock of a load.

    With `waiting`, which hears that we do, the file is waited for; without, a file in use raises Locked.
    """

    path: str
    sql: HotSql
    waiting: Callable[[], None] | None = None
    pause: Callable[[float], None] = time.sleep

    @property
    def name(self) -> str:
        return self.path

    def observe(self) -> WarehouseSeen:
        if not exists(self.path):
            return WarehouseSeen({}, {})
        with self._opened(read_only=True) as session:
            return self.sql.seen(session, _COLUMNS)

    def create(self) -> None:
        with self._transaction() as session:
            self.sql.create(session, self.sql.seen(session, _COLUMNS))

    def ready(self) -> None:
        return None

    def load(self, order: LoadOrder, still: Callable[[], None]) -> Load:
        with self._transaction() as session:
            return self.sql.load(session, order, still)

    def expire(self, plan: DayPlan, *, remember: bool) -> None:
        with self._transaction() as session:
            self.sql.expire(session, plan, remember=remember)

    def rebuild_users(self, order: RebuildOrder, still: Callable[[], None]) -> int:
        with self._transaction() as session:
            return self.sql.rebuild(session, order, still)

    def close(self) -> None:
        return None

    @contextmanager
    def _transaction(self) -> Iterator[DuckSession]:
        with _reached(self.path):
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with self._opened(read_only=False) as session:
            session.run("BEGIN")
            fate = "rolled back"
            try:
                yield session
                with uninterrupted():
                    session.run("COMMIT")  # without it, closing rolls back
                    fate = "committed"
            except KeyboardInterrupt as stop:
                stop.add_note(f"The transaction was {fate}.")
                raise

    @contextmanager
    def _opened(self, *, read_only: bool) -> Iterator[DuckSession]:
        database = self._connect(read_only)
        try:
            with told(self.path, _HINT):
                database.execute("SET TimeZone = 'UTC'")
                for macro in _MACROS:
                    database.execute(macro)
                yield DuckSession(database)
        finally:
            database.close()

    def _connect(self, read_only: bool) -> Any:
        import duckdb

        told_once = False
        while True:
            try:
                with told(self.path, _HINT):
                    return duckdb.connect(self.path, read_only=read_only)
            except CommitConflict as busy:
                if self.waiting is None:
                    raise Locked(busy.message, hint="Wait for it, or use --wait.") from busy
                if not told_once:
                    self.waiting()
                told_once = True
                self.pause(0.5)


@dataclass(frozen=True)
class DuckSession:
    """Statements of sql/hot in DuckDB's words."""

    database: Any

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        """In a thread, because DuckDB makes a RuntimeError of a Ctrl-C it notices itself."""
        with ThreadPoolExecutor(1) as worker:
            asked = worker.submit(self._ask, in_duckdb(sql), parameters)
            try:
                return asked.result()
            except KeyboardInterrupt:
                self.database.interrupt()
                raise

    def _ask(self, sql: str, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        return list(self.database.execute(sql, list(parameters)).fetchall())

    def copy(self, stage: str, name: str, files: Sequence[CopyFile]) -> None:
        """One after the other, so that the one that is damaged can be named."""
        import duckdb

        for file in files:
            try:
                source = f"read_parquet('{_literal(file.location)}', hive_partitioning = false)"
                self.run(f"INSERT INTO {stage} SELECT * FROM {source}")
            except duckdb.Error as error:
                if isinstance(error, duckdb.OutOfMemoryException) or "space left" in str(error).lower():
                    raise
                hint = f"clickctl run-partition {owner_of(file.location)} --force"
                raise RunFailed(f"{file.location} cannot be loaded: {first_line(error)}", hint=hint) from error


def in_duckdb(sql: str) -> str:
    """How a table is laid out over nodes is Redshift's own matter, and its SUPER is JSON here."""
    return re.sub(r"\bSUPER\b", "JSON", sql.partition("\nDISTSTYLE ")[0])


def _literal(path: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", path).replace("'", "''")
