"""The lake port: objects under locations. Apart from the other ports, because the Lambda needs this one alone.

Locations are whole addresses: a path of a folder lake, or `s3://bucket/key`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol


class ObjectInfo(NamedTuple):
    """One object. `etag` changes whenever the object does."""

    location: str
    etag: str
    size: int


class Stream(Protocol):
    """Content read once, from its start to its end."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, one or more; none at the end."""
        ...

    def close(self) -> None: ...


class Opened(NamedTuple):
    """An object while it is read: all of it is of the version with this ETag. `size` in bytes."""

    stream: Stream
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
        """The content as a stream, from its start, in bounded memory. Its reader may seek."""
        ...

    def stream(self, location: str, version: str = "") -> Opened | None:
        """The content to be read once, in bounded memory and without a copy on disk.

        `version` is a version id of S3, empty for the present one; None when there is no such object.
        """
        ...

    def tail(self, location: str, count: int) -> tuple[bytes, int] | None:
        """The last `count` bytes, one or more, or all there are; and the object's size. None as with `get`."""
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
