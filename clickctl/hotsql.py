"""What a load does to the hot tables, statement by statement: the same for Redshift and DuckDB.

The statements are files of sql/hot. Whoever calls has begun a transaction, holds the lock, and commits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any, Protocol

from clickctl.domain.errors import RunFailed
from clickctl.domain.hours import Day
from clickctl.domain.layout import loads_prefix
from clickctl.plan.hot import DayPlan, Load
from clickctl.sqlfiles import statement
from clickctl.warehouse import CopyFile, LoadOrder, Moved, RebuildOrder, WarehouseSeen

TABLES = ("facts", "users", "user_days", "first_seen", "loads", "lock")
"""Those that `create_<name>.sql` makes."""

_COLUMN = re.compile(r"^  (\w+) ([A-Z]+(?:\(\d+\))?)", re.MULTILINE)
_HOLDING = frozenset({"facts", "users", "user_days"})
"""Tables with rows of the days that `loads` tells of."""


class Session(Protocol):
    """A connection within its transaction. Parameters stand for the `?` of a statement."""

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Sequence[Any]]: ...

    def copy(self, stage: str, name: str, files: Sequence[CopyFile]) -> None:
        """Append the rows of these files, by position, to a staging table.

        `name`, relative to the processed root, begins the keys of what is put there for that.
        """
        ...


@dataclass(frozen=True)
class HotSql:
    """The statements with these names in them."""

    schema: str
    facts: str
    users: str

    def text(self, name: str, **names: str) -> str:
        return statement(f"hot/{name}", schema=self.schema, facts=self.facts, users=self.users, **names)

    def table(self, name: str) -> str:
        """The name of one of TABLES in the warehouse."""
        return {"facts": self.facts, "users": self.users}.get(name, f"clickctl_{name}")

    def columns(self, name: str) -> tuple[tuple[str, str], ...]:
        """The names and types that one of TABLES has when it is made."""
        return tuple(_COLUMN.findall(self.text(f"create_{name}")))

    def lacking(self, columns: Mapping[str, object]) -> tuple[str, ...]:
        """Those of TABLES that are not among the tables of the warehouse."""
        return tuple(name for name in TABLES if self.table(name) not in columns)

    @staticmethod
    def forgetting(tables: Collection[str]) -> bool:
        """Whether the bookkeeping tells of rows that are gone, once these tables are made."""
        return "loads" not in tables and not _HOLDING.isdisjoint(tables)

    def seen(self, session: Session, columns_sql: str) -> WarehouseSeen:
        """What is there, by a statement that gives table, column and type."""
        columns: dict[str, list[tuple[str, str]]] = {}
        for table, column, kind in session.run(columns_sql, (self.schema,)):
            columns.setdefault(table, []).append((column, kind))
        loads = session.run(self.text("loads")) if self.table("loads") in columns else ()
        found = {table: tuple(of_table) for table, of_table in columns.items()}
        return WarehouseSeen(found, {load.day: load for load in map(_load, loads)})

    def create(self, session: Session, there: WarehouseSeen) -> None:
        """Make what is missing. Days whose rows were in a table that was dropped are to be loaded again.

        Where the bookkeeping itself was, rows of days that it would never tell of must not stay.
        """
        tables = self.lacking(there.columns)
        for name in tables:
            session.run(self.text(f"create_{name}"))
        if self.forgetting(tables):
            session.run(self.text("forget_loads"))
        lost = _HOLDING if "loads" in tables else {"users"} if "user_days" in tables else set()
        for name in sorted(lost.difference(tables)):
            session.run(self.text(f"forget_{name}"))

    def load(self, session: Session, order: LoadOrder, still: Callable[[], None]) -> Load:
        """Replace the rows of a day. Raises Moved, or RunFailed where the files are not as the ledger says."""
        plan = order.plan
        self._unmoved(session, plan)
        self._stage(session, "facts", _place(order), order.facts)
        load = self._measured(session, order)
        day = _span(plan.day)
        session.run(self.text("delete_facts"), day)
        session.run(self.text("insert_facts"))
        _same("rows in the table", int(session.run(self.text("count_facts"), day)[0][0]), load.facts, plan.day)
        load = self._load_users(session, order, load)
        session.run(self.text("delete_load"), (plan.day.date,))
        session.run(self.text("insert_load"), _values(load))
        self._unstage(session, "stage_facts", "stage_users", "touched")
        still()
        return load

    def expire(self, session: Session, plan: DayPlan, *, remember: bool) -> None:
        """Give up the rows of a day."""
        self._unmoved(session, plan)
        day = (plan.day.date,)
        session.run(self.text("stage_touched"))
        session.run(self.text("touch_day"), day)
        if remember:
            session.run(self.text("stage_earlier"))
            session.run(self.text("gather_earlier"), day)
            session.run(self.text("delete_earlier"))
            session.run(self.text("insert_earlier"))
            self._unstage(session, "earlier")
        session.run(self.text("delete_facts"), _span(plan.day))
        session.run(self.text("delete_user_days"), day)
        self._reduce(session)
        session.run(self.text("delete_load"), day)
        self._unstage(session, "touched")

    def rebuild(self, session: Session, order: RebuildOrder, still: Callable[[], None]) -> int:
        """Reduce all users anew, and learn when they were first seen from the files of days that are not loaded."""
        if {_load(row).day for row in session.run(self.text("loads"))} != order.held:
            raise Moved("another load has changed which days there are")
        self._stage(session, "users", f"_loads/users/{order.load_id}", order.files)
        _same("rows copied", int(session.run(self.text("measure_users"))[0][0]), sum(f.rows for f in order.files))
        session.run(self.text("delete_first_seen"))
        session.run(self.text("insert_first_seen"))
        session.run(self.text("stage_touched"))
        session.run(self.text("touch_all"))
        self._reduce(session)
        self._unstage(session, "stage_users", "touched")
        users = int(session.run(self.text("count_users"))[0][0])
        still()
        return users

    def load_of(self, session: Session, day: Day) -> Load | None:
        rows = session.run(self.text("load_of"), (day.date,))
        return _load(rows[0]) if rows else None

    def _unmoved(self, session: Session, plan: DayPlan) -> None:
        now = self.load_of(session, plan.day)
        if (now and now.load_id) != (plan.loaded and plan.loaded.load_id):
            raise Moved("another load has changed it meanwhile")

    def _stage(self, session: Session, table: str, name: str, files: Sequence[CopyFile]) -> None:
        session.run(self.text(f"stage_{table}"))
        if files:
            session.copy(f"stage_{table}", name, files)

    def _measured(self, session: Session, order: LoadOrder) -> Load:
        """The bookkeeping row, from what was copied; refused unless it is what the ledger says, of this day."""
        day, lake = order.plan.day, order.plan.lake
        rows, distinct, oldest, newest, cut = session.run(self.text("measure"))[0]
        _same("rows copied", int(rows), sum(file.rows for file in order.facts), day)
        begin, end = _span(day)
        if not rows or not begin <= oldest <= newest < end:
            text = f"the files of {day} hold events of other days: {oldest} to {newest}."
            raise RunFailed(text[0].upper() + text[1:], hint=f"clickctl run-partition {day}")
        return Load(day, lake.fingerprint, len(lake.files), lake.bytes, int(distinct), int(rows) - int(distinct),
                    order.cut + int(cut), newest, order.load_id, order.at)  # fmt: skip

    def _load_users(self, session: Session, order: LoadOrder, load: Load) -> Load:
        day = (order.plan.day.date,)
        self._stage(session, "users", _place(order), order.users)
        rows, cut = session.run(self.text("measure_users"))[0]
        _same("users copied", int(rows), sum(file.rows for file in order.users), order.plan.day)
        session.run(self.text("stage_touched"))
        session.run(self.text("touch_day"), day)
        session.run(self.text("delete_user_days"), day)
        session.run(self.text("insert_user_days"), day)
        session.run(self.text("touch_day"), day)
        self._reduce(session)
        return replace(load, cut=load.cut + int(cut))

    def _reduce(self, session: Session) -> None:
        """The rows of the users touched, from all hot days."""
        session.run(self.text("delete_users"))
        session.run(self.text("insert_users"))

    def _unstage(self, session: Session, *names: str) -> None:
        for name in names:
            session.run(f"DROP TABLE {name}")


def _place(order: LoadOrder) -> str:
    return f"{loads_prefix(order.plan.day)}{order.load_id}"


def _load(row: Sequence[Any]) -> Load:
    day, fingerprint, files, size, facts, duplicates, cut, newest, load_id, at = row
    counts = (int(files), int(size), int(facts), int(duplicates), int(cut))
    return Load(Day(day), fingerprint, *counts, newest, load_id, at)


def _values(load: Load) -> tuple[Any, ...]:
    return (load.day.date, load.fingerprint, load.files, load.bytes, load.facts, load.duplicates, load.cut,
            load.newest_event, load.load_id, load.loaded_at)  # fmt: skip


def _span(day: Day) -> tuple[datetime, datetime]:
    """The first instant of a day and that of the next."""
    begin = datetime.combine(day.date, time())
    return begin, begin + timedelta(days=1)


def _same(what: str, found: int, wanted: int, day: Day | None = None) -> None:
    if found != wanted:
        of = f" of {day}" if day else ""
        raise RunFailed(
            f"{what[0].upper()}{what[1:]}{of}: {found:,}, where {wanted:,} were to be.",
            hint="Nothing was changed in the warehouse. Compare the files with the ledger: clickctl status",
        )
