"""A copy for COPY: long texts shortened by the rule, everything else as it was."""

from __future__ import annotations

import subprocess
import sys
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickctl.domain.widths import STAGED
from clickctl.transform import schemas
from clickctl.transform.fitting import fit
from clickctl.transform.write import parquet_writer
from tests.conftest import REPO

FITS, WIDE = "x" * STAGED, "x" * (STAGED + 1)
UMLAUTS = "ü" * (STAGED // 2 + 1)  # too long in bytes, and not in characters
USER, OTHER = "😀" * 20_000 + "1", "😀" * 20_000 + "2"
NOON = 1_767_614_400_000_000
TIMES = [NOON, NOON + 1, -62_135_596_800_000_000, 253_402_300_799_999_999]


def lake_file(path: Path, table: str, rows: list[tuple[Any, ...]], group: int = 2) -> Path:
    schema = schemas.PARQUET[table]
    columns = [pa.array(values).cast(kind) for values, kind in zip(zip(*rows, strict=True), schema.types, strict=True)]
    with parquet_writer(path, table) as writer:
        writer.write_table(pa.table(columns, schema=schema), group)
    return path


def fact(n: int = 0, user: str = "u", session: Any = "s", action: Any = "a", page: Any = "/", attrs: Any = "{}") -> Any:
    return (f"{n:032x}", TIMES[n % len(TIMES)], user, session, action, page, attrs)


def fitted(tmp_path: Path, table: str, source: Path) -> tuple[int, pa.Table]:
    target = tmp_path / "fitted.parquet"
    with source.open("rb") as stream:
        changed = fit(stream, target, table).total()
    return changed, pq.read_table(target, coerce_int96_timestamp_unit="us")


def test_long_texts_are_shortened_by_the_rule_and_counted(tmp_path: Path) -> None:
    rows = [
        fact(0, USER, WIDE, WIDE, WIDE, WIDE),
        fact(1, OTHER, None, UMLAUTS, UMLAUTS, UMLAUTS),
        fact(2, FITS, FITS, FITS, FITS, FITS),
        fact(3, "u", None, None, None, None),
    ]
    changed, found = fitted(tmp_path, "fact_clicks", lake_file(tmp_path / "f", "fact_clicks", rows))
    ids = [f"{text[:64]}:{md5(text.encode()).hexdigest()}" for text in (USER, OTHER, WIDE)]
    assert changed == 9
    assert found["user_id"].to_pylist() == [ids[0], ids[1], FITS, "u"]
    assert found["session_id"].to_pylist() == [ids[2], None, FITS, None]
    assert found["action"].to_pylist() == ["x" * 64, "ü" * 64, FITS, None]
    assert found["page_url"].to_pylist() == ["x" * 2048, "ü" * 2048, FITS, None]
    assert found["attrs"].to_pylist() == [None, None, FITS, None]
    assert found["click_id"].to_pylist() == [row[0] for row in rows]
    assert found["event_time"].cast(pa.int64()).to_pylist() == TIMES


def test_users_are_shortened_as_their_events_are(tmp_path: Path) -> None:
    users = [(USER, NOON, NOON, WIDE, WIDE), ("u", NOON, NOON, None, "ip")]
    changed, found = fitted(tmp_path, "dim_users", lake_file(tmp_path / "f", "dim_users", users))
    assert changed == 3
    assert found["user_id"].to_pylist() == [f"{USER[:64]}:{md5(USER.encode()).hexdigest()}", "u"]
    assert found["user_agent"].to_pylist() == ["x" * 512, None]
    assert found["ip"].to_pylist() == ["x" * 64, "ip"]


def test_a_copy_of_what_fits_is_the_same_to_the_byte(tmp_path: Path) -> None:
    source = lake_file(tmp_path / "f", "fact_clicks", [fact(n, f"u{n}", attrs=FITS) for n in range(5)])
    assert fitted(tmp_path, "fact_clicks", source)[0] == 0
    assert (tmp_path / "fitted.parquet").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("rows", [0, 1])
def test_a_file_of_few_rows_can_be_copied(tmp_path: Path, rows: int) -> None:
    source = tmp_path / "f"
    with parquet_writer(source, "dim_users") as writer:
        writer.write_table(pa.table([pa.nulls(rows, kind) for kind in schemas.USERS.types], schema=schemas.USERS))
    changed, found = fitted(tmp_path, "dim_users", source)
    assert (changed, found.num_rows) == (0, rows)


def test_row_groups_and_the_way_of_writing_stay(tmp_path: Path) -> None:
    source = lake_file(tmp_path / "f", "fact_clicks", [fact(n, page=WIDE) for n in range(5)])
    assert fitted(tmp_path, "fact_clicks", source)[0] == 5
    before, after = (pq.read_metadata(path) for path in (source, tmp_path / "fitted.parquet"))
    assert after.schema.equals(before.schema) and after.metadata is None
    assert [after.row_group(n).num_rows for n in range(after.num_row_groups)] == [2, 2, 1]
    for n in range(after.num_columns):
        assert after.row_group(0).column(n).compression == "SNAPPY"
        assert after.row_group(0).column(n).encodings == before.row_group(0).column(n).encodings


def test_statements_make_of_a_fitted_file_what_they_make_of_the_whole(tmp_path: Path) -> None:
    rows = [fact(0, USER, USER, UMLAUTS, USER), fact(1, OTHER, WIDE, WIDE, WIDE), fact(2, "u" * 600, "s", "a", FITS)]
    source = lake_file(tmp_path / "f", "fact_clicks", rows)
    fitted(tmp_path, "fact_clicks", source)
    whole, copy = (loaded(path) for path in (source, tmp_path / "fitted.parquet"))
    assert whole == copy and len(whole) == 3


def loaded(path: Path) -> list[Any]:
    """What the statement of a load selects from a staging table with this file in it, in DuckDB."""
    sql = (REPO / "clickctl/sql/hot/insert_facts.sql").read_text("utf-8")
    with duckdb.connect() as database:
        database.execute("CREATE MACRO octet_length(text) AS strlen(text)")
        database.execute("CREATE MACRO can_json_parse(text) AS json_valid(text)")
        database.execute("CREATE MACRO json_parse(text) AS CAST(text AS JSON)")
        database.execute(f"CREATE TABLE stage_facts AS FROM read_parquet('{path}')")
        return database.execute(f"{sql[sql.index('SELECT') :]} ORDER BY click_id").fetchall()


MEASURED = """
import sys, pyarrow
from pathlib import Path
from clickctl.transform.fitting import fit
with open(sys.argv[1], "rb") as source:
    print(fit(source, Path(sys.argv[2]), "fact_clicks").total(), pyarrow.default_memory_pool().max_memory())
"""


def test_one_row_group_at_a_time_is_in_memory(tmp_path: Path) -> None:
    """Sixteen groups of 8 MB: the peak of what Arrow allocates is that of a few."""
    group = 8 << 20
    source = lake_file(tmp_path / "f", "fact_clicks", [fact(n, attrs=chr(97 + n) * group) for n in range(16)], 1)
    argv = [sys.executable, "-c", MEASURED, str(source), str(tmp_path / "fitted.parquet")]
    done = subprocess.run(argv, cwd=REPO, capture_output=True, text=True, check=True)
    changed, peak = map(int, done.stdout.split())
    assert changed == 16 and group < peak < 6 * group
