"""The tables as they should be known to query engines, against how they are known: pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from clickctl.domain.hours import Day


@dataclass(frozen=True)
class Change:
    """One thing to make right in the catalog.

    `action` is create, update, add or prune; `kind` database, table, partition or view; `name` the
    table's or database's; `day` is that of a partition. `reason` is told to people.
    """

    action: str
    kind: str
    name: str
    day: Day | None = None
    reason: str = ""


@dataclass(frozen=True)
class Applied:
    """What became of a change: `error` is empty when it was made, or had been made already."""

    change: Change
    error: str = ""


@dataclass(frozen=True)
class CatalogSeen:
    """What a catalog holds."""

    tables: dict[str, object] = field(default_factory=dict)
