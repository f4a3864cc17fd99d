"""Whatever happens to the lake between loads: the warehouse has the window's rows, and remembers who came when."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickctl.hotsql import HotSql
from clickctl.local.lake import FolderLake
from tests.backends.hot import Hot, Rows
from tests.backends.small_lake import small_lake

duckdb = pytest.importorskip("duckdb")

SQL = HotSql("main", "fact_clicks", "dim_users")
DAYS = [f"2026-01-{n:02}" for n in range(3, 7)]
pages = st.lists(st.sampled_from(["/a", "/b", "/c", "/a@2026-01-03", "/b@2026-01-04"]), max_size=4)
rerun = st.tuples(st.just("hour"), st.sampled_from(DAYS), st.sampled_from(["09", "10"]), pages)
whole = st.tuples(st.just("day"), st.sampled_from(DAYS), st.just(""), st.just([]))
loads = st.tuples(st.just("load"), st.sampled_from(["full", "changed"]), st.just(""), st.just([]))
later = st.tuples(st.just("later"), st.just(""), st.just(""), st.just([]))
steps = st.lists(st.one_of(rerun, rerun, whole, loads, later), min_size=1, max_size=8)


def warehouse_at(folder: Path) -> Hot:
    from clickctl.local.warehouse import DuckWarehouse

    small, path = small_lake(FolderLake(), str(folder), folder), str(folder / "warehouse.duckdb")

    def ask(text: str) -> Rows:
        with duckdb.connect(path) as database:
            found: Rows = database.execute(text).fetchall()
            return found

    return Hot(small, lambda: DuckWarehouse(path, SQL), SQL, ask, DAYS[-1])


@settings(max_examples=25)
@given(steps)
def test_after_any_changes_and_loads_the_warehouse_is_the_window(done: list[tuple[str, str, str, list[str]]]) -> None:
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        hot = warehouse_at(Path(folder))
        gone: dict[str, datetime] = {}
        for what, first, second, given_pages in done:
            if what == "hour":
                hot.small.put(f"{first}T{second}", *given_pages)
                hot.small.run(f"{first}T{second}")
            elif what == "day" and hot.small.ledger(first).committed():
                hot.small.run(first)
            elif what in ("load", "later"):
                hot = hot.on(f"2026-01-{int(hot.today[-2:]) + 2:02}") if what == "later" else hot
                remembered(hot, gone)
                assert hot.load(full=first == "full").exit_code == 0
                assert hot.facts() == hot.lake_facts()
                assert hot.users() == hot.lake_users(gone)
        hot.load()
        assert hot.facts() == hot.lake_facts()
        assert hot.users() == hot.lake_users(gone)


def remembered(hot: Hot, gone: dict[str, datetime]) -> None:
    """Note whom the days about to leave the window have seen, as the warehouse has them."""
    tables = {name for (name,) in hot.ask("SELECT table_name FROM duckdb_tables()")}
    if "clickctl_user_days" not in tables:
        return
    rows = hot.ask(f"SELECT user_id, first_seen FROM clickctl_user_days WHERE day < DATE '{hot.first}'")
    for user, first in rows:
        gone[user] = min(first, gone.get(user, first))
