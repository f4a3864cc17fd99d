"""Files that commands write: whole or not there, for their owner's eyes at first, as they may hold personal data."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from clickctl.domain.errors import LakeError, UsageError


@contextmanager
def whole_file(path: str, *, replace: bool, hint: str, keep_mode: bool = False) -> Iterator[BinaryIO]:
    """A new file beside its place, which it takes at the end. With `replace` it may take that of another file.

    A link is replaced itself, never what it leads to. With `keep_mode` a file that is replaced leaves its
    mode to the new one. Raises UsageError for a place where no file can be, before anything is written,
    and LakeError for a disk that is full; `hint` says what to do.
    """
    check_place(path, replace=replace, hint=hint)
    folder, name = os.path.split(os.path.abspath(path))
    try:
        number, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=folder)  # of mode 0600
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror}.", hint=hint) from None
    try:
        with open(number, "wb", buffering=1 << 20) as file:
            yield file
            file.flush()
            os.fsync(number)
        if keep_mode and os.path.isfile(path) and not os.path.islink(path):
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        _place(temporary, path, replace=replace)
        _sync(folder)
    except FileExistsError:
        raise UsageError(f"{path} was made by somebody else meanwhile.", hint=hint) from None
    except OSError as error:
        raise LakeError(f"Cannot write {path}: {error.strerror}.", hint=hint) from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def check_place(path: str, *, replace: bool, hint: str) -> None:
    """Raise UsageError where no file can be put: before the work whose fruit it is to hold."""
    kind = _kind(path)
    if kind and not (replace and kind == "file"):
        raise UsageError(f"{path} is there {'already' if kind == 'file' else 'and is no file'}.", hint=hint)
    folder = os.path.dirname(os.path.abspath(path))
    if not os.access(folder, os.W_OK):
        why = "may not be written to" if os.path.isdir(folder) else "is no folder"
        raise UsageError(f"Cannot write {path}: {folder} {why}.", hint=hint)


def _kind(path: str) -> str:
    """What is there: a file or a link to one, something else, or nothing."""
    if not os.path.lexists(path):
        return ""
    return "file" if os.path.isfile(path) or (os.path.islink(path) and not os.path.exists(path)) else "other"


def _place(temporary: str, path: str, *, replace: bool) -> None:
    if replace:
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
