"""The imitation of Glue runs jobs as Glue does: states, stops, logs, and the real script on Spark."""

from __future__ import annotations

import json
import threading
from typing import Any

import boto3
import botocore.exceptions
import pytest

from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.requests import Request
from tests.aws.harness.runners import FailingOnce, QuickRunner, ScriptedRunner
from tests.aws.harness.spark_runner import SparkRunner
from tests.aws.test_harness import ONCE, refused
from tests.conftest import event


def test_runs_are_shown_newest_first_in_pages_and_only_so_many_live_at_once(aws: Aws) -> None:
    aws.create_job(max_concurrent=3)
    aws.glue.runner = ScriptedRunner("RUNNING")
    glue = boto3.client("glue", config=ONCE)
    started = [glue.start_job_run(JobName="clickstream")["JobRunId"] for _ in range(3)]
    code, _ = refused(glue.start_job_run, JobName="clickstream")
    assert code == "ConcurrentRunsExceededException"
    page = glue.get_job_runs(JobName="clickstream", MaxResults=2)
    rest = glue.get_job_runs(JobName="clickstream", MaxResults=2, NextToken=page["NextToken"])
    assert [run["Id"] for run in page["JobRuns"] + rest["JobRuns"]] == started[::-1] and "NextToken" not in rest


def test_a_run_shows_one_state_to_each_poll_and_stays_ended(aws: Aws) -> None:
    aws.create_job()
    aws.glue.runner = ScriptedRunner(("WAITING", "RUNNING", "FAILED: out of memory"))
    glue = boto3.client("glue", config=ONCE)
    run_id = glue.start_job_run(JobName="clickstream", Arguments={"--unit": "2026-01-05"})["JobRunId"]
    seen = [glue.get_job_run(JobName="clickstream", RunId=run_id)["JobRun"] for _ in range(4)]
    assert [run["JobRunState"] for run in seen] == ["WAITING", "RUNNING", "FAILED", "FAILED"]
    assert "CompletedOn" not in seen[1] and "ErrorMessage" not in seen[1]
    assert seen[2] == seen[3] and seen[2]["ErrorMessage"] == "out of memory" and seen[2]["ExecutionTime"] >= 1
    assert seen[2]["Arguments"] == {"--unit": "2026-01-05"}


def test_stopping_takes_a_while_and_tells_for_each_run_what_could_not_be_stopped(aws: Aws) -> None:
    aws.create_job()
    aws.glue.runner = ScriptedRunner("SUCCEEDED", "RUNNING")
    over, live = aws.glue.start(), aws.glue.start()
    glue = boto3.client("glue", config=ONCE)
    said = glue.batch_stop_job_run(JobName="clickstream", JobRunIds=[over.id, live.id, "jr_none"])
    assert [done["JobRunId"] for done in said["SuccessfulSubmissions"]] == [live.id]
    assert [error["JobRunId"] for error in said["Errors"]] == [over.id, "jr_none"]
    states = [glue.get_job_run(JobName="clickstream", RunId=live.id)["JobRun"]["JobRunState"] for _ in range(2)]
    assert states == ["STOPPING", "STOPPED"]


def test_a_start_whose_reply_was_lost_has_started(aws: Aws) -> None:
    aws.create_job()
    aws.faults.add(Fault("glue.StartJobRun", "lose", times=1))
    with pytest.raises(botocore.exceptions.ConnectionClosedError):
        boto3.client("glue", config=ONCE).start_job_run(JobName="clickstream")
    assert len(aws.glue.runs) == 1


def test_a_job_that_is_not_there_has_no_runs(aws: Aws) -> None:
    glue = boto3.client("glue", config=ONCE)
    assert refused(glue.start_job_run, JobName="none") == ("EntityNotFoundException", 400)
    assert refused(glue.get_job_runs, JobName="none") == ("EntityNotFoundException", 400)


def arguments(aws: Aws) -> dict[str, str]:
    """A run of one hour, done again if it was done."""
    lake = aws.lake
    roots = {"--raw": lake.raw, "--processed": lake.processed, "--quarantine": lake.quarantine}
    return {"--unit": "2026-01-05T13", "--force": "true", **roots}


def committed(aws: Aws) -> Any:
    ledger = json.loads(aws.read(f"{aws.lake.processed}/_ledger/2026/01/05.json"))
    return ledger["units"]["2026-01-05T13"]["commit"]


@pytest.mark.parametrize("operations", [3, 9])
def test_a_run_killed_midway_has_failed_and_the_next_one_commits(aws: Aws, operations: int) -> None:
    aws.create_job()
    aws.put_raw("2026-01-05T13", [event(), event(user="u2")])
    aws.glue.runner = ScriptedRunner("WAITING")
    killed = aws.glue.start(Arguments=arguments(aws))
    killed.dies_after = operations
    aws.glue.runner = QuickRunner()
    aws.glue.runner.start(killed)
    assert killed.ended.wait(60) and killed.state == "FAILED" and killed.error.startswith("ExecutorLost")
    run = aws.glue.start(Arguments=arguments(aws))
    assert run.ended.wait(60) and run.state == "SUCCEEDED", run.error
    assert committed(aws)["quality"]["facts"] == 2


def test_of_runs_that_fail_once_no_unit_fails_twice(aws: Aws) -> None:
    aws.create_job(max_concurrent=100)
    aws.glue.runner = failing = FailingOnce(ScriptedRunner("SUCCEEDED"), 0.5, seed=3)
    runs = [aws.glue.start(Arguments={"--unit": f"2026-01-{n % 20 + 1:02}"}) for n in range(60)]
    failed = [run for run in runs if run.state == "FAILED"]
    assert failed == failing.failed
    assert len(failed) == len({run.units for run in failed}) > 10


@pytest.mark.xdist_group("spark")
def test_the_real_script_commits_an_hour_on_spark_and_dies_when_it_is_stopped(
    aws: Aws, spark_runner: SparkRunner
) -> None:
    aws.create_job()
    aws.glue.runner = spark_runner
    aws.put_raw("2026-01-05T13", [event(), event(user="u2")])
    run = aws.glue.start(Arguments=arguments(aws))
    assert run.ended.wait(120) and run.state == "SUCCEEDED", run.error
    assert (committed(aws)["quality"]["facts"], committed(aws)["engine"]) == (2, "glue")
    logs = aws.boto("logs")
    said = logs.get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run.id)["events"]
    assert any('"facts": 2' in line["message"] for line in said)
    publishing, go_on = threading.Event(), threading.Event()

    def held(request: Request) -> Any:
        if "/_ledger/" in request.path:
            publishing.set()
            go_on.wait()
        return aws.server.moto.answer(request)

    aws.handlers["s3.PutObject"] = held
    stopped = aws.glue.start(Arguments=arguments(aws))
    assert publishing.wait(120)
    boto3.client("glue").batch_stop_job_run(JobName="clickstream", JobRunIds=[stopped.id])
    assert stopped.ended.wait(60) and stopped.state == "STOPPED"
    del aws.handlers["s3.PutObject"]
    go_on.set()


@pytest.mark.xdist_group("spark")
def test_a_process_that_dies_fails_its_run_and_a_wrong_argument_says_so(aws: Aws, spark_runner: SparkRunner) -> None:
    aws.create_job()
    aws.glue.runner = spark_runner
    aws.put_raw("2026-01-05T13", [event()])
    lost = aws.glue.start(Arguments=arguments(aws))
    lost.dies_after = 0
    assert lost.ended.wait(120) and (lost.state, lost.error[:12]) == ("FAILED", "ExecutorLost")
    wrong = aws.glue.start(Arguments={"--unit": "never"})
    assert wrong.ended.wait(120) and (wrong.state, wrong.error) == ("FAILED", "SystemExit: 2")
