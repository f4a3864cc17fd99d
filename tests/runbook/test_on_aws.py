"""The entries about AWS: costs, permissions, regions, the catalog."""

from __future__ import annotations

import re
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("moto.server")

from tests.aws.alerts import Alerting
from tests.aws.harness.account import REGION
from tests.aws.harness.faults import Fault
from tests.aws.harness.replies import Reply
from tests.aws.harness.requests import Request
from tests.aws.registry import AthenaOfViews, Registry
from tests.runbook.clouds import TODAY, YESTERDAY, Cloud
from tests.runbook.places import DAY

H13, H14 = "2026-01-05T13", "2026-01-05T14"
needs_aws_cli = pytest.mark.usefixtures("aws_cli")
PURCHASE: dict[str, Any] = {"action": "purchase"}


@needs_aws_cli
def test_costs_are_up_or_runs_are_slow(cloud: Cloud) -> None:
    for hour in (H13, H14):
        cloud.put(hour, *(f"u{n}" for n in range(9)))
        cloud.shell("run-partition", hour)
    report = cloud.run("clickctl dq-report", code=1)
    assert re.search(r"(warn|fail) +cost +\$[\d.]+ and [\d.]+ DPU-hours for a million events", report.out)
    runs = [line.split("\t") for line in cloud.run("aws glue").out.splitlines()]
    assert [(run[1], run[3], run[4]) for run in runs] == [("SUCCEEDED", "4.0", H14), ("SUCCEEDED", "4.0", H13)]
    assert "2 committed hours become one day" in cloud.run("clickctl run-partition").out


@needs_aws_cli
def test_access_is_denied_by_iam_or_kms(cloud: Cloud, alerting: Alerting) -> None:
    cloud.configure(alerts={"topic": alerting.topic})
    cloud.put(H13, "u1", **PURCHASE)
    kms = cloud.aws.boto("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/clickstream", TargetKeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    for call in ("s3.GetObject", "s3.PutObject", "s3.CreateMultipartUpload"):
        message = f"arn:aws:kms:us-east-1:123456789012:key/{key} is pending deletion."
        cloud.aws.faults.add(Fault(call, "error", code="KMS.KMSInvalidStateException", message=message))
    cloud.shell("run-partition", H13, "--engine", "local", code=5)
    assert "is pending deletion" in cloud.run("clickctl doctor\n", code=3).out
    assert cloud.run("aws kms describe-key").out.split()[:2] == [key, "PendingDeletion"]
    cloud.run("aws kms cancel", KEY=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    cloud.aws.faults.reset()
    mended = cloud.run("clickctl doctor")
    assert mended.err.count("Nothing more to do.") == 2
    assert cloud.states() == {"committed"} and alerting.users() == {"u1": 1}


def test_credentials_have_expired(cloud: Cloud) -> None:
    cloud.put(H13, "u1")
    cloud.shell("run-partition", DAY[0], "--no-wait")
    assert cloud.aws.glue.runs[0].ended.wait(60), "it has a role of its own, which is not to meet this:"
    cloud.aws.faults.add(Fault("s3.*", "error", code="ExpiredToken", message="The provided token has expired."))
    assert "AWS refused the credentials: ExpiredToken" in cloud.shell("backfill", *DAY, code=3).err
    cloud.aws.faults.reset()
    assert cloud.run("aws sso login").err.endswith("Nothing more to do.\n")
    assert len(cloud.aws.glue.runs) == 1
    assert cloud.states() == {"committed"}


@needs_aws_cli
def test_the_lake_moves_to_another_region(
    warehouse: Cloud, alerting: Alerting, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, config = warehouse, ("--config", "moved.toml")
    for name in ("AWS_DEFAULT_REGION", "CLICKCTL_LAKE_RAW", "CLICKCTL_LAKE_ALERTS", "CLICKCTL_ALERTS_TOPIC"):
        monkeypatch.delenv(name)  # they would win over both configurations
    old.configure(aws={"region": REGION})
    for hour in (f"{YESTERDAY}T13", f"{YESTERDAY}T14"):
        old.put(hour, "u1", None, **PURCHASE)
    old.put(H13, "u1", run=True)  # a day that no warehouse holds any more
    old.run_here(YESTERDAY)
    old.shell("alerts-replay", YESTERDAY, str(TODAY), "--in-process")
    assert alerting.users() == {"u1": 2}
    lake = new_lake(old)
    old.with_terraform(**moved(old, lake))
    old.run("terraform -chdir=terraform apply -var 'schedules")
    old.run("aws s3 sync")
    for use, root in vars(old.aws.lake).items():
        copied = [place.replace("s3://", "s3://moved-") for place in old.aws.list(root)]
        assert copied and content(old, lake[use]) == copied, use
    under_kms(old, lake)
    assert f"{YESTERDAY} loaded: 2 facts" in old.run("clickctl --config moved.toml register").err
    [(first_seen,)] = old.query("SELECT CAST(first_seen AS DATE) FROM dim_users")
    assert str(first_seen) == DAY[0], "users are known from days that are not loaded"
    states = old.shell(*config, "status", YESTERDAY, str(TODAY), "--output", "json").json["counts"]
    assert states == {"missing": 22, "stale": 2}
    assert old.run("terraform -chdir=terraform apply").err.count("Nothing more to do.") == 2
    commands = ["apply", "workspace new", "apply", "apply"]
    assert [one["command"] for one in old.terraform] == commands
    assert ["schedules" in one["settings"] for one in old.terraform if one["settings"]] == [True, True, False]
    inbox = old.aws.boto("sqs", MOVED)
    told = inbox.receive_message(QueueUrl=inbox.get_queue_url(QueueName="inbox")["QueueUrl"])
    assert "Messages" not in told, "nobody is told twice"
    states = old.shell(*config, "status", YESTERDAY, str(TODAY), "--output", "json").json["counts"]
    assert states == {"missing": 22, "committed": 2}
    old.shell(*config, "register-partitions", "--check")


MOVED = "eu-west-1"


def new_lake(old: Cloud) -> dict[str, str]:
    """Empty buckets in another region, and what else Terraform makes there."""
    s3 = old.aws.boto("s3", MOVED)
    for use, bucket in old.buckets.items():
        old.words[f"moved-{use}"] = f"moved-{bucket}"
        s3.create_bucket(Bucket=f"moved-{bucket}", CreateBucketConfiguration={"LocationConstraint": MOVED})
    job = old.aws.boto("glue").get_job(JobName="clickstream")["Job"]
    wanted = ("Name", "Role", "Command", "DefaultArguments", "ExecutionProperty", "GlueVersion", "WorkerType")
    old.aws.boto("glue", MOVED).create_job(**{name: job[name] for name in wanted}, NumberOfWorkers=2)
    group = old.aws.boto("athena").get_work_group(WorkGroup="oncall")["WorkGroup"]["Configuration"]
    place = {"OutputLocation": group["ResultConfiguration"]["OutputLocation"].replace("s3://", "s3://moved-")}
    settings = {"ResultConfiguration": place, "BytesScannedCutoffPerQuery": 10**11}
    old.aws.boto("athena", MOVED).create_work_group(Name="oncall", Configuration=settings)
    views = AthenaOfViews(SimpleNamespace(boto=partial(old.aws.boto, region=MOVED)))  # type: ignore[arg-type]

    def start(request: Request) -> Reply:
        if request.json["QueryString"].startswith("CREATE"):
            views.run(request.json["QueryString"])
        return old.aws.server.moto.answer(request)

    old.aws.handlers["athena.StartQueryExecution"] = start
    return {use: root.replace("s3://", "s3://moved-") for use, root in vars(old.aws.lake).items()}


def content(old: Cloud, root: str) -> list[str]:
    bucket, prefix = f"{root}/".removeprefix("s3://").split("/", 1)
    found = old.aws.boto("s3", MOVED).list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    return [f"s3://{bucket}/{one['Key']}" for one in found]


def moved(old: Cloud, lake: dict[str, str]) -> dict[str, Any]:
    """The configuration of the new lake, as Terraform puts it out."""
    kept = {name: old.sections[name] for name in ("athena", "redshift")}
    sns, sqs = old.aws.boto("sns", MOVED), old.aws.boto("sqs", MOVED)
    topic, inbox = sns.create_topic(Name="purchases")["TopicArn"], sqs.create_queue(QueueName="inbox")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    kept |= {"glue": {"poll_seconds": 0.05}, "alerts": {"topic": topic}}
    return {"backend": "aws", "aws": {"region": MOVED}, "lake": lake, **kept}


def under_kms(old: Cloud, lake: dict[str, str]) -> None:
    """Copied raw files have other ETags, as under SSE-KMS: here because they are put in parts."""
    s3 = old.aws.boto("s3", MOVED)
    for place in old.aws.list(lake["raw"]):
        bucket, key = place.removeprefix("s3://").split("/", 1)
        this = {"Bucket": bucket, "Key": key}
        body = s3.get_object(**this)["Body"].read()
        upload = {**this, "UploadId": s3.create_multipart_upload(**this)["UploadId"]}
        part = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=body)["ETag"]}
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})


def test_a_day_is_missing_in_spectrum_or_athena_returns_no_rows(cloud: Cloud) -> None:
    cloud.put(H13, "u1", run=True)
    registry = Registry(cloud.aws)
    assert registry.days() == []
    cloud.run("clickctl register-partitions")
    assert registry.days() == registry.days("dim_users") == [DAY[0]]
