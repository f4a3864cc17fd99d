"""clickctl load-hot as people run it: S3 as moto has it, and the stand-in for Redshift over the real driver."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from clickctl.config import REDSHIFT_PASSWORD, Config
from clickctl.domain.errors import ConfigError
from clickctl.domain.hours import Day, Unit, unit_from_name
from clickctl.domain.rules import QualityRules
from clickctl.execute import UnitRunner
from clickctl.local.engine import LocalEngine
from clickctl.roots import AwsSettings
from clickctl.settings import RedshiftSettings
from clickctl.wiring import publisher_for, warehouse_for
from tests.aws.harness.account import Aws
from tests.aws.test_glue_engine import create_tables
from tests.backends.hot import redshift_settings
from tests.backends.wide_lake import fill_hours
from tests.conftest import REPO, Ran, Shell, event

pytest.importorskip("redshift_connector")

if TYPE_CHECKING:
    from tests.redshift.server import Standin

TODAY = datetime.now(UTC).date()
YESTERDAY = str(TODAY - timedelta(days=1))
HOUR = f"{YESTERDAY}T13"


@dataclass(frozen=True)
class Site:
    """A lake in S3 and a warehouse. `load` is the command."""

    aws: Aws
    standin: Standin
    scratch: str

    def put(self, hour: str, *pages: str, **fields: Any) -> None:
        """Events of an hour, run at once."""
        self.aws.put_raw(hour, [event(f"{hour}:00:00Z", f"user of {page}", page_url=page, **fields) for page in pages])
        self.run(unit_from_name(hour))

    def run(self, unit: Unit) -> None:
        publisher = publisher_for(self.aws.lake, AwsSettings())
        UnitRunner(publisher, QualityRules(), 128 << 20).run(unit, LocalEngine(publisher, 1, self.scratch))

    def shell(self, **changes: Any) -> Shell:
        return self.aws.shell(redshift=redshift_settings(self.standin, **changes))

    def load(self, *words: str, code: int = 0, **changes: Any) -> Ran:
        return self.shell(**changes)("load-hot", *words, code=code)

    def pages(self, table: str = "fact_clicks") -> list[str]:
        return sorted(row[0] for row in self.standin.query(f"SELECT page_url FROM {table}"))


@pytest.fixture
def site(aws: Aws, standin: Standin, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Site:
    monkeypatch.setenv(REDSHIFT_PASSWORD, standin.password)
    return Site(aws, standin, str(tmp_path))


def test_a_night_of_loading_ends_with_the_lake_in_the_warehouse(site: Site) -> None:
    site.put(HOUR, "/a", "/b", "/b")
    made = site.load("--create-tables", "--detailed-exitcode", code=10)
    assert made.out.startswith("Redshift 127.0.0.1, dev.public: event-days from ")
    assert f"{YESTERDAY}  load " in made.out
    assert f"{YESTERDAY} loaded: 2 facts of 2 files" in made.err
    assert site.pages() == ["/a", "/b"]
    unchanged = site.load("--detailed-exitcode")
    assert "1 day unchanged" in unchanged.err
    site.put(HOUR, "/c")
    planned = site.load("--dry-run", "--output", "json").json
    assert [(day["verdict"], day["outcome"]) for day in planned["days"] if day["files"]] == [("reload", "planned")]
    events = [json.loads(line) for line in site.load("--log-format", "json").err.splitlines()]
    assert [event["event"] for event in events] == ["day_done", "loaded_hot"]
    assert events[0]["verdict"] == "reload"
    assert site.pages() == ["/c"]


def test_a_commit_of_the_tables_that_was_not_heard_of_costs_nothing(site: Site) -> None:
    site.put(HOUR, "/a")
    site.standin.faults.cut_after("^COMMIT$")
    site.load("--create-tables")
    assert site.pages() == ["/a"]


def test_tables_that_are_there_are_told_where_the_external_schema_is_refused(site: Site) -> None:
    site.standin.faults.refuse("^CREATE EXTERNAL", "42501", "permission denied for database dev")
    refused = site.load("--create-tables", code=3, external_schema="lake")
    assert "The tables are there; the external schema, or the view over it, is as before." in refused.err
    site.load()


@contextmanager
def command(site: Site) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """load-hot, held back until the block has ended; then what it said."""
    held, said = threading.Event(), []
    site.standin.faults.call("^SELECT table_name", lambda statement: held.wait(60))
    env = {**os.environ, "PYTHONPATH": str(REPO), "CLICKCTL_CONFIG": str(site.shell().config)}
    argv = [sys.executable, "-m", "clickctl", "load-hot"]
    with subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        yield process, said
        held.set()
        said.append(process.communicate()[1])


def test_ctrl_c_during_a_commit_waits_for_its_answer(site: Site) -> None:
    site.load("--create-tables")
    site.put(HOUR, "/a")
    with command(site) as (process, said):
        site.standin.faults.call("^COMMIT$", lambda statement: process.send_signal(signal.SIGINT))
    assert process.returncode == 130
    assert f"Interrupted. {YESTERDAY}: committed. Run the same" in said[0]
    assert site.pages() == ["/a"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_during_a_copy_rolls_back_and_says_so(site: Site, number: signal.Signals) -> None:
    site.put(HOUR, "/a")
    site.load("--create-tables")
    site.put(HOUR, "/b")
    with command(site) as (process, said):
        site.standin.faults.mid_copy("^COPY stage_facts", lambda statement: process.send_signal(number))
    assert process.returncode == 130
    assert f"Interrupted. {YESTERDAY}: rolled back. Run the same" in said[0]
    assert site.pages() == ["/a"]
    site.load()
    assert site.pages() == ["/b"]


def test_a_wrong_password_is_a_matter_of_configuration_and_shown_nowhere(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REDSHIFT_PASSWORD, "hunter2-not-the-one")
    refused = site.load("--verbose", code=3)
    assert "password authentication failed" in refused.err
    assert "hunter2" not in refused.err + refused.out


def test_no_password_is_shown_however_a_load_fails(site: Site) -> None:
    site.put(HOUR, "/a")
    site.load("--create-tables")
    site.standin.faults.refuse("^SELECT day", "XX000", "something unheard of")
    site.standin.faults.refuse("^SELECT table_name", "28000", "password authentication failed", nth=2)
    site.standin.faults.cut_before("^SELECT table_name", nth=3)
    for code in (5, 3, 0):
        failed = site.load("--verbose", code=code)
        assert site.standin.password not in failed.err + failed.out


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"copy_role": ""}, "COPY needs a role to read the lake with."),
        ({"host": "", "tls": "verify-full"}, "No warehouse is configured."),
        ({"database": "elsewhere"}, "elsewhere"),
        ({"tls": "verify-full"}, "TLS"),
    ],
)
def test_settings_that_cannot_be_right_are_told_before_anything_is_loaded(
    site: Site, changes: dict[str, Any], told: str
) -> None:
    site.put(HOUR, "/a")
    site.load("--create-tables", "--dry-run")
    refused = site.load("--create-tables", code=3, **changes)
    assert told in refused.err
    assert site.standin.copies == []


def test_a_bucket_in_another_region_than_the_warehouse_is_told(site: Site) -> None:
    settings = RedshiftSettings(cluster="hot", copy_role="default")
    config = Config(site.aws.lake, "aws", aws=AwsSettings(region="eu-west-1"), redshift=settings)
    with pytest.raises(ConfigError, match="is in us-east-1, the warehouse in eu-west-1"):
        warehouse_for(config).ready()


CHANGES: dict[str, Callable[[Any], Any]] = {
    "missing": lambda table: table.drop_columns(["session_id"]),
    "swapped": lambda table: table.select([*table.column_names[:2], "session_id", "user_id", *table.column_names[4:]]),
    "of another type": lambda table: table.set_column(2, "user_id", [list(range(len(table)))]),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_parquet_file_with_a_column_that_is_wrong_is_refused_before_a_transaction(site: Site, how: str) -> None:
    import io

    import pyarrow.parquet as pq

    site.put(HOUR, "/a")
    site.load("--create-tables")
    site.put(HOUR, "/b")
    [place] = [name for name in site.aws.list(f"{site.aws.lake.processed}/fact_clicks/") if name.endswith(".parquet")]
    changed = io.BytesIO()
    pq.write_table(CHANGES[how](pq.read_table(io.BytesIO(site.aws.read(place)))), changed)
    site.aws.put(place, changed.getvalue())
    begun = len(site.standin.statements)
    failed = site.load(code=1)
    assert "cannot be loaded" in failed.err
    assert failed.err.endswith(f"Next: clickctl run-partition {HOUR} --force\n")
    assert "BEGIN" not in site.standin.statements[begun:]
    assert site.pages() == ["/a"]


def test_thirty_days_of_hours_are_loaded_each_in_its_transaction(site: Site) -> None:
    days = [Day(TODAY - timedelta(days=n)) for n in range(30)]
    fill_hours(publisher_for(site.aws.lake, AwsSettings()).lake, site.aws.lake.processed, days)
    report = site.load("--create-tables", "--days", "30", "--output", "json").json
    assert [(day["outcome"], day["files"], day["facts"]) for day in report["days"]] == [("done", 48, 24)] * 30
    commits = [statement for statement in site.standin.statements if statement == "COMMIT"]
    assert len(commits) == 31, "one for the tables, one a day"
    assert site.pages() == sorted(f"/{hour}/0" for day in days for hour in day.hours)


def test_the_view_over_warehouse_and_lake_has_every_click_once(site: Site) -> None:
    create_tables(site.aws)
    old = f"{TODAY - timedelta(days=20)}T10"
    for hour, page in ((HOUR, "/hot"), (old, "/cold")):
        site.put(hour, page)
    site.load("--create-tables", external_schema="lake")
    days = [str(TODAY - timedelta(days=n)) for n in (1, 20)]
    for day, page, click in zip(days, ("/hot", "/cold"), ("x", "y"), strict=True):
        year, month, number = day.split("-")
        site.standin.query(
            "INSERT INTO lake.fact_clicks (click_id, event_time, user_id, page_url, year, month, day) VALUES "
            f"('{click}', '{day} 10:00:00', 'u', '{page}', '{year}', '{month}', '{number}')"
        )
    assert site.pages("all_clicks") == ["/cold", "/hot"]
    site.standin.query("DELETE FROM clickctl_loads")
    site.standin.query("DELETE FROM fact_clicks")
    assert site.pages("all_clicks") == ["/cold", "/hot"], "a day that is not loaded comes from the lake"
