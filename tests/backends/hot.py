"""A small lake and a warehouse beside it, and what the one should hold given the other."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clickctl.domain.hours import Day, unit_from_name
from clickctl.domain.layout import FACTS, USERS
from clickctl.domain.rules import QualityRules
from clickctl.hotsql import HotSql
from clickctl.loading import Loader
from clickctl.plan.hot_report import DayDone, HotReport, hot_report
from clickctl.warehouse import Warehouse
from tests.backends.small_lake import SmallLake

if TYPE_CHECKING:
    import pytest

    from tests.redshift.server import Standin

Rows = list[tuple[Any, ...]]
HOT_SQL = HotSql("public", "fact_clicks", "dim_users")

_FACT_COLUMNS = ("click_id", "event_time", "user_id", "session_id", "action", "page_url", "attrs")
_USER_COLUMNS = ("user_id", "first_seen", "last_seen", "user_agent", "ip")


@dataclass(frozen=True)
class Hot:
    """`warehouse` makes a new one, as another process would have; `ask` is a reader of its own."""

    small: SmallLake
    warehouse: Callable[..., Warehouse]
    sql: HotSql
    ask: Callable[[str], Rows]
    today: str = "2026-01-07"
    hot_days: int = 7

    def on(self, today: str) -> Hot:
        return replace(self, today=today)

    @property
    def first(self) -> Day:
        return unit_from_name(self.today).day.plus(1 - self.hot_days)

    def loader(self, warehouse: Warehouse, load_id: str) -> Loader:
        noon = datetime.fromisoformat(f"{self.today}T12:00:00")
        return Loader(self.small.publisher, warehouse, self.sql, QualityRules(), self.first, lambda: noon, load_id)

    def load(
        self, *, only: Iterable[str] = (), full: bool = False, rebuild: bool = False, create: bool = True,
        load_id: str = "load", warehouse: Warehouse | None = None,
    ) -> HotReport:  # fmt: skip
        """As the command does it."""
        warehouse = warehouse or self.warehouse()
        loader = self.loader(warehouse, load_id)
        try:
            planned = loader.plan(only=[unit_from_name(day).day for day in only], full=full, create=create)
            if planned.tables:
                warehouse.create()
            done: dict[Day, DayDone] = loader.execute(planned.plan, lambda day: None)
            users = loader.rebuild_users() if rebuild else None
            loads, now = warehouse.observe().loads, loader.clock().replace(tzinfo=UTC)
            return hot_report(warehouse.name, planned.plan, self.hot_days, done, loads, now,
                              rebuild=rebuild, users=users)  # fmt: skip
        finally:
            warehouse.close()

    def verdicts(self, report: HotReport) -> dict[str, tuple[str, str]]:
        """Verdict and outcome of each day that is not empty."""
        return {str(day.day): (day.verdict, day.outcome) for day in report.days if day.verdict != "empty"}

    def facts(self) -> Rows:
        """Every row of the table, attrs as Python has it."""
        table = f'"{self.sql.schema}"."{self.sql.facts}"'
        rows = self.ask(f"SELECT {', '.join(_FACT_COLUMNS)} FROM {table}")
        return sorted((*row[:-1], _parsed(row[-1])) for row in rows)

    def users(self) -> Rows:
        return sorted(self.ask(f'SELECT {", ".join(_USER_COLUMNS)} FROM "{self.sql.schema}"."{self.sql.users}"'))

    def pages(self) -> list[str]:
        return sorted(row[5] for row in self.facts())

    def loads(self) -> Rows:
        return sorted(self.ask(self.sql.text("loads")))

    def lake_facts(self) -> Rows:
        """Every event of the window, once."""
        found = {row[0]: (*row[:-1], _parsed(row[-1])) for row in self._rows(FACTS, _FACT_COLUMNS)}
        return sorted(found.values())

    def lake_users(self, first_seen: dict[str, datetime] | None = None) -> Rows:
        """One row per user of the window; `first_seen` is what is known of earlier days."""
        found: dict[str, Rows] = {}
        for row in self._rows(USERS, _USER_COLUMNS):
            found.setdefault(row[0], []).append(row)
        return sorted(_reduced(user, rows, (first_seen or {}).get(user)) for user, rows in found.items())

    def check(self) -> None:
        """The warehouse holds the window as the lake does."""
        assert self.facts() == self.lake_facts()
        assert self.users() == self.lake_users()

    def _rows(self, table: str, columns: tuple[str, ...]) -> Rows:
        keys = [key for key in self.small.files() if key.startswith(f"{table}/") and _day_of(key) >= self.first]
        plain = [row for key in keys for row in self.small.rows(key).select(list(columns)).to_pylist()]
        return [tuple(_naive(row[name]) for name in columns) for row in plain]


H13, H14 = "2026-01-05T13", "2026-01-05T14"


def changed_since(hot: Hot) -> Hot:
    """A day that is loaded, and whose files have changed since."""
    hot.small.put(H13, "/a", "/b", "/b")
    hot.small.put(H14, "/c", "/b@2026-01-04")
    hot.small.run(H13), hot.small.run(H14)
    hot.load(load_id="before")
    hot.small.put(H13, "/new")
    hot.small.run(H13)
    return hot


def _reduced(user: str, rows: Rows, earlier: datetime | None) -> tuple[Any, ...]:
    first = min([*(row[1] for row in rows), *([earlier] if earlier else [])])
    agents = [(row[2], row[3]) for row in rows if row[3] is not None]
    addresses = [(row[2], row[4]) for row in rows if row[4] is not None]
    last = [max(found)[1] if found else None for found in (agents, addresses)]
    return (user, first, max(row[2] for row in rows), *last)


def _parsed(attrs: Any) -> str:
    """JSON in one spelling, and a text for null, so that rows can be sorted."""
    return json.dumps(json.loads(attrs) if isinstance(attrs, str) else attrs, sort_keys=True)


def _naive(value: Any) -> Any:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value


def _day_of(key: str) -> Day:
    year, month, day = (part.partition("=")[2] for part in key.split("/")[1:4])
    return unit_from_name(f"{year}-{month}-{day}").day


def redshift_settings(standin: Standin, **changes: Any) -> dict[str, Any]:
    """[redshift] of a configuration that reaches the stand-in."""
    usual = {"host": standin.host, "port": standin.port, "database": standin.database, "user": standin.user,
             "tls": "off", "copy_role": "arn:aws:iam::123456789012:role/copy"}  # fmt: skip
    return {**usual, **changes}


def redshift_beside(small: SmallLake, standin: Standin, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Hot:
    """The stand-in for Redshift, and a lake in S3. Pauses last until the server is up, which it mostly is."""
    from clickctl.config import REDSHIFT_PASSWORD

    monkeypatch.setenv(REDSHIFT_PASSWORD, standin.password)
    warehouse = redshift_warehouse(small, redshift_settings(standin, **changes), lambda seconds: _up(standin))
    return Hot(small, warehouse, HOT_SQL, standin.query)


def redshift_warehouse(
    small: SmallLake, settings: dict[str, Any], pause: Callable[[float], None]
) -> Callable[..., Warehouse]:
    """What makes warehouses with these settings."""
    from clickctl.aws.warehouse import RedshiftWarehouse
    from clickctl.config import Config
    from clickctl.settings import RedshiftSettings

    config = Config(small.roots, "aws", redshift=RedshiftSettings(**settings))
    return lambda waiting=None: RedshiftWarehouse(config, HOT_SQL, small.lake, waiting, pause)


def _up(standin: Standin) -> None:
    """After a restart, the server recovers first."""
    import redshift_connector

    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(redshift_connector.Error):
            standin.query("SELECT 1")
            return
    raise AssertionError("the stand-in does not come back")
