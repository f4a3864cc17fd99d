"""The warehouse of the hot days: what a backend provides of it. One file in `local/` and `aws/`, one contract suite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from clickctl.domain.hours import Day
from clickctl.plan.hot import DayPlan, Load


@dataclass(frozen=True)
class CopyFile:
    """One Parquet file to be copied: where it lies now, its bytes and its rows."""

    location: str
    size: int
    rows: int


@dataclass(frozen=True)
class LoadOrder:
    """One event-day to be loaded: what the plan saw of it, and the files of both tables.

    `cut` counts values that were shortened already, in copies of the files. `at` is the present
    moment, UTC without a zone.
    """

    plan: DayPlan
    facts: tuple[CopyFile, ...]
    users: tuple[CopyFile, ...]
    cut: int
    load_id: str
    at: datetime


@dataclass(frozen=True)
class RebuildOrder:
    """Users to be reduced anew: files of dim_users of all event-days but `held`, which the warehouse has itself."""

    files: tuple[CopyFile, ...]
    held: frozenset[Day]
    load_id: str


@dataclass(frozen=True)
class WarehouseSeen:
    """`columns` by table, each with its name and type, of those tables that are there; `loads` by day."""

    columns: dict[str, tuple[tuple[str, str], ...]]
    loads: dict[Day, Load]

    def forgotten(self) -> WarehouseSeen:
        """As it is when tables that held the rows of these loads have been made anew."""
        return WarehouseSeen(self.columns, {day: replace(load, fingerprint="") for day, load in self.loads.items()})


class Moved(Exception):
    """The warehouse, or the lake, is no longer as the plan saw it. Nothing was changed."""


class Warehouse(Protocol):
    """The hot days. Every change is one transaction, done or not done when the call returns.

    Failures are ClickctlErrors that say whether anything was changed; Locked: another load is at
    work. Ctrl-C rolls back and goes on as KeyboardInterrupt.
    """

    @property
    def name(self) -> str:
        """As people know it."""
        ...

    def observe(self) -> WarehouseSeen: ...

    def create(self) -> None:
        """Make the tables that are missing, and what goes with them."""
        ...

    def ready(self) -> None:
        """Raise ConfigError if the settings of loading cannot be right. Nothing is asked that a load changes."""
        ...

    def load(self, order: LoadOrder, still: Callable[[], None]) -> Load:
        """Replace the rows of a day. `still` is called before the commit, and raises Moved if the lake has moved on."""
        ...

    def expire(self, plan: DayPlan, *, remember: bool) -> None:
        """Give up the rows of a day. `remember`: when its users were first seen is kept."""
        ...

    def rebuild_users(self, order: RebuildOrder, still: Callable[[], None]) -> int:
        """Reduce the users anew, first sightings of other days taken from these files; how many there are.

        Raises Moved if the warehouse holds other days by now; `still` as with `load`.
        """
        ...

    def close(self) -> None: ...
