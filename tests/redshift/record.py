"""What a stand-in has seen."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_EPOCH = datetime.datetime(2000, 1, 1)


class Statement(str):
    """A statement's text, as the client sent it.

    `values` are its bind parameters (None until it was bound, which a statement that was refused is not),
    `connection` the number of the connection it came over, `outcome` the tag it was answered with, or the SQLSTATE
    of its error, or None when no answer was sent.
    """

    values: tuple[Any, ...] | None = None
    connection: int = 0
    outcome: str | None = None


@dataclass(frozen=True)
class Copy:
    """A COPY that was done: which objects it read (URL and bytes) and how many rows came of them."""

    statement: Statement
    table: str
    files: tuple[tuple[str, int], ...]
    rows: int

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self.files)


@dataclass
class Record:
    statements: list[Statement] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)


_BINARY: dict[int, Callable[[bytes], Any]] = {
    16: lambda data: data != b"\0",
    20: lambda data: struct.unpack("!q", data)[0],
    21: lambda data: struct.unpack("!h", data)[0],
    23: lambda data: struct.unpack("!i", data)[0],
    701: lambda data: struct.unpack("!d", data)[0],
    1114: lambda data: _EPOCH + datetime.timedelta(microseconds=struct.unpack("!q", data)[0]),
    1184: lambda data: (_EPOCH + datetime.timedelta(microseconds=struct.unpack("!q", data)[0])).replace(
        tzinfo=datetime.UTC
    ),
}


def values_of(bind: bytes, at: int, types: tuple[int, ...]) -> tuple[Any, ...]:
    """The parameters of a Bind message, from behind its two names; texts where their type is not known."""
    (count,) = struct.unpack_from("!h", bind, at)
    formats = struct.unpack_from(f"!{count}h", bind, at + 2)
    at += 2 + 2 * count
    (number,) = struct.unpack_from("!h", bind, at)
    at += 2
    values: list[Any] = []
    for place in range(number):
        (size,) = struct.unpack_from("!i", bind, at)
        at += 4
        data = bind[at : at + max(size, 0)]
        at += max(size, 0)
        binary = (formats[place] if len(formats) > 1 else formats[0] if formats else 0) == 1
        decode = _BINARY.get(types[place] if place < len(types) else 0) if binary else bytes.decode
        values.append(None if size < 0 else decode(data) if decode else data)
    return tuple(values)
