"""dq-report --emit cloudwatch: verdicts and counts as metrics, put once and after the report was shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clickctl.metrics import NAMESPACE
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.test_dq_report import TWO_DAYS, Report, Site, ranges, run
from tests.aws.test_metrics import PUT, sent

EMIT = (*TWO_DAYS, "--emit", "cloudwatch")
CODES = {"good": 0, "warn": 1, "fail": 2}


@pytest.fixture
def site(aws: Aws) -> Site:
    made = Site(aws)
    made.fill(ranges(*TWO_DAYS))
    return made


def emitted(site: Site) -> dict[tuple[str, str], float]:
    """What was put: by name and the check ("" for the whole report) the value. Of one lake, in one call."""
    [call] = site.aws.calls.of(PUT)
    found = {}
    for metric in sent(call)["MetricData"]:
        lake, *check = metric["Dimensions"]
        assert lake == {"Name": "Lake", "Value": site.aws.lake.processed}
        assert [one["Name"] for one in check] in ([], ["Check"])
        found[metric["MetricName"], check[0]["Value"] if check else ""] = metric["Value"]
    assert len(found) == len(sent(call)["MetricData"])
    return found


def told(report: Report) -> dict[tuple[str, str], float]:
    """The same by the report."""
    judged = [check for check in report["checks"] if check["verdict"] in CODES]
    totals = {("Verdict", ""): CODES[report["verdict"]]}
    totals |= {(name, ""): report["totals"][name.lower()] for name in ("Lines", "Facts", "Duplicates", "Quarantined")}
    verdicts = {("Verdict", check["name"]): CODES[check["verdict"]] for check in judged}
    return {**totals, **verdicts, **{("Value", check["name"]): check["value"] for check in judged}}


def test_verdicts_values_and_counts_are_put_in_one_call(site: Site) -> None:
    report = site.says(*EMIT)
    assert emitted(site) == told(report)
    assert f"{len(told(report))} metrics put to CloudWatch." in report.ran.err
    kept = site.aws.boto("cloudwatch").list_metrics(Namespace=NAMESPACE)["Metrics"]
    assert {metric["MetricName"] for metric in kept} == {
        "Verdict",
        "Value",
        "Lines",
        "Facts",
        "Duplicates",
        "Quarantined",
    }


def test_a_report_with_failures_is_put_too_and_ends_with_1(site: Site) -> None:
    site.put(site.ledger(ranges(*TWO_DAYS).days[1]), b"{")
    report = site.says(*EMIT, "--limit", "quarantined=0.000001", code=1)
    assert emitted(site) == told(report)
    assert emitted(site)["Verdict", ""] == emitted(site)["Verdict", "failed"] == 2


def test_a_month_has_as_few_metrics_as_a_day_and_none_named_after_what_is_in_the_data(aws: Aws) -> None:
    """Each combination of dimensions is a metric that is paid for."""
    site = Site(aws)
    site.fill(ranges("2026-02-01", "2026-03-03"))
    site.run("2026-02-01", "2026-03-03", "--emit", "cloudwatch")
    month = emitted(site)
    aws.server.calls.clear()
    site.run(*EMIT, "--group", "hour")
    assert emitted(site).keys() == month.keys()
    assert len(month) <= 5 + 2 * 26


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (("InvalidParameterValue", 400), 5, "InvalidParameterValue"),
        (("AccessDenied", 403), 5, "Check the role's policy"),
        (("InvalidClientTokenId", 403), 3, "Log in again"),
        (("InternalFailure", 500), 5, "it is not known"),
    ],
)
def test_a_put_that_is_refused_is_told_after_the_report_was_shown(
    site: Site, error: tuple[str, int], code: int, words: str
) -> None:
    site.aws.faults.add(Fault(PUT, "error", code=error[0], status=error[1], message="no"))
    report = site.says(*EMIT, code=code)
    assert report["verdict"] == "good"
    assert words in report.ran.err and "metrics put" not in report.ran.err


def test_a_page_is_written_before_metrics_are_put(site: Site, tmp_path: Path) -> None:
    site.aws.faults.add(Fault(PUT, "error", code="AccessDenied", status=403))
    site.run(*EMIT, "--html", str(tmp_path / "dq.html"), code=5)
    assert (tmp_path / "dq.html").stat().st_size > 1000


def test_the_local_backend_has_no_place_for_metrics_and_says_so_before_all_work(site: Site, tmp_path: Path) -> None:
    lake: dict[str, Any] = {name: f"{tmp_path}/{name}" for name in ("raw", "processed", "quarantine", "alerts")}
    config = site.aws.config_file(tmp_path, backend="local", lake=lake)
    (tmp_path / "processed").write_text("a file, which any look at the lake would meet")
    ran = run(config, "dq-report", *EMIT, "--html", str(tmp_path / "dq.html"), code=3)
    assert 'needs backend = "aws"' in ran.err and "leave --emit out" in ran.err
    assert ran.out == "" and not (tmp_path / "dq.html").exists()
