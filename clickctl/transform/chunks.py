"""Chunks: what passes from reading to writing, and the spill file that holds them.

A chunk is opaque bytes with an address: an Arrow record batch of one table, event-day and bucket,
or one gzip member of quarantine records. The local engine moves the addresses only; Spark shuffles
the bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa

from clickctl.domain.hours import Day
from clickctl.transform.times import Int64s


class Target(NamedTuple):
    """The one output file a chunk goes into."""

    table: str
    day: Day
    bucket: int


class Chunk(NamedTuple):
    """Where a chunk lies in a spill file; `source` and `number` order quarantine members."""

    target: Target
    source: str
    number: int
    offset: int
    size: int


class Spill:
    """An append-only file of chunks, on this machine's disk."""

    def __init__(self, path: Path, source: str) -> None:
        self.path, self.source = path, source
        self.chunks: list[Chunk] = []
        self._file: BinaryIO = open(path, "wb")  # noqa: SIM115  (spill_to closes it)

    def add(self, target: Target, data: bytes | pa.Buffer) -> None:
        offset = self._file.tell()
        self._file.write(data)
        self.chunks.append(Chunk(target, self.source, len(self.chunks), offset, len(data)))

    def drop_all(self) -> None:
        """Forget everything: the file the chunks came from turned out to be damaged."""
        self._file.seek(0)
        self._file.truncate()
        self.chunks.clear()

    def close(self) -> None:
        self._file.close()


@contextmanager
def spill_to(path: Path, source: str) -> Iterator[Spill]:
    spill = Spill(path, source)
    try:
        yield spill
    finally:
        spill.close()


def read_chunks(path: Path, chunks: Iterable[Chunk]) -> list[pa.Buffer]:
    """The bytes of some chunks of one spill file, mapped rather than read."""
    if os.path.getsize(path) == 0:
        return []
    mapped = pa.memory_map(str(path))
    return [mapped.read_buffer(chunk.size) for chunk in chunks if mapped.seek(chunk.offset) >= 0]


def split_batch(batch: pa.RecordBatch, groups: Int64s) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The rows of each group number, in their order; the whole batch uncopied if there is one group."""
    if len(groups) == 0:
        return
    if (groups == groups[0]).all():
        yield int(groups[0]), batch
        return
    order = np.argsort(groups, kind="stable")
    taken = batch.take(pa.array(order))
    grouped = groups[order]
    starts = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]])
    for start, end in zip(starts, np.r_[starts[1:], len(grouped)], strict=True):
        yield int(grouped[start]), taken.slice(int(start), int(end - start))
