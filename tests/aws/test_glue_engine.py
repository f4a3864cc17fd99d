"""The Glue engine through the command line: runs started, joined, followed and told about truly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.aws.harness.account import Aws
from tests.conftest import Shell, event

DAY, HOUR = "2026-01-05", "2026-01-05T13"


@pytest.fixture
def clicks(aws: Aws) -> Shell:
    """A job, and an hour of raw events to run."""
    aws.create_job()
    aws.put_raw(HOUR, [event(user=f"u{n}") for n in range(5)])
    return aws.shell()


def ran(shell: Shell, *words: str, code: int = 0) -> dict[str, Any]:
    return dict(shell("run-partition", *words, "--output", "json", code=code).json)


def arguments(aws: Aws) -> list[dict[str, str]]:
    return [run.arguments for run in aws.glue.runs]


def test_an_hour_is_run_by_one_job_run_and_then_left_alone(aws: Aws, clicks: Shell) -> None:
    result = ran(clicks, HOUR)
    [run] = aws.glue.runs
    assert (result["outcome"], result["job_run"], result["quality"]["facts"]) == ("committed", run.id, 5)
    assert ran(clicks, HOUR)["outcome"] == "unchanged"
    assert len(aws.glue.runs) == 1


def test_a_run_is_told_all_it_needs_and_no_secret(aws: Aws, clicks: Shell) -> None:
    aws.shell(aws={"kms_key": "arn:aws:kms:us-east-1:1:key/k"}, quality={"max_skew": "2h"})
    ran(clicks, HOUR, "--force")
    [given] = arguments(aws)
    lake = aws.lake
    assert {name: given[f"--{name}"] for name in ("raw", "processed", "quarantine", "unit", "force")} == {
        "raw": lake.raw, "processed": lake.processed, "quarantine": lake.quarantine, "unit": HOUR, "force": "true",
    }  # fmt: skip
    assert json.loads(given["--rules"])["max_skew"] == "2h"
    assert json.loads(given["--aws"]) == {"kms_key": "arn:aws:kms:us-east-1:1:key/k"}
    assert "testing" not in json.dumps(given)
