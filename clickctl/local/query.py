"""DuckDB over the folders of a lake."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from clickctl.domain.errors import ClickctlError, CommitConflict, ConfigError, EngineError
from clickctl.domain.hours import Day
from clickctl.domain.layout import FACTS
from clickctl.lakes import Lake
from clickctl.local.views import catalog_file, empty_tables, local_views
from clickctl.ports import Answer
from clickctl.roots import LakeRoots
from clickctl.settings import CatalogSettings
from clickctl.sqlfiles import first_rows


class DuckQuery:
    """Asks the views of the catalog file, where `register-partitions` made one, else the same views in memory.

    Parquet is read where it lies. The file is opened read-only and for one statement only.
    """

    def __init__(self, lake: Lake, roots: LakeRoots, names: CatalogSettings | None = None) -> None:
        self._lake, self._roots, self._names = lake, roots, names or CatalogSettings()

    def rows(self, table: str, days: Sequence[Day], limit: int) -> Answer:
        name = self._names.facts if table == FACTS else self._names.users
        return self.run(first_rows(name, days, limit))

    def run(self, sql: str, parameters: Sequence[str] = ()) -> Answer:
        began = time.monotonic()
        with _explained(), self._connection() as connection, ThreadPoolExecutor(1) as worker:
            asked = worker.submit(_ask, connection, sql, parameters)
            try:
                columns, rows = asked.result()
            except KeyboardInterrupt:
                connection.interrupt()  # here, because DuckDB makes a RuntimeError of a Ctrl-C it notices itself
                raise
        return Answer(columns, rows, seconds=time.monotonic() - began)

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        if self._roots.processed.startswith("s3://"):
            raise ConfigError("The local backend's queries read folders, not s3://.", hint='Set backend = "aws".')
        try:
            import duckdb
        except ImportError:
            raise ConfigError("DuckDB is not installed.", hint="pip install 'clickctl[local]'") from None
        file = catalog_file(self._roots, self._names)
        kept = os.path.exists(file)
        with duckdb.connect(file if kept else ":memory:", read_only=kept) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            if not kept:
                for name, sql in local_views(self._roots, self._names, empty_tables(self._lake, self._roots)).items():
                    connection.execute(f'CREATE VIEW "{name}" AS {sql}')
            yield connection


def _ask(
    connection: Any, sql: str, parameters: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[object, ...], ...]]:
    found = connection.execute(sql, list(parameters))
    if found is None:
        raise EngineError("There is no statement to run.", hint="Check the SQL.")
    columns = tuple(column[0] for column in found.description or ())
    return columns, tuple(tuple(map(_plain, row)) for row in found.fetchall())


def _plain(value: object) -> object:
    """What a port may answer: lists, decimals and the like become text, times are UTC without saying so."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value if value is None or isinstance(value, (bool, int, float, str, date)) else str(value)


@contextmanager
def _explained() -> Iterator[None]:
    """Errors of DuckDB as ours."""
    try:
        yield
    except ClickctlError:
        raise
    except Exception as error:
        if "duckdb" not in type(error).__module__:
            raise
        raise _error(type(error).__name__, str(error).strip()) from error


def _error(kind: str, text: str) -> ClickctlError:
    first = text.split("\n", 1)[0].rstrip(".!")
    if "set lock on file" in first or kind == "ConnectionException":
        return CommitConflict(f"DuckDB: {first}.", hint="Another program has the catalog open: close it, or try again.")
    hint = "Check the SQL: it is DuckDB's."
    if kind == "CatalogException":
        hint = "The tables are those of [catalog]: 'clickctl register-partitions --create-tables' makes them."
    elif kind == "IOException":
        hint = "If the catalog file is damaged or another version's, delete it and run 'clickctl register-partitions'."
    elif "parquet" in text.lower():
        hint = "'clickctl dq-report FIRST END --verify' names files that are lost or of another size."
    elif "pytz" in text:
        hint = "Times with a zone need CAST(… AS TIMESTAMP), which is UTC here."
    return EngineError(f"DuckDB: {first}.", hint=hint, changed="")
