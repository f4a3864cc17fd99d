"""Reading: one raw file to chunks in a spill file, and what was counted on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from clickctl.domain.hours import Day, Hour
from clickctl.domain.layout import FACTS, QUARANTINE, USERS
from clickctl.domain.quality import Quality, keep_common
from clickctl.domain.rules import QualityRules
from clickctl.domain.times import Window
from clickctl.plan.unit import Shards
from clickctl.transform.chunks import Chunk, Spill, Target, spill_to, split_batch
from clickctl.transform.lines import Block, CorruptFile, LongPiece, read_blocks
from clickctl.transform.parse import LineParser
from clickctl.transform.rejects import PIECE_BYTES, member, piece, record
from clickctl.transform.rows import build_rows
from clickctl.transform.times import Int64s
from clickctl.transform.users import reduce_users, sightings

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class RawFile:
    """A raw file to read: its key under the raw root, its arrival hour, and how to open it."""

    key: str
    size: int
    arrival: Hour
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class ReadResult:
    """Chunks in `spill`, and counts of lines and rejects; facts are counted where they are written."""

    spill: Path
    chunks: tuple[Chunk, ...]
    quality: Quality


def read_file(file: RawFile, rules: QualityRules, shards: Shards, spill: Path) -> ReadResult:
    """Read a whole file. A damaged one is set aside whole: one line, one quarantine record."""
    with spill_to(spill, file.key) as sink:
        reading = _Reading(file, rules, shards, sink)
        try:
            reading.read()
        except CorruptFile:
            sink.drop_all()
            reading = _Reading(file, rules, shards, sink)
            reading.set_aside()
        return ReadResult(spill, tuple(sink.chunks), reading.quality())


class _Reading:
    """The state of reading one file."""

    def __init__(self, file: RawFile, rules: QualityRules, shards: Shards, sink: Spill) -> None:
        self.file, self.rules, self.shards, self.sink = file, rules, shards, sink
        self.window = Window.around(file.arrival, rules)
        self.parser = LineParser()
        self.lines = self.quarantined = self.pieces = 0
        self.reasons: Counter[str] = Counter()

    def read(self) -> None:
        with closing(self.file.open()) as stream:
            for part in read_blocks(stream, self.file.key, self.rules.max_line_bytes):
                if isinstance(part, LongPiece):
                    self._long_piece(part)
                else:
                    self._block(part)

    def set_aside(self) -> None:
        """Quarantine the file's own bytes."""
        self._count(["corrupt_file"])
        self.lines = 1
        with closing(self.file.open()) as stream:
            data, number = stream.read(PIECE_BYTES), 0
            while True:
                following = stream.read(PIECE_BYTES)
                self._put([piece("corrupt_file", self.file.key, None, number, data, bool(following))])
                if not following:
                    return
                data, number = following, number + 1

    def quality(self) -> Quality:
        return Quality(
            lines=self.lines,
            quarantined=self.quarantined,
            reasons=dict(sorted(self.reasons.items())),
            unknown_fields=keep_common(dict(self.parser.unknown)),
            files_in=1,
            bytes_in=self.file.size,
            hourly_lines={str(self.file.arrival): self.lines},
            hourly_quarantined={str(self.file.arrival): self.quarantined},
        )

    def _block(self, block: Block) -> None:
        parsed = self.parser.parse(block.lines, block.first, block.text)
        rows = build_rows(parsed, self.window, self.rules)
        self.lines += len(parsed.numbers) + len(parsed.refused)
        if rows.rejected:
            self._put(
                record(reasons, self.file.key, number, block.lines[number - block.first])
                for number, reasons in rows.rejected
            )
            for _, reasons in rows.rejected:
                self._count(reasons)
        if rows.facts.num_rows:
            self._emit(FACTS, rows.facts, rows.days, lambda: buckets_of_ids(rows.facts["click_id"]))
            user_id, at = rows.facts["user_id"], rows.facts["event_time"]
            for day, seen in split_batch(*sightings(user_id, at, rows.user_agent, rows.ip, rows.days)):
                users = reduce_users(seen)
                days = np.full(users.num_rows, day)
                self._emit(USERS, users, days, partial(_buckets_of_text, users["user_id"]))

    def _emit(self, table: str, batch: pa.RecordBatch, days: Int64s, hashes: Callable[[], Int64s]) -> None:
        """Every row to the chunk of its event-day and bucket; the rows are parted in one pass."""
        distinct, which = np.unique(days, return_inverse=True)
        targets = [_day(day) for day in distinct.tolist()]
        counts = np.array([self.shards.count(table, day) for day in targets])
        ends = np.cumsum(counts)
        buckets = hashes() % counts[which] if counts.max() > 1 else 0
        for group, part in split_batch(batch, (ends - counts)[which] + buckets):
            at = int(np.searchsorted(ends, group, "right"))
            bucket = group - int(ends[at] - counts[at])
            self.sink.add(Target(table, targets[at], bucket), part.serialize())

    def _long_piece(self, part: LongPiece) -> None:
        if self.pieces == 0:
            self.lines += 1
            self._count(["line_too_long"])
        self._put([piece("line_too_long", self.file.key, part.number, self.pieces, part.data, part.more)])
        self.pieces = self.pieces + 1 if part.more else 0

    def _count(self, reasons: list[str]) -> None:
        self.quarantined += 1
        self.reasons.update(reasons)

    def _put(self, records: Iterable[dict[str, object]]) -> None:
        self.sink.add(Target(QUARANTINE, self.file.arrival.day, 0), member(records))


def buckets_of_ids(ids: pa.FixedSizeBinaryArray) -> Int64s:
    """The first 8 hex digits of each click_id as a number: a row's file is this modulo the count."""
    width, start = 16, ids.offset * 16
    raw = np.frombuffer(ids.buffers()[1], np.uint8)[start : start + len(ids) * width].reshape(-1, width)
    return np.ascontiguousarray(raw[:, :4]).view(">u4").astype(np.int64).reshape(-1)


def _buckets_of_text(texts: pa.StringArray) -> Int64s:
    """CRC-32 of the UTF-8 bytes: stable everywhere, and cheap for the few rows of dim_users."""
    from zlib import crc32

    return np.fromiter((crc32(text) for text in texts.cast(pa.binary()).to_pylist()), np.int64, len(texts))


def _day(days: int) -> Day:
    return Day(_EPOCH + timedelta(days=days))
