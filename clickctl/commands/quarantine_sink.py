"""Where exported records go: a file that is whole or not there, or stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from clickctl.commands.files import whole_file
from clickctl.plan.quarantine import Entry

_CORRUPT = "corrupt_file"


class Sink:
    """Writes entries as they are stored, or `raw`, the lines as they came; and counts."""

    def __init__(self, out: BinaryIO, *, raw: bool, terminal: bool) -> None:
        self._out, self._raw, self._terminal = out, raw, terminal
        self._open: tuple[str, int | None] | None = None  # whose pieces are being written
        self.records = self.bytes = 0
        self.left_out: dict[str, None] = {}

    def put(self, entry: Entry) -> None:
        if self._raw and _CORRUPT in entry.reasons:
            self.left_out[entry.source] = None
            return
        follows = bool(entry.piece) and self._open == (entry.source, entry.line)
        self.records += not follows
        if self._raw:
            self._write(entry.raw if follows else self._ended() + entry.raw)
        else:
            self._write((_escaped(entry.stored) if self._terminal else entry.stored) + b"\n")
        self._open = (entry.source, entry.line)
        if not entry.more:
            self.end()

    def end(self) -> None:
        """Pieces without their last are a line too."""
        self._write(self._ended())
        self._open = None

    def _ended(self) -> bytes:
        return b"\n" if self._raw and self._open else b""

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self.bytes += len(data)


def _escaped(stored: bytes) -> bytes:
    """The same JSON, with nothing in it that could command a terminal."""
    text = stored.decode("utf-8", "surrogatepass")
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text).encode()


@contextmanager
def target(path: str, *, force: bool) -> Iterator[BinaryIO]:
    """A new file; stdout if there is no path."""
    if path:
        hint = "--force replaces a file. Or give another --to FILE."
        with whole_file(path, replace=force, hint=hint) as file:
            yield file
    else:
        sys.stdout.flush()
        yield sys.stdout.buffer
