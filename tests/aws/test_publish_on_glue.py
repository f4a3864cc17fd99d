"""P3 and P6 over S3, by the job's own script on Spark: killed while it publishes, and two runs of a unit at once."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import pytest

pytest.importorskip("moto.server")

from tests.aws import seen
from tests.aws.harness.account import Aws
from tests.aws.harness.job_runs import JobRun
from tests.aws.harness.replies import AwsError, Reply
from tests.aws.harness.requests import Request
from tests.aws.harness.spark_runner import SparkRunner
from tests.aws.test_glue_engine import create_tables
from tests.conftest import REPO, Shell, event

pytestmark = pytest.mark.xdist_group("spark")

DAY, HOUR = "2026-01-05", "2026-01-05T13"


class Moment(NamedTuple):
    """A call of S3 while a unit is published: the n-th of its kind, before or after S3 has acted."""

    operation: str
    part: str
    number: int
    acted: bool


LEDGER = "/_ledger/"
MOMENTS = {
    f"{DAY}T01": Moment("s3.PutObject", LEDGER, 0, acted=True),  # claimed, and nothing more
    f"{DAY}T02": Moment("s3.CopyObject", "", 1, acted=True),  # some files are put
    f"{DAY}T03": Moment("s3.PutObject", LEDGER, 1, acted=False),  # all but the commit is done
}
HOURS = [*MOMENTS]
RANGE = (HOURS[0], f"{DAY}T04")


@pytest.fixture
def clicks(aws: Aws, spark_runner: SparkRunner) -> Shell:
    aws.create_job()
    create_tables(aws)
    aws.glue.runner = spark_runner
    return aws.shell()


def put(aws: Aws, hour: str, *pages: str) -> None:
    """A raw file with an event for each page: `/a`, or `/a@2026-01-04` for one that is late."""
    split = [page.partition("@") for page in pages]
    aws.put_raw(
        hour, [event(f"{day or DAY}T00:30:00Z", f"u{page}", page_url=f"{page}-{hour}") for page, _, day in split]
    )


@contextmanager
def at(aws: Aws, moment: Moment, act: Callable[[], object]) -> Iterator[None]:
    """Do something at a moment of a job run."""
    numbers = itertools.count()

    def answer(request: Request) -> Reply:
        chosen = moment.part in request.path and next(numbers) == moment.number
        if chosen and not moment.acted:
            act()
        reply = aws.server.moto.answer(request)
        if chosen and moment.acted:
            act()
        return reply

    aws.handlers[moment.operation] = answer
    try:
        yield
    finally:
        del aws.handlers[moment.operation]


def kill_during(aws: Aws, runner: SparkRunner, clicks: Shell, hour: str) -> None:
    """Start a run of an hour, and kill -9 its driver at the hour's moment."""

    def kill() -> None:
        runner.kill()
        if not MOMENTS[hour].acted:
            raise AwsError("RequestTimeout", "The caller is dead.")

    with at(aws, MOMENTS[hour], kill):
        clicks("run-partition", hour, "--no-wait")
        run = aws.glue.runs[-1]
        assert run.units == (hour,) and run.ended.wait(120)
    assert (run.state, run.error[:12]) == ("FAILED", "ExecutorLost")


def undisturbed(aws: Aws) -> seen.Objects:
    """The same raw files, run by the local engine into tables of their own, with no history."""
    base = aws.lake.processed.replace("/clickstream", "/undisturbed")
    lake = replace(aws.lake, processed=f"{base}/tables", quarantine=f"{base}/quarantine")
    folder = aws.folder / "undisturbed"
    folder.mkdir()
    places = {"processed": lake.processed, "quarantine": lake.quarantine}
    Shell(folder, aws.config_file(folder, backend="local", lake=places))("backfill", *RANGE)
    return seen.objects(aws, lake)


def test_killed_while_it_publishes_the_next_backfill_ends_as_if_nothing_had_happened(
    aws: Aws, spark_runner: SparkRunner, clicks: Shell
) -> None:
    for hour in HOURS:
        put(aws, hour, "/kept", "/gone", "/late@2026-01-04")
    clicks("backfill", *RANGE, "--engine", "local")
    old = set(seen.pages(seen.objects(aws)))
    for hour in HOURS:
        put(aws, hour, "/kept", "/new", "/later@2026-01-03")
        kill_during(aws, spark_runner, clicks, hour)
    shown = clicks("status", *RANGE, "--output", "json").json
    assert [(hour["hour"], hour["state"]) for hour in shown["hours"]] == [(hour, "torn") for hour in HOURS]
    assert shown["mend"][0]["command"].startswith("clickctl backfill")
    torn = seen.pages(seen.objects(aws))
    assert {f"/kept-{hour}" for hour in HOURS} <= set(torn), "rows are lost"
    assert len(torn) == len(set(torn)), "rows are doubled"
    assert old - set(torn) and set(torn) - old, "some of the old rows are gone, and some of the new are there"

    for hour in HOURS:  # so that files the dead runs put are nobody's now
        put(aws, hour, "/kept", "/newer", "/latest@2026-01-02")
    done = clicks("backfill", *RANGE, "--output", "json").json
    assert (done["counts"], aws.glue.runs[-1].units) == ({"committed": 3}, (*HOURS,))
    mended, wanted = seen.objects(aws), undisturbed(aws)
    assert seen.rows_and_rejects(mended) == seen.rows_and_rejects(wanted)
    assert seen.of(mended, "_staging/") == {}
    for hour, entry in seen.units(mended, DAY).items():
        other = seen.units(wanted, DAY)[hour]
        assert entry.keys() == other.keys(), "a commit and nothing else"
        assert all(entry["commit"][name] == other["commit"][name] for name in ("files", "quality", "inputs"))


def test_who_loses_the_compare_and_swap_stops_with_a_conflict_and_the_winner_stands(aws: Aws, clicks: Shell) -> None:
    """The job has read and staged all, and is about to claim, when somebody else commits the hour."""
    put(aws, HOUR, "/a", "/late@2026-01-04")
    claiming, go_on = threading.Event(), threading.Event()
    with at(aws, Moment("s3.PutObject", LEDGER, 0, acted=False), lambda: (claiming.set(), go_on.wait(120))):
        clicks("run-partition", HOUR, "--no-wait")
        assert claiming.wait(120)
        clicks("run-partition", HOUR, "--engine", "local")
        winner = seen.objects(aws)
        go_on.set()
        [run] = aws.glue.runs
        assert run.ended.wait(120)
    assert (run.state, run.error) == ("FAILED", "SystemExit: 4")
    assert f"{HOUR} was committed by another run while this one worked" in printed(aws, run)
    assert seen.objects(aws) == winner
    assert seen.of(winner, "_staging/") == {}


def test_of_a_unit_that_is_being_published_a_second_job_run_is_joined_and_a_local_run_refused(
    aws: Aws, clicks: Shell
) -> None:
    put(aws, HOUR, "/a", "/late@2026-01-04")
    publishing, go_on = threading.Event(), threading.Event()
    with at(aws, Moment("s3.DeleteObjects", "", 0, acted=False), lambda: (publishing.set(), go_on.wait(120))):
        clicks("run-partition", HOUR, "--no-wait")
        assert publishing.wait(120)
        before = seen.objects(aws)
        refused = clicks("run-partition", HOUR, "--engine", "local", code=4)
        assert "busy: another run is publishing it" in refused.out
        assert seen.objects(aws) == before
        with begun(clicks, "run-partition", HOUR, "--output", "json", "--log-format", "json") as second:
            assert second.stdout is not None and second.stderr is not None
            assert '"event": "joined"' in second.stderr.readline()
            go_on.set()
            out, _ = second.communicate(timeout=120)
    [run] = aws.glue.runs
    assert (second.returncode, json.loads(out)["job_run"]) == (0, run.id)
    assert seen.pages(seen.objects(aws)) == [f"/a-{HOUR}", f"/late-{HOUR}"]
    assert seen.of(seen.objects(aws), "_staging/") == {}


def begun(shell: Shell, *words: str) -> subprocess.Popen[str]:
    settings = {**os.environ, "PYTHONPATH": str(REPO), "CLICKCTL_CONFIG": str(shell.config)}
    argv = [sys.executable, "-m", "clickctl", *words]
    return subprocess.Popen(argv, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def printed(aws: Aws, run: JobRun) -> str:
    """What a run wrote to its log."""
    said = aws.boto("logs").get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run.id)
    return "\n".join(line["message"] for line in said["events"])
