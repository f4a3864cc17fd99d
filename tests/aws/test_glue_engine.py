"""The Glue engine through the command line: runs started, joined, followed and told about truly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.runners import QuickRunner, ScriptedRunner
from tests.conftest import REPO, Shell, event

HOUR = "2026-01-05T13"


@pytest.fixture
def clicks(aws: Aws) -> Shell:
    """A job, tables, and an hour of raw events to run."""
    aws.create_job()
    create_tables(aws)
    aws.put_raw(HOUR, [event(user=f"u{n}") for n in range(5)])
    return aws.shell()


def create_tables(aws: Aws) -> None:
    glue, views = aws.boto("glue"), aws.shell(catalog={"users_view": "users"})
    glue.create_database(DatabaseInput={"Name": "clickstream"})
    views("register-partitions", "--create-tables", code=None)


def ran(shell: Shell, *words: str, code: int = 0) -> dict[str, Any]:
    return dict(shell("run-partition", *words, "--output", "json", code=code).json)


def test_an_hour_is_run_by_one_job_run_registered_and_then_left_alone(aws: Aws, clicks: Shell) -> None:
    result = ran(clicks, HOUR)
    [run] = aws.glue.runs
    assert (result["outcome"], result["job_run"], result["quality"]["facts"]) == ("committed", run.id, 5)
    assert result["dollars"] > 0
    for table in ("fact_clicks", "dim_users"):
        partitions = aws.boto("glue").get_partitions(DatabaseName="clickstream", TableName=table)["Partitions"]
        assert [partition["Values"] for partition in partitions] == [["2026", "01", "05"]]
    assert ran(clicks, HOUR)["outcome"] == "unchanged"
    assert len(aws.glue.runs) == 1


def test_a_run_is_told_all_it_needs_and_no_secret(aws: Aws, clicks: Shell) -> None:
    aws.shell(quality={"max_skew": "2h"}, glue={"workers": 3, "worker_type": "G.2X", "poll_seconds": 0.05})
    ran(clicks, HOUR, "--force")
    [run] = aws.glue.runs
    given, lake = run.arguments, aws.lake
    assert {name: given[f"--{name}"] for name in ("raw", "processed", "quarantine", "unit", "force")} == {
        "raw": lake.raw, "processed": lake.processed, "quarantine": lake.quarantine, "unit": HOUR, "force": "true",
    }  # fmt: skip
    assert json.loads(given["--rules"])["max_skew"] == "2h"
    assert given["--dpus"] == "6"
    assert (run.request["WorkerType"], run.request["NumberOfWorkers"], run.request["Timeout"]) == ("G.2X", 3, 120)
    assert "testing" not in json.dumps(given)


def test_a_run_that_is_under_way_is_joined_and_never_doubled(aws: Aws, clicks: Shell) -> None:
    ran(clicks, HOUR, "--no-wait")
    [run] = aws.glue.runs
    assert ran(clicks, HOUR)["outcome"] in ("committed", "unchanged")
    assert aws.glue.runs == [run]


def test_a_start_whose_reply_was_lost_is_found_again_and_not_repeated(aws: Aws, clicks: Shell) -> None:
    aws.faults.add(Fault("glue.StartJobRun", "lose", times=1))
    assert ran(clicks, HOUR)["outcome"] == "committed"
    assert len(aws.glue.runs) == 1


def test_a_start_that_never_arrived_is_repeated(aws: Aws, clicks: Shell) -> None:
    aws.faults.add(Fault("glue.StartJobRun", "drop", times=2))
    assert ran(clicks, HOUR)["outcome"] == "committed"
    assert len(aws.glue.runs) == 1


@pytest.mark.parametrize("code", ["ConcurrentRunsExceededException", "ResourceNumberLimitExceededException", ""])
def test_no_room_and_throttling_are_waited_out(aws: Aws, clicks: Shell, code: str) -> None:
    aws.faults.add(Fault("glue.StartJobRun", "error" if code else "throttle", times=3, code=code))
    done = clicks("run-partition", HOUR)
    assert "No room for another run of clickstream yet" in done.err
    assert len(aws.glue.runs) == 1


@pytest.mark.parametrize(
    ("outcome", "told", "advice"),
    [
        ("TIMEOUT", "TIMEOUT after", "glue.timeout_minutes"),
        ("STOPPED", "STOPPED after", "Somebody stopped it"),
        ("EXPIRED", "EXPIRED after", "queue"),
        ("ERROR: no such script", ": no such script", "Glue could not start it"),
        ("FAILED: ran out of memory", "ran out of memory", "console.aws.amazon.com"),
        ("SUCCEEDED", "SUCCEEDED, but the ledger holds no commit of it", "clickctl doctor"),
    ],
)
def test_every_bad_end_of_a_run_is_told_with_what_to_do(
    aws: Aws, clicks: Shell, outcome: str, told: str, advice: str
) -> None:
    aws.glue.runner = ScriptedRunner(("WAITING", "STARTING", "RUNNING", outcome))
    done = clicks("run-partition", HOUR, code=1 if outcome == "SUCCEEDED" else 5)
    assert told in done.err and advice in done.err and done.out == ""
    assert len(aws.glue.runs) == (3 if outcome.startswith("FAILED") else 1), "only an accident is worth another run"


def test_the_last_lines_of_the_log_are_shown_when_a_run_has_failed(aws: Aws, clicks: Shell) -> None:
    class Talking(ScriptedRunner):
        def start(self, run: Any) -> None:
            run.log(["first line", "java.lang.OutOfMemoryError: heap"])
            super().start(run)

    aws.glue.runner = Talking("FAILED: Command failed with exit code 1")
    assert "java.lang.OutOfMemoryError: heap" in clicks("run-partition", HOUR, code=5).err


def test_an_accident_is_met_with_another_run(aws: Aws, clicks: Shell) -> None:
    class Unlucky(QuickRunner):
        def start(self, run: Any) -> None:
            if run is aws.glue.runs[0]:
                run.become("FAILED: Worker could not be started.")
            else:
                super().start(run)

    aws.glue.runner = Unlucky()
    assert ran(clicks, HOUR)["outcome"] == "committed"
    assert [run.state for run in aws.glue.runs] == ["FAILED", "SUCCEEDED"]


def test_a_missing_job_is_one_message(aws: Aws, clicks: Shell) -> None:
    aws.boto("glue").delete_job(JobName="clickstream")
    told = clicks("run-partition", HOUR, code=5).err
    assert "Glue job clickstream: EntityNotFoundException" in told and "clickctl doctor" in told


def test_no_wait_and_stop_on_interrupt_are_refused_where_no_job_run_is_left_behind(clicks: Shell) -> None:
    for flag in ("--no-wait", "--stop-on-interrupt"):
        assert "are for the engine glue" in clicks("run-partition", HOUR, "--engine", "local", flag, code=2).err


def test_the_local_engine_runs_an_hour_over_s3_without_glue(aws: Aws, clicks: Shell) -> None:
    assert ran(clicks, HOUR, "--engine", "local")["outcome"] == "committed"
    assert aws.glue.runs == []


@pytest.mark.parametrize("stop", [False, True])
def test_ctrl_c_leaves_the_run_and_says_so_or_stops_it_if_asked_to(aws: Aws, clicks: Shell, stop: bool) -> None:
    aws.glue.runner = ScriptedRunner("RUNNING")
    words = ["run-partition", HOUR, *(["--stop-on-interrupt"] if stop else [])]
    settings = {**os.environ, "PYTHONPATH": str(REPO), "CLICKCTL_CONFIG": str(clicks.config)}
    argv = [sys.executable, "-m", "clickctl", *words]
    with subprocess.Popen(argv, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        assert command.stderr is not None
        assert "Started job run" in command.stderr.readline()
        command.send_signal(signal.SIGINT)
        out, _ = command.communicate(timeout=60)
    [run] = aws.glue.runs
    assert command.returncode == 130
    assert f"job run {run.id} is {'stopping' if stop else 'running'}" in out
    assert run.stopping.is_set() is stop
