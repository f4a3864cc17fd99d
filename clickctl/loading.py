"""Bringing the hot days up to date: a plan for the warehouse, and day by day its execution."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from clickctl.domain.errors import ClickctlError, CommitConflict, ConfigError, Locked, RunFailed, Unreached
from clickctl.domain.hours import Day, Unit
from clickctl.domain.layout import FACTS, USERS, owner_of
from clickctl.domain.ledger import Ledger
from clickctl.domain.loads import LoadNote
from clickctl.domain.rules import QualityRules
from clickctl.hotfiles import HotFiles
from clickctl.hotsql import TABLES, HotSql
from clickctl.ledgers import first_arrival, read_ledgers
from clickctl.plan.hot import (
    EXPIRE,
    HELD,
    DayFiles,
    DayPlan,
    HotPlan,
    Load,
    days_of,
    plan_hot,
    publishing,
)
from clickctl.plan.hot_report import DayDone
from clickctl.plan.hot_tables import drift
from clickctl.publish import Publisher
from clickctl.warehouse import LoadOrder, Moved, RebuildOrder, Warehouse, WarehouseSeen

_AT_ONCE = 16
_TRIES = 3


@dataclass(frozen=True)
class LakeSeen:
    """What the lake has of event-days, and the arrival days whose ledgers could not be read, with the reason.

    `ledgers` is how many there are in all, of earlier days too.
    """

    days: dict[Day, DayFiles]
    unread: dict[Day, str]
    ledgers: int


def observe_lake(publisher: Publisher, first: Day, rules: QualityRules) -> LakeSeen:
    """All event-days from `first` on."""
    read = read_ledgers(publisher, first_arrival(first, rules))
    return LakeSeen(days_of(read.ledgers, _torn(publisher, read.ledgers)), read.damaged, len(read.days))


def _torn(publisher: Publisher, ledgers: Iterable[Ledger]) -> set[Unit]:
    return {unit for ledger in ledgers for unit in publishing(ledger) if publisher.torn(ledger.entry(unit))}


@dataclass(frozen=True)
class Planned:
    """A plan, the tables to be made before it (of hotsql.TABLES), and what the warehouse holds."""

    plan: HotPlan
    tables: tuple[str, ...]
    loads: dict[Day, Load]


def check_tables(sql: HotSql, seen: WarehouseSeen) -> None:
    """Raises ConfigError for tables that are others than ours."""
    if problems := drift({sql.table(name): sql.columns(name) for name in TABLES}, seen.columns):
        hint = "Alter the table, or rename it and run 'clickctl load-hot --create-tables'; docs/runbook.md tells how."
        raise ConfigError(f"The warehouse's tables are not as they should be: {'. '.join(problems)}.", hint=hint)


@dataclass(frozen=True)
class Loader:
    """Makes plans for a window that begins with `first`, and executes them.

    `clock` gives the present moment, UTC without a zone; `load_id` names this run of the command, and
    `again` are the words that run it again.
    """

    publisher: Publisher
    warehouse: Warehouse
    sql: HotSql
    rules: QualityRules
    first: Day
    clock: Callable[[], datetime]
    load_id: str
    again: str = "clickctl load-hot"

    @property
    def _files(self) -> HotFiles:
        return HotFiles(self.publisher.lake, self.publisher.roots.processed, self.load_id)

    def plan(self, *, only: Collection[Day] = (), full: bool = False, create: bool = False) -> Planned:
        """Raises ConfigError where tables are missing and not to be made, or are others. Changes nothing."""
        seen = self.warehouse.observe()
        check_tables(self.sql, seen)
        tables = self.sql.lacking(seen.columns)
        if tables and not create:
            names = ", ".join(map(self.sql.table, tables))
            raise ConfigError(f"The warehouse has no table {names}.", hint=f"{self.again} --create-tables")
        if self.sql.forgetting(tables):
            seen = seen.forgotten()
        return Planned(self._planned(seen, only, full), tables, seen.loads)

    def _planned(self, seen: WarehouseSeen, only: Collection[Day], full: bool = False) -> HotPlan:
        lake = observe_lake(self.publisher, self.first, self.rules)
        if not lake.ledgers and seen.loads:
            there = f"There is no ledger under {self.publisher.roots.processed}"
            raise ConfigError(
                f"{there}, and the warehouse holds {len(seen.loads)} days: they are not given up for that.",
                hint="Check [lake] processed, and that it is mounted. For an empty lake, drop the tables.",
            )
        today = Day(self.clock().date())
        reach = (self.first.date - first_arrival(self.first, self.rules).date).days
        return plan_hot(self.first, today, lake.days, seen.loads, only=only, full=full, unread=lake.unread, reach=reach)

    def execute(self, plan: HotPlan, on_done: Callable[[DayDone], None]) -> dict[Day, DayDone]:
        """Each day in a transaction of its own, the newest first, those to be given up last.

        A failure is its day's own; where another load is at work, the settings are wrong or the warehouse
        cannot be reached, the rest is left.
        """
        if plan.to_do:
            self.warehouse.ready()
        done: dict[Day, DayDone] = {}
        for item in sorted(plan.to_do, key=lambda item: (item.verdict != EXPIRE, item.day), reverse=True):
            began = time.monotonic()
            try:
                item, load = self._brought(item)
                error = None
            except ClickctlError as failure:
                load, error = None, failure
            done[item.day] = DayDone(item, load, time.monotonic() - began, error)
            on_done(done[item.day])
            if isinstance(error, (Locked, ConfigError, Unreached)):
                break
        return done

    def _brought(self, item: DayPlan) -> tuple[DayPlan, Load | None]:
        """What was done, and what the warehouse has of the day then. What moved meanwhile is planned again."""
        for _ in range(_TRIES):
            try:
                if item.verdict == EXPIRE:
                    self.warehouse.expire(item, remember=item.day < self.first)
                    self._files.clear(item.day)
                    return item, None
                return item, self._load(item) if item.changes else item.loaded
            except Moved as moved:
                reason = str(moved)
                planned = self._planned(self.warehouse.observe(), [item.day]).days
                if not planned:  # given up by another load
                    return item, None
                item = planned[0]
                if item.verdict == HELD:
                    break
        raise CommitConflict(f"{reason[0].upper()}{reason[1:]}.", hint=self.again)

    def _load(self, item: DayPlan) -> Load:
        try:
            self._files.check(item.lake.files)
            with self._files.fitted(item.lake.files, item.lake.wide) as (files, cut):
                name = f"{self.load_id}-{item.day.compact}"
                order = LoadOrder(item, files[FACTS], files[USERS], cut, name, self.clock())
                return self.warehouse.load(order, lambda: self._still(item.lake))
        except (Locked, ConfigError):
            raise
        except ClickctlError:
            self._still(item.lake)  # files that a run has replaced meanwhile fail in many ways
            raise

    def _still(self, *days: DayFiles) -> None:
        """Raise Moved unless every file is as it was when it was planned: then it was so while it was copied."""
        arrivals = {owner.day for day in days for file in day.files if (owner := owner_of(file.key))}
        with ThreadPoolExecutor(_AT_ONCE, "ledger") as pool:
            now = days_of(list(pool.map(self.publisher.ledger, sorted(arrivals))), ())
        for day in days:
            found = now.get(day.day, DayFiles(day.day))
            if found.fingerprint != day.fingerprint or found.held:
                raise Moved(found.held or "files were replaced while they were read")

    def note(self, newest_event: str) -> None:
        """Leave word in the lake that the warehouse was changed, and of the newest event in it now."""
        self._files.note(LoadNote(f"{self.clock().isoformat(timespec='seconds')}Z", newest_event))

    def rebuild_users(self) -> int:
        """Learn from all days that are not loaded when users were first seen; how many users the warehouse has."""
        self.warehouse.ready()
        for _ in range(_TRIES):
            try:
                return self._rebuilt(frozenset(self.warehouse.observe().loads))
            except Moved as moved:
                reason = str(moved)
        raise CommitConflict(f"The users were not rebuilt: {reason}.", hint=self.again)

    def _rebuilt(self, held: frozenset[Day]) -> int:
        read = read_ledgers(self.publisher)
        if read.damaged:
            raise RunFailed(f"The users were not rebuilt: {next(iter(read.damaged.values()))}", hint="clickctl status")
        found = days_of(read.ledgers, _torn(self.publisher, read.ledgers))
        days = [files for day, files in sorted(found.items()) if day not in held]
        for day in days:
            if day.torn:
                hint = f"clickctl run-partition {day.by[0]}"
                raise RunFailed(f"The users were not rebuilt: {day.held}.", hint=hint)
            if day.held:
                raise CommitConflict(f"The users were not rebuilt: {day.held}.", hint=self.again)
        files = [file for day in days for file in day.of(USERS)]
        self._files.check(files)
        with self._files.fitted(files, frozenset[str]().union(*(day.wide for day in days))) as (fitted, _):
            order = RebuildOrder(fitted[USERS], held, self.load_id)
            return self.warehouse.rebuild_users(order, lambda: self._still(*days))
