"""Writing: the chunks of one target to one deduplicated, sorted file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickctl.domain.layout import FACTS, QUARANTINE, USERS
from clickctl.domain.quality import Quality, keep_common
from clickctl.transform import schemas
from clickctl.transform.chunks import Target
from clickctl.transform.users import reduce_users

ROW_GROUP = 131_072
"""Rows of a row group: some 15 MB, so that a reader looking for one user skips most of a file."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Written:
    """A file written to local disk. `rows` of quarantine counts records, which it does not know: 0."""

    target: Target
    path: Path
    size: int
    rows: int
    quality: Quality


def write_file(target: Target, chunks: list[pa.Buffer], path: Path) -> Written:
    """Write one file from all of its chunks; the order of fact and user chunks does not matter.

    Quarantine members are written in the order given.
    """
    if target.table == QUARANTINE:
        with open(path, "wb") as out:
            for chunk in chunks:
                out.write(chunk)
        return Written(target, path, path.stat().st_size, 0, Quality())
    if target.table == USERS:
        return _write_users(target, _table(chunks, schemas.USER_CHUNK), path)
    return _write_facts(target, _table(chunks, schemas.FACT_CHUNK), path)


def _table(chunks: list[pa.Buffer], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_batches([pa.ipc.read_record_batch(chunk, schema) for chunk in chunks], schema)


def _write_users(target: Target, rows: pa.Table, path: Path) -> Written:
    users = reduce_users(rows)
    columns = [users[name] for name in schemas.USERS.names]
    with _writer(path, schemas.USERS, ["user_agent", "ip"]) as writer:
        writer.write_table(_typed(columns, schemas.USERS), ROW_GROUP)
    return _written(target, path, Quality(users=users.num_rows))


def _write_facts(target: Target, rows: pa.Table, path: Path) -> Written:
    order = _sorted_distinct(rows)
    duplicates = rows.num_rows - len(order)
    with _writer(path, schemas.FACTS, ["user_id", "session_id", "action", "page_url"]) as writer:
        for start in range(0, len(order), ROW_GROUP):
            piece = rows.take(pa.array(order[start : start + ROW_GROUP])).combine_chunks()
            ids = _hex(piece["click_id"].chunk(0))
            writer.write_table(_typed([ids, *piece.columns[1:]], schemas.FACTS), ROW_GROUP)
    return _written(target, path, _count_facts(target, rows, order, duplicates))


def _sorted_distinct(rows: pa.Table) -> npt.NDArray[np.int64]:
    """Row numbers by (user_id, event_time, click_id), each click_id once.

    By user first, because that is what row groups can be pruned by: INT96 has no usable
    statistics. Equal click_ids have equal columns, so duplicates end up side by side.
    """
    ids = rows["click_id"].combine_chunks()
    halves = np.frombuffer(ids.buffers()[1], ">u8")[: 2 * len(ids)].reshape(-1, 2)
    high, low = halves[:, 0].astype(np.uint64), halves[:, 1].astype(np.uint64)
    user = _ranks(rows["user_id"].combine_chunks())
    time = rows["event_time"].to_numpy()
    order = np.lexsort((low, high, time, user))
    high, low = high[order], low[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return order[first]


def _ranks(column: pa.StringArray) -> npt.NDArray[np.int64]:
    encoded = column.dictionary_encode()
    by_text = pc.sort_indices(encoded.dictionary).to_numpy()
    ranks = np.empty(len(by_text), np.int64)
    ranks[by_text] = np.arange(len(by_text))
    ranked: npt.NDArray[np.int64] = ranks[encoded.indices.to_numpy(zero_copy_only=False)]
    return ranked


def _count_facts(target: Target, rows: pa.Table, order: npt.NDArray[np.int64], duplicates: int) -> Quality:
    kept = rows.select(["event_time", *_NULLABLE]).take(pa.array(order))
    actions = {row["values"] or "(null)": row["counts"] for row in kept["action"].value_counts().to_pylist()}
    span = pc.min_max(kept["event_time"]).as_py()
    return Quality(
        facts=len(order),
        duplicates=duplicates,
        actions=keep_common(actions),
        nulls={name: kept[name].null_count for name in _NULLABLE},
        days={str(target.day): len(order)},
        min_event_time=_iso(span["min"]),
        max_event_time=_iso(span["max"]),
    )


_NULLABLE = ("session_id", "action", "page_url", "attrs")


def _hex(ids: pa.FixedSizeBinaryArray) -> pa.StringArray:
    raw = memoryview(ids.buffers()[1])[ids.offset * 16 : (ids.offset + len(ids)) * 16]
    offsets = np.arange(0, 32 * (len(ids) + 1), 32, dtype=np.int32)
    return pa.StringArray.from_buffers(len(ids), pa.py_buffer(offsets), pa.py_buffer(raw.hex().encode()))


def _typed(columns: list[Any], schema: pa.Schema) -> pa.Table:
    return pa.table(
        [c.cast(f.type) if c.type != f.type else c for c, f in zip(columns, schema, strict=True)], schema=schema
    )


def _writer(path: Path, schema: pa.Schema, dictionaries: list[str]) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        path,
        schema,
        compression="snappy",
        use_dictionary=dictionaries,
        # Redshift Spectrum misreads INT64 timestamps; INT96 is also what Spark writes by default.
        use_deprecated_int96_timestamps=True,
        store_schema=False,
    )


def _written(target: Target, path: Path, quality: Quality) -> Written:
    rows = pq.read_metadata(path).num_rows
    return Written(target, path, path.stat().st_size, rows, quality)


def _iso(micros: int | None) -> str | None:
    return None if micros is None else (_EPOCH + timedelta(microseconds=micros)).isoformat().replace("+00:00", "Z")
