"""Whether a Parquet file of the lake is as COPY needs it, from the end of the file alone.

COPY takes the columns of such files by position and does not look at their names (Redshift
Database Developer Guide, "COPY from columnar data formats"), so that a file with two columns
swapped would load, wrongly. It reads as Spectrum does: of times, INT96 only is known to arrive
right (docs/decisions/0004-int96.md).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from clickctl.domain.ledger import OutputFile
from clickctl.transform import schemas

Read = Callable[[int], tuple[bytes, int] | None]

_FIRST = 128 << 10  # measured: the footer of a file of 45 MB has 6 KB, and grows with its row groups
_MOST = 64 << 20
_MAGIC = b"PAR1"
_AFTER = 8  # bytes after the footer: its length, four bytes, the least first, and the magic


class _Column(NamedTuple):
    name: str
    kind: str


def footer_problem(read: Read, table: str, file: OutputFile) -> str:
    """What is wrong with a file, in words that follow its name; '' if nothing is.

    `read` gives the last bytes of the file, at most as many as asked for, and its size; None if it
    is not there. Only its own errors are raised, whatever the bytes are.
    """
    end = _end(read, file, _FIRST)
    if isinstance(end, str):
        return end
    try:
        rows, columns = _described(end)
    except Exception:  # damaged bytes: pyarrow raises many kinds
        return "its footer is damaged"
    return _columns_problem(columns, _wanted(table)) or _rows_problem(rows, file.rows)


def _end(read: Read, file: OutputFile, count: int) -> bytes | str:
    """The end of the file, as much as holds its footer; or what is wrong. `count` is how much to begin with."""
    found = read(count)
    if found is None:
        return "it is not there"
    end, size = found
    if size != file.size:
        return f"it has {size:,} bytes, where the ledger says {file.size:,}"
    if len(end) < _AFTER or not end.endswith(_MAGIC):
        return f"it is no Parquet file: it ends in {end[-_AFTER:]!r}"
    length = int.from_bytes(end[-_AFTER:-4], "little")
    if length > min(size - len(_MAGIC) - _AFTER, _MOST):
        return f"its footer is damaged: it says it has {length:,} bytes, the file has {size:,}"
    if length + _AFTER <= len(end):
        return end
    if length + _AFTER <= count:
        return f"its last {count:,} bytes could not be read"
    return _end(read, file, length + _AFTER)


def _described(end: bytes) -> tuple[int, list[_Column]]:
    footer = pq.read_metadata(pa.BufferReader(end))
    leaves = (footer.schema.column(n) for n in range(footer.num_columns))
    return footer.num_rows, [_column(leaf) for leaf in leaves]


def _column(leaf: pq.ColumnSchema) -> _Column:
    logical = leaf.logical_type.type
    kind = leaf.physical_type if logical in ("NONE", "UNDEFINED") else f"{leaf.physical_type} {logical}"
    return _Column(_shown(leaf.path), "repeated" if leaf.max_repetition_level else kind)


def _shown(name: str) -> str:
    """A name as it may be printed."""
    return name if name.isprintable() and 0 < len(name) <= 64 else repr(name[:64])


def _wanted(table: str) -> list[_Column]:
    return [
        _Column(field.name, "INT96" if pa.types.is_timestamp(field.type) else "BYTE_ARRAY STRING")
        for field in schemas.PARQUET[table]
    ]


def _columns_problem(found: list[_Column], wanted: list[_Column]) -> str:
    """The first column that is another than it should be."""
    names = [column.name for column in found]
    for number, (has, should) in enumerate(zip_longest(found, wanted), 1):
        if has is None:
            return f"column {number}, {should.name}, is missing"
        if should is None:
            return f"column {number}, {has.name}, is one too many"
        if has.name != should.name:
            missing = "" if should.name in names else ", which is missing"
            return f"column {number} is {has.name} where {should.name} is expected{missing}"
        if has.kind != should.kind:
            return f"column {number}, {has.name}, is {has.kind} where {should.kind} is expected"
    return ""


def _rows_problem(found: int, wanted: int) -> str:
    return f"it has {found:,} rows, where the ledger says {wanted:,}" if found != wanted else ""
