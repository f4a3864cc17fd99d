"""Where exported records go: a file that is whole or not there, or stdout."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from clickctl.domain.errors import LakeError, UsageError
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
    """A new file that only its owner may read; stdout if there is no path."""
    if not path:
        sys.stdout.flush()
        yield sys.stdout.buffer
        return
    real = os.path.realpath(path)
    if os.path.lexists(real) and not (force and os.path.isfile(real)):
        kind = "already" if os.path.isfile(real) else "and is no file"
        raise UsageError(f"{path} is there {kind}.", hint="--force replaces a file. Or give another --to FILE.")
    folder, name = os.path.split(real)
    try:
        number, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=folder)  # of mode 0600
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror}.", hint="Give another --to FILE.") from None
    try:
        with open(number, "wb", buffering=1 << 20) as file:
            yield file
            file.flush()
            os.fsync(number)
        _place(temporary, real, force=force)
        _sync(folder)
    except FileExistsError:
        raise UsageError(f"{path} was made by somebody else meanwhile.", hint="Give another --to FILE.") from None
    except OSError as error:
        raise LakeError(f"Cannot write {path}: {error.strerror}.", hint="Give another --to FILE.") from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _place(temporary: str, path: str, *, force: bool) -> None:
    if force:
        os.replace(temporary, path)
        return
    try:
        os.link(temporary, path)  # which replaces nothing
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        os.replace(temporary, path)


def _sync(folder: str) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
