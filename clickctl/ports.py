"""What a backend provides. One file per port in `local/` and `aws/`, one contract suite over both.

Locations are whole addresses: a path of a folder lake, or `s3://bucket/key`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from clickctl.domain.hours import Day
from clickctl.domain.ledger import Commit, Owner
from clickctl.plan.unit import UnitOrder


@dataclass(frozen=True)
class ObjectInfo:
    """One object. `etag` changes whenever the object does."""

    location: str
    etag: str
    size: int


class PreconditionFailed(Exception):
    """put_if: the object is not as expected; somebody else was first. Nothing was written."""


class Lake(Protocol):
    """Objects under locations. Every write is all or nothing and durable when the call returns.

    Failures are raised as clickctl.domain.errors.LakeError.
    """

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose location begins with `prefix`, in order of location; none is fine."""
        ...

    def get(self, location: str) -> tuple[bytes, str] | None:
        """Content and the ETag to give to put_if, or None when there is no such object."""
        ...

    def open(self, location: str) -> BinaryIO:
        """The content as a stream, read once from its start, in bounded memory."""
        ...

    def put_if(self, location: str, data: bytes, etag: str | None) -> str:
        """Write if the object still has this ETag, or if None, does not exist; its new ETag.

        Raises PreconditionFailed otherwise.
        """
        ...

    def upload(self, path: Path, location: str) -> None:
        """Put a local file, replacing what is there."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Put the content of one object at another location, replacing what is there at once."""
        ...

    def delete(self, locations: Iterable[str]) -> None:
        """Delete; what is not there is fine."""
        ...


class Liveness(Protocol):
    """Knows who we are and whether another run still lives."""

    def me(self) -> Owner: ...

    def alive(self, owner: Owner) -> bool: ...


@dataclass(frozen=True)
class Outcome:
    """What became of one order: a commit, with what it replaced."""

    commit: Commit
    replaced_files: int


class Engine(Protocol):
    """Runs orders: transforms and publishes them."""

    @property
    def name(self) -> str: ...

    def run(self, order: UnitOrder) -> Outcome:
        """Run one unit to its commit, or raise a ClickctlError. Called from several threads."""
        ...

    def close(self) -> None: ...


class Query(Protocol):
    """Asks the tables."""

    def rows(self, table: str, days: Sequence[Day], limit: int) -> tuple[tuple[str, ...], Sequence[tuple[object, ...]]]:
        """Column names and the first rows of one table on some event-days."""
        ...
