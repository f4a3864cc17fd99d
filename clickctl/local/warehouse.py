"""The hot days in a DuckDB file: the local backend's warehouse. It is opened for one step at a time."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from clickctl.domain.errors import CommitConflict, Locked
from clickctl.domain.hours import Day
from clickctl.hotsql import HotSql
from clickctl.local.duck import told
from clickctl.plan.hot import DayPlan, Load
from clickctl.settings import LakeRoots
from clickctl.warehouse import CopyFile, LoadOrder, WarehouseSeen

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
        if not os.path.exists(self.path):
            return WarehouseSeen({}, {})
        with self._opened(read_only=True) as session:
            columns: dict[str, list[tuple[str, str]]] = {}
            for table, column, kind in session.run(_COLUMNS, (self.sql.schema,)):
                columns.setdefault(table, []).append((column, kind))
            loads = self.sql.loads(session) if self.sql.table("loads") in columns else {}
        return WarehouseSeen({table: tuple(found) for table, found in columns.items()}, loads)

    def create(self, tables: Collection[str]) -> None:
        with self._transaction() as session:
            self.sql.create(session, tables)

    def ready(self) -> None:
        return None

    def load(self, order: LoadOrder, still: Callable[[], None]) -> Load:
        with self._transaction() as session:
            return self.sql.load(session, order, still)

    def expire(self, plan: DayPlan, *, remember: bool) -> None:
        with self._transaction() as session:
            self.sql.expire(session, plan, remember=remember)

    def rebuild_users(self, files: Sequence[CopyFile]) -> int:
        with self._transaction() as session:
            return self.sql.rebuild(session, files)

    def close(self) -> None:
        return None

    @contextmanager
    def _transaction(self) -> Iterator[DuckSession]:
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with self._opened(read_only=False) as session:
            session.run("BEGIN")
            try:
                yield session
            except KeyboardInterrupt as stop:
                stop.add_note("The transaction was rolled back.")
                raise
            session.run("COMMIT")  # without it, closing rolls back

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

    def copy(self, stage: str, day: Day | None, files: Sequence[CopyFile]) -> None:
        places = ", ".join(f"'{_literal(file.location)}'" for file in files)
        self.run(f"INSERT INTO {stage} SELECT * FROM read_parquet([{places}], hive_partitioning = false)")


def in_duckdb(sql: str) -> str:
    """How a table is laid out over nodes is Redshift's own matter, and its SUPER is JSON here."""
    return re.sub(r"\bSUPER\b", "JSON", sql.partition("\nDISTSTYLE ")[0])


def _literal(path: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", path).replace("'", "''")
