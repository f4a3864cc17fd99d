"""A raw file's bytes to blocks of whole lines, in bounded memory.

A line longer than the limit is never held whole: it is passed on in pieces. gzip is read if the
name ends in `.gz` or the content begins with its magic number (no line of JSON can).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from zlib_ng import gzip_ng, zlib_ng

BLOCK_BYTES = 12 << 20
"""Bytes of text parsed at once: what a worker holds is a small multiple of this."""

BLOCK_LINES = 65_536
"""And lines at most: an event costs some hundred bytes however short its line is."""

_GZIP_MAGIC = b"\x1f\x8b"


class CorruptFile(Exception):
    """A gzip that ends early or is damaged."""


@dataclass(frozen=True)
class Block:
    """Whole lines, each without its newline; `first` is the number of the first (from 1)."""

    first: int
    lines: list[bytes]
    text: bytes


@dataclass(frozen=True)
class LongPiece:
    """A piece of a line over the limit; the last has `more` false."""

    number: int
    data: bytes
    more: bool


def read_blocks(raw: BinaryIO, name: str, limit: int) -> Iterator[Block | LongPiece]:
    """Blocks of lines of at most `limit` bytes, and the pieces of longer ones, in order.

    Raises CorruptFile where decompression fails; what was yielded before must then be dropped.
    """
    head = raw.read(2)
    raw.seek(0)
    packed = name.endswith(".gz") or head == _GZIP_MAGIC
    stream = gzip_ng.GzipNGFile(fileobj=raw) if packed else raw  # type: ignore[no-untyped-call]
    try:
        yield from _split(stream, limit)
    except (EOFError, gzip.BadGzipFile, zlib_ng.error) as error:  # type: ignore[misc]
        raise CorruptFile(str(error)) from error
    if packed and not head:
        raise CorruptFile("the file is empty, which no gzip is")


def _split(stream: BinaryIO | gzip_ng.GzipNGFile, limit: int) -> Iterator[Block | LongPiece]:
    number, rest, inside_long = 1, b"", False
    while data := stream.read(BLOCK_BYTES):
        if inside_long:
            end = data.find(b"\n")
            yield LongPiece(number, data if end < 0 else data[:end], more=end < 0)
            if end < 0:
                continue
            number, data, inside_long = number + 1, data[end + 1 :], False
        cut = data.rfind(b"\n") + 1
        if cut:
            yield from (block := _Lines(number, rest + data[:cut], limit)).parts()
            number, rest = block.next, data[cut:]
        else:
            rest += data
        if len(rest) > limit:
            yield LongPiece(number, rest, more=True)
            rest, inside_long = b"", True
    if inside_long:
        yield LongPiece(number, b"", more=False)
    elif rest:
        yield from _Lines(number, rest + b"\n", limit).parts()


class _Lines:
    """Complete lines of one stretch of text, those over the limit set apart."""

    def __init__(self, first: int, text: bytes, limit: int) -> None:
        self.first, self.text, self.limit = first, text, limit
        self.lines = text.split(b"\n")
        self.lines.pop()
        self.next = first + len(self.lines)

    def parts(self) -> Iterator[Block | LongPiece]:
        if len(self.lines) <= BLOCK_LINES and max(map(len, self.lines)) <= self.limit:
            yield Block(self.first, self.lines, self.text)
            return
        start = 0
        for at, line in enumerate(self.lines):
            if len(line) > self.limit:
                yield from self._block(start, at)
                yield LongPiece(self.first + at, line, more=False)
                start = at + 1
        yield from self._block(start, len(self.lines))

    def _block(self, start: int, end: int) -> Iterator[Block]:
        for at in range(start, end, BLOCK_LINES):
            lines = self.lines[at : min(end, at + BLOCK_LINES)]
            yield Block(self.first + at, lines, b"\n".join(lines))
