"""Errors of this machine's files become ours here: what failed, on which object, what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from clickctl.domain.errors import LakeError


@contextmanager
def explained(location: str) -> Iterator[None]:
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
