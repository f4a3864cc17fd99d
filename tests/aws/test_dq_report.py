"""clickctl dq-report against AWS as moto serves it: what it reads, and what it says when it may not."""

from __future__ import annotations

import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from hashlib import md5
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from moto.s3.models import s3_backends

from clickctl import cli
from clickctl.domain.hours import Day, HourRange, parse_range
from clickctl.domain.layout import FACTS, QUARANTINE, USERS, ledger_key, output_file
from clickctl.domain.ledger import Commit, InputFile, Ledger, OutputFile, UnitEntry, dump, fingerprint
from clickctl.domain.quality import Quality
from clickctl.domain.rules import QualityRules
from clickctl.plan.dq.seen import history_days
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.conftest import Ran
from tests.plan.facts import LATER

FACTS_AN_HOUR = 2400
RAW = b"a raw file"


def ranges(first: str, end: str) -> HourRange:
    return parse_range(first, end, LATER.start)


TWO_DAYS = ("2026-03-01", "2026-03-03")


def written(stream: Any) -> str:
    return str(stream.buffer.getvalue().decode())


def run(config: Path, *words: str, code: int = 0) -> Ran:
    """clickctl in this process; fail unless it ends with `code`."""
    out, err = (TextIOWrapper(BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("CLICKCTL_CONFIG", str(config))
        patch.setattr(sys, "argv", ["clickctl", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    ran = Ran(int(ended.value.code or 0), written(out), written(err))
    assert ran.code == code, f"exit {ran.code}\n{ran.out}\n{ran.err}"
    assert "unexpected" not in ran.err
    return ran


@dataclass(frozen=True)
class Report:
    """What the command said."""

    ran: Ran
    plain: Any

    def __getitem__(self, name: str) -> Any:
        return self.plain[name]

    def check(self, name: str) -> Any:
        return next(check for check in self.plain["checks"] if check["name"] == name)

    def of(self, verdict: str) -> list[str]:
        return [check["name"] for check in self.plain["checks"] if check["verdict"] == verdict]


@dataclass
class Site:
    """A lake in S3 in which every hour is like every other, as its ledgers say. No table holds anything."""

    aws: Aws
    settings: dict[str, Any] = field(default_factory=dict)

    def put(self, location: str, data: bytes) -> None:
        """Past the wire, which takes hundred times as long."""
        bucket, key = location.removeprefix("s3://").split("/", 1)
        s3_backends["123456789012"]["aws"].put_object(bucket, key, data)

    def fill(self, hours: HourRange) -> None:
        """Raw files and ledgers of its days, each committed as a whole, and ledgers of the weeks before them."""
        for day in (*history_days(hours.days)[0], *hours.days):
            document = Ledger(day).with_entry(day, UnitEntry(self.commit(day)))
            self.put(self.ledger(day), dump(document))
        for hour in (hour for day in hours.days for hour in day.hours):
            self.put(f"{self.aws.lake.raw}/{raw_key(hour.path)}", RAW)

    def ledger(self, day: Day) -> str:
        return f"{self.aws.lake.processed}/{ledger_key(day)}"

    def commit(self, day: Day) -> Commit:
        inputs = tuple(InputFile(raw_key(hour.path), md5(RAW).hexdigest(), len(RAW)) for hour in day.hours)
        files = tuple(OutputFile(t, day, output_file(t, day, day, 0), 10**8, 1) for t in (FACTS, USERS, QUARANTINE))
        hourly = dict.fromkeys(map(str, day.hours), FACTS_AN_HOUR)
        lines, bad = dict.fromkeys(hourly, 2500), dict.fromkeys(hourly, 10)
        quality = Quality(
            lines=2500 * 24, facts=2400 * 24, duplicates=90 * 24, quarantined=240, reasons={"malformed_json": 240},
            actions={"click": 2300 * 24, "purchase": 2400}, nulls={"session_id": 9}, days={str(day): 2400 * 24},
            unknown_fields={"app": 3}, max_event_time=f"{day}T23:59:59.000000Z", files_in=24, files_out=3,
            hourly_lines=lines, hourly_facts=hourly, hourly_quarantined=bad,
        )  # fmt: skip
        at = f"{day.plus(1)}T00:10:00Z"
        return Commit("r", at, inputs, fingerprint(inputs), files, quality, QualityRules().name, "0", "glue", 9.0)

    def says(self, *words: str, code: int = 0) -> Report:
        ran = self.run(*words, "--output", "json", code=code)
        return Report(ran, ran.json)

    def run(self, *words: str, code: int = 0) -> Ran:
        return run(self.aws.config_file(**self.settings), "dq-report", *words, code=code)


def raw_key(path: str) -> str:
    return f"{path}/part-0.json.gz"


@pytest.fixture
def site(aws: Aws) -> Site:
    made = Site(aws)
    made.fill(ranges(*TWO_DAYS))
    return made


@pytest.mark.parametrize(
    ("hours", "listings"),
    [(("2026-01-30T13", "2026-03-01T13"), 10), (("2026-01-15T13", "2026-02-14T13"), 6)],
    ids=["a whole month", "two halves"],
)
def test_a_month_of_hours_with_three_earlier_weeks_costs_few_calls_and_writes_nothing(
    aws: Aws, hours: tuple[str, str], listings: int
) -> None:
    site = Site(aws)
    site.fill(ranges(*hours))
    with aws.counting() as calls:
        report = site.says(*hours)
    assert calls.counts["s3.GetObject"] < 60
    assert calls.counts["s3.ListObjectsV2"] <= listings
    assert set(calls.counts) == {"s3.GetObject", "s3.ListObjectsV2"}, "no query, and nothing is written"
    assert (report["verdict"], len(report["hours"]), report["history_weeks"]) == ("good", 720, 3)
    assert report["ledgers_read"] == 31 + 21
    assert {hour["counts"]["facts"] for hour in report["hours"]} == {FACTS_AN_HOUR}
    assert report.check("volume")["verdict"] == report.check("nulls")["verdict"] == "good"


def test_a_day_costs_as_few(site: Site) -> None:
    with site.aws.counting() as calls:
        assert site.says("2026-03-02", "2026-03-03")["history_weeks"] == 8
    assert calls.counts["s3.ListObjectsV2"] == 4, "raw files, receipts, the oldest receipt, the first ledger"
    assert calls.counts["s3.GetObject"] <= 9 + 1 + 3, "ledgers, the note of the last load, quarantine files"


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK does not slow itself down once it was throttled."""
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")


@pytest.mark.parametrize("kind", ["throttle", "drop"])
def test_throttling_and_lost_connections_are_ridden_out(site: Site, unpaced: None, kind: Any) -> None:
    calm = site.says(*TWO_DAYS)
    site.aws.faults.add(Fault("s3.*", kind, times=3))
    with site.aws.counting() as calls:
        stormy = site.says(*TWO_DAYS)
    assert len([call for call in calls if call.fault]) == 3
    assert {**stormy.plain, "at": ""} == {**calm.plain, "at": ""}


DENIED: dict[str, Any] = {"code": "AccessDenied", "message": "User is not authorized to perform this", "status": 403}


@pytest.mark.parametrize(
    ("operation", "what"),
    [
        ("s3.GetObject", "_ledger/2026/03/01.json"),
        ("s3.GetObject", "_ledger/2026/02/22.json"),
        ("s3.ListObjectsV2", "raw-"),
        ("s3.ListObjectsV2", "alerts-"),
    ],
    ids=["ledger", "earlier ledger", "raw files", "receipts"],
)
def test_what_may_not_be_read_is_trouble_in_looking_and_not_bad_data(site: Site, operation: str, what: str) -> None:
    site.settings = {"alerts": {"topic": "arn:aws:sns:eu-central-1:123456789012:purchases"}}
    site.aws.faults.add(Fault(operation, "error", match=what, **DENIED))
    ran = site.run(*TWO_DAYS, code=5)
    assert what in ran.err and "AccessDenied: User is not authorized" in ran.err
    assert "Nothing was changed." in ran.err
    assert "next: Check the role's policy" in ran.err and "clickctl doctor" in ran.err
    assert ran.out == ""


def test_receipts_that_may_not_be_read_do_not_matter_where_there_are_no_alerts(site: Site) -> None:
    site.aws.faults.add(Fault("s3.ListObjectsV2", "error", match="alerts-", **DENIED))
    check = site.says(*TWO_DAYS).check("alerts")
    assert check["verdict"] == "not judged" and "AccessDenied" in check["seen"]


def test_credentials_that_are_refused_are_a_matter_of_configuration(site: Site) -> None:
    site.aws.faults.add(Fault("s3.*", "error", code="InvalidAccessKeyId", message="no such key", status=403))
    assert "Log in again" in site.run(*TWO_DAYS, code=3).err


@pytest.mark.parametrize("data", [b'{"version": 99}', b"\xff\xfe", b"", b'{"version": NaN}'])
def test_a_damaged_ledger_is_a_failed_check_that_names_its_day_and_the_other_days_are_reported(
    site: Site, data: bytes
) -> None:
    site.put(site.ledger(ranges(*TWO_DAYS).days[0]), data)
    report = site.says(*TWO_DAYS, "--group", "day", code=1)
    assert report.of("fail") == ["failed"]
    failed = report.check("failed")
    assert "_ledger/2026/03/01.json" in failed["seen"] and failed["value"] == 24
    assert failed["command"] == "clickctl status 2026-03-01 2026-03-02"
    counts = {group["name"]: group["counts"] and group["counts"]["facts"] for group in report["groups"]}
    assert counts == {"2026-03-01": None, "2026-03-02": 24 * FACTS_AN_HOUR}


def test_a_damaged_ledger_of_an_earlier_week_is_a_week_less_to_compare_with(site: Site) -> None:
    usual = site.says(*TWO_DAYS)
    site.put(site.ledger(ranges(*TWO_DAYS).days[0].plus(-7)), b"{")
    report = site.says(*TWO_DAYS)
    assert report["verdict"] == "good"
    assert report["ledgers_read"] == usual["ledgers_read"] - 1


def test_bad_records_that_cannot_be_read_are_counted_without_examples(site: Site) -> None:
    for content in (None, b"no gzip"):
        if content:
            site.put(f"{site.aws.lake.quarantine}/2026/03/02/part-20260302-0000.json.gz", content)
        [reason] = site.says(*TWO_DAYS)["reasons"]
        assert (reason["lines"], reason["examples"]) == (480, [])
