"""Bringing the hot days up to date: a plan for the warehouse, and day by day its execution."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from clickctl.domain.errors import ClickctlError, CommitConflict, ConfigError, Locked, RunFailed
from clickctl.domain.hours import Day, Unit
from clickctl.domain.layout import FACTS, USERS, loads_prefix, owner_of
from clickctl.domain.ledger import Ledger, OutputFile
from clickctl.domain.rules import QualityRules
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
from clickctl.plan.hot_tables import drift, missing
from clickctl.publish import Publisher
from clickctl.warehouse import CopyFile, LoadOrder, Moved, Warehouse, WarehouseSeen

_AT_ONCE = 16
_TRIES = 3


@dataclass(frozen=True)
class LakeSeen:
    """What the lake has of event-days, and the arrival days whose ledgers could not be read, with the reason."""

    days: dict[Day, DayFiles]
    unread: dict[Day, str]


def observe_lake(publisher: Publisher, first: Day, rules: QualityRules) -> LakeSeen:
    """All event-days from `first` on."""
    read = read_ledgers(publisher, first_arrival(first, rules))
    return LakeSeen(days_of(read.ledgers, _torn(publisher, read.ledgers)), read.damaged)


def _torn(publisher: Publisher, ledgers: Iterable[Ledger]) -> set[Unit]:
    return {unit for ledger in ledgers for unit in publishing(ledger) if publisher.torn(ledger.entry(unit))}


@dataclass(frozen=True)
class Planned:
    """A plan, the tables to be made before it (names of hotsql.TABLES), and what the warehouse holds."""

    plan: HotPlan
    tables: tuple[str, ...]
    loads: dict[Day, Load]


def lacking(sql: HotSql, seen: WarehouseSeen, *, create: bool) -> tuple[str, ...]:
    """The names of the tables to be made. Raises ConfigError for tables that are others, or may not be made."""
    wanted = {sql.table(name): sql.columns(name) for name in TABLES}
    if problems := drift(wanted, seen.columns):
        hint = "Alter the table, or rename it and run 'clickctl load-hot --create-tables'; docs/runbook.md tells how."
        raise ConfigError(f"The warehouse's tables are not as they should be: {'. '.join(problems)}.", hint=hint)
    names = missing(wanted, seen.columns)
    if names and not create:
        raise ConfigError(f"The warehouse has no table {', '.join(names)}.", hint="clickctl load-hot --create-tables")
    return tuple(name for name in TABLES if sql.table(name) in names)


@dataclass(frozen=True)
class Loader:
    """Makes plans for a window that begins with `first`, and executes them.

    `clock` gives the present moment, UTC without a zone; `load_id` names this run of the command.
    """

    publisher: Publisher
    warehouse: Warehouse
    sql: HotSql
    rules: QualityRules
    first: Day
    clock: Callable[[], datetime]
    load_id: str

    def plan(self, *, only: Collection[Day] = (), full: bool = False, create: bool = False) -> Planned:
        """Raises ConfigError where tables are missing and not to be made, or are others. Changes nothing."""
        seen = self.warehouse.observe()
        tables = lacking(self.sql, seen, create=create)
        if self.sql.forgetting(tables):
            seen = seen.forgotten()
        return Planned(self._planned(seen, only, full), tables, seen.loads)

    def _planned(self, seen: WarehouseSeen, only: Collection[Day], full: bool = False) -> HotPlan:
        lake = observe_lake(self.publisher, self.first, self.rules)
        today = Day(self.clock().date())
        return plan_hot(self.first, today, lake.days, seen.loads, only=only, full=full, unread=lake.unread)

    def execute(self, plan: HotPlan, on_done: Callable[[DayDone], None]) -> dict[Day, DayDone]:
        """Each day in a transaction of its own, the newest first, those to be given up last.

        A failure is its day's own; where another load is at work, or the settings are wrong, the rest is left.
        """
        if plan.to_do:
            self.warehouse.ready()
        done: dict[Day, DayDone] = {}
        order = sorted(plan.to_do, key=lambda item: (item.verdict != EXPIRE, item.day), reverse=True)
        for item in order:
            began = time.monotonic()
            try:
                load, error = self._brought(item), None
            except ClickctlError as failure:
                load, error = None, failure
            except KeyboardInterrupt as stop:
                stop.add_note(f"{len(done)} of {len(order)} days were done before.")
                raise
            done[item.day] = DayDone(item, load, time.monotonic() - began, error)
            on_done(done[item.day])
            if isinstance(error, (Locked, ConfigError)):
                break
        return done

    def _brought(self, item: DayPlan) -> Load | None:
        """What the warehouse has of the day then. What moved meanwhile is planned again."""
        for _ in range(_TRIES):
            try:
                if item.verdict == EXPIRE:
                    self.warehouse.expire(item, remember=item.day < self.first)
                    place = f"{self.publisher.roots.processed}/{loads_prefix(item.day)}"
                    self._clear(info.location for info in self.publisher.lake.list(place))
                    return None
                if item.changes:
                    return self._load(item)
                return item.loaded
            except Moved as moved:
                reason = str(moved)
                planned = self._planned(self.warehouse.observe(), [item.day]).days
                if not planned:  # given up by another load
                    return None
                item = planned[0]
                if item.verdict == HELD:
                    break
        raise CommitConflict(f"{item.day}: {reason}.", hint="clickctl load-hot")

    def _load(self, item: DayPlan) -> Load:
        try:
            self._preflight(item.lake.files)
            with self._fitted(item.lake.files, item.lake.wide) as (files, cut):
                name = f"{self.load_id}-{item.day.compact}"
                order = LoadOrder(item, files[FACTS], files[USERS], cut, name, self.clock())
                return self.warehouse.load(order, lambda: self._still(item.lake))
        except (Locked, ConfigError):
            raise
        except ClickctlError:
            self._still(item.lake)  # files that a run has replaced meanwhile fail in many ways
            raise

    def _preflight(self, files: Sequence[OutputFile]) -> None:
        """Every footer, before a transaction is opened. Raises RunFailed."""
        with ThreadPoolExecutor(_AT_ONCE, "footer") as pool:
            problems = [found for found in pool.map(self._problem, files) if found]
        if problems:
            file, text = problems[0]
            more = f" ({len(problems) - 1} more files are not right)" if len(problems) > 1 else ""
            raise RunFailed(
                f"{file.key} cannot be loaded: {text}{more}.",
                hint=f"clickctl run-partition {owner_of(file.key)} --force",
            )

    def _problem(self, file: OutputFile) -> tuple[OutputFile, str] | None:
        from clickctl.transform.footers import footer_problem

        location = self._location(file)
        text = footer_problem(lambda count: self.publisher.lake.tail(location, count), file.table, file)
        return (file, text) if text else None

    def _location(self, file: OutputFile) -> str:
        return f"{self.publisher.roots.processed}/{file.key}"

    @contextmanager
    def _fitted(
        self, files: Iterable[OutputFile], wide: Collection[str]
    ) -> Iterator[tuple[dict[str, tuple[CopyFile, ...]], int]]:
        """What is to be copied of each table: the files, or copies of those with texts that no VARCHAR can hold."""
        found: dict[str, list[CopyFile]] = {FACTS: [], USERS: []}
        copies: list[str] = []
        cut = 0
        try:
            for file in files:
                source = CopyFile(self._location(file), file.size, file.rows)
                if file.key in wide and (fitted := self._fit(file)):
                    source, changed = fitted
                    cut += changed
                    copies.append(source.location)
                found[file.table].append(source)
            yield {table: tuple(files) for table, files in found.items()}, cut
        finally:
            self._clear(copies)

    def _clear(self, locations: Iterable[str]) -> None:
        """What cannot be deleted is left to lie: the warehouse is right all the same."""
        with suppress(ClickctlError):
            self.publisher.lake.delete(locations)

    def _fit(self, file: OutputFile) -> tuple[CopyFile, int] | None:
        from clickctl.transform.fitting import fit

        with tempfile.TemporaryDirectory(prefix="clickctl-") as folder:
            target = Path(folder, "fitted.parquet")
            with self.publisher.lake.open(self._location(file)) as source:
                changed = fit(source, target, file.table)
            if not changed:
                return None
            # Of this run alone: another load may be copying its own just now.
            name = f"{self.load_id}-{file.table}-{file.key.rpartition('/')[2]}"
            place = f"{self.publisher.roots.processed}/{loads_prefix(file.day)}{name}"
            self.publisher.lake.upload(target, place)
            return CopyFile(place, target.stat().st_size, file.rows), changed

    def _still(self, lake: DayFiles) -> None:
        """Raise Moved unless every file is as it was when it was planned: then it was so while it was copied."""
        arrivals = {owner.day for file in lake.files if (owner := owner_of(file.key))}
        with ThreadPoolExecutor(_AT_ONCE, "ledger") as pool:
            ledgers = list(pool.map(self.publisher.ledger, sorted(arrivals)))
        now = days_of(ledgers, ()).get(lake.day, DayFiles(lake.day))
        if now.fingerprint != lake.fingerprint or now.held:
            raise Moved(now.held or "its files were replaced while they were read")

    def rebuild_users(self) -> int:
        """Learn from all earlier days of the lake when users were first seen; how many users the warehouse has."""
        read = read_ledgers(self.publisher)
        if read.damaged:
            raise RunFailed(f"The users were not rebuilt: {next(iter(read.damaged.values()))}", hint="clickctl status")
        days = [files for day, files in sorted(days_of(read.ledgers, ()).items()) if day < self.first]
        files = [file for day in days for file in day.of(USERS)]
        self.warehouse.ready()
        self._preflight(files)
        with self._fitted(files, frozenset[str]().union(*(day.wide for day in days))) as (fitted, _):
            return self.warehouse.rebuild_users(fitted[USERS])
