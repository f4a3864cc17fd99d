"""What a backend provides. One file per port in `local/` and `aws/`, one contract suite over both.

Locations are whole addresses: a path of a folder lake, or `s3://bucket/key`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from clickctl.domain.errors import ClickctlError

if TYPE_CHECKING:  # few commands need all of it, and all load the ports
    from clickctl.domain.hours import Day
    from clickctl.domain.ledger import Commit, Owner
    from clickctl.plan.catalog import Applied, CatalogSeen, CatalogWanted, Change, DaysWithRows
    from clickctl.plan.unit import UnitOrder


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


class Liveness(Protocol):
    """Knows who we are and whether another run still lives."""

    def me(self) -> Owner: ...

    def alive(self, owner: Owner) -> bool: ...


@dataclass(frozen=True)
class Outcome:
    """What became of one order: a commit, with what it replaced.

    `job_run` names the run of a service; `dpu_hours` and `dollars` are this unit's share of its bill.
    """

    commit: Commit
    replaced_files: int
    job_run: str = ""
    dpu_hours: float | None = None
    dollars: float | None = None


@dataclass(frozen=True)
class Left:
    """A job run that goes on without us.

    `state` is started (it was not to be waited for), or as we were interrupted running, stopping
    or not-started.
    """

    job_run: str
    state: str


Ended = Outcome | Left | ClickctlError


class Engine(Protocol):
    """Runs orders: transforms and publishes them."""

    @property
    def name(self) -> str: ...

    @property
    def units_per_run(self) -> int:
        """How many orders one call of `run` may be given."""
        ...

    def run(self, orders: Sequence[UnitOrder]) -> Sequence[Ended]:
        """Run units to their commits: for each, in order, what became of it. Called from several threads.

        All orders have one run_id. What goes wrong for all of them is raised as a ClickctlError.
        """
        ...

    def interrupt(self) -> None:
        """Wait no longer for what runs elsewhere: `run` returns `Left`. What runs here is finished."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Answer:
    """The rows of a query, and what it cost. Bytes and dollars are 0 where nothing is billed.

    A value is None, a bool, int, float, str, date or datetime (UTC, without a zone); anything else is
    text. `seconds` is what the caller waited; `query_id` names the query to the service.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    bytes_scanned: int = 0
    dollars: float = 0.0
    seconds: float = 0.0
    query_id: str = ""


class Query(Protocol):
    """Asks the tables. A query that fails is an EngineError; Ctrl-C cancels it and goes on as KeyboardInterrupt."""

    def rows(self, table: str, days: Sequence[Day], limit: int) -> Answer:
        """The first rows, by time, of one table (a name of layout.TABLES) on some event-days."""
        ...

    def run(self, sql: str, parameters: Sequence[str] = ()) -> Answer:
        """One statement; each `?` in it stands for a parameter, which is text: CAST(? AS …) makes it another type."""
        ...


class Catalog(Protocol):
    """The tables as query engines know them.

    Failures of the whole are raised as ClickctlError, those of single changes are in their `Applied`.
    """

    def wanted(self, rows: DaysWithRows, present_year: int) -> CatalogWanted:
        """The catalog as it should be, given the days that have rows."""
        ...

    def observe(self, days: Collection[Day] | None) -> CatalogSeen:
        """What is known: with all registered partitions, or only those of some event-days."""
        ...

    def apply(self, wanted: CatalogWanted, changes: Sequence[Change]) -> Sequence[Applied]:
        """Make changes of a plan for `wanted`: what became of each, in their order.

        Repeating a change that was made already is fine.
        """
        ...
