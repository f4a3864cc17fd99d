"""The entries about hours and days that need AWS, or the AWS CLI."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto.server")

from clickctl.domain.layout import TABLES
from tests.aws.harness.faults import Fault
from tests.aws.harness.runners import QuickRunner, ScriptedRunner
from tests.runbook.clouds import Cloud
from tests.runbook.places import DAY, Folders

H12, H13 = "2026-01-05T12", "2026-01-05T13"
needs_aws_cli = pytest.mark.usefixtures("aws_cli")


def test_a_glue_job_run_has_failed(cloud: Cloud) -> None:
    cloud.put(H13, "u1", "u2")
    cloud.aws.glue.runner = ScriptedRunner("FAILED: ExecutorLostFailure: out of memory")
    failed = cloud.shell("run-partition", H13, code=5)
    assert "FAILED" in failed.err and "ExecutorLostFailure" in failed.err
    cloud.shell("run-partition", DAY[0], "--no-wait")
    assert len(cloud.aws.glue.runs) == 3 + 1, "accidents are met with up to three runs"
    assert "2026-01-05T13  waiting" in cloud.run("clickctl status").out
    cloud.aws.glue.runner = QuickRunner()
    assert cloud.run("clickctl backfill").err.endswith("Nothing more to do.\n")
    assert cloud.states() == {"committed"}


@needs_aws_cli
def test_glue_has_no_room(cloud: Cloud) -> None:
    cloud.put(H13, "u1")
    cloud.aws.glue.runner = ScriptedRunner("RUNNING")
    theirs = cloud.aws.glue.start(Arguments={"--unit": "2026-01-04"})
    cloud.aws.faults.add(Fault("glue.StartJobRun", "error", code="ConcurrentRunsExceededException"))
    listed = cloud.run("aws glue get-job-runs").out.split()
    assert (listed[0], listed[-1]) == (theirs.id, "2026-01-04")
    assert "committed" in cloud.run("clickctl run-partition").out
    assert cloud.states() == {"committed"}


@needs_aws_cli
def test_raw_files_are_gone(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for use in ("raw", "processed"):
        cloud.versioned(use)
    deleted = cloud.put(H12, "u1")
    cloud.put(H13, "u2")
    cloud.run_here(DAY[0])
    bucket, key = deleted.removeprefix("s3://").split("/", 1)
    s3 = cloud.aws.boto("s3")
    marker = s3.delete_object(Bucket=bucket, Key=key)["VersionId"]
    cloud.sees(cloud.shell("run-partition", DAY[0], code=1))
    assert "inputs-gone" in cloud.shell("backfill", *DAY, code=1).out
    assert cloud.states() == {"committed"}, "status does not tell"
    assert cloud.run("aws s3api", VERSION=marker).out.startswith(f"{key}\t{marker}\n")
    overwritten(cloud, monkeypatch)
    assert "unchanged" in cloud.run("clickctl run-partition 2026-01-05\n").out
    s3.delete_object(Bucket=bucket, Key=key)
    assert "committed" in cloud.run("clickctl run-partition 2026-01-05 --force").out
    assert cloud.states() == {"committed"}


def overwritten(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lay there before is put back by the producers' role."""
    profiles = cloud.folder / "profiles"
    profiles.write_text("[profile clickstream-producer]\naws_access_key_id = p\naws_secret_access_key = p\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profiles))
    bucket, key = cloud.put(H13, "u2").removeprefix("s3://").split("/", 1)
    before = cloud.aws.boto("s3").head_object(Bucket=bucket, Key=key)["VersionId"]
    cloud.put(H13, "other", "rows")
    assert cloud.states(H13) == {"stale"}
    assert f"{key}\t{before}\t" in cloud.run("aws s3api", VERSION=before).out
    assert cloud.states() == {"committed"}


@needs_aws_cli
def test_the_ledger_is_damaged(here: Folders, cloud: Cloud) -> None:
    damaged_on_folders(here)
    damaged_in_s3(cloud)


def damaged_on_folders(here: Folders) -> None:
    here.put(H12, "/a", "/late@2026-01-04", run=True)
    here.put(H13, "/b", {"broken": True}, run=True)
    ledger = Path(here.lake.roots.processed, "_ledger/2026/01/05.json")
    whole = ledger.read_bytes()
    (here.folder / "backup.json").write_bytes(whole)
    ledger.write_bytes(whole[:-9])
    here.sees(here.shell("run-partition", H13, code=5))
    assert here.states() == {"blocked"}
    here.run("cp backup.json")
    assert here.states() == {"committed"}
    for root in (here.lake.roots.processed, here.lake.roots.quarantine):
        shutil.rmtree(root)
    for hour in (H12, H13):
        here.lake.run(hour)
    ledger.write_bytes(b"")
    here.words["/var/tmp"] = str(here.folder)
    ran = here.run("ls lake/raw")
    assert ran.err.endswith("Nothing more to do.\n")
    assert here.lake.pages() == ["/a", "/b", "/late"]
    assert here.lake.unowned() == [], "files that no ledger knows"


def damaged_in_s3(cloud: Cloud) -> None:
    cloud.versioned("processed")
    for hour in (H12, H13):
        cloud.put(hour, "u1", None, run=True)
    bucket, key = cloud.ledger.removeprefix("s3://").split("/", 1)
    newest = cloud.aws.boto("s3").head_object(Bucket=bucket, Key=key)["VersionId"]
    cloud.aws.put(cloud.ledger, b"damaged")
    assert newest in cloud.run("aws s3api", VERSION=newest).out
    assert units(cloud) == [DAY[0]]
    for root in (cloud.aws.lake.processed, cloud.aws.lake.quarantine):
        cloud.empty(root)
    for hour in (H12, H13):
        cloud.run_here(hour)
    cloud.aws.put(cloud.ledger, b"damaged")
    cloud.run("aws s3 ls")
    assert (cloud.folder / "damaged-ledger.json").read_bytes() == b"damaged"
    assert units(cloud) == [DAY[0]]
    tables = [f"{cloud.aws.lake.processed}/{table}" for table in TABLES]
    there = [place for root in (cloud.aws.lake.quarantine, *tables) for place in cloud.aws.list(root)]
    owned = [file["key"] for file in ledger(cloud)["units"][DAY[0]]["commit"]["files"]]
    assert len(there) == len(owned) == 3 and all(place.endswith(tuple(owned)) for place in there)


def ledger(cloud: Cloud) -> Any:
    return json.loads(cloud.aws.read(cloud.ledger))


def units(cloud: Cloud) -> list[str]:
    return list(ledger(cloud)["units"])
