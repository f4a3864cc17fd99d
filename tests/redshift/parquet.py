"""Parquet files as rows for PostgreSQL, with the checks that Redshift makes of them: by position, never by name."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from tests.redshift.objects import File, failed, scan_error

if TYPE_CHECKING:
    from tests.redshift.copying import Order


@dataclass(frozen=True)
class Column:
    """A column of the table; `width` in bytes, for texts."""

    name: str
    type: str
    width: int
    required: bool

    @property
    def plain(self) -> str:
        return self.type.split("(")[0]


def rows_of(s3: Any, files: list[File], columns: list[Column], order: Order) -> Iterator[bytes]:
    """Every file's rows as CSV, in pieces."""
    for file in files:
        data = s3.get_object(Bucket=file.bucket, Key=file.key)["Body"].read()
        try:
            parquet = pq.ParquetFile(io.BytesIO(data))
        except (pa.ArrowException, OSError) as broken:
            raise scan_error(f"File '{_https(file)}' has an invalid version number: {broken}", 15007) from broken
        taken = _checked_schema(parquet, file, columns, order)
        for batch in parquet.iter_batches(65536):
            yield _as_csv(batch, taken, columns, file)


def _https(file: File) -> str:
    return f"https://s3.us-east-1.amazonaws.com/{file.bucket}/{file.key}"


def _checked_schema(parquet: pq.ParquetFile, file: File, columns: list[Column], order: Order) -> int:
    """How many of the table's columns the file has."""
    schema = parquet.schema_arrow
    count = len(schema)
    if count != len(columns) and not (order.fill and count < len(columns)):
        raise scan_error(
            f"Unmatched number of columns between table and file. Table columns: {len(columns)}, "
            f"Data columns: {count}, File name: {_https(file)}"
        )
    leaves = _leaves(parquet)
    for place, (column, found) in enumerate(zip(columns, schema, strict=False)):
        if not _fits(column, found.type, leaves.get(place), order.to_json):
            physical = leaves[place].physical_type.lower() if place in leaves else "group"
            raise scan_error(
                f"File '{_https(file)}' has an incompatible Parquet schema for column '{file.url}.{column.name}'. "
                f"Column type: {column.type.upper()}, Parquet schema:\noptional {physical} {found.name} [{found.type}]"
            )
    return count


def _leaves(parquet: pq.ParquetFile) -> dict[int, Any]:
    """By the place of a top-level column: its leaf, when it is one."""
    schema, places = parquet.schema, {}
    tops = {found.name: place for place, found in enumerate(parquet.schema_arrow)}
    for number in range(len(schema)):
        leaf = schema.column(number)
        if leaf.path in tops:
            places[tops[leaf.path]] = leaf
    return places


def _fits(column: Column, found: pa.DataType, leaf: Any, to_json: bool) -> bool:
    if column.plain == "super":
        return to_json and (pa.types.is_nested(found) or pa.types.is_string(found) or pa.types.is_large_string(found))
    if leaf is None or pa.types.is_nested(found):
        return False
    physical = leaf.physical_type
    match column.plain:
        case "character varying" | "character":
            return physical == "BYTE_ARRAY" and not pa.types.is_decimal(found)
        case "timestamp without time zone" | "timestamp with time zone":
            return physical == "INT96" or (pa.types.is_timestamp(found) and found.unit in ("ms", "us"))
        case "numeric":
            scale = column.type.rstrip(")").split(",")[-1]
            return pa.types.is_decimal(found) and str(found.scale) == scale
    wanted = {"bigint": pa.int64(), "integer": pa.int32(), "smallint": pa.int16(), "boolean": pa.bool_(),
              "double precision": pa.float64(), "real": pa.float32(), "date": pa.date32()}  # fmt: skip
    return bool(found == wanted.get(column.plain))


def _as_csv(batch: pa.RecordBatch, count: int, columns: list[Column], file: File) -> bytes:
    arrays = [_array(batch.column(place), columns[place], file) for place in range(count)]
    absent = pa.nulls(batch.num_rows, pa.string())
    arrays += [_checked_nulls(absent, column, file) for column in columns[count:]]
    table = pa.Table.from_arrays(arrays, [column.name for column in columns])
    out = io.BytesIO()
    pc_csv.write_csv(table, out, pc_csv.WriteOptions(include_header=False))
    return out.getvalue()


def _array(values: pa.Array, column: Column, file: File) -> pa.Array:
    _checked_nulls(values, column, file)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if column.plain == "super":
        return pa.array([None if value is None else json.dumps(value, default=str) for value in values.to_pylist()],
                        pa.string())  # fmt: skip
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.timestamp("us", values.type.tz), safe=False)  # INT96 has nanoseconds: cut
    if column.width:
        return _checked_text(values, column, file)
    return values


def _checked_nulls(values: pa.Array, column: Column, file: File) -> pa.Array:
    if column.required and values.null_count:
        raise scan_error(f"NULL value in NOT NULL column {column.name}. File name: {_https(file)}", 15001)
    return values


def _checked_text(values: pa.Array, column: Column, file: File) -> pa.Array:
    try:
        values = values.cast(pa.large_string())
    except pa.ArrowInvalid as broken:
        raise failed(
            "String contains invalid or unsupported UTF8 codepoints.", 8001, column.name, "funcs_string.hpp:395"
        ) from broken
    longest = pc.max(pc.binary_length(values)).as_py() or 0
    if longest > column.width:
        raise scan_error(
            f"The length of the data column {column.name} is longer than the length defined in the table. "
            f"Table: {column.width}, Data: {longest}, File name: {_https(file)}", 15001,
        )  # fmt: skip
    return values
