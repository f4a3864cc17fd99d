"""load-hot killed at any statement: run again, the warehouse is as if nothing had happened."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from clickctl.hotsql import HotSql
from clickctl.local.lake import FolderLake
from tests.backends.faults import in_child, kill_me, killed
from tests.backends.hot import Hot
from tests.backends.small_lake import SmallLake

pytest.importorskip("duckdb")

H13, H14, OLD = "2026-01-05T13", "2026-01-05T14", "2026-01-01T10"


def changed(small: SmallLake) -> None:
    """A day to load again, with rows that go and rows that come, and a user who does both."""
    small.put(H13, "/new", "/a@2026-01-04")
    small.run(H13)


def filled(hot: Hot) -> None:
    for hour, pages in ((OLD, ("/a", "/b")), (H13, ("/a", "/b", "/b")), (H14, ("/c", "/b@2026-01-04"))):
        hot.small.put(hour, *pages)
        hot.small.run(hour)


def load_and_die(small: SmallLake, path: str, today: str, number: int) -> None:
    """Load, and be killed before the number-th statement; exit with how many there were if there are not so many."""
    from clickctl.local.warehouse import DuckSession, DuckWarehouse

    numbers, run = itertools.count(), DuckSession.run

    def counted(self: DuckSession, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        if next(numbers) == number:
            kill_me()
        return run(self, sql, parameters)

    DuckSession.run = counted  # type: ignore[method-assign]
    sql = HotSql("main", "fact_clicks", "dim_users")
    Hot(small, lambda: DuckWarehouse(path, sql), sql, lambda text: [], today).load()
    os._exit(0)


@pytest.mark.parametrize("today", ["2026-01-07", "2026-01-11"], ids=["reload", "expire"])
def test_killed_before_any_statement_a_second_run_ends_the_same(hot_duckdb: Hot, today: str) -> None:
    hot = hot_duckdb.on(today)
    filled(hot)
    hot_duckdb.load()
    changed(hot.small)
    path = Path(hot.small.roots.processed, "_warehouse.duckdb")
    before, states = path.read_bytes(), [(hot.facts(), hot.users())]
    hot.load()
    states.append((hot.facts(), hot.users()))
    for number in itertools.count():
        path.write_bytes(before)
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        if not killed(in_child(load_and_die, hot.small, str(path), today, number)):
            break
        hot.load()
        assert (hot.facts(), hot.users()) == states[1], f"killed before statement {number}"
    assert number > 20
    assert isinstance(hot.small.lake, FolderLake)
