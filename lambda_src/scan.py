"""Finding the events of one action in a raw file's bytes, without reading the other lines.

A line is read only if it can hold the action: the action's text between quotes, or an escape that
stands for one of its characters. Memory is bounded by the blocks, and by one line of the limit.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Protocol

from clickctl.domain.hours import Hour
from clickctl.domain.rules import QualityRules
from lambda_src.lines import Fact, LineReader

BLOCK_BYTES = 1 << 20
_PACKED_BYTES = 1 << 16  # of gzip read at once: what is not unzipped yet is copied for each block
_STRETCH = 4096
_GZIP = 31  # zlib's window bits for a gzip member with its header
_MAGIC = b"\x1f\x8b"
_SHORT = {'"': b'"', "\\": b"\\", "/": b"/", "\b": b"b", "\f": b"f", "\n": b"n", "\r": b"r", "\t": b"t"}


class BrokenFile(Exception):
    """A gzip that ends early or is damaged. What came before it has been yielded."""


class Stream(Protocol):
    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


class Scanner:
    """Finds one action. `scanned` counts the bytes of text seen, `candidates` the lines that were read."""

    def __init__(self, action: str, rules: QualityRules, arrival: Hour) -> None:
        self._reader, self._limit = LineReader(action, rules, arrival), rules.max_line_bytes
        self._plain = b'"%s"' % action.encode()
        units = memoryview(action.encode("utf-16-be")).cast("B")
        codes = {b"u(?i:%02x%02x)" % (units[at], units[at + 1]) for at in range(0, len(units), 2)}
        codes |= {re.escape(_SHORT[letter]) for letter in action if letter in _SHORT}
        self._escaped = re.compile(rb"\\(?:" + b"|".join(sorted(codes)) + b")")
        self.scanned = self.candidates = 0

    def facts(self, stream: Stream, name: str) -> Iterator[Fact]:
        """The facts of a raw file, in the order of its lines; a fact can occur twice. Raises BrokenFile."""
        for text, first, last in self._texts(blocks(stream, name)):
            for start, end in self._spans(text, first, last):
                if end - start <= self._limit:
                    self.candidates += 1
                    if fact := self._reader.read(text[start:end]):
                        yield fact

    def _texts(self, blocks: Iterator[bytes]) -> Iterator[tuple[bytes, int, int]]:
        """Bytes of which a stretch is whole lines, each with its newline; blocks are not copied for it.

        Of a line over the limit only enough is kept to know it as one.
        """
        rest, inside_long = b"", False
        for block in blocks:
            self.scanned += len(block)
            if inside_long:
                _, newline, block = block.partition(b"\n")
                inside_long = not newline
            first, cut = 0, block.rfind(b"\n") + 1
            if not cut:
                rest += block
            else:
                if rest:
                    first = block.find(b"\n") + 1
                    yield (head := rest + block[:first]), 0, len(head)
                yield block, first, cut
                rest = block[cut:]
            if len(rest) > self._limit:
                rest, inside_long = b"", True
        if rest:
            yield rest + b"\n", 0, len(rest) + 1

    def _spans(self, text: bytes, first: int, last: int) -> list[tuple[int, int]]:
        """Where the lines are that can hold the action."""
        found = set()
        at = text.rfind(self._plain, first, last)  # backwards: CPython's rfind is the faster one here
        while at >= 0:
            found.add(span := _line_at(text, at))
            at = text.rfind(self._plain, first, span[0])
        at = text.find(b"\\", first, last)
        while at >= 0:  # the slower search, for a stretch behind each backslash; `last` is behind a newline
            end = text.find(b"\n", min(at + _STRETCH, last - 1), last)
            if match := self._escaped.search(text, at, end):
                found.add(span := _line_at(text, match.start()))
                end = span[1]
            at = text.find(b"\\", end, last)
        return sorted(found)


def _line_at(text: bytes, at: int) -> tuple[int, int]:
    return text.rfind(b"\n", 0, at) + 1, text.find(b"\n", at)


def blocks(stream: Stream, name: str) -> Iterator[bytes]:
    """The text of a raw file. It is gzip if its name or its first bytes say so, as the transform holds it."""
    data = _at_least_two(stream)
    if not name.endswith(".gz") and not data.startswith(_MAGIC):
        while data:
            yield data
            data = stream.read(BLOCK_BYTES)
    elif not data:
        raise BrokenFile("the file is empty, which no gzip is")
    else:
        try:
            yield from _unzipped(data, stream)
        except zlib.error as error:
            raise BrokenFile(str(error)) from error


def _at_least_two(stream: Stream) -> bytes:
    data = stream.read(BLOCK_BYTES)
    while len(data) == 1 and (more := stream.read(BLOCK_BYTES)):
        data += more
    return data


def _unzipped(data: bytes, stream: Stream) -> Iterator[bytes]:
    """Member after member; zero bytes between and behind them are padding (as gzip(1) has it)."""
    while data:
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            if text := member.decompress(data, BLOCK_BYTES):
                yield text
            data = member.unused_data if member.eof else member.unconsumed_tail or stream.read(_PACKED_BYTES)
            if not data and not member.eof:
                raise BrokenFile("the file ends in the middle of a gzip member")
        data = data.lstrip(b"\0")
        while not data and (more := stream.read(_PACKED_BYTES)):
            data = more.lstrip(b"\0")
