"""The entries about AWS: releases, costs, permissions, regions, the catalog."""

from __future__ import annotations

import hashlib
import re
import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("moto.server")

import clickctl
from clickctl.domain.rules import QualityRules
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
def test_a_release_is_to_be_rolled_back(cloud: Cloud, alerting: Alerting, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.configure(alerts={"topic": alerting.topic})
    cloud.put(H13, "u1", **PURCHASE)
    with monkeypatch.context() as later:
        later.setattr(clickctl, "__version__", "0.2.0")
        cloud.run_here(H13)
    cloud.put(H14, "u2", run=True)
    fetch, listing = cloud.entry.take("aws s3 cp"), cloud.entry.take("python3")
    commits = listed(cloud, fetch, listing)
    assert {unit: words[1] for unit, words in commits.items()} == {H13: "0.2.0", H14: clickctl.__version__}
    assert {words[2] for words in commits.values()} == {QualityRules().name}

    cloud.with_terraform(backend="aws", aws={"region": REGION}, lake=vars(cloud.aws.lake), **cloud.sections)
    good, bad = shutil.copytree(cloud.folder / "dist", cloud.folder / "good"), bad_release(cloud.folder / "dist")
    looking = cloud.entry.take("aws lambda")
    deploy(cloud, bad)
    before = cloud.bash(looking).out
    cloud.run("terraform")
    deploy(cloud, good)  # as the apply of the next block would do it
    cloud.run("clickctl package")
    told = [(one["command"], one["settings"], one["dist"]) for one in cloud.terraform if one["command"] != "init"]
    assert told == [("apply", {"schedules": "{enabled=false}"}, hashes(bad)), ("apply", {}, hashes(good))]
    after = cloud.bash(looking).out
    packages = cloud.shell("package", "--out", "again", "--output", "json").json
    assert "clickctl-0.2.0.zip" in before and packages[0]["hash"] not in before
    assert f"clickctl-{clickctl.__version__}.zip" in after and packages[0]["hash"] in after and "0.2.0" not in after

    cloud.run("clickctl backfill")
    assert {words[1] for words in listed(cloud, fetch, listing).values()} == {clickctl.__version__}
    assert alerting.users() == {"u1": 1}


def listed(cloud: Cloud, fetch: str, listing: str) -> dict[str, list[str]]:
    """When, version, transform and engine of each commit that the lines of the page tell of."""
    for said, meant in cloud.words.items():
        fetch = fetch.replace(said, meant)
    cloud.bash(fetch)
    return {line.split()[0]: line.split()[1:] for line in cloud.bash(listing).out.splitlines()}


def bad_release(dist: Path) -> Path:
    """Another version takes the place of what lies there; the folder of a copy."""
    for path in list(dist.iterdir()):
        path.unlink()
        path.with_name(path.name.replace(clickctl.__version__, "0.2.0")).write_bytes(b"bad " + path.name.encode())
    return Path(shutil.copytree(dist, dist.with_name("bad")))


def hashes(dist: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in dist.iterdir()}


def deploy(cloud: Cloud, dist: Path) -> None:
    """The job and the function of these files, as terraform/glue.tf and alerts.tf have them."""
    [library], [archive] = dist.glob("clickctl-[0-9]*.zip"), dist.glob("clickctl-alerts-*.zip")
    release = f"s3://{cloud.buckets['processed']}/artifacts/{hashlib.sha256(library.read_bytes()).hexdigest()[:12]}"
    cloud.aws.put(f"{release}/{library.name}", library.read_bytes())
    cloud.aws.put(f"{release}/clickstream_job.py", (dist / "clickstream_job.py").read_bytes())
    command = {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": f"{release}/clickstream_job.py"}
    cloud.sound.job(Command=command, DefaultArguments={
        "--extra-py-files": f"{release}/{library.name}", "--additional-python-modules": "msgspec,zlib-ng"})  # fmt: skip
    function, name = cloud.aws.boto("lambda"), "clickstream-alerts"
    if function.list_functions()["Functions"]:
        function.update_function_code(FunctionName=name, ZipFile=archive.read_bytes())
        return
    role = cloud.aws.boto("iam").get_role(RoleName="oncall")["Role"]["Arn"]
    function.create_function(FunctionName=name, Role=role, Runtime="python3.12", Handler="lambda_src.handler.handle",
                             Code={"ZipFile": archive.read_bytes()})  # fmt: skip


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
