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
from typing import BinaryIO

from clickctl.lakes import ObjectInfo, Opened, PreconditionFailed
from clickctl.local.errors import explained
from clickctl.local.streams import etag_of, opened

_TEMPORARY = ".tmp-"
_STAGING = "/_staging"
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
        with explained(prefix):
            for path in sorted(_files_below(folder, start)):
                try:
                    stat = os.stat(path)
                except FileNotFoundError:
                    continue  # deleted since it was listed
                yield ObjectInfo(path, etag_of(stat), stat.st_size)

    def get(self, location: str) -> tuple[bytes, str] | None:
        with explained(location):
            try:
                data = Path(location).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None
            return data, _etag(data)

    def open(self, location: str) -> BinaryIO:
        with explained(location):
            return open(location, "rb", buffering=1 << 20)

    def stream(self, location: str, version: str = "") -> Opened | None:
        return opened(location)

    def tail(self, location: str, count: int) -> tuple[bytes, int] | None:
        with explained(location):
            try:
                file = open(location, "rb")  # noqa: SIM115
            except (FileNotFoundError, NotADirectoryError):
                return None
            with file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - count))
                return file.read(count), size

    def put_if(self, location: str, data: bytes, etag: str | None) -> str:
        with explained(location):
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
        with explained(location):
            for _ in range(_SWEPT):
                # Whoever wins a unit sweeps its staging area: a loser learns it from the ledger, not here.
                with suppress(FileNotFoundError):
                    with _alone(location), _replacing(location) as temporary:
                        _link_or_copy(path, temporary)
                    return
                path.stat()  # it is the source that is missing
            raise FileNotFoundError(errno.ENOENT, "swept again and again", location)

    def copy(self, source: str, target: str) -> None:
        with explained(target), _replacing(target) as temporary:
            _link_or_copy(source, temporary)

    def delete(self, locations: Iterable[str]) -> None:
        folders = set()
        for location in locations:
            with explained(location), suppress(NotADirectoryError):
                _temporary(location).unlink(missing_ok=True)
                Path(location).unlink(missing_ok=True)
            folders.add(os.path.dirname(location))
        for folder in sorted(folders, key=len, reverse=True):
            if f"{_STAGING}/" in folder:
                _remove_empty(folder)
                continue
            with explained(folder), suppress(FileNotFoundError, NotADirectoryError):
                _sync(Path(folder))


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
def _alone(location: str) -> Iterator[None]:
    """Two may put one object at once, but in staging, where every run has a place of its own."""
    if f"{_STAGING}/" in location:
        yield
        return
    folder = os.path.dirname(location)
    os.makedirs(folder, exist_ok=True)
    with _locked(os.path.join(folder, ".lock")):
        yield


@contextmanager
def _locked(path: str) -> Iterator[None]:
    with open(path, "ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


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
