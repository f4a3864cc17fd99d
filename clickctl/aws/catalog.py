"""The tables in the Glue Data Catalog, and Athena's view of the users."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TypeVar

from clickctl.aws.glue_calls import GET_BATCH, SEGMENTS, WRITE_BATCH, GlueCalls, Plain
from clickctl.aws.glue_tables import (
    changed_table_input,
    new_table_input,
    noted_view_input,
    partition_input,
    seen_table,
    seen_view,
    storage_of,
)
from clickctl.domain.errors import EXIT_SERVICE, ClickctlError
from clickctl.domain.hours import Day
from clickctl.domain.layout import FACTS, USERS
from clickctl.plan.catalog import (
    CREATE_TABLES,
    Applied,
    CatalogSeen,
    CatalogWanted,
    Change,
    DaysWithRows,
    ViewWanted,
    wanted_tables,
)
from clickctl.plan.tables import TableWanted, repaired, values_of
from clickctl.ports import Query
from clickctl.roots import AwsSettings
from clickctl.settings import CatalogSettings
from clickctl.sqlfiles import statement

_AT_ONCE = 10

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class GlueCatalog:
    """`processed` is the root the tables lie under; `query` gives what makes the view, when there is one to make."""

    aws: AwsSettings
    names: CatalogSettings
    processed: str
    query: Callable[[], Query]

    @property
    def calls(self) -> GlueCalls:
        return GlueCalls(self.aws, self.names.database)

    def wanted(self, rows: DaysWithRows, present_year: int) -> CatalogWanted:
        names = {FACTS: self.names.facts, USERS: self.names.users}
        tables = wanted_tables(names, self.processed, rows, present_year)
        return CatalogWanted(self.names.database, tables, (self._view(),), rows.complete)

    def _view(self) -> ViewWanted:
        return ViewWanted(self.names.users_view, statement("users", users=self.names.users), CREATE_TABLES)

    def observe(self, days: Collection[Day] | None) -> CatalogSeen:
        names = (self.names.facts, self.names.users)
        *tables, view = _side_by_side(self.calls.table, [*names, self.names.users_view])
        found = {name: seen_table(plain) for name, plain in zip(names, tables, strict=True) if plain}
        parts: list[int | list[Day]] = [*range(SEGMENTS)] if days is None else [*_chunks(sorted(days), GET_BATCH)]
        asked = [(name, part) for name, table in found.items() if table.keys for part in parts]
        for (name, _), partitions in zip(asked, _side_by_side(self._partitions, asked), strict=True):
            found[name].partitions.update({tuple(plain["Values"]): storage_of(plain) for plain in partitions})
        ours = self._view()
        views = {ours.name: seen_view(view, ours.sql)} if view else {}
        return CatalogSeen(bool(found or views) or self.calls.has_database(), found, views)

    def _partitions(self, asked: tuple[str, int | list[Day]]) -> list[Plain]:
        name, part = asked
        return self.calls.segment(name, part) if isinstance(part, int) else self.calls.registered(name, part)

    def apply(self, wanted: CatalogWanted, changes: Sequence[Change]) -> Sequence[Applied]:
        """Database and tables first, then partitions in batches side by side, views last."""
        tables = {table.name: table for table in wanted.tables}
        views = {view.name: view for view in wanted.views}
        done: dict[Change, Applied] = {}
        for change in changes:
            if change.kind in ("database", "table"):
                make = self._table_maker(change, tables.get(change.name))
                done[change] = _unmade(change, done) or _attempt(change, make)
        partitions = [change for change in changes if change.kind == "partition"]
        done |= {change: unmade for change in partitions if (unmade := _unmade(change, done))}
        batches = _batches([change for change in partitions if change not in done])
        for applied in _side_by_side(lambda batch: self._write(tables[batch[0].name], batch), batches):
            done |= {one.change: one for one in applied}
        for change in changes:
            if change.kind == "view":
                done[change] = _unmade(change, done) or _attempt(change, partial(self._make_view, views[change.name]))
        return [done[change] for change in changes]

    def _table_maker(self, change: Change, table: TableWanted | None) -> Callable[[], None]:
        if table is None:
            return self.calls.create_database

        def repair(present: Plain) -> Plain | None:
            before = seen_table(present)
            after = repaired(table, before)
            return None if after == before else changed_table_input(present, after, self.calls.table_fields)

        def make() -> None:
            if change.action == "create":
                self.calls.create_table(new_table_input(table))
            self.calls.change_table(table.name, repair)  # of one just made by others too

        return make

    def _make_view(self, view: ViewWanted) -> None:
        self.query().run(f'CREATE OR REPLACE VIEW "{view.name}" AS\n{view.sql}')
        fields = self.calls.table_fields
        self.calls.change_table(view.name, lambda present: noted_view_input(present, view.sql, fields))

    def _write(self, table: TableWanted, batch: Sequence[Change]) -> list[Applied]:
        """One call; what fails as a whole fails for each of the batch, and for no other."""
        days = [change.day for change in batch if change.day]
        try:
            there = self.calls.registered(table.name, days) if batch[0].action == "update" else []
            before = {tuple(plain["Values"]): plain for plain in there}
            inputs = [partition_input(table, day, before.get(values_of(day), {})) for day in days]
            failed = self.calls.write(table.name, batch[0].action, inputs)
        except ClickctlError as error:
            return [_failed(change, error) for change in batch]
        reasons = [failed.get(values_of(day)) or failed.get((), "") for day in days]
        return [
            Applied(change, reason, EXIT_SERVICE if reason else 0)
            for change, reason in zip(batch, reasons, strict=True)
        ]


def _attempt(change: Change, make: Callable[[], None]) -> Applied:
    try:
        make()
    except ClickctlError as error:
        return _failed(change, error)
    return Applied(change)


def _failed(change: Change, error: ClickctlError) -> Applied:
    """What is reported has no room of its own for what to do."""
    return Applied(change, f"{error.message} {error.hint}".strip(), error.exit_code)


def _unmade(change: Change, done: dict[Change, Applied]) -> Applied | None:
    """Not tried, because what it needs could not be made."""
    for before in done.values():
        needed = before.change.kind == "database" or before.change.name == change.name or change.kind == "view"
        if before.error and needed and before.change.needs == CREATE_TABLES:
            text = f"not tried: the {before.change.kind} {before.change.name} could not be made"
            return Applied(change, text, before.exit_code)
    return None


def _batches(changes: Iterable[Change]) -> list[list[Change]]:
    def kind(change: Change) -> tuple[str, str]:
        return change.name, change.action

    groups = (list(group) for _, group in groupby(sorted(changes, key=kind), key=kind))
    return [batch for group in groups for batch in _chunks(group, WRITE_BATCH[group[0].action])]


def _chunks(items: Sequence[A], size: int) -> list[list[A]]:
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def _side_by_side(call: Callable[[A], B], items: Sequence[A]) -> list[B]:
    """In order. After an error, or Ctrl-C, what has not begun is not begun."""
    pool = ThreadPoolExecutor(_AT_ONCE, "catalog")
    try:
        return list(pool.map(call, items))
    finally:
        pool.shutdown(cancel_futures=True)
