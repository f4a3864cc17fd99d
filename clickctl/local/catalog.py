"""The tables as views in a DuckDB file, which anybody with DuckDB can open. A view finds new days by itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import iglob
from pathlib import Path
from typing import Any

from clickctl.domain.errors import ClickctlError, CommitConflict, ConfigError, LakeError
from clickctl.domain.hours import Day
from clickctl.domain.layout import FACTS, USERS
from clickctl.plan.catalog import Applied, CatalogSeen, CatalogWanted, Change, DaysWithRows, ViewWanted
from clickctl.plan.tables import COLUMNS, KEYS
from clickctl.settings import CatalogSettings, LakeRoots
from clickctl.sqlfiles import statement


@dataclass(frozen=True)
class DuckCatalog:
    """Views over the folders of `processed`, in the file `path`. Each use opens the file briefly."""

    names: CatalogSettings
    processed: str
    path: str

    def wanted(self, rows: DaysWithRows, present_year: int) -> CatalogWanted:
        """All three views, once there is a file to read: DuckDB makes no view of nothing."""
        names = {FACTS: self.names.facts, USERS: self.names.users}
        tables = [ViewWanted(name, self._select(table)) for table, name in names.items()]
        users = ViewWanted(self.names.users_view, statement("users_duckdb", users=self.names.users))
        empty = any(next(iglob(self._files(table)), None) is None for table in names)
        return CatalogWanted(self.path, views=() if empty else (*tables, users), complete=rows.complete)

    def _files(self, table: str) -> str:
        """A pattern; letters of the folder's name that patterns know are escaped."""
        return f"{re.sub(r'([*?[])', r'[\1]', self.processed)}/{table}/*/*/*/part-*.parquet"

    def _select(self, table: str) -> str:
        columns = ", ".join(name for name, _ in (*COLUMNS[table], *KEYS))
        options = "hive_partitioning = true, hive_types_autocast = false"  # '01' stays text, as in Glue
        return f"SELECT {columns} FROM read_parquet({_text(self._files(table))}, {options})"

    def observe(self, days: Collection[Day] | None) -> CatalogSeen:
        """A view's definition is noted in its comment: what DuckDB itself keeps is its own wording of it."""
        if not Path(self.path).exists():
            return CatalogSeen()
        with self._opened(read_only=True) as database:
            found = database.execute("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal").fetchall()
        return CatalogSeen(views={name: comment or "" for name, comment in found})

    def apply(self, wanted: CatalogWanted, changes: Sequence[Change]) -> Sequence[Applied]:
        if not changes:
            return []
        views = {view.name: view for view in wanted.views}
        with self._opened(read_only=False) as database:
            return [self._make(database, change, views[change.name]) for change in changes]

    def _make(self, database: Any, change: Change, view: ViewWanted) -> Applied:
        name = '"' + view.name.replace('"', '""') + '"'
        try:
            with _told(f"The view {view.name} in {self.path}"):
                database.execute("BEGIN")
                database.execute(f"CREATE OR REPLACE VIEW {name} AS {view.sql}")
                database.execute(f"COMMENT ON VIEW {name} IS {_text(view.sql)}")
                database.execute("COMMIT")
        except ClickctlError as error:
            database.execute("ROLLBACK")
            return Applied(change, error.message, error.exit_code)
        return Applied(change)

    @contextmanager
    def _opened(self, *, read_only: bool) -> Iterator[Any]:
        import duckdb

        with _told(self.path):
            database = duckdb.connect(self.path, read_only=read_only)
        try:
            yield database
        finally:
            database.close()


def local_catalog(names: CatalogSettings, roots: LakeRoots) -> DuckCatalog:
    """The catalog of a lake of folders; ConfigError for another."""
    if roots.processed.startswith("s3://"):
        raise ConfigError(
            f"The local catalog is made of DuckDB views over folders, and the lake is {roots.processed}.",
            hint='Set backend = "aws" to register it with Glue.',
        )
    path = Path(names.path).expanduser().absolute() if names.path else Path(roots.processed, "_catalog.duckdb")
    return DuckCatalog(names, roots.processed, str(path))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Errors of DuckDB as ours."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        text = str(error).splitlines()[0]
        if "lock" in text:
            raise CommitConflict(
                f"{what} is in use by another process: {text}", hint="Close it there, then run the same command again."
            ) from error
        hint = "Check the file and its folder, or name another one with [catalog] path."
        raise LakeError(f"{what}: {text}", hint=hint) from error
