"""Copies of files for COPY, which fails as a whole at one text that is wider than a VARCHAR can be.

The lake keeps the whole text. Few files need a copy: the ledger's `longest` tells which may.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickctl.domain.widths import STAGED, WIDTHS, shortened
from clickctl.transform.schemas import PARQUET
from clickctl.transform.write import ROW_GROUP, parquet_writer


def fit(source: BinaryIO, target: Path, table: str) -> Counter[str]:
    """Write a copy of a table's file in which no text has more than STAGED bytes; how many were shortened, by column.

    `source` can seek. Row groups stay as they are, and one at a time is in memory. If none was
    shortened, the copy holds what the source does.
    """
    changed = Counter[str]()
    # Microseconds are what we wrote; the nanoseconds of the default would overflow in 2262.
    parquet = pq.ParquetFile(source, coerce_int96_timestamp_unit="us")
    with parquet_writer(target, table) as writer:
        for number in range(parquet.num_row_groups):
            rows = parquet.read_row_group(number, columns=PARQUET[table].names)
            fitted = {name: _fitted(name, rows[name]) for name in rows.column_names}
            columns = [column for column, _ in fitted.values()]
            writer.write_table(pa.table(columns, rows.column_names).cast(PARQUET[table]), ROW_GROUP)
            changed += Counter({name: count for name, (_, count) in fitted.items()})
    return changed


def _fitted(name: str, column: pa.ChunkedArray) -> tuple[pa.ChunkedArray | pa.Array, int]:
    """A column, its long texts shortened, and how many these were."""
    if name != "attrs" and name not in WIDTHS:
        return column, 0
    column = column.combine_chunks()
    wide = pc.fill_null(pc.greater(pc.binary_length(column), STAGED), fill_value=False)
    if not pc.any(wide).as_py():
        return column, 0
    texts = [shortened(name, text) for text in column.filter(wide).to_pylist()]
    return pc.replace_with_mask(column, wide, pa.array(texts, pa.string())), len(texts)
