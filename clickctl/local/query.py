"""DuckDB over the folders of a lake."""

from __future__ import annotations

from collections.abc import Sequence

from clickctl.domain.errors import ConfigError
from clickctl.domain.hours import Day
from clickctl.domain.layout import partition_prefix
from clickctl.ports import Lake
from clickctl.settings import LakeRoots


class DuckQuery:
    """Reads Parquet where it lies; nothing is imported or kept."""

    def __init__(self, lake: Lake, roots: LakeRoots) -> None:
        self._lake, self._roots = lake, roots

    def rows(self, table: str, days: Sequence[Day], limit: int) -> tuple[tuple[str, ...], Sequence[tuple[object, ...]]]:
        try:
            import duckdb
        except ImportError:
            raise ConfigError("DuckDB is not installed.", hint="pip install 'clickctl[local]'") from None
        prefixes = (f"{self._roots.processed}/{partition_prefix(table, day)}" for day in days)
        files = [
            info.location
            for prefix in prefixes
            for info in self._lake.list(prefix)
            if info.location.endswith(".parquet")
        ]
        if not files:
            return (), []
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            found = connection.execute(
                f"SELECT * FROM read_parquet($files) ORDER BY 2, 1 LIMIT {int(limit)}", {"files": files}
            )
            columns = tuple(column[0] for column in found.description or ())
            return columns, found.fetchall()
