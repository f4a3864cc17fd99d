"""The tables as query engines should know them, against how they know them: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from clickctl.domain.hours import Day
from clickctl.plan.tables import (
    EXTERNAL,
    KEYS,
    Storage,
    TableSeen,
    TableWanted,
    conflicts,
    day_of,
    parameters_to_set,
    same_place,
)

CREATE_TABLES = "--create-tables"
PRUNE = "--prune"
PERSON = "a person"


@dataclass(frozen=True)
class Change:
    """One thing to make right in the catalog.

    `action` is create, update, add or prune; `kind` database, table, partition or view; `name` the
    table's, view's or database's; `day` is that of a partition. `reason` is told to people; what
    follows its first colon differs from day to day. `needs` is the flag without which it is left as
    it is, or PERSON when no flag helps.
    """

    action: str
    kind: str
    name: str
    day: Day | None = None
    reason: str = ""
    needs: str = ""


@dataclass(frozen=True)
class Applied:
    """What became of a change: `error` is empty when it was made, or had been made already.

    `exit_code` is that of the error: EXIT_SERVICE when a service failed.
    """

    change: Change
    error: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class DaysWithRows:
    """The event-days that have committed rows, by table of the layout.

    `first_year` is one before which the lake has no rows, None when it has none at all. `complete`
    is False when some ledger could not be read: then no day is known to be empty.
    """

    days: dict[str, frozenset[Day]]
    first_year: int | None = None
    complete: bool = True


@dataclass(frozen=True)
class ViewWanted:
    """A view by the SELECT behind it; `needs` as in Change."""

    name: str
    sql: str
    needs: str = ""


@dataclass(frozen=True)
class CatalogWanted:
    """The catalog as it should be. A catalog of views alone has no tables, and nothing to register."""

    database: str
    tables: tuple[TableWanted, ...] = ()
    views: tuple[ViewWanted, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class CatalogSeen:
    """What a catalog holds: tables by name, and views by the SELECT they were made from."""

    database: bool = True
    tables: dict[str, TableSeen] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CatalogPlan:
    """Every difference, in the order in which they can be made right; and by table, partitions that are right."""

    changes: tuple[Change, ...]
    kept: dict[str, int]

    def allowed(self, flags: Collection[str]) -> tuple[Change, ...]:
        """What may be made right under these flags."""
        return tuple(change for change in self.changes if not change.needs or change.needs in flags)

    def keeping(self, strays: Collection[tuple[str, Day]]) -> CatalogPlan:
        """The plan, if these days (by table) have files although no commit names one: they are not pruned."""
        reason = "files lie there that no commit names"
        return replace(self, changes=tuple(
            replace(change, reason=reason, needs=PERSON)
            if change.needs == PRUNE and (change.name, change.day) in strays else change
            for change in self.changes
        ))  # fmt: skip


def wanted_tables(
    names: Mapping[str, str], root: str, rows: DaysWithRows, present_year: int
) -> tuple[TableWanted, ...]:
    """The tables under `root`; `names` gives the catalog's name of each table of the layout."""
    years = {day.date.year for days in rows.days.values() for day in days} | {present_year}
    needed = (min(years), max(*years, present_year + 1))
    made = (min(needed[0], rows.first_year or needed[0]), needed[1])
    return tuple(
        TableWanted(name, table, root, rows.days.get(table, frozenset()), needed, made) for table, name in names.items()
    )


def plan_catalog(wanted: CatalogWanted, seen: CatalogSeen) -> CatalogPlan:
    """Every difference between what is and what should be, and which flag each one needs."""
    changes: list[Change] = []
    kept: dict[str, int] = {}
    if not seen.database:
        changes.append(Change("create", "database", wanted.database, reason="missing", needs=CREATE_TABLES))
    for table in wanted.tables:
        found = seen.tables.get(table.name)
        own = list(_of_table(table, found))
        blocked = next((change.needs for change in own if change.needs and _blocks(change, found)), "")
        partitions = list(_of_partitions(table, found, blocked, wanted.complete))
        kept[table.name] = len(table.days) - sum(change.action != "prune" for change in partitions)
        changes += [*own, *partitions]
    changes += [change for view in wanted.views if (change := _of_view(view, seen.views))]
    return CatalogPlan(tuple(changes), kept)


_ELSEWHERE = "files elsewhere"
_OTHER_KIND = "no external table"
_OTHER_KEYS = "other partition keys"


def _blocks(change: Change, found: TableSeen | None) -> bool:
    """True when nothing may be registered in a table before this is made right."""
    return found is None or change.reason.split(":")[0] in (_ELSEWHERE, _OTHER_KIND, _OTHER_KEYS)


def _of_table(wanted: TableWanted, seen: TableSeen | None) -> Iterator[Change]:
    def change(action: str, reason: str, needs: str = "") -> Change:
        return Change(action, "table", wanted.name, reason=reason, needs=needs)

    if seen is None:
        yield change("create", "missing", CREATE_TABLES)
        return
    if seen.kind not in ("", EXTERNAL):
        yield change("update", f"{_OTHER_KIND}: {seen.kind}", PERSON)
        return
    if [name for name, _ in seen.keys] != [name for name, _ in KEYS]:
        yield change("update", f"{_OTHER_KEYS}: {', '.join(name for name, _ in seen.keys) or 'none'}", PERSON)
        return
    ours = wanted.storage
    for reason in (*conflicts(seen.keys, KEYS), *conflicts(seen.storage.columns, ours.columns)):
        yield change("update", reason, PERSON)
    # Another lake's table, by a slip in the configuration, must not be turned into this one's unasked.
    elsewhere = not same_place(seen.storage.location, ours.location)
    if elsewhere:
        yield change("update", f"{_ELSEWHERE}: {seen.storage.location or 'no location'}", CREATE_TABLES)
    if reasons := list(_repairs(wanted, seen)):
        yield change("update", "; ".join(reasons), CREATE_TABLES if elsewhere else "")


def _repairs(wanted: TableWanted, seen: TableSeen) -> Iterator[str]:
    ours = wanted.storage
    if not seen.kind:
        yield "table type is missing"
    if seen.storage.format != ours.format:
        yield "not read as Parquet"
    if not conflicts(seen.storage.columns, ours.columns):
        for name, _ in ours.columns[len(seen.storage.columns) :]:
            yield f"column {name} is missing"
    for name, value in parameters_to_set(wanted, seen.parameters).items():
        yield f"{name} is {seen.parameters.get(name, '') or 'missing'}, not {value}"


def _of_partitions(wanted: TableWanted, seen: TableSeen | None, blocked: str, complete: bool) -> Iterator[Change]:
    def change(action: str, day: Day | None, reason: str, needs: str) -> Change:
        return Change(action, "partition", wanted.name, day, reason, needs)

    registered: dict[Day, Storage] = {}
    for values, storage in sorted(seen.partitions.items()) if seen else ():
        if day := day_of(values):
            registered[day] = storage
        elif blocked != PERSON:
            yield change("prune", None, f"no day of the layout: {'/'.join(values)}", PERSON)
    for day in sorted(wanted.days):
        if day not in registered:
            yield change("add", day, "not registered", blocked)
        elif reason := _partition_fault(registered[day], wanted.partition(day)):
            yield change("update", day, reason, blocked)
    if complete and blocked != PERSON:
        for day in sorted(registered.keys() - wanted.days):
            yield change("prune", day, "no committed rows", PRUNE)


def _partition_fault(seen: Storage, ours: Storage) -> str:
    if not same_place(seen.location, ours.location):
        return f"another location: {seen.location or 'none'}"
    if seen.format != ours.format:
        return "not read as Parquet"
    short = len(seen.columns) < len(ours.columns)
    return "other columns" if short or conflicts(seen.columns, ours.columns) else ""


def _of_view(wanted: ViewWanted, seen: Mapping[str, str]) -> Change | None:
    if wanted.name not in seen:
        return Change("create", "view", wanted.name, reason="missing", needs=wanted.needs)
    if seen[wanted.name].split() != wanted.sql.split():
        return Change("update", "view", wanted.name, reason="another definition", needs=wanted.needs)
    return None
