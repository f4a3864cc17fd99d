"""One suite for both query ports: DuckDB over folders, and Athena as tests/aws/athena.py has it over the same rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from clickctl.domain.errors import CommitConflict, ConfigError, EngineError
from clickctl.domain.hours import Day, unit_from_name
from clickctl.domain.layout import FACTS, TABLES, USERS, output_file
from clickctl.local.lake import FolderLake
from clickctl.local.query import DuckQuery
from clickctl.local.views import COLUMNS, PARTITION, catalog_file, local_views
from clickctl.ports import Query
from clickctl.roots import AwsSettings, LakeRoots
from clickctl.settings import AthenaSettings, CatalogSettings

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")
pytest.importorskip("moto.server")

from tests.aws.athena import Athena

DAY = [Day(date(2026, 1, n)) for n in range(1, 8)]


@pytest.fixture
def lake(tmp_path: Path) -> LakeRoots:
    """Two users and three clicks on the 4th and 5th, in a folder whose name means something to DuckDB."""
    roots = LakeRoots(*[str(tmp_path / "it's [a] {la,ke}*" / name) for name in ("raw", "processed", "bad", "alerts")])
    write_rows(roots, DAY[3], [("u1", 1_000, "/a"), ("u2", 2_000, None)])
    write_rows(roots, DAY[4], [("u1", 3_000, "")])
    return roots


def write_rows(roots: LakeRoots, day: Day, clicks: list[tuple[str, int, str | None]]) -> None:
    """The user, the milliseconds after midnight, and the page of each click."""
    import pyarrow as pa

    from clickctl.transform.chunks import Target
    from clickctl.transform.rows import click_ids
    from clickctl.transform.schemas import FACT_CHUNK, USER_CHUNK
    from clickctl.transform.write import write_file

    users, after, pages = zip(*clicks, strict=True)
    midnight = round(datetime.combine(day.date, datetime.min.time(), UTC).timestamp() * 1e6)
    at, nulls = pa.array([midnight + ms * 1000 for ms in after]), pa.nulls(len(clicks), pa.string())
    texts = [pa.array(users), nulls, nulls, pa.array(pages, pa.string()), nulls]
    none = pa.nulls(len(clicks), pa.int64())
    batches = {
        FACTS: pa.record_batch([click_ids(at, texts), at, *texts], schema=FACT_CHUNK),
        USERS: pa.record_batch([pa.array(users), at, at, nulls, none, nulls, none], schema=USER_CHUNK),
    }
    for table, batch in batches.items():
        path = Path(roots.processed, output_file(table, day, unit_from_name("2026-01-06"), 0))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(Target(table, day, 0), [batch.serialize()], path)


@pytest.fixture(params=["duckdb", "athena"])
def query(request: pytest.FixtureRequest, lake: LakeRoots) -> Iterator[Query]:
    if request.param == "duckdb":
        yield DuckQuery(FolderLake(), lake)
        return
    athena = Athena(request.getfixturevalue("aws"))
    for name, sql in local_views(lake).items():
        athena.database.execute(f'CREATE VIEW "{name}" AS {sql}')
    yield AthenaQuery(AwsSettings(), AthenaSettings(), CatalogSettings(), pause=lambda seconds: None)
    athena.database.close()


def AthenaQuery(*given: Any, **named: Any) -> Query:  # noqa: N802 - boto3 is loaded for the tests that need it
    from clickctl.aws.query import AthenaQuery as Port

    return Port(*given, **named)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_its_columns_and_then_the_partition(query: Query, table: str) -> None:
    assert query.rows(table, DAY, 5).columns == (*COLUMNS[table], *PARTITION)


def test_rows_are_those_of_the_days_in_order_of_time_and_no_more_than_asked_for(query: Query) -> None:
    def pages(days: list[Day], limit: int = 9) -> list[object]:
        answer = query.rows(FACTS, days, limit)
        return [row[answer.columns.index("page_url")] for row in answer.rows]

    assert pages(DAY) == ["/a", None, ""]
    assert pages(DAY, 2) == ["/a", None]
    assert pages([DAY[4]]) == [""]
    assert pages([DAY[6]]) == []
    assert pages([]) == []


def test_a_parameter_is_text_and_never_sql(query: Query) -> None:
    for text in ("u1", "it's", "' OR ''='", "?", "", "ü🙂", "a\nb", "1"):
        assert query.run("SELECT ? AS a, CAST(? AS VARCHAR) = ? AS b", [text] * 3).rows == ((text, True),)
    clicks = query.run("SELECT count(*) AS n FROM fact_clicks WHERE user_id = ? AND day = ?", ["u1", "04"])
    assert clicks.rows == ((1,),)


def test_values_are_of_the_kinds_the_port_has(query: Query) -> None:
    answer = query.run(
        "SELECT event_time, year, count(*) OVER () AS n, CAST(1.5 AS DOUBLE) AS x, page_url IS NULL AS missing, "
        "CAST(event_time AS DATE) AS d, CAST(1.50 AS DECIMAL(9, 2)) AS money, page_url FROM fact_clicks ORDER BY 1"
    )
    assert answer.rows[1] == (datetime(2026, 1, 4, 0, 0, 2), "2026", 3, 1.5, True, date(2026, 1, 4), "1.50", None)
    assert answer.columns[:3] == ("event_time", "year", "n")


def test_users_are_one_row_each(query: Query) -> None:
    answer = query.run("SELECT user_id, first_seen, last_seen FROM users ORDER BY user_id")
    assert answer.rows == (
        ("u1", datetime(2026, 1, 4, 0, 0, 1), datetime(2026, 1, 5, 0, 0, 3)),
        ("u2", datetime(2026, 1, 4, 0, 0, 2), datetime(2026, 1, 4, 0, 0, 2)),
    )


@pytest.mark.parametrize(
    ("sql", "told"), [("SELECT * FROM nope", "register-partitions --create-tables"), ("SELEC 1", "Check the SQL")]
)
def test_a_query_that_fails_is_an_error_of_the_service_with_what_to_do(query: Query, sql: str, told: str) -> None:
    with pytest.raises(EngineError) as raised:
        query.run(sql)
    assert raised.value.exit_code == 5
    assert told in raised.value.hint
    assert "\n" not in raised.value.message


def test_a_lake_without_files_has_tables_without_rows(tmp_path: Path) -> None:
    query = DuckQuery(FolderLake(), LakeRoots(*[str(tmp_path / name) for name in "abcd"]))
    for table in TABLES:
        answer = query.rows(table, DAY, 5)
        assert (answer.columns, answer.rows) == ((*COLUMNS[table], *PARTITION), ())
    assert query.run("SELECT * FROM users").rows == ()


def test_tables_have_the_columns_the_writer_writes() -> None:
    from clickctl.transform import schemas

    assert {FACTS: tuple(schemas.FACTS.names), USERS: tuple(schemas.USERS.names)} == COLUMNS


def test_the_catalog_file_is_asked_where_there_is_one_and_is_not_written(lake: LakeRoots) -> None:
    import duckdb

    file = catalog_file(lake)
    with duckdb.connect(file) as made:
        made.execute("CREATE VIEW fact_clicks AS SELECT 7 AS seven")
    query = DuckQuery(FolderLake(), lake)
    assert query.run("SELECT * FROM fact_clicks").rows == ((7,),)
    with pytest.raises(EngineError, match="read-only"):
        query.run("CREATE TABLE mine (x INTEGER)")
    os.remove(file)
    assert len(query.run("SELECT * FROM fact_clicks").rows) == 3


def test_names_and_place_of_the_catalog_are_the_configured_ones(lake: LakeRoots, tmp_path: Path) -> None:
    import duckdb

    names = CatalogSettings(facts="clicks", users="people", users_view="everybody", path=str(tmp_path / "c.duckdb"))
    query = DuckQuery(FolderLake(), lake, names)
    assert len(query.rows(FACTS, DAY, 9).rows) == 3
    assert len(query.run("SELECT * FROM everybody").rows) == 2
    with duckdb.connect(str(tmp_path / "c.duckdb")) as made:
        made.execute("CREATE VIEW people AS SELECT 1 AS a, 2 AS b, '2026' AS year, '01' AS month, '05' AS day")
    assert query.rows(USERS, DAY, 9).rows == ((1, 2, "2026", "01", "05"),)


def test_a_catalog_file_that_another_process_writes_is_a_conflict(lake: LakeRoots) -> None:
    code = f"import duckdb; c = duckdb.connect({catalog_file(lake)!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(CommitConflict) as raised:
            DuckQuery(FolderLake(), lake).run("SELECT 1")
        other.communicate(b"\n")
    assert raised.value.exit_code == 4


def test_a_damaged_catalog_file_is_told_with_what_to_do(lake: LakeRoots) -> None:
    Path(catalog_file(lake)).write_bytes(b"not a database" * 1000)
    with pytest.raises(EngineError) as raised:
        DuckQuery(FolderLake(), lake).run("SELECT 1")
    assert "delete it and run 'clickctl register-partitions'" in raised.value.hint


def test_folders_are_what_the_local_backend_asks() -> None:
    roots = LakeRoots(*[f"s3://bucket/{name}" for name in "abcd"])
    with pytest.raises(ConfigError, match="read folders"):
        DuckQuery(FolderLake(), roots).run("SELECT 1")


def test_ctrl_c_ends_a_local_query(tmp_path: Path) -> None:
    """It comes when the query, which would take days, has begun to read."""
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    sql = (
        f"SELECT count(*) FROM read_csv('{pipe}', auto_detect = false, columns = {{'x': 'INTEGER'}}), "
        "range(1000000000) a, range(1000000) b WHERE hash(a.range * b.range + x) % 7 = 3"
    )

    def interrupt() -> None:
        with open(pipe, "w") as opened:  # waits until the query opens it
            opened.write("1\n")
        os.kill(os.getpid(), signal.SIGINT)

    other = threading.Thread(target=interrupt, daemon=True)
    other.start()
    with pytest.raises(KeyboardInterrupt):
        DuckQuery(FolderLake(), LakeRoots(*[str(tmp_path / name) for name in "abcd"])).run(sql)
    other.join()
