"""From the ledgers to the catalog: which days have rows, what the catalog lacks, and making that right."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta

from clickctl.domain.errors import EXIT_CONFLICT, EXIT_FAILED, ClickctlError, ConfigError
from clickctl.domain.hours import Day, HourRange
from clickctl.domain.layout import TABLES
from clickctl.domain.rules import QualityRules, duration
from clickctl.lakes import Lake
from clickctl.ledgers import first_arrival, read_ledgers
from clickctl.plan.catalog import (
    CREATE_TABLES,
    PRUNE,
    Applied,
    CatalogPlan,
    CatalogWanted,
    Change,
    DaysWithRows,
    plan_catalog,
)
from clickctl.ports import Catalog
from clickctl.publish import Publisher

_AT_ONCE = 16


@dataclass(frozen=True)
class RowsSeen:
    """What the ledgers say of event-days; `problems` tells of those that could not be read."""

    rows: DaysWithRows
    problems: tuple[str, ...] = ()

    @property
    def days(self) -> frozenset[Day]:
        return frozenset[Day]().union(*self.rows.days.values())


@dataclass(frozen=True)
class Comparison:
    """The catalog as it should be, and how it differs."""

    wanted: CatalogWanted
    plan: CatalogPlan


def observe_days_with_rows(
    publisher: Publisher, hours: HourRange | None, rules: QualityRules, tell: Callable[[int], None] = lambda count: None
) -> RowsSeen:
    """The event-days with committed rows: all, or those a range touches. `tell` hears how many ledgers are read."""
    since = None if hours is None else first_arrival(hours.first.day, rules)
    read = read_ledgers(publisher, since, tell)
    days: dict[str, set[Day]] = {table: set() for table in TABLES}
    for ledger in read.ledgers:
        for commit in ledger.committed().values():
            for file in commit.files:
                if file.table in days:
                    days[file.table].add(file.day)
    years = {day.date.year for found in days.values() for day in found}
    if hours is not None:
        touched = set(hours.days)
        days = {table: found & touched for table, found in days.items()}
        years |= {_first_event(read.days[0], rules).year} if read.days else set()
    rows = DaysWithRows({t: frozenset(found) for t, found in days.items()}, min(years, default=None), not read.damaged)
    return RowsSeen(rows, tuple(read.damaged.values()))


def _first_event(arrival: Day, rules: QualityRules) -> date:
    return (arrival.first_hour.start - timedelta(seconds=duration(rules.max_lateness))).date()


def compare(catalog: Catalog, lake: Lake, rows: DaysWithRows, hours: HourRange | None, present_year: int) -> Comparison:
    """How the catalog differs from the lake. Days that are empty by the ledgers are looked at in the lake too."""
    wanted = catalog.wanted(rows, present_year)
    plan = plan_catalog(wanted, catalog.observe(None if hours is None else hours.days))
    return Comparison(wanted, plan.keeping(_with_files(lake, wanted, plan.allowed([PRUNE]))))


def _with_files(lake: Lake, wanted: CatalogWanted, changes: Iterable[Change]) -> set[tuple[str, Day]]:
    """Of the partitions to be pruned those under which the lake has any file."""
    tables = {table.name: table for table in wanted.tables}
    asked = [(change.name, change.day) for change in changes if change.action == "prune" and change.day]

    def filled(one: tuple[str, Day]) -> bool:
        name, day = one
        return any(True for _ in lake.list(tables[name].partition(day).location))

    with ThreadPoolExecutor(_AT_ONCE, "prune") as pool:
        return {one for one, there in zip(asked, pool.map(filled, asked), strict=True) if there}


def apply_changes(catalog: Catalog, lake: Lake, compared: Comparison, flags: Collection[str]) -> Sequence[Applied]:
    """Make right what these flags allow. Raises ConfigError where tables are missing and may not be made."""
    refuse_unready(compared.plan, flags)
    applied = catalog.apply(compared.wanted, compared.plan.allowed(flags))
    return _unpruned(catalog, lake, compared.wanted, applied)


def refuse_unready(plan: CatalogPlan, flags: Collection[str]) -> None:
    """Raise ConfigError if a database or table must first be made, or made over, and no flag allows that."""
    lacking = [c for c in plan.changes if c.kind in ("database", "table") and c.needs == CREATE_TABLES]
    if not lacking or CREATE_TABLES in flags:
        return
    told = "; ".join(f"{change.kind} {change.name}: {change.reason}" for change in lacking)
    command = f"clickctl register-partitions {CREATE_TABLES}"
    if any(change.action == "update" for change in lacking):
        command = f"Check [catalog] and [lake]. To make it a table of this lake: {command}"
    raise ConfigError(f"The catalog is not ready: {told}.", hint=command)


def _unpruned(catalog: Catalog, lake: Lake, wanted: CatalogWanted, applied: Sequence[Applied]) -> Sequence[Applied]:
    """Register again what was pruned while a run put files there.

    That run may have found the day registered just before it was pruned, and so left it alone.
    """
    pruned = {(one.change.name, one.change.day): one.change for one in applied
              if one.change.action == "prune" and not one.error}  # fmt: skip
    filled = [pruned[one] for one in sorted(_with_files(lake, wanted, pruned.values()))]
    again = catalog.apply(wanted, [replace(change, action="add") for change in filled])
    told = {
        change: "files were put there meanwhile: "
        + (f"to be registered again, which failed: {back.error}" if back.error else "registered again")
        for change, back in zip(filled, again, strict=True)
    }
    return [
        replace(one, error=told[one.change], exit_code=EXIT_CONFLICT) if one.change in told else one for one in applied
    ]


def register_days(catalog: Catalog, days: Collection[Day]) -> Sequence[Applied]:
    """After a run: make its event-days known in both tables, and no other change. Safe to repeat.

    Nothing is done where views find new days by themselves. Raises ClickctlError, naming what to run
    next, if tables are missing or a day could not be registered: rows are committed all the same.
    """
    if not days:
        return []
    rows = DaysWithRows(dict.fromkeys(TABLES, frozenset(days)), complete=False)
    wanted = replace(catalog.wanted(rows, max(days).date.year), views=())
    if not wanted.tables:
        return []
    plan = plan_catalog(wanted, catalog.observe(days))
    refuse_unready(plan, ())
    applied = catalog.apply(wanted, plan.allowed(()))
    failed = [one for one in applied if one.error]
    failed += [Applied(c, _why(plan, c.name), EXIT_FAILED) for c in plan.changes if c.kind == "partition" and c.needs]
    if failed:
        error = ClickctlError(
            f"{len(failed)} of {len(plan.changes)} changes of the catalog failed, the first: {failed[0].error}",
            hint="clickctl register-partitions",
            changed="",
        )
        error.exit_code = failed[0].exit_code
        raise error
    return applied


def _why(plan: CatalogPlan, table: str) -> str:
    """Why nothing may be registered in a table."""
    return "; ".join(c.reason for c in plan.changes if c.kind == "table" and c.name == table and c.needs)
