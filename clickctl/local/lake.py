"""A lake of folders. Writes are atomic (temporary file, fsync, rename) and survive a power cut."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from clickctl.domain.errors import LakeError
from clickctl.lakes import ObjectInfo, Opened, PreconditionFailed

_TEMPORARY = ".tmp-"
_STAGING = "/_staging"
_SETTLE = "Wait until nobody writes to it, then run the same command again."
_SWEPT = 100
"""Times a write into a folder that another run removes is begun anew."""


class FolderLake:
    """Objects are files, locations are absolute paths.

    The ETag of `list` is made of modification time, size and inode: cheap, and changed by every
    rewrite. The ETag of `get`, which `put_if` compares, is a hash of the content, because a
    file system's clock can be too coarse to tell two writes apart.
    """

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        folder, _, start = prefix.rpartition("/")
        with _explained(prefix):
            for path in sorted(_files_below(folder, start)):
                try:
                    stat = os.stat(path)
                except FileNotFoundError:
                    continue  # deleted since it was listed
                yield ObjectInfo(path, _etag_of(stat), stat.st_size)

    def get(self, location: str) -> tuple[bytes, str] | None:
        with _explained(location):
            try:
                data = Path(location).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None
            return data, _etag(data)

    def open(self, location: str) -> BinaryIO:
        with _explained(location):
            return open(location, "rb", buffering=1 << 20)

    def stream(self, location: str, version: str = "") -> Opened | None:
        with _explained(location):
            try:
                file: Any = open(location, "rb", buffering=0)  # noqa: SIM115
            except (FileNotFoundError, NotADirectoryError):
                return None
            stat = os.fstat(file.fileno())
            return Opened(_Unchanged(file, location, _etag_of(stat)), _etag_of(stat), stat.st_size)

    def tail(self, location: str, count: int) -> tuple[bytes, int] | None:
        with _explained(location):
            try:
                file = open(location, "rb")  # noqa: SIM115
            except (FileNotFoundError, NotADirectoryError):
                return None
            with file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - count))
                return file.read(count), size

    def put_if(self, location: str, data: bytes, etag: str | None) -> str:
        with _explained(location):
            os.makedirs(os.path.dirname(location), exist_ok=True)
            # The lock is freed by the kernel with its process, so a kill leaves none behind.
            with _locked(os.path.join(os.path.dirname(location), ".lock")):
                present = self.get(location)
                if (present[1] if present else None) != etag:
                    raise PreconditionFailed(location)
                with _replacing(location) as temporary:
                    temporary.write_bytes(data)
        return _etag(data)

    def upload(self, path: Path, location: str) -> None:
        with _explained(location):
            for _ in range(_SWEPT):
                # Whoever wins a unit sweeps its staging area: a loser learns it from the ledger, not here.
                with suppress(FileNotFoundError):
                    with _replacing(location) as temporary:
                        _link_or_copy(path, temporary)
                    return
                path.stat()  # it is the source that is missing
            raise FileNotFoundError(errno.ENOENT, "swept again and again", location)

    def copy(self, source: str, target: str) -> None:
        with _explained(target), _replacing(target) as temporary:
            _link_or_copy(source, temporary)

    def delete(self, locations: Iterable[str]) -> None:
        folders = set()
        for location in locations:
            with _explained(location), suppress(NotADirectoryError):
                _temporary(location).unlink(missing_ok=True)
                Path(location).unlink(missing_ok=True)
            folders.add(os.path.dirname(location))
        for folder in sorted(folders, key=len, reverse=True):
            if f"{_STAGING}/" in folder:
                _remove_empty(folder)
                continue
            with _explained(folder), suppress(FileNotFoundError, NotADirectoryError):
                _sync(Path(folder))


class _Unchanged:
    """A file that must be at its end what it was at its start: raw files are at times written to in place."""

    def __init__(self, file: BinaryIO, location: str, etag: str) -> None:
        self._file, self._location, self._etag = file, location, etag

    def read(self, size: int, /) -> bytes:
        with _explained(self._location):
            data = self._file.read(size)
            if not data and _etag_of(os.fstat(self._file.fileno())) != self._etag:
                raise LakeError(f"{self._location} changed while it was read.", hint=_SETTLE, changed="")
            return data

    def close(self) -> None:
        self._file.close()


def _etag_of(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns:x}-{stat.st_ino:x}"


def _files_below(folder: str, start: str) -> Iterator[str]:
    """Files whose path begins with `folder/start`. A folder that is missing holds none."""

    def refuse(error: OSError) -> None:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            raise error

    for parent, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        if parent == folder:
            folders[:] = [name for name in folders if name.startswith(start)]
            names = [name for name in names if name.startswith(start)]
        # Half-written files are nobody's objects, but what is staged must be found to be deleted.
        hidden = () if f"{_STAGING}/" in f"{parent}/" else (_TEMPORARY, ".lock")
        yield from (f"{parent}/{name}" for name in names if not hidden or not name.startswith(hidden))


@contextmanager
def _replacing(location: str) -> Iterator[Path]:
    """A temporary file beside `location`; on success its content is durably there instead."""
    temporary = _temporary(location)
    _make_beside(temporary)
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, location)
        _sync(temporary.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _link_or_copy(source: str | Path, temporary: Path) -> None:
    """Files of a lake are never changed in place, so two names may share one content."""
    temporary.unlink()
    try:
        os.link(source, temporary)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise
        shutil.copyfile(source, temporary)


def _temporary(location: str) -> Path:
    """One fixed name per object: what a killed process leaves is overwritten by the next."""
    folder, name = os.path.split(location)
    return Path(folder, f"{_TEMPORARY}{name}~")


def _make_beside(temporary: Path) -> None:
    for _ in range(_SWEPT):
        try:
            temporary.parent.mkdir(parents=True, exist_ok=True)
            temporary.touch()
            return
        except FileNotFoundError:
            continue  # another run removed the empty folder in between
        except FileExistsError as error:
            if os.path.isfile(error.filename):
                raise
            # else the folder was there when it was to be made, and gone when it was looked at
    raise FileNotFoundError(errno.ENOENT, "folder removed again and again", str(temporary.parent))


@contextmanager
def _locked(path: str) -> Iterator[None]:
    with open(path, "ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _explained(location: str) -> Iterator[None]:
    """OSError to LakeError: what failed, on which object, what to do."""
    try:
        yield
    except OSError as error:
        hints = {
            errno.EACCES: "Check who owns it and its permissions.",
            errno.EPERM: "Check who owns it and its permissions.",
            errno.EROFS: "The file system is read-only.",
            errno.ENOSPC: "The disk is full: free some room, then run the same command again.",
            errno.EDQUOT: "The disk quota is used up: free some room, then run the same command again.",
            errno.EISDIR: "There is a folder where a file should be: move it away.",
            errno.EEXIST: "There is a file where a folder should be: move it away.",
            errno.ENOTDIR: "There is a file where a folder should be: move it away.",
        }
        reason = os.strerror(error.errno) if error.errno else str(error)
        # A copy that meets a full disk names its source; the place that is full is the target's.
        where = location if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.filename or location
        raise LakeError(f"{where}: {reason}.", hint=hints.get(error.errno or 0, ""), changed="") from error


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_empty(staged: str) -> None:
    """Staging folders are one to a run and would pile up; S3 has no folders to leave behind."""
    above, staging, below = staged.partition(f"{_STAGING}/")
    unit = f"{above}{staging}{below.split('/')[0]}"
    for folder, _, _ in os.walk(unit, topdown=False):  # a run that died may have left some without a file
        with suppress(OSError):
            os.rmdir(folder)


def _etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
