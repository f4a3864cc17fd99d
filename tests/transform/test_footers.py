"""A file that COPY would load wrongly, or not at all, is found out by the end of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickctl.domain.hours import Day
from clickctl.domain.ledger import OutputFile
from clickctl.transform import footers, schemas
from clickctl.transform.footers import Read, footer_problem
from clickctl.transform.write import parquet_writer

DAY = Day(date(2026, 1, 5))
FACTS = pa.table([pa.nulls(2, kind) for kind in schemas.FACTS.types], schema=schemas.FACTS)


def ours(path: Path, table: str = "fact_clicks", rows: int = 2) -> bytes:
    """A file as the kernel writes it."""
    schema = schemas.PARQUET[table]
    with parquet_writer(path / "file", table) as writer:
        writer.write_table(pa.table([pa.nulls(rows, kind) for kind in schema.types], schema=schema))
    return (path / "file").read_bytes()


def another(table: pa.Table, *, int96: bool = True) -> bytes:
    """A file as somebody else might write it."""
    into = BytesIO()
    pq.write_table(table, into, use_deprecated_int96_timestamps=int96, store_schema=False)
    return into.getvalue()


def of(data: bytes) -> Read:
    return lambda count: (data[-count:], len(data))


def listed(size: int, rows: int = 2, table: str = "fact_clicks") -> OutputFile:
    return OutputFile(table, DAY, "key", size, rows)


def problem(data: bytes, rows: int = 2) -> str:
    return footer_problem(of(data), "fact_clicks", listed(len(data), rows))


@pytest.mark.parametrize("table", ["fact_clicks", "dim_users"])
@pytest.mark.parametrize("rows", [0, 2])
def test_a_file_as_the_kernel_writes_it_is_fine(tmp_path: Path, table: str, rows: int) -> None:
    data = ours(tmp_path, table, rows)
    assert footer_problem(of(data), table, listed(len(data), rows, table)) == ""
    other = "dim_users" if table == "fact_clicks" else "fact_clicks"
    assert "is expected" in footer_problem(of(data), other, listed(len(data), rows, table))


def test_a_file_that_is_not_there_or_not_whole_is_told() -> None:
    data = another(FACTS)
    assert footer_problem(lambda count: None, "fact_clicks", listed(5)) == "it is not there"
    told = footer_problem(of(data), "fact_clicks", listed(1_234_567))
    assert told == f"it has {len(data):,} bytes, where the ledger says 1,234,567"
    assert problem(data, rows=1_000_000) == "it has 2 rows, where the ledger says 1,000,000"


def swapped() -> pa.Table:
    return FACTS.select([0, 1, 3, 2, 4, 5, 6])


def with_type(column: int, kind: pa.DataType) -> pa.Table:
    return FACTS.set_column(column, FACTS.column_names[column], pa.nulls(2, kind))


NESTED = pa.struct([("a", pa.string())])


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (swapped(), "column 3 is session_id where user_id is expected"),
        (FACTS.drop_columns("session_id"), "column 4 is action where session_id is expected, which is missing"),
        (FACTS.drop_columns("attrs"), "column 7, attrs, is missing"),
        (FACTS.append_column("year", pa.nulls(2, pa.int32())), "column 8, year, is one too many"),
        (FACTS.rename_columns(["id", *FACTS.column_names[1:]]), "column 1 is id where click_id is expected, which is "
         "missing"),
        (FACTS.rename_columns(["\x1b[2J\n", *FACTS.column_names[1:]]), r"column 1 is '\x1b[2J\n' where"),
        (with_type(2, pa.int64()), "column 3, user_id, is INT64 where BYTE_ARRAY STRING is expected"),
        (with_type(2, pa.binary()), "column 3, user_id, is BYTE_ARRAY where BYTE_ARRAY STRING is expected"),
        (with_type(1, pa.int64()), "column 2, event_time, is INT64 where INT96 is expected"),
        (with_type(1, pa.date32()), "column 2, event_time, is INT32 DATE where INT96 is expected"),
        (with_type(1, pa.string()), "column 2, event_time, is BYTE_ARRAY STRING where INT96 is expected"),
        (with_type(6, NESTED), "column 7 is attrs.a where attrs is expected, which is missing"),
        (with_type(6, pa.list_(pa.string())), "column 7 is attrs.list.element where attrs is expected"),
        (pa.table({}), "column 1, click_id, is missing"),
    ],
)  # fmt: skip
def test_the_first_column_that_is_another_is_named_by_its_place(table: pa.Table, told: str) -> None:
    assert problem(another(table)).startswith(told)


def test_times_that_spectrum_misreads_are_told() -> None:
    told = "column 2, event_time, is INT64 TIMESTAMP where INT96 is expected"
    assert problem(another(FACTS, int96=False)) == told


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "it is no Parquet file: it ends in b''"),
        (b"PAR1", "it is no Parquet file: it ends in b'PAR1'"),
        (b'{"a":1}\n', "it is no Parquet file"),
        (b"PAR1" + b"encrypted" + b"PARE", "it is no Parquet file: it ends in b'ptedPARE'"),
        (b"PAR1\xff\xff\xff\xffPAR1", "its footer is damaged: it says it has 4,294,967,295 bytes, the file has 12"),
        (b"PAR1" + bytes(16) + b"\x10\0\0\0PAR1", "its footer is damaged"),
    ],
)
def test_bytes_that_are_no_parquet_are_told(data: bytes, told: str) -> None:
    assert problem(data).startswith(told)


def test_a_long_footer_is_read_again_and_only_as_much_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footers, "_FIRST", 20)
    data, asked = bytes(5000) + another(FACTS), []

    def read(count: int) -> tuple[bytes, int]:
        asked.append(count)
        return data[-count:], len(data)

    assert footer_problem(read, "fact_clicks", listed(len(data))) == ""
    assert asked == [20, int.from_bytes(data[-8:-4], "little") + 8]


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (lambda data, count: None, "it is not there"),
        (lambda data, count: (data[-count:], len(data) + 1), "bytes, where the ledger says"),
        (lambda data, count: (data[-20:], len(data)), "bytes could not be read"),
    ],
)
def test_a_file_that_changes_between_two_looks_is_told(
    monkeypatch: pytest.MonkeyPatch, second: Callable[[bytes, int], tuple[bytes, int] | None], told: str
) -> None:
    monkeypatch.setattr(footers, "_FIRST", 20)
    data = another(FACTS)
    answer = footer_problem(
        lambda count: (data[-20:], len(data)) if count == 20 else second(data, count), "fact_clicks", listed(len(data))
    )
    assert told in answer


GOOD = another(FACTS)
FOOTER = len(GOOD) - 8 - int.from_bytes(GOOD[-8:-4], "little")


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=300) | st.binary(max_size=300).map(lambda data: data + len(data).to_bytes(4, "little") + b"PAR1")
)
def test_no_bytes_at_all_raise(data: bytes) -> None:
    assert problem(data) != ""


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.integers(FOOTER, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_no_damage_to_a_footer_raises(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for place, value in changes:
        data[place] = value
    assert isinstance(problem(bytes(data)), str)
