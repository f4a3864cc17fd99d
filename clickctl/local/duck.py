"""DuckDB files: errors of theirs as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clickctl.domain.errors import CommitConflict, LakeError


def first_line(error: Exception) -> str:
    """What it says, as a sentence."""
    return str(error).splitlines()[0].rstrip(".") + "."


@contextmanager
def told(what: str, hint: str) -> Iterator[None]:
    """Errors of DuckDB as ours."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        text = first_line(error)
        if "set lock on file" in text:
            raise CommitConflict(
                f"{what} is in use by another process: {text}", hint="Close it there, then run the same command again."
            ) from error
        raise LakeError(f"{what}: {text}", hint=hint) from error
