"""What goes wrong is seen: alarms watch metrics that somebody sends, and rules and filters take what they are for."""

from __future__ import annotations

import json
import operator
import re
from typing import Any

import pytest
from moto.events.models import EventPattern

from clickctl.alerting import Alerted
from clickctl.metrics import NAMESPACE, commit_metrics, report_metrics
from clickctl.plan.dq.judging import CHECKS
from lambda_src import handler, log
from tests.aws.test_metrics import COMMIT
from tests.lambda_src.shapes import bridged
from tests.render.dq_sample import sample_report
from tests.terraform.differences import compare
from tests.terraform.lives import VARIANTS, Applied, Lives

pytestmark = pytest.mark.xdist_group("terraform")

# Names and dimensions of AWS's metrics are from the guides that terraform/alarms.tf names.
ALARMS = {
    "job-failed": "AWS/Events TriggeredRules RuleName={name}-job-failures: Sum of 300 s over 0, else notBreaching",
    "job-slow": "clickctl Seconds JobName={name}: Maximum of 300 s over {job_seconds}, else notBreaching",
    "job-skewed": "Glue glue.driver.skewness.job JobName={name} JobRunId=ALL ObservabilityGroup=job_performance "
    "Type=gauge: Maximum of 300 s over {skew}, else notBreaching",
    "function-failing": "AWS/Lambda Errors FunctionName={name}-alerts: Sum of 300 s over 3, else notBreaching",
    "function-throttled": "AWS/Lambda Throttles FunctionName={name}-alerts: Sum of 300 s over 0 3 times, "
    "else notBreaching",
    "function-slow": "AWS/Lambda Duration FunctionName={name}-alerts: Maximum of 300 s over {milliseconds}, "
    "else notBreaching",
    "trigger-failing": "AWS/Events FailedInvocations RuleName={name}-raw-files: Sum of 300 s over 0, else notBreaching",
    "function-letters": "AWS/SQS ApproximateNumberOfMessagesVisible QueueName={name}-alerts-dead-letters: "
    "Maximum of 300 s over 0, else notBreaching",
    "trigger-letters": "AWS/SQS ApproximateNumberOfMessagesVisible QueueName={name}-raw-files-not-delivered: "
    "Maximum of 300 s over 0, else notBreaching",
    "schedule-letters": "AWS/SQS ApproximateNumberOfMessagesVisible QueueName={name}-schedules-not-started: "
    "Maximum of 300 s over 0, else notBreaching",
    "quality": "clickctl Verdict Lake={lake}: Maximum of {report} s over 1, else breaching",
    "hour-missing": "clickctl Value Check=missing Lake={lake}: Maximum of {report} s over 0, else missing",
    "alert-missing": "clickctl Value Check=alerts Lake={lake}: Maximum of {report} s over 0, else missing",
    "load-late": "clickctl Value Check=newest_load Lake={lake}: Maximum of {report} s over {load_hours}, else missing",
    "athena-scans": "(FILL(succeeded, 0) + FILL(failed, 0) + FILL(cancelled, 0)) / 1000000000 of "
    "AWS/Athena ProcessedBytes QueryState=CANCELLED QueryType=DML WorkGroup={name}: Sum of 86400 s as cancelled, "
    "AWS/Athena ProcessedBytes QueryState=FAILED QueryType=DML WorkGroup={name}: Sum of 86400 s as failed, "
    "AWS/Athena ProcessedBytes QueryState=SUCCEEDED QueryType=DML WorkGroup={name}: Sum of 86400 s as succeeded "
    "over {gigabytes}, else notBreaching",
}  # fmt: skip
NUMBERS = {
    "usual": {"job_seconds": 3600, "skew": 0, "milliseconds": 120000, "report": 3600, "gigabytes": 1000},
    "whole": {
        "job_seconds": 1800,
        "skew": 1,
        "milliseconds": 60000,
        "report": 7200,
        "gigabytes": 500,
        "load_hours": 12,
    },
}
STATES = {
    "FAILED": True, "TIMEOUT": True, "ERROR": True, "EXPIRED": True, "SUCCEEDED": False, "STOPPED": False,
    "RUNNING": False,
}  # fmt: skip
"""Of the state of a run (Glue API reference, JobRun, JobRunState), whether it failed. Who stops a run knows of it."""


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def applied(lives: Lives, variant: str) -> Applied:
    return lives[variant].applied


def alarms(applied: Applied) -> list[dict[str, Any]]:
    return [values for at, values in applied.made.items() if at.startswith("aws_cloudwatch_metric_alarm.")]


def test_alarms_watch_these_metrics_and_go_off_beyond_these_values(variant: str, applied: Applied) -> None:
    name = VARIANTS[variant].get("name", "clickstream")
    names = {"name": name, "lake": applied.outputs["clickctl"]["lake"]["processed"], **NUMBERS[variant]}
    wanted = {
        f"{name}-{alarm}: {line.format_map(names)}"
        for alarm, line in ALARMS.items()
        if "warehouse" in VARIANTS[variant] or alarm != "load-late"
    }
    compare({f"{one['alarm_name']}: {told(one)}" for one in alarms(applied)}, wanted)
    assert {(one["comparison_operator"], one["actions_enabled"]) for one in alarms(applied)} == {
        ("GreaterThanThreshold", True)
    }


def test_metrics_of_ours_that_alarms_watch_are_sent_by_the_job_or_a_report(lives: Lives) -> None:
    sent = {
        (metric.name, frozenset(name for name, _ in metric.dimensions))
        for metric in (*commit_metrics(COMMIT, "job"), *report_metrics(sample_report()))
    }
    watched = [one for one in alarms(lives["whole"].applied) if one["namespace"] == NAMESPACE]
    assert {(one["metric_name"], frozenset(one["dimensions"])) for one in watched} <= sent
    assert {one["dimensions"]["Check"] for one in watched if "Check" in one["dimensions"]} <= CHECKS.keys()


def told(alarm: dict[str, Any]) -> str:
    """As in ALARMS."""
    if queries := {one["id"]: one for one in alarm["metric_query"]}:
        (shown,) = (one for one in queries.values() if one["return_data"])
        parts = (f"{_metric(one['metric'][0])} as {at}" for at, one in sorted(queries.items()) if one["metric"])
        what = f"{shown['expression']} of {', '.join(parts)}"
    else:
        what = _metric(alarm)
    times = f" {alarm['evaluation_periods']} times" if alarm["evaluation_periods"] > 1 else ""
    return f"{what} over {alarm['threshold']}{times}, else {alarm['treat_missing_data']}"


def _metric(one: dict[str, Any]) -> str:
    dimensions = " ".join(f"{name}={value}" for name, value in sorted(one["dimensions"].items()))
    statistic = one.get("statistic") or one["stat"]
    return f"{one['namespace']} {one['metric_name']} {dimensions}: {statistic} of {one['period']} s"


def test_runs_of_the_job_that_failed_are_kept_and_counted_and_no_others(applied: Applied) -> None:
    rule = applied.made["aws_cloudwatch_event_rule.failures"]
    target = applied.made["aws_cloudwatch_event_target.failures"]
    job = applied.outputs["clickctl"]["glue"]["job"]
    pattern = EventPattern.load(rule["event_pattern"])

    def taken(name: str, state: str) -> bool:
        """Glue Developer Guide, "Automating AWS Glue with EventBridge"."""
        detail = {"jobName": name, "severity": "ERROR", "state": state, "jobRunId": "jr_1", "message": ""}
        return bool(pattern.matches_event(bridged(detail, "Glue Job State Change", "aws.glue")))

    assert {state: taken(job, state) for state in STATES} == STATES
    assert not taken(f"{job}-of-others", "FAILED")
    assert rule["state"] == "ENABLED"
    assert target["arn"] == applied.made["aws_cloudwatch_log_group.failures"]["arn"]


def test_purchases_are_counted_from_the_lines_that_the_function_writes(
    applied: Applied, capsys: pytest.CaptureFixture[str]
) -> None:
    counter = applied.made["aws_cloudwatch_log_metric_filter.purchases"]
    (metric,) = counter["metric_transformation"]
    counted = []
    for outcome, alerts in (("sent", 1), ("sent", 7), ("sent", 0), ("already", 7), ("gone", 0)):
        done = Alerted("2026/01/05/13/part-0.json.gz", outcome, alerts=alerts)
        log.say(done.outcome, **handler._fields(done), milliseconds=1)  # as the handler does
        line = json.loads(capsys.readouterr().out)
        if holds(counter["pattern"], line):
            counted.append(line[metric["value"].removeprefix("$.")])
    assert counted == [1, 7]
    assert (metric["namespace"], metric["name"]) == (NAMESPACE, "Purchases")
    assert counter["log_group_name"] == applied.made["aws_cloudwatch_log_group.alerts"]["name"]


def holds(pattern: str, line: dict[str, Any]) -> bool:
    """Of a pattern for JSON what is used here (CloudWatch Logs User Guide, "Filter pattern syntax"); moto has none."""
    inner = re.fullmatch(r"\{ (.+) \}", pattern)
    assert inner, pattern
    tests = [re.fullmatch(r"\$\.(\w+) (=|>) (.+)", part) for part in inner[1].split(" && ")]
    compare = {"=": operator.eq, ">": operator.gt}
    return all(test and test[1] in line and compare[test[2]](line[test[1]], json.loads(test[3])) for test in tests)
