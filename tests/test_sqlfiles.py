"""SQL from files: the names in it, the two dialects, and the one view there is."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.domain.errors import ConfigError
from clickctl.domain.hours import Day, unit_from_name
from clickctl.domain.layout import USERS, output_file
from clickctl.local.lake import FolderLake
from clickctl.local.query import DuckQuery
from clickctl.roots import LakeRoots
from clickctl.sqlfiles import first_rows, on_days, statement, statement_on
from tests.conftest import REPO

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")

DAYS = [Day(date(2026, 1, n)) for n in (4, 5)]
UNITS = [unit_from_name(name) for name in ("2026-01-05T13", "2026-01-05T14", "2026-01-06")]
START = datetime(2026, 1, 4, tzinfo=UTC)


class Sighting(NamedTuple):
    """One event of a user; `file` is the event-day and the unit that wrote it."""

    file: tuple[int, int]
    user: str
    at: int
    agent: str | None
    ip: str | None


class UserRow(NamedTuple):
    user: str
    first: int
    last: int
    agent: str | None
    ip: str | None


SIGHTINGS = st.builds(
    Sighting,
    st.tuples(st.integers(0, 1), st.integers(0, 2)),
    st.sampled_from(["u", "v", "ü"]),
    st.integers(0, 3),
    st.sampled_from([None, "", "a", "b", "Z", "é", "\U0001f642"]),
    st.sampled_from([None, "10.0.0.1", "10.0.0.10"]),
)


@given(st.lists(SIGHTINGS, min_size=1, max_size=25))
def test_the_view_of_users_has_one_row_per_user_and_ties_do_not_depend_on_order(seen: list[Sighting]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        roots = LakeRoots(folder, f"{folder}/processed", folder, folder)
        _write(roots, seen)
        answer = DuckQuery(FolderLake(), roots).run("SELECT * FROM users ORDER BY user_id")
    assert answer.columns == ("user_id", "first_seen", "last_seen", "user_agent", "ip")
    assert list(answer.rows) == [
        (row.user, _time(row.first), _time(row.last), row.agent, row.ip) for row in _expected(seen)
    ]


def _expected(seen: list[Sighting]) -> list[UserRow]:
    """The two steps of the contract: rows of dim_users from events, users from rows."""
    files = [
        list(found) for _, found in groupby(sorted(seen, key=lambda s: (s.file, s.user)), lambda s: (s.file, s.user))
    ]
    rows = [
        UserRow(found[0].user, min(s.at for s in found), max(s.at for s in found),
                _latest((s.at, s.agent) for s in found), _latest((s.at, s.ip) for s in found))
        for found in files
    ]  # fmt: skip
    users = groupby(sorted(rows, key=lambda row: row.user.encode()), lambda row: row.user)
    return [
        UserRow(user, min(r.first for r in found), max(r.last for r in found),
                _latest((r.last, r.agent) for r in found), _latest((r.last, r.ip) for r in found))
        for user, found in ((user, list(rows)) for user, rows in users)
    ]  # fmt: skip


def _latest(values: Iterator[tuple[int, str | None]]) -> str | None:
    """The text with the greatest time; of two at the same time the greater by its bytes."""
    known = [(at, text.encode()) for at, text in values if text is not None]
    return max(known)[1].decode() if known else None


def _time(at: int) -> datetime:
    return (START + timedelta(microseconds=at)).replace(tzinfo=None)


def _write(roots: LakeRoots, seen: list[Sighting]) -> None:
    import pyarrow as pa

    from clickctl.transform.chunks import Target
    from clickctl.transform.schemas import USER_CHUNK
    from clickctl.transform.write import write_file

    for (day, unit), found in groupby(sorted(seen, key=lambda s: s.file), lambda s: s.file):
        events = list(found)
        times = [round(START.timestamp() * 1e6) + s.at for s in events]
        columns = [[s.user for s in events], times, times]
        for texts in ([s.agent for s in events], [s.ip for s in events]):
            columns += [texts, [None if text is None else at for at, text in zip(times, texts, strict=True)]]
        batch = pa.record_batch(columns, schema=USER_CHUNK)
        path = Path(roots.processed, output_file(USERS, DAYS[day], UNITS[unit], 0))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(Target(USERS, DAYS[day], 0), [batch.serialize()], path)


SQL = REPO / "clickctl/sql"
OF_DAYS = {
    name: statement_on(name, DAYS, facts="fact_clicks", users="dim_users")
    for name in ["actions", *(f"dq/{path.stem}" for path in sorted(SQL.glob("dq/*.sql")))]
}
"""The statements that ask tables for some event-days."""
STATEMENTS = {"users": statement("users", users="dim_users"), "rows": first_rows("fact_clicks", DAYS, 5), **OF_DAYS}


@pytest.mark.parametrize("dialect", ["athena", "trino", "duckdb"])
@pytest.mark.parametrize("name", STATEMENTS)
def test_every_statement_is_of_both_dialects(name: str, dialect: str) -> None:
    sqlglot = pytest.importorskip("sqlglot")
    [parsed] = sqlglot.parse(STATEMENTS[name], read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    assert parsed.key == "select"


def unbounded(sql: str, dialect: str) -> list[str]:
    """The tables that are read on other event-days than DAYS, too: whose SELECT does not have that among its ANDs."""
    sqlglot: Any = pytest.importorskip("sqlglot")
    tree = sqlglot.parse_one(sql, read=dialect)
    wanted = sqlglot.parse_one(on_days(DAYS), read=dialect)
    made = {cte.alias for cte in tree.find_all(sqlglot.exp.CTE)}
    found = []
    for table in tree.find_all(sqlglot.exp.Table):
        where = table.parent_select.args.get("where")
        conditions = [where.this] if where else []
        if where and isinstance(where.this, sqlglot.exp.And):
            conditions = list(where.this.flatten(unnest=False))
        if table.name not in made and not any(one.unnest() == wanted.unnest() for one in conditions):
            found.append(table.name)
    return found


@pytest.mark.parametrize("dialect", ["athena", "trino", "duckdb"])
@pytest.mark.parametrize("name", [*OF_DAYS, "rows"])
def test_every_table_is_read_on_the_wanted_event_days_alone(name: str, dialect: str) -> None:
    """By the columns of the partition, so that an engine reads and bills no other."""
    assert not unbounded(STATEMENTS[name], dialect)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM clicks",
        f"SELECT 1 FROM clicks WHERE action = 'a' OR {on_days(DAYS)}",
        f"SELECT 1 FROM clicks WHERE {on_days(DAYS[:1])}",
        f"SELECT 1 FROM (SELECT * FROM clicks) WHERE {on_days(DAYS)}",
        f"SELECT 1 FROM (SELECT * FROM a WHERE {on_days(DAYS)}) JOIN (SELECT * FROM clicks) USING (b)",
    ],
)
def test_a_table_that_is_read_on_other_days_too_is_found(sql: str) -> None:
    assert unbounded(sql, "athena") == ["clicks"]


def test_names_are_put_in_quoted_and_comments_left_out() -> None:
    sql = statement("users", users="Users_2")
    assert 'FROM "Users_2"' in sql
    assert sql.startswith("SELECT")
    assert "--" not in sql
    assert "$" not in sql


@pytest.mark.parametrize("name", ["", "a b", 'a"b', "a;b", "a.b", "ä", "a\n"])
def test_no_name_can_become_sql(name: str) -> None:
    for build in (lambda: statement("users", users=name), lambda: first_rows(name, DAYS, 1)):
        with pytest.raises(ConfigError, match="is no name"):
            build()


def test_the_files_come_with_the_package(tmp_path: Path) -> None:
    build = pytest.importorskip("hatchling.build")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPO)
        wheel = build.build_wheel(str(tmp_path))
    names = zipfile.ZipFile(tmp_path / wheel).namelist()
    files = {str(path.relative_to(REPO)) for path in (REPO / "clickctl/sql").rglob("*.sql")}
    assert len(files) > 30
    assert files <= set(names)
