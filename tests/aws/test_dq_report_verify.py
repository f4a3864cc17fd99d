"""dq-report --verify on aws: Athena, which here is DuckDB over what lies in S3, asked what the ledgers claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickctl.aws.lake import S3Lake
from clickctl.domain.hours import Day, unit_from_name
from clickctl.domain.layout import FACTS, TABLES, USERS, output_file
from clickctl.liveness import ProcessLiveness
from clickctl.roots import AwsSettings
from clickctl.sqlfiles import on_days
from tests.aws.athena import Athena
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.replies import Reply
from tests.aws.harness.requests import Request
from tests.aws.registry import Registry, put_view
from tests.aws.test_dq_report import Report, run
from tests.backends.small_lake import SmallLake
from tests.conftest import Ran

START, TABLE_CHECKS = "athena.StartQueryExecution", ("rows", "doubled", "required", "orphans", "users")
RANGE = ("2026-01-05", "2026-01-07")
DAYS = [Day(unit_from_name(name).day.date) for name in ("2026-01-05", "2026-01-06")]
TWICE = {"event_time": "2026-01-05T13:00:00Z", "user_id": "u", "action": "click", "attributes": {}}


@dataclass
class Site:
    """Two days of a lake in S3. `begins` is called when a query begins, before what lies in S3 is looked at."""

    aws: Aws
    athena: Athena
    small: SmallLake
    begins: Callable[[], None] = lambda: None

    def look(self, request: Request) -> Reply | dict[str, Any]:
        """Athena's start of a query."""
        self.begins()
        for table in TABLES:
            found = pa.concat_tables([self._rows(name) for name in self.small.files() if name.startswith(table)])
            self.athena.database.register("found", found)
            self.athena.database.execute(f"CREATE OR REPLACE TABLE {table} AS FROM found")
        return self.athena._StartQueryExecution(request)

    def _rows(self, key: str) -> pa.Table:
        rows = self.small.rows(key)
        for part in key.split("/")[1:-1]:
            name, value = part.split("=")
            rows = rows.append_column(name, pa.array([value] * len(rows), pa.string()))
        return rows

    def file(self, table: str, unit: str) -> str:
        found = unit_from_name(unit)
        return output_file(table, found.day, found, 0)

    def delete(self, key: str) -> None:
        self.small.lake.delete([f"{self.small.roots.processed}/{key}"])

    def says(self, *words: str, code: int = 0, **settings: Any) -> Report:
        ran = self.run(*words, "--output", "json", code=code, **settings)
        return Report(ran, ran.json)

    def run(self, *words: str, code: int = 0, **settings: Any) -> Ran:
        """With only the checks of the tables and `failed` in force: a lake this small has hours without files."""
        off = dict.fromkeys(["missing", "duplicates", "lateness"], 1e9)
        config = self.aws.config_file(**{"quality.limits": off, **settings})
        return run(config, "dq-report", *RANGE, "--verify", *words, code=code)


@pytest.fixture
def site(aws: Aws, athena: Athena, tmp_path: Path) -> Site:
    small = SmallLake(S3Lake(AwsSettings()), aws.lake, str(tmp_path), ProcessLiveness())
    small.put("2026-01-05T13", "/a", "/b", TWICE)
    small.put("2026-01-05T14", "/c", TWICE)
    small.put("2026-01-06T07", "/d")
    for hour in ("2026-01-05T13", "2026-01-05T14", "2026-01-06T07"):
        small.run(hour)
    athena.states = ["SUCCEEDED"]
    made = Site(aws, athena, small)
    aws.handlers[START] = made.look
    return made


def verdicts(report: Report) -> dict[str, str]:
    return {name: report.check(name)["verdict"] for name in TABLE_CHECKS}


def test_tables_are_asked_on_these_days_alone_and_what_that_cost_is_told(site: Site) -> None:
    site.athena.scanned = [10**9]
    with site.aws.counting() as calls:
        report = site.says(code=1)
    found = report["verified"]
    assert (found["queries"], found["bytes_scanned"], found["dollars"]) == (3, 3 * 10**9, 0.015)
    assert "Asked the tables with 3 queries: 3.0 GB scanned, $0.01" in report.ran.err
    sent = [asked.request["QueryString"] for asked in site.athena.asked]
    assert [sql.count(f"WHERE {on_days(DAYS)}") for sql in sent] == [
        sql.count("FROM ") - sql.count("FROM (") for sql in sent
    ]
    assert not [name for name in calls.counts if name.startswith(("s3.Put", "s3.Copy", "s3.Delete", "glue.Create"))]
    first, second = found["days"]
    assert (first["facts"], first["facts_in_ledger"], first["users"], first["doubled"]) == (5, 5, 5, 1)
    assert (second["facts"], second["users_in_ledger"], second["doubled"]) == (1, 1, 0)
    assert report.of("fail") == ["doubled"], "an event that arrived in two hours: of so few facts a failure"


def test_more_than_may_be_scanned_is_refused_before_anything_is_asked(site: Site) -> None:
    ran = site.run(code=2, athena={"max_scan_gb": 1e-6})
    assert ran.out == "" and "--verify could scan" in ran.err and "raise athena.max_scan_gb" in ran.err
    assert not site.aws.calls.of("athena.*")


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("TABLE_NOT_FOUND: line 1:15: Table 'lake.fact_clicks' does not exist", "--create-tables"),
        ("HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split s3://…: Access Denied (Service: Amazon S3)", "s3:GetObject"),
    ],
)  # fmt: skip
def test_a_query_that_fails_is_trouble_in_looking_and_told_after_the_report(site: Site, reason: str, hint: str) -> None:
    site.athena.states, site.athena.reason = ["FAILED"], reason
    ran = site.run(code=5)
    assert reason in ran.err and hint in ran.err
    assert ran.out.startswith("GOOD") and "rows" in ran.out.split("not judged")[2]  # what the ledgers tell is shown


@pytest.mark.parametrize(("operation", "what"), [("glue.GetTable", "users"), ("s3.ListObjectsV2", "dim_users")])
def test_what_may_not_be_looked_at_is_met_before_any_query_is_paid_for(site: Site, operation: str, what: str) -> None:
    site.aws.faults.add(Fault(operation, "error", match=what, code="AccessDenied", status=403))
    assert what in site.run(code=5).err
    assert not site.aws.calls.of("athena.*")


def test_a_workgroup_that_is_not_there_is_a_matter_of_configuration(site: Site) -> None:
    assert "Check [athena] workgroup" in site.run(code=3, athena={"workgroup": "none"}).err


def test_a_day_that_a_run_publishes_into_meanwhile_is_not_judged_and_the_others_are(site: Site) -> None:
    def once() -> None:
        site.begins = lambda: None
        site.small.put("2026-01-05T15", "/new", "/newer")
        site.small.run("2026-01-05T15")

    site.begins = once
    report = site.says()
    assert [day["day"] for day in report["verified"]["days"]] == ["2026-01-06"]
    assert verdicts(report) == dict.fromkeys(TABLE_CHECKS, "good")
    assert "1 not judged: " in report.check("rows")["seen"]
    assert [day["facts"] for day in site.says(code=1)["verified"]["days"]] == [7, 1]


def test_a_day_that_a_run_is_at_or_died_at_is_not_judged(site: Site) -> None:
    site.aws.faults.add(Fault("s3.CopyObject", "error", times=1, code="AccessDenied", status=403))
    site.small.put("2026-01-06T08", "/e")
    with pytest.raises(Exception, match="AccessDenied"):
        site.small.run("2026-01-06T08")
    report = site.says(code=1)
    assert report.of("fail") == ["torn", "doubled"]
    assert [day["day"] for day in report["verified"]["days"]] == ["2026-01-05"]


def test_files_of_which_a_damaged_ledger_may_tell_are_no_orphans(site: Site) -> None:
    site.small.put("2026-01-06T09", "/late@2026-01-05")
    site.small.run("2026-01-06T09")
    site.aws.put(f"{site.small.roots.processed}/_ledger/2026/01/06.json", b"{")
    report = site.says(code=1)
    assert report.of("fail") == ["failed"]
    assert report["verified"]["days"] == report["verified"]["orphans"] == []
    assert set(verdicts(report).values()) == {"not judged"}


def test_rows_that_are_not_as_many_as_in_the_ledger_are_a_finding_of_their_day(site: Site) -> None:
    key = site.file(FACTS, "2026-01-06T07")
    kept = site.aws.read(f"{site.small.roots.processed}/{key}")
    buffer = BytesIO()
    pq.write_table(pa.concat_tables([site.small.rows(key)] * 2), buffer)
    site.aws.put(f"{site.small.roots.processed}/{key}", buffer.getvalue())
    report = site.says(code=1)
    rows = report.check("rows")
    assert (rows["verdict"], rows["value"], rows["since"]) == ("fail", 1, "2026-01-06")
    assert "2026-01-06 has 2 facts and 1 users, by the ledgers 1 and 1" in rows["seen"]
    assert report["verified"]["lost"] == [key], "it has another size"
    site.aws.put(f"{site.small.roots.processed}/{key}", kept)
    assert site.says(code=1).of("fail") == ["doubled"]


def test_a_file_that_no_commit_has_and_one_that_is_lost_are_named(site: Site) -> None:
    lost, orphan = site.file(USERS, "2026-01-06T07"), site.file(FACTS, "2026-01-06T23")
    site.aws.put(
        f"{site.small.roots.processed}/{orphan}",
        site.aws.read(f"{site.small.roots.processed}/{site.file(FACTS, '2026-01-06T07')}"),
    )
    report = site.says(code=1)
    assert (report["verified"]["orphans"], report["verified"]["lost"]) == ([orphan], [])
    assert report.check("orphans")["command"] == "clickctl dq-report 2026-01-06 2026-01-07 --verify --verbose"
    site.delete(orphan)
    site.delete(lost)
    report = site.says(code=1)
    assert (report["verified"]["orphans"], report["verified"]["lost"]) == ([], [lost])
    assert report.check("orphans")["command"] == "clickctl run-partition 2026-01-06T07 --force"
    assert report.check("users")["value"] == 1, "and the user of that day's fact has no row"


def test_a_view_of_users_that_somebody_changed_is_a_finding(site: Site) -> None:
    Registry(site.aws).create()
    assert verdicts(site.says(code=1))["users"] == "good"
    put_view(site.aws, "users", "SELECT 1 AS user_id")
    users = site.says(code=1).check("users")
    assert (users["verdict"], users["command"]) == ("fail", "clickctl register-partitions --dry-run")
    assert "the view users is not as it should be" in users["seen"]
