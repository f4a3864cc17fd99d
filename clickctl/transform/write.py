"""Writing: the chunks of one target to one deduplicated, sorted file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickctl.domain.layout import FACTS, QUARANTINE, USERS
from clickctl.domain.quality import Quality, keep_common
from clickctl.transform import schemas
from clickctl.transform.chunks import Target
from clickctl.transform.times import Int64s
from clickctl.transform.users import ranked, reduce_users

ROW_GROUP = 131_072
"""Rows of a row group: some 15 MB, so that a reader looking for one user skips most of a file."""

GROUP_BYTES = 128 << 20
"""Bytes of text in a row group at most, whatever the length of its rows."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Written:
    """A file written to local disk. `rows` of quarantine counts records, which it does not know: 0."""

    target: Target
    path: Path
    size: int
    rows: int
    quality: Quality


def write_file(target: Target, chunks: list[pa.Buffer], path: Path, hours: Sequence[str] = ()) -> Written:
    """Write one file from all of its chunks; the order of fact and user chunks does not matter to its content.

    Quarantine members are written in the order given. `hours` tells the arrival hour of each chunk,
    for the counts by hour: a fact that arrived more than once counts in the hour of the first of its chunks.
    """
    if target.table == QUARANTINE:
        with open(path, "wb") as out:
            for chunk in chunks:
                out.write(chunk)
        return Written(target, path, path.stat().st_size, 0, Quality())
    if target.table == USERS:
        return _write_users(target, _table(chunks, schemas.USER_CHUNK), path)
    return _write_facts(target, _table(chunks, schemas.FACT_CHUNK), path, hours)


def _table(chunks: list[pa.Buffer], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_batches([pa.ipc.read_record_batch(chunk, schema) for chunk in chunks], schema)


def _write_users(target: Target, rows: pa.Table, path: Path) -> Written:
    users = reduce_users(rows)
    columns = [users[name] for name in schemas.USERS.names]
    with parquet_writer(path, USERS) as writer:
        writer.write_table(_typed(columns, schemas.USERS), ROW_GROUP)
    longest = _longest(users, ("user_id", "user_agent", "ip"))
    return _written(target, path, Quality(users=users.num_rows, longest=longest))


def _write_facts(target: Target, rows: pa.Table, path: Path, hours: Sequence[str]) -> Written:
    order = _sorted_distinct(rows)
    duplicates = rows.num_rows - len(order)
    with parquet_writer(path, FACTS) as writer:
        for group in _row_groups(rows, order):
            ids = _hex(group["click_id"].chunk(0))
            writer.write_table(_typed([ids, *group.columns[1:]], schemas.FACTS), ROW_GROUP)
    quality = _count_facts(target, rows, order, duplicates)
    return _written(target, path, replace(quality, hourly_facts=_by_hour(rows, order, hours)))


def _row_groups(rows: pa.Table, order: Int64s) -> Iterator[pa.Table]:
    """The rows in this order, those of one row group at a time.

    Taken chunk by chunk: Table.take would join all the chunks of a text column for every group,
    and fail where they exceed the 2 GB of an Arrow string column.
    """
    chunks = rows.to_batches()
    starts = np.cumsum([0, *(chunk.num_rows for chunk in chunks)])
    for group in _grouped(rows, order):
        to_place = np.argsort(group, kind="stable")
        placed = group[to_place]
        bounds = np.searchsorted(placed, starts)
        taken = [
            chunk.take(pa.array(placed[begin:end] - start))
            for chunk, start, begin, end in zip(chunks, starts, bounds, bounds[1:], strict=False)
            if begin < end
        ]
        back = np.empty_like(to_place)
        back[to_place] = np.arange(len(to_place))
        yield pa.Table.from_batches(taken).combine_chunks().take(pa.array(back))


def _grouped(rows: pa.Table, order: Int64s) -> Iterator[Int64s]:
    """`order` cut into runs of at most ROW_GROUP rows and, unless it is one row, GROUP_BYTES."""
    lengths = np.zeros(rows.num_rows, np.int64)
    for name in ("user_id", *_NULLABLE):
        lengths += pc.fill_null(pc.binary_length(rows[name]), 0).to_numpy()
    ends = np.cumsum(lengths[order])
    start, before = 0, 0
    while start < len(order):
        fitting = int(np.searchsorted(ends, before + GROUP_BYTES, "right"))
        end = max(start + 1, min(start + ROW_GROUP, fitting))
        yield order[start:end]
        start, before = end, int(ends[end - 1])


def _sorted_distinct(rows: pa.Table) -> Int64s:
    """Row numbers by (user_id, event_time, click_id), each click_id once.

    By user first, because that is what row groups can be pruned by: INT96 has no usable
    statistics. Equal click_ids have equal columns, so duplicates end up side by side.
    """
    ids = rows["click_id"].combine_chunks()
    halves = np.frombuffer(ids.buffers()[1], ">u8")[: 2 * len(ids)].reshape(-1, 2)
    high, low = halves[:, 0].astype(np.uint64), halves[:, 1].astype(np.uint64)
    _, user = ranked(rows["user_id"].dictionary_encode().combine_chunks())
    time = rows["event_time"].to_numpy()
    order = np.lexsort((low, high, time, user))
    high, low = high[order], low[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return order[first]


def _count_facts(target: Target, rows: pa.Table, order: Int64s, duplicates: int) -> Quality:
    encoded = rows["action"].dictionary_encode(null_encoding="encode").combine_chunks()
    seen = np.bincount(encoded.indices.to_numpy()[order], minlength=len(encoded.dictionary))
    names = ["(null)" if action is None else action for action in encoded.dictionary.to_pylist()]
    times = rows["event_time"].to_numpy()[order]
    return Quality(
        facts=len(order),
        duplicates=duplicates,
        actions=keep_common({name: n for name, n in zip(names, seen.tolist(), strict=True) if n}),
        nulls={name: int(rows[name].is_null().to_numpy()[order].sum()) for name in _NULLABLE},
        days={str(target.day): len(order)},
        longest=_longest(rows, ("user_id", *_NULLABLE)),  # duplicates are as long as what they repeat
        min_event_time=_iso(int(times.min())),
        max_event_time=_iso(int(times.max())),
    )


def _by_hour(rows: pa.Table, order: Int64s, hours: Sequence[str]) -> dict[str, int]:
    """How many of the kept rows lie in chunks of each arrival hour."""
    if not hours:
        return {}
    names = sorted(set(hours))
    sizes = [len(chunk) for chunk in rows["click_id"].chunks]
    hour = np.repeat([names.index(name) for name in hours], sizes)
    counts = np.bincount(hour[order], minlength=len(names)).tolist()
    return {name: count for name, count in zip(names, counts, strict=True) if count}


_NULLABLE = ("session_id", "action", "page_url", "attrs")


def _longest(rows: pa.Table | pa.RecordBatch, names: Iterable[str]) -> dict[str, int]:
    """Bytes of the longest text of some columns; 0 where all are null."""
    return {name: pc.max(pc.binary_length(rows[name])).as_py() or 0 for name in names}


def _hex(ids: pa.FixedSizeBinaryArray) -> pa.StringArray:
    raw = memoryview(ids.buffers()[1])[ids.offset * 16 : (ids.offset + len(ids)) * 16]
    offsets = np.arange(0, 32 * (len(ids) + 1), 32, dtype=np.int32)
    return pa.StringArray.from_buffers(len(ids), pa.py_buffer(offsets), pa.py_buffer(raw.hex().encode()))


def _typed(columns: list[Any], schema: pa.Schema) -> pa.Table:
    return pa.table(
        [c.cast(f.type) if c.type != f.type else c for c, f in zip(columns, schema, strict=True)], schema=schema
    )


_REPEATED = {FACTS: ["user_id", "session_id", "action", "page_url"], USERS: ["user_agent", "ip"]}


def parquet_writer(path: Path, table: str) -> pq.ParquetWriter:
    """For one file of a table. Equal rows given in equal groups make equal bytes."""
    return pq.ParquetWriter(
        path,
        schemas.PARQUET[table],
        compression="snappy",
        use_dictionary=_REPEATED[table],
        # Redshift Spectrum misreads INT64 timestamps; INT96 is also what Spark writes by default.
        use_deprecated_int96_timestamps=True,
        store_schema=False,
    )


def _written(target: Target, path: Path, quality: Quality) -> Written:
    rows = pq.read_metadata(path).num_rows
    return Written(target, path, path.stat().st_size, rows, quality)


def _iso(micros: int) -> str:
    """Of one width, so that such texts compare as the times do."""
    moment = _EPOCH + timedelta(microseconds=micros)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
