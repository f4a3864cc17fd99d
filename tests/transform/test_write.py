"""Writing: each row once, in order, as the Parquet that Spectrum, Athena and DuckDB read."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickctl.domain.hours import Day
from clickctl.transform import schemas, write
from clickctl.transform.chunks import Target
from clickctl.transform.rows import click_ids
from clickctl.transform.users import sightings
from clickctl.transform.write import Written, write_file

DAY = Day(date(2026, 1, 5))
FACTS, USERS = Target("fact_clicks", DAY, 0), Target("dim_users", DAY, 0)
NOON = 1_767_614_400_000_000  # 2026-01-05T12:00:00Z

Row = tuple[int, str, str | None, str | None, str | None, str | None]


def chunk(rows: list[Row]) -> pa.Buffer:
    time, *columns = ([row[n] for row in rows] for n in range(6))
    keyed = [pa.array(column, pa.string()) for column in columns]
    at = pa.array(time, pa.int64())
    return pa.record_batch([click_ids(at, keyed), at, *keyed], schema=schemas.FACT_CHUNK).serialize()


def fact(
    time: int = NOON, user: str = "u1", session: Any = "s", action: Any = "click", page: Any = "/", attrs: Any = "{}"
) -> Row:
    return (time, user, session, action, page, attrs)


def facts(path: Path, *chunks: list[Row]) -> tuple[Written, list[dict[str, Any]]]:
    written = write_file(FACTS, [chunk(rows) for rows in chunks], path / "facts.parquet")
    return written, in_micros(written.path)


def in_micros(path: Path) -> list[dict[str, Any]]:
    """A file's rows, times as microseconds since the epoch."""
    table = pq.read_table(path, coerce_int96_timestamp_unit="us")
    plain = [column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column for column in table.columns]
    return pa.table(plain, table.column_names).to_pylist()


def naively(rows: list[Row]) -> list[Row]:
    """Each row once, ordered as promised."""
    ids = {row: click_ids(pa.array([row[0]]), [pa.array([v], pa.string()) for v in row[1:]])[0].as_py() for row in rows}
    return sorted(ids, key=lambda row: (row[1].encode(), row[0], ids[row]))


def test_a_fact_counts_in_the_first_hour_it_arrived_in(tmp_path: Path) -> None:
    chunks = [chunk([fact(1), fact(2)]), chunk([fact(1), fact(3)]), chunk([fact(2)]), chunk([fact(4)])]
    hours = ["2026-01-05T13", "2026-01-05T14", "2026-01-05T15", "2026-01-05T13"]
    written = write_file(FACTS, chunks, tmp_path / "facts.parquet", hours)
    assert written.quality.hourly_facts == {"2026-01-05T13": 3, "2026-01-05T14": 1}
    assert (written.quality.facts, written.quality.duplicates) == (4, 2)


texts = st.sampled_from([None, "", "a", "é"])
some_rows = st.lists(
    st.tuples(st.integers(-2, 2), st.sampled_from(["u", "U", "é", "\uffee", "😀"]), texts, texts, texts, texts),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(some_rows, min_size=1, max_size=4), st.integers(1, 5), st.integers(1, 12))
def test_each_row_is_written_once_in_the_order_of_user_time_and_id(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[list[Row]], group_rows: int, group_bytes: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "ROW_GROUP", group_rows)
        patch.setattr(write, "GROUP_BYTES", group_bytes)
        written, rows = facts(tmp_path_factory.getbasetemp(), *chunks)
    flat = [row for rows in chunks for row in rows]
    expected = naively(flat)
    assert [tuple(row.values())[1:] for row in rows] == expected
    assert (written.rows, written.quality.facts, written.quality.duplicates) == (
        len(expected), len(expected), len(flat) - len(expected)
    )  # fmt: skip


def test_the_order_of_chunks_does_not_show(tmp_path: Path) -> None:
    chunks = [[fact(NOON + n, f"u{n % 3}"), fact(NOON, "u1")] for n in range(9)]
    one = facts(tmp_path, *chunks)[0].path.read_bytes()
    assert facts(tmp_path, *chunks[::-1])[0].path.read_bytes() == one


def test_times_are_int96_and_pages_snappy(tmp_path: Path) -> None:
    written, _ = facts(tmp_path, [fact()])
    users = write_file(USERS, [user_chunk(("u1", NOON, "agent", "ip"))], tmp_path / "users.parquet")
    for path, times in ((written.path, ["event_time"]), (users.path, ["first_seen", "last_seen"])):
        parquet = pq.ParquetFile(path)
        physical = {
            parquet.schema.column(n).name: parquet.schema.column(n).physical_type for n in range(len(parquet.schema))
        }
        assert [name for name, kind in physical.items() if kind == "INT96"] == times
        assert {parquet.metadata.row_group(0).column(n).compression for n in range(len(physical))} == {"SNAPPY"}
        assert not parquet.metadata.metadata, "nothing in it names the machine or the Arrow schema"


def user_chunk(*events: tuple[str, int, str | None, str | None]) -> pa.Buffer:
    users, at, agents, ips = (list(column) for column in zip(*events, strict=True))
    text = [pa.array(column, pa.string()) for column in (users, agents, ips)]
    return sightings(text[0], pa.array(at), text[1], text[2], np.zeros(len(at), np.int64))[0].serialize()


TIMES = [NOON, NOON + 1, 0, -1, -86_400_000_001, 253_402_300_799_999_999, -62_135_596_800_000_000]


def test_duckdb_reads_the_same_values(tmp_path: Path) -> None:
    rows = [fact(time, f"u{n}", None, "search", "/é😀", '{"a":1}') for n, time in enumerate(TIMES)]
    written, _ = facts(tmp_path, rows)
    read = duckdb.sql(f"SELECT *, epoch_us(event_time) AS us FROM '{written.path}' ORDER BY user_id")
    kinds = [str(kind).removesuffix(" WITH TIME ZONE") for kind in read.types[:7]]
    assert kinds == ["VARCHAR", "TIMESTAMP", *["VARCHAR"] * 5]
    found = duckdb.sql("SELECT us, user_id, session_id, action, page_url, attrs FROM read").fetchall()
    assert found == rows
    assert {len(row[0]) for row in duckdb.sql("SELECT click_id FROM read").fetchall()} == {32}


def test_click_id_is_written_as_hex(tmp_path: Path) -> None:
    _, rows = facts(tmp_path, [fact()])
    expected = click_ids(pa.array([NOON]), [pa.array([v]) for v in fact()[1:]])[0].as_py().hex()
    assert rows[0]["click_id"] == expected


def test_row_groups_can_be_pruned_by_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "ROW_GROUP", 100)
    written, _ = facts(
        tmp_path,
        *([fact(NOON + n, f"u{n % 50:02d}") for n in range(start, start + 100)] for start in range(0, 1000, 100)),
    )
    groups = pq.read_metadata(written.path)
    column = groups.schema.names.index("user_id")
    spans = [groups.row_group(n).column(column).statistics for n in range(groups.num_row_groups)]
    assert len(spans) == 10
    assert sum(span.min <= "u17" <= span.max for span in spans) == 1
    assert all(before.max <= after.min for before, after in pairwise(spans))


def test_a_row_longer_than_a_row_groups_bytes_has_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "GROUP_BYTES", 1000)
    written, rows = facts(
        tmp_path, [fact(NOON + n, attrs="x" * size) for n, size in enumerate((10, 5000, 10, 400, 400, 400))]
    )
    assert [pq.read_metadata(written.path).row_group(n).num_rows for n in range(4)] == [1, 1, 3, 1]
    assert [len(row["attrs"]) for row in rows] == [10, 5000, 10, 400, 400, 400]


def test_quality_counts_what_was_written(tmp_path: Path) -> None:
    rows = [fact(NOON, action=None), fact(NOON + 500_000, action=""), fact(NOON + 1_000_000, session=None, attrs=None)]
    quality = facts(tmp_path, rows, [rows[0], rows[1]])[0].quality
    assert quality.actions == {"(null)": 1, "": 1, "click": 1}
    assert quality.nulls == {"session_id": 1, "action": 1, "page_url": 0, "attrs": 1}
    assert (quality.facts, quality.duplicates, quality.days) == (3, 2, {"2026-01-05": 3})
    assert (quality.min_event_time, quality.max_event_time) == (
        "2026-01-05T12:00:00.000000Z",
        "2026-01-05T12:00:01.000000Z",
    )


def test_the_longest_text_of_each_column_is_counted_in_bytes(tmp_path: Path) -> None:
    rows = [fact(NOON, "u", "üü", None, "/x", "{}"), fact(NOON + 1, "ü😀", None, None, "/", '{"a":"ü"}')]
    assert facts(tmp_path, rows, rows)[0].quality.longest == {
        "user_id": 6, "session_id": 4, "action": 0, "page_url": 2, "attrs": 10
    }  # fmt: skip


def test_the_longest_texts_of_users_are_those_that_were_kept(tmp_path: Path) -> None:
    chunks = [
        user_chunk(("u1", NOON, "an older agent", None), ("u1", NOON + 1, "agent", None), ("ü2", NOON, None, None))
    ]
    written = write_file(USERS, chunks, tmp_path / "users.parquet")
    assert written.quality.longest == {"user_id": 3, "user_agent": 5, "ip": 0}


def test_counted_times_compare_as_texts_do(tmp_path: Path) -> None:
    early, late = (facts(tmp_path, [fact(NOON + n)])[0].quality.min_event_time for n in (0, 500_000))
    assert early is not None and late is not None and early < late


def test_actions_in_the_counts_are_named_in_moderation(tmp_path: Path) -> None:
    rows = [fact(NOON + n, action=f"{n:0200d}" if n % 2 else f"a{n}") for n in range(300)]
    actions = facts(tmp_path, rows)[0].quality.actions
    assert len(actions) == 51 and actions["(other)"] == 250


def test_dim_users_has_a_row_a_user_in_order(tmp_path: Path) -> None:
    chunks = [
        user_chunk(("u2", NOON + 1, "new", None), ("u1", NOON, None, None)),
        user_chunk(("u2", NOON, "old", "ip")),
    ]
    written = write_file(USERS, chunks, tmp_path / "users.parquet")
    assert (written.rows, written.quality.users, written.quality.facts) == (2, 2, 0)
    assert [tuple(row.values()) for row in in_micros(written.path)] == [
        ("u1", NOON, NOON, None, None), ("u2", NOON, NOON + 1, "new", "ip")
    ]  # fmt: skip
    assert pq.read_schema(written.path).names == schemas.USERS.names
