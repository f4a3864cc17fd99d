"""A backfill that is killed or interrupted: nothing is lost, and the same command carries on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clickctl.roots import LakeRoots
from tests.commands.lakes import Put, fill
from tests.conftest import REPO, Shell

DAY = "2026-01-05"
SPAN = ("2026-01-05T00", "2026-01-05T20")


@pytest.fixture(autouse=True)
def _raw(put_raw: Put) -> None:
    """Twenty hours, each large enough that a signal finds most of them not begun."""
    fill(put_raw, DAY, range(20), count=1_000)


@contextmanager
def started(shell: Shell, *words: str) -> Iterator[subprocess.Popen[str]]:
    """clickctl, running; killed at the end if it has not ended by itself."""
    argv = [sys.executable, "-m", "clickctl", *words]
    env = {**os.environ, "PYTHONPATH": str(REPO)}
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(argv, cwd=shell.folder, env=env, text=True, stdin=none, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return
    raise AssertionError(f"it ended without saying {word!r}")


def test_killed_after_the_first_commit_the_same_command_does_the_rest(shell: Shell, roots: LakeRoots) -> None:
    with started(shell, "backfill", *SPAN, "--max-parallel", "1") as process:
        wait_for(process, "committed")
        process.send_signal(signal.SIGKILL)
        process.wait()
    resumed = shell("backfill", *SPAN, "--output", "json").json
    assert resumed["counts"]["committed"] + resumed["counts"]["unchanged"] == 20
    assert resumed["counts"]["unchanged"] >= 1
    status = shell("status", *SPAN, "--output", "json").json
    assert status["counts"] == {"committed": 20}
    facts = {path.name for path in Path(roots.processed, "fact_clicks").rglob("*.parquet")}
    assert facts == {f"part-20260105{hour:02d}-0000.parquet" for hour in range(20)}
    assert not list(Path(roots.processed, "_staging").rglob("*"))


def test_ctrl_c_starts_no_more_says_what_still_runs_and_how_to_carry_on(shell: Shell) -> None:
    with started(shell, "backfill", *SPAN, "--max-parallel", "1") as process:
        wait_for(process, "committed")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert "Starting no more; " in err
    assert "Ctrl-C again ends at once" in err
    assert "Next: clickctl backfill 2026-01-05T00 2026-01-05T20" in err
    assert "Traceback" not in err
    outcomes = [line.split()[1] for line in out.splitlines()[1:]]
    assert set(outcomes) == {"committed", "not-started"}
    assert len(outcomes) == 20
    status = shell("status", *SPAN, "--output", "json").json
    assert status["counts"] == {"committed": outcomes.count("committed"), "waiting": outcomes.count("not-started")}


def test_ctrl_c_twice_ends_at_once(shell: Shell) -> None:
    with started(shell, "backfill", *SPAN, "--max-parallel", "1") as process:
        wait_for(process, "committed")
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
