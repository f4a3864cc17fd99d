"""A lake in moto's S3 and the stand-in for Redshift beside it; one loader after the other does the same steps."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.account import Aws, Spent, account
from clickctl.domain.hours import Day, Hour
from clickctl.domain.rules import QualityRules
from clickctl.execute import UnitRunner
from clickctl.local.engine import LocalEngine
from clickctl.roots import AwsSettings
from clickctl.wiring import publisher_for

if TYPE_CHECKING:  # the tests are not written for mypy's strict mode
    Standin = Any
    fill_hours: Any

    def redshift_settings(standin: Standin) -> dict[str, Any]: ...
else:
    from tests.backends.hot import redshift_settings
    from tests.backends.wide_lake import fill_hours
    from tests.redshift.server import Standin

DAYS = 14
RULES = QualityRules(actions=("*",))


@dataclass(frozen=True)
class Step:
    """What a loader did, and how its table then differs from the lake: rows it has too many, and rows it lacks.

    `asked` are the S3 calls: their names and what they are about.
    """

    spent: Spent
    statements: int
    copies: int
    copied_bytes: int
    too_many: int
    missing: int
    asked: tuple[str, ...]


@dataclass(frozen=True)
class Site:
    """`rows` are the events of each hour; the hot days end with today."""

    aws: Aws
    standin: Standin
    rows: int
    today: Day

    @property
    def days(self) -> list[Day]:
        return [self.today.plus(n) for n in range(1 - DAYS, 1)]

    @property
    def changing(self) -> Day:
        return self.today.plus(-3)

    @property
    def redshift(self) -> dict[str, Any]:
        return redshift_settings(self.standin)

    def renew(self) -> None:
        """The lake and the warehouse as they are before the first step."""
        self.standin.reset()
        lake = self._publisher.lake
        lake.delete(self.aws.list(self.aws.lake.processed))
        fill_hours(lake, self.aws.lake.processed, self.days, self.rows)

    def rerun_hour(self) -> None:
        """One hour of `changing` is delivered again: a third of its events is gone, a third corrected."""
        hour = self.changing.hours[13]
        self.aws.put_raw(str(hour), [_event(hour, n) for n in range(self.rows) if n % 3])
        with tempfile.TemporaryDirectory() as scratch:
            engine = LocalEngine(self._publisher, 1, scratch)
            UnitRunner(self._publisher, RULES, 128 << 20).run(hour, engine)

    def step(self, work: Callable[[], Spent]) -> Step:
        statements, copies = len(self.standin.statements), len(self.standin.copies)
        with self.aws.counting() as calls:
            spent = work()
        done = self.standin.copies[copies:]
        asked = tuple(f"{call.name} {call.request.path}?{call.request.query}" for call in calls)
        there = Counter(row[0] for row in self.standin.query("SELECT click_id FROM fact_clicks"))
        wanted = self._click_ids()
        too_many = sum(count - (click in wanted) for click, count in there.items())
        sent = len(self.standin.statements) - statements
        read = sum(copy.bytes for copy in done)
        return Step(spent, sent, len(done), read, too_many, len(wanted - set(there)), asked)

    @property
    def _publisher(self) -> Any:
        return publisher_for(self.aws.lake, AwsSettings())

    def _click_ids(self) -> set[str]:
        import pyarrow.parquet as pq

        names = [name for name in self.aws.list(f"{self.aws.lake.processed}/fact_clicks") if name.endswith(".parquet")]
        found: set[str] = set()
        for name in names:
            found.update(pq.read_table(io.BytesIO(self.aws.read(name)), columns=["click_id"])["click_id"].to_pylist())
        return found


def _event(hour: Hour, n: int) -> dict[str, Any]:
    """As fill_hours has it; every third has another page."""
    at = hour.start + timedelta(seconds=n)
    page = f"/{hour}/{n}" + ("/corrected" if n % 3 == 2 else "")
    return {"event_time": at.isoformat(), "user_id": f"{hour}-{n}", "page_url": page}


@contextmanager
def site(rows: int, latency: float) -> Iterator[Site]:
    with account(latency) as aws, Standin() as standin:
        login = {name: getattr(standin, name) for name in ("host", "port", "database", "user", "password")}
        os.environ["STANDIN"] = json.dumps({**login, "ssl": False})
        os.environ["CLICKCTL_REDSHIFT_PASSWORD"] = standin.password
        yield Site(aws, standin, rows, Day(datetime.now(UTC).date()))
