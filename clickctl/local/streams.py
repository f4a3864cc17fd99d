"""A file read once, which must not be written to meanwhile."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

from clickctl.domain.errors import LakeError
from clickctl.lakes import Opened
from clickctl.local.errors import explained

_SETTLE = "Wait until nobody writes to it, then run the same command again."


def opened(location: str) -> Opened | None:
    """None for a file that is not there."""
    with explained(location):
        try:
            file: Any = open(location, "rb", buffering=0)  # noqa: SIM115 - the caller closes it
        except (FileNotFoundError, NotADirectoryError):
            return None
        stat = os.fstat(file.fileno())
        return Opened(_Unchanged(file, location, etag_of(stat)), etag_of(stat), stat.st_size)


class _Unchanged:
    """A file that must be at its end what it was at its start: raw files are at times written to in place."""

    def __init__(self, file: BinaryIO, location: str, etag: str) -> None:
        self._file, self._location, self._etag = file, location, etag

    def read(self, size: int, /) -> bytes:
        with explained(self._location):
            data = self._file.read(size)
            if not data and etag_of(os.fstat(self._file.fileno())) != self._etag:
                raise LakeError(f"{self._location} changed while it was read.", hint=_SETTLE, changed="")
            return data

    def close(self) -> None:
        self._file.close()


def etag_of(stat: os.stat_result) -> str:
    """Cheap, and changed by every rewrite."""
    return f"{stat.st_mtime_ns:x}-{stat.st_ino:x}"
