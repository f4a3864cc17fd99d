"""A backfill on AWS that survives the night: throttling, lost replies, failing job runs, a killed command line."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.aws import seen
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.runners import FailingOnce, QuickRunner, ScriptedRunner
from tests.aws.test_glue_engine import create_tables
from tests.conftest import REPO, Shell, event

FIRST, END = "2026-01-05T12", "2026-01-07T12"
HOURS = [f"2026-01-{day:02}T{hour:02}" for day in (5, 6, 7) for hour in range(24)][12:60]


def put_hours(aws: Aws, hours: list[str]) -> set[str]:
    """Three events in every hour, one of them twice; the pages of what should become rows."""
    pages = set()
    for hour in hours:
        rows = [event(f"{hour}:0{n}:00Z", f"u{n}", page_url=f"/{hour}/{n}") for n in range(3)]
        aws.put_raw(hour, [*rows, rows[0]])
        pages |= {row["page_url"] for row in rows}
    return pages


def begun(shell: Shell) -> subprocess.Popen[str]:
    settings = {**os.environ, "PYTHONPATH": str(REPO), "CLICKCTL_CONFIG": str(shell.config)}
    argv = [sys.executable, "-m", "clickctl", "backfill", FIRST, END, "--log-format", "json"]
    return subprocess.Popen(argv, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def killed_after(command: subprocess.Popen[str], event: str) -> None:
    """kill -9 as soon as the command has said this."""
    with command:
        assert command.stderr is not None
        for line in command.stderr:
            if f'"event": "{event}"' in line:
                break
        command.kill()


@pytest.mark.parametrize(
    "retries",
    # The SDK's adaptive mode, our default, slows down to a call every other second when a fifth is refused.
    ["standard", pytest.param("adaptive", marks=pytest.mark.heavy)],
)
def test_forty_eight_hours_survive_faults_and_two_kills_with_nothing_lost_or_doubled(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, retries: str
) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", retries)
    aws.create_job()
    create_tables(aws)
    shell = aws.shell()
    pages = put_hours(aws, HOURS)
    aws.glue.runner = failing = FailingOnce(QuickRunner(), 0.1, seed=57, midway=True)
    aws.faults.add(Fault("*", "throttle", share=0.2), Fault("*", "lose", share=0.05))
    killed_after(begun(shell), "started")
    killed_after(begun(shell), "job_run")
    ran: Any = None
    for _ in range(5):
        ran = shell("backfill", FIRST, END, "--output", "json", code=None)
        if ran.code == 0:
            break
    assert ran.code == 0, ran.err
    assert failing.failed
    found = seen.pages(seen.objects(aws))
    assert len(found) == len(set(found)) and set(found) == pages
    assert shell("status", FIRST, END, "--output", "json").json["counts"] == {"committed": 48}
    assert not [key for key in aws.list(aws.lake.processed) if "/_staging/" in key]
    assert len(aws.glue.runs) <= 12 + len(failing.failed)


def test_ninety_days_are_planned_with_fewer_than_250_calls(aws: Aws) -> None:
    shell = aws.shell()
    aws.put_raw("2026-01-05T13", [event()])
    with aws.counting() as calls:
        shell("backfill", "2026-01-01", "2026-04-01", "--dry-run", "--output", "json")
    assert len(calls) < 250


def test_many_units_share_a_job_run_and_a_laptop_that_dies_finds_it_again(aws: Aws) -> None:
    aws.create_job()
    create_tables(aws)
    shell = aws.shell()
    put_hours(aws, HOURS[:12])
    aws.glue.runner = ScriptedRunner("RUNNING")
    words = ("backfill", FIRST, "2026-01-06", "--log-format", "json")
    shell(*words, "--no-wait")
    [run] = aws.glue.runs
    assert len(run.units) == 12
    QuickRunner().start(run)
    assert '"event": "joined"' in shell(*words).err
    assert aws.glue.runs == [run]
