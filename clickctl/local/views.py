"""The tables as DuckDB views over the folders of a lake: the same names and columns as in Athena."""

from __future__ import annotations

import os
import re
from collections.abc import Collection

from clickctl.domain.layout import FACTS, USERS
from clickctl.lakes import Lake
from clickctl.roots import LakeRoots
from clickctl.settings import CatalogSettings
from clickctl.sqlfiles import checked, statement

COLUMNS = {
    FACTS: ("click_id", "event_time", "user_id", "session_id", "action", "page_url", "attrs"),
    USERS: ("user_id", "first_seen", "last_seen", "user_agent", "ip"),
}
PARTITION = ("year", "month", "day")
_TIMES = ("event_time", "first_seen", "last_seen")
_USUAL = CatalogSettings()


def catalog_file(roots: LakeRoots, names: CatalogSettings = _USUAL) -> str:
    """The DuckDB file that holds the views: `catalog.path`, or `_catalog.duckdb` under the processed root."""
    return os.path.abspath(os.path.expanduser(names.path)) if names.path else f"{roots.processed}/_catalog.duckdb"


def local_views(roots: LakeRoots, names: CatalogSettings = _USUAL, empty: Collection[str] = ()) -> dict[str, str]:
    """The SELECT of each view by its name, those it reads before it.

    `empty` are the tables of which there is no file: DuckDB refuses to read none, so they become
    the same columns without rows. Raises ConfigError for names that are none.
    """
    tables = {FACTS: checked(names.facts), USERS: checked(names.users)}
    views = {name: _nothing(table) if table in empty else _files(roots, table) for table, name in tables.items()}
    return {**views, checked(names.users_view): statement("users", users=names.users)}


def empty_tables(lake: Lake, roots: LakeRoots) -> set[str]:
    """The tables of which there is no file."""
    return {
        table
        for table in COLUMNS
        if not any(info.location.endswith(".parquet") for info in lake.list(f"{roots.processed}/{table}/"))
    }


def _files(roots: LakeRoots, table: str) -> str:
    root = re.sub(r"([*?\[])", r"[\1]", roots.processed)  # what a pattern takes literally
    pattern = f"{root}/{table}/year=*/month=*/day=*/part-*.parquet".replace("'", "''")
    types = ", ".join(f"'{name}': VARCHAR" for name in PARTITION)
    columns = ", ".join((*COLUMNS[table], *PARTITION))
    return f"SELECT {columns} FROM read_parquet('{pattern}', hive_partitioning = true, hive_types = {{{types}}})"


def _nothing(table: str) -> str:
    columns = ", ".join(
        f"CAST(NULL AS {'TIMESTAMP' if name in _TIMES else 'VARCHAR'}) AS {name}"
        for name in (*COLUMNS[table], *PARTITION)
    )
    return f"SELECT {columns} WHERE FALSE"
