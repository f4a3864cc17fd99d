"""The imitation of AWS does what the tests rely on."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest

from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault

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


def test_an_error_is_the_services_own_or_the_one_that_was_asked_for(aws: Aws) -> None:
    aws.faults.add(
        Fault("sts.*", "error", code="ExpiredToken", message="expired", status=403), Fault("lambda.*", "throttle")
    )
    assert refused(boto3.client("sts", config=ONCE).get_caller_identity) == ("ExpiredToken", 403)
    assert refused(boto3.client("lambda", config=ONCE).list_functions) == ("TooManyRequestsException", 429)
    aws.faults.add(Fault("*", "error"))
    assert refused(boto3.client("glue", config=ONCE).get_databases) == ("InternalServiceException", 500)
    assert refused(boto3.client("s3", config=ONCE).list_buckets) == ("InternalError", 500)
    assert refused(boto3.client("s3", config=ONCE).head_object, Bucket="any", Key="k") == ("500", 500)


def test_a_fault_befalls_a_share_of_the_calls_that_match_and_only_so_many_times(aws: Aws) -> None:
    bucket, s3 = aws.lake.raw.split("/")[2], boto3.client("s3", config=ONCE)
    aws.faults.add(Fault("s3.PutObject", "throttle", match="ledger", share=0.5, times=5))
    for n in range(40):
        s3.put_object(Bucket=bucket, Key=f"other/{n}", Body=b"")
        with suppress(botocore.exceptions.ClientError):
            s3.put_object(Bucket=bucket, Key=f"ledger/{n}", Body=b"")
    puts = aws.calls.of("s3.PutObject")
    assert [call.fault for call in puts].count("throttle") == 5
    assert all("ledger" in call.request.path for call in puts if call.fault)
    assert "throttle" not in {call.fault for call in puts[:10:2]}


def test_calls_are_counted_by_the_names_of_the_sdk(aws: Aws) -> None:
    bucket, s3 = aws.lake.raw.split("/")[2], boto3.client("s3")
    with aws.counting() as calls:
        s3.put_object(Bucket=bucket, Key="a b/ü+", Body=b"x")
        s3.upload_fileobj(io.BytesIO(bytes(9 << 20)), bucket, "large")
        s3.copy_object(Bucket=bucket, Key="other", CopySource={"Bucket": bucket, "Key": "large"})
        s3.list_objects_v2(Bucket=bucket, Prefix="a")
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "large"}]})
        boto3.client("sts").get_caller_identity()
        aws.list(aws.lake.raw)
    assert calls.counts == Counter({
        "s3.PutObject": 1, "s3.CreateMultipartUpload": 1, "s3.UploadPart": 2, "s3.CompleteMultipartUpload": 1,
        "s3.CopyObject": 1, "s3.ListObjectsV2": 1, "s3.DeleteObjects": 1, "sts.GetCallerIdentity": 1,
    })  # fmt: skip


def test_a_write_on_condition_is_won_by_one(aws: Aws) -> None:
    bucket = aws.lake.raw.split("/")[2]
    s3 = boto3.client("s3", config=botocore.config.Config(max_pool_connections=16))

    def put(n: int) -> bool:
        with suppress(botocore.exceptions.ClientError):
            s3.put_object(Bucket=bucket, Key="ledger", Body=str(n).encode(), IfNoneMatch="*")
            return True
        return False

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(put, range(64))) == 1


def test_a_call_that_hangs_runs_into_the_clients_timeout(aws: Aws) -> None:
    aws.faults.add(Fault("glue.*", "hang", times=1))
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        boto3.client("glue", config=ONCE).get_job_runs(JobName="x")


def test_partitions_come_in_pages_and_segments_without_columns_if_so_asked(aws: Aws) -> None:
    glue = aws.boto("glue")
    glue.create_database(DatabaseInput={"Name": "d"})
    glue.create_table(DatabaseName="d", TableInput={"Name": "t", "PartitionKeys": [{"Name": "day", "Type": "string"}]})
    described = {"Columns": [{"Name": "a", "Type": "string"}], "Location": "s3://b/k"}
    wanted = [{"Values": [f"{n:02}"], "StorageDescriptor": described} for n in range(25)]
    glue.batch_create_partition(DatabaseName="d", TableName="t", PartitionInputList=wanted)
    aws.partitions.page_size = 3
    pages: Any = boto3.client("glue").get_paginator("get_partitions")
    found: list[str] = []
    with aws.counting() as calls:
        for number in range(2):
            segment = {"SegmentNumber": number, "TotalSegments": 2}
            for page in pages.paginate(DatabaseName="d", TableName="t", Segment=segment, ExcludeColumnSchema=True):
                assert len(page["Partitions"]) <= 3
                assert all(one["StorageDescriptor"].keys() == {"Location"} for one in page["Partitions"])
                found += [one["Values"][0] for one in page["Partitions"]]
    assert sorted(found) == [f"{n:02}" for n in range(25)] and len(calls) >= 9
    some = glue.get_partitions(DatabaseName="d", TableName="t", MaxResults=2, Expression="day > '20'")
    assert [one["Values"] for one in some["Partitions"]] == [["21"], ["22"]] and some["NextToken"]
