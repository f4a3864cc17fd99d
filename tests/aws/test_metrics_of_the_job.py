"""The job tells CloudWatch what it committed, and no trouble with that is the job's. One run of its script on Spark."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

pytest.importorskip("moto.server")

from clickctl.arguments import parse_arguments
from tests.aws import seen
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.job_runs import JobRun
from tests.aws.harness.script import load_script
from tests.aws.harness.spark_runner import SparkRunner
from tests.aws.test_metrics import COMMIT, PUT, sent
from tests.aws.test_publish_on_glue import printed
from tests.conftest import event

pytestmark = pytest.mark.xdist_group("spark")

DAY, HOURS = "2026-01-05", ["2026-01-05T13", "2026-01-05T14"]


@dataclass(frozen=True)
class Job:
    """Runs of the job as its engine starts them."""

    aws: Aws

    def run(self) -> tuple[JobRun, list[dict[str, Any]]]:
        lake = self.aws.lake
        roots = {"--raw": lake.raw, "--processed": lake.processed, "--quarantine": lake.quarantine}
        cost = {"--dpus": "2", "--dollars-per-dpu-hour": "0.44"}
        run = self.aws.glue.start("clickstream", Arguments={**roots, **cost, "--unit": ",".join(HOURS)})
        assert run.ended.wait(120)
        return run, [json.loads(line) for line in printed(self.aws, run).splitlines()]


@pytest.fixture
def job(aws: Aws, spark_runner: SparkRunner) -> Job:
    aws.create_job()
    aws.glue.runner = spark_runner
    for number, hour in enumerate(HOURS, start=2):
        lines = [event(f"{hour}:30:00Z", f"u{n}") for n in range(number)]
        aws.put_raw(hour, [*lines, lines[0], event(user=None)])
    return Job(aws)


def test_metrics_follow_the_commits_and_their_refusal_changes_neither_them_nor_the_exit_code(
    aws: Aws, job: Job
) -> None:
    denied = Fault(PUT, "error", code="AccessDenied", message="cloudwatch:PutMetricData", status=403)
    aws.faults.add(denied)
    run, said = job.run()

    assert (run.state, run.error) == ("SUCCEEDED", "")
    assert [(one["unit"], one["verdict"]) for one in said[:2]] == [(hour, "committed") for hour in HOURS]
    [refused] = said[2:]
    assert (refused["metrics"], refused["changed"]) == ("not sent", "Nothing was changed.")
    assert "AccessDenied" in refused["error"] and "policy" in refused["hint"]

    commits = [entry["commit"] for entry in seen.units(seen.objects(aws), DAY).values()]
    assert [(commit["run_id"], commit["engine"]) for commit in commits] == [(said[0]["run_id"], "glue")] * 2
    [call] = aws.calls.of(PUT)
    written = [place for place, one in enumerate(aws.calls) if one.name == "s3.PutObject"]
    assert aws.calls.index(call) > max(written), "all is committed before"
    assert [values(call, name) for name in ("Lines", "Facts", "Duplicates", "Quarantined")] == [
        [4, 5], [2, 3], [1, 1], [1, 1]
    ]  # fmt: skip
    for name, key in {"Seconds": "seconds", "DpuHours": "dpu_hours", "Dollars": "cost"}.items():
        assert values(call, name) == [commit[key] for commit in commits]
    assert {json.dumps(datum["Dimensions"]) for datum in sent(call)["MetricData"]} == {
        '[{"Name": "JobName", "Value": "clickstream"}]'
    }

    with aws.counting() as calls:
        run, said = job.run()
    assert (run.state, [one["verdict"] for one in said]) == ("SUCCEEDED", ["unchanged"] * 2)
    assert calls.of(PUT) == [], "what was committed before is not told again"


def values(call: Any, name: str) -> list[float]:
    return [datum["Value"] for datum in sent(call)["MetricData"] if datum["MetricName"] == name]


UNDER_GLUE = ["--JOB_NAME", "clickstream", "--JOB_RUN_ID", "jr_1"]


@pytest.mark.parametrize(
    ("root", "words", "calls"), [("s3://lake", UNDER_GLUE, 1), ("s3://lake", [], 0), ("/lake", UNDER_GLUE, 0)]
)
def test_only_a_run_of_glue_over_s3_tells_cloudwatch(aws: Aws, root: str, words: list[str], calls: int) -> None:
    roots = [word for name in ("raw", "processed", "quarantine") for word in (f"--{name}", f"{root}/{name}")]
    arguments = parse_arguments([*roots, "--unit", HOURS[0], *words], datetime.now(UTC))
    load_script(lambda _: None)._emit([COMMIT], arguments)
    assert len(aws.calls.of(PUT)) == calls
