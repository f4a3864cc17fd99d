"""What a backend provides. One file per port in `local/` and `aws/`, one contract suite over both.

Locations are whole addresses: a path of a folder lake, or `s3://bucket/key`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from clickctl.domain.errors import ClickctlError

if TYPE_CHECKING:  # few commands need all of it, and all load the ports
    from clickctl.domain.hours import Day
    from clickctl.domain.ledger import Commit, Owner
    from clickctl.plan.catalog import Applied, CatalogSeen, CatalogWanted, Change, DaysWithRows
    from clickctl.plan.unit import UnitOrder


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
