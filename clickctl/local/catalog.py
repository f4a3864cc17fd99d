"""The tables as views in a DuckDB file, which anybody with DuckDB can open. A view finds new days by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickctl.domain.errors import ClickctlError, ConfigError
from clickctl.domain.hours import Day
from clickctl.lakes import Lake
from clickctl.local.duck import told
from clickctl.local.views import catalog_file, empty_tables, local_views
from clickctl.plan.catalog import Applied, CatalogSeen, CatalogWanted, Change, DaysWithRows, ViewWanted
from clickctl.roots import LakeRoots
from clickctl.settings import CatalogSettings

_HINT = "Check the file and its folder, or name another one with [catalog] path."


@dataclass(frozen=True)
class DuckCatalog:
    """Views over the folders of a lake. Each use opens the file briefly, so that others can."""

    lake: Lake
    roots: LakeRoots
    names: CatalogSettings

    def __post_init__(self) -> None:
        if self.roots.processed.startswith("s3://"):
            raise ConfigError(
                f"The local catalog is made of DuckDB views over folders, and the lake is {self.roots.processed}.",
                hint='Set backend = "aws" to register it with Glue.',
            )

    @property
    def path(self) -> str:
        return catalog_file(self.roots, self.names)

    def wanted(self, rows: DaysWithRows, present_year: int) -> CatalogWanted:
        """All views, once there are files to read: a view of nothing would stay one when files come."""
        empty = empty_tables(self.lake, self.roots)
        views = {} if empty else local_views(self.roots, self.names)
        return CatalogWanted(
            self.path, views=tuple(ViewWanted(name, sql) for name, sql in views.items()), complete=rows.complete
        )

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
            with told(f"The view {view.name} in {self.path}", _HINT):
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

        with told(self.path, _HINT):
            database = duckdb.connect(self.path, read_only=read_only)
        try:
            yield database
        finally:
            database.close()


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
