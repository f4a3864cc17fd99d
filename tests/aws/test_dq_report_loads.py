"""The check `newest_load` of dq-report: how far the warehouse is behind, by the note that load-hot leaves in S3."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clickctl.domain.hours import Day, HourRange
from clickctl.domain.layout import LOAD_NOTE
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.test_dq_report import Report, Site, run
from tests.aws.test_load_hot import HOUR, YESTERDAY
from tests.aws.test_load_hot import Site as Warehouse
from tests.aws.test_load_hot import site as warehouse

__all__ = ["warehouse"]

TODAY = Day(datetime.now(UTC).date())
TO_NOW = ("dq-report", "--last", "48h", "--output", "json")
LIMITS = [f"--limit={name}=999" for name in ("missing", "late", "stale", "newest_event", "newest_commit")]


def note_of(aws: Aws) -> Any:
    return json.loads(aws.read(f"{aws.lake.processed}/{LOAD_NOTE}"))


def newest_load(report: Report) -> tuple[str, float | None]:
    check = report.check("newest_load")
    return check["verdict"], check["value"]


def report(aws: Aws, code: int = 0) -> Report:
    ran = run(aws.config_file(), *TO_NOW, *LIMITS, code=code)
    return Report(ran, ran.json)


def test_a_load_leaves_a_note_by_which_the_report_tells_how_far_the_warehouse_is_behind(warehouse: Warehouse) -> None:
    aws = warehouse.aws
    warehouse.put(HOUR, "/a")
    assert newest_load(report(aws)) == ("not judged", None)
    warehouse.load("--create-tables", "--dry-run")
    assert not aws.list(f"{aws.lake.processed}/_loads")
    warehouse.load("--create-tables")
    note = note_of(aws)
    assert note["newest_event"].startswith(f"{YESTERDAY}T13:00:00")
    found = report(aws)
    assert newest_load(found) == ("good", 0)
    assert found["totals"]["newest_load"] == note["at"]

    warehouse.put(f"{YESTERDAY}T18", "/b")
    behind = report(aws).check("newest_load")
    assert (behind["verdict"], behind["value"], behind["since"]) == ("warn", 5, HOUR)
    assert behind["command"] == "clickctl load-hot --dry-run"
    warehouse.load()
    assert newest_load(report(aws)) == ("good", 0)


def test_a_load_that_had_nothing_to_do_leaves_the_note_as_it_is(warehouse: Warehouse) -> None:
    warehouse.put(HOUR, "/a")
    warehouse.load("--create-tables")
    kept = f"{warehouse.aws.lake.processed}/{LOAD_NOTE}"
    warehouse.aws.put(kept, b"a note")
    warehouse.load()
    assert warehouse.aws.read(kept) == b"a note"


def test_a_note_that_cannot_be_left_does_not_make_a_load_fail(warehouse: Warehouse) -> None:
    warehouse.put(HOUR, "/a")
    warehouse.aws.faults.add(Fault("s3.PutObject", "error", match=LOAD_NOTE, code="AccessDenied", status=403))
    warehouse.load("--create-tables")
    assert warehouse.pages() == ["/a"]


@pytest.fixture
def site(aws: Aws) -> Site:
    """A lake that is up to date: its newest event is of the end of today."""
    made = Site(aws)
    made.fill(HourRange(TODAY.plus(-2).first_hour, TODAY.plus(1).first_hour))
    return made


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"at": "2026-03-01T00:00:00Z"}',
        b"[" * 100_000,
        b'{"at": "x", "newest_event": "y"}',
        b'{"at": "x", "newest_event": ""}',
    ],
)
def test_a_damaged_note_of_the_last_load_is_not_judged(site: Site, note: bytes) -> None:
    site.put(f"{site.aws.lake.processed}/{LOAD_NOTE}", note)
    found = report(site.aws)
    assert newest_load(found) == ("not judged", None)
    assert found["totals"]["newest_load"] == ""


@pytest.mark.parametrize(("hours", "verdict"), [(2, "good"), (5, "warn"), (30, "fail"), (-1, "good")])
def test_the_limits_are_hours_behind_the_newest_event_of_the_lake(site: Site, hours: int, verdict: str) -> None:
    end = TODAY.plus(1).first_hour.start - timedelta(seconds=1)
    at = f"{(end - timedelta(hours=hours)).isoformat(timespec='microseconds').removesuffix('+00:00')}Z"
    site.put(f"{site.aws.lake.processed}/{LOAD_NOTE}", json.dumps({"at": at, "newest_event": at}).encode())
    assert newest_load(report(site.aws, code=int(verdict == "fail"))) == (verdict, max(0, hours))
