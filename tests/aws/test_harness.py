"""The imitation of AWS does what the tests rely on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest

from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.runners import ScriptedRunner
from tests.aws.harness.spark_runner import SparkRunner
from tests.conftest import event

ONCE = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=1)


def refused(call: Callable[..., Any], **words: Any) -> tuple[str, int]:
    with pytest.raises(botocore.exceptions.ClientError) as told:
        call(**words)
    response = told.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_each_service_throttles_in_its_own_words(aws: Aws) -> None:
    aws.faults.add(Fault("*", "throttle"))
    assert refused(boto3.client("glue", config=ONCE).get_job_runs, JobName="x") == ("ThrottlingException", 400)
    assert refused(boto3.client("s3", config=ONCE).list_buckets) == ("SlowDown", 503)
    assert refused(boto3.client("sts", config=ONCE).get_caller_identity) == ("Throttling", 400)


@pytest.mark.parametrize(("kind", "acted"), [("lose", True), ("drop", False)])
def test_a_cut_connection_is_an_error_whether_or_not_the_server_has_acted(aws: Aws, kind: Any, acted: bool) -> None:
    bucket = aws.lake.raw.removeprefix("s3://").split("/")[0]
    aws.faults.add(Fault("s3.PutObject", kind, times=1))
    with pytest.raises(botocore.exceptions.HTTPClientError):
        boto3.client("s3", config=ONCE).put_object(Bucket=bucket, Key="clickstream/x", Body=b"x")
    assert (f"s3://{bucket}/clickstream/x" in aws.list(aws.lake.raw)) is acted


def test_a_call_that_hangs_runs_into_the_clients_timeout(aws: Aws) -> None:
    aws.faults.add(Fault("glue.*", "hang", times=1))
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        boto3.client("glue", config=ONCE).get_job_runs(JobName="x")


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


@pytest.mark.xdist_group("spark")
def test_the_real_script_runs_an_hour_on_spark_and_can_be_stopped(aws: Aws, spark_runner: SparkRunner) -> None:
    aws.create_job()
    aws.glue.runner = spark_runner
    aws.put_raw("2026-01-05T13", [event(), event(user="u2")])
    lake = aws.lake
    given = {
        "--unit": "2026-01-05T13", "--force": "true",
        "--raw": lake.raw, "--processed": lake.processed, "--quarantine": lake.quarantine,
    }  # fmt: skip
    run = aws.glue.start(Arguments=given)
    assert run.ended.wait(120) and run.state == "SUCCEEDED", run.error
    said = aws.boto("logs").get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run.id)["events"]
    assert any('"facts": 2' in line["message"] for line in said)
    stopped = aws.glue.start(Arguments=given)
    boto3.client("glue").batch_stop_job_run(JobName="clickstream", JobRunIds=[stopped.id])
    assert stopped.ended.wait(60) and stopped.state in ("STOPPED", "SUCCEEDED")
