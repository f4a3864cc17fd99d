"""Fifty job runs followed to their end, each by a thread: shared pages, or a call for each run and round."""

from __future__ import annotations

from threading import Timer

from benchmarks.account import Aws, ScriptedRunner, Spent, fail_unless, peer

RUNS, PACE, LIVES = 50, 1.0, 10.0  # runs; seconds from look to look; seconds until all of them end
OURS, NAIVE = "clickctl, pages shared by all", "GetJobRun for each run"


def measure(aws: Aws) -> dict[str, list[Spent]]:
    aws.create_job(max_concurrent=RUNS)
    return {
        OURS: [follow(aws, "control_plane/peers/shared_looks.py")],
        NAIVE: [follow(aws, "control_plane/peers/each_run.py")],
    }


def follow(aws: Aws, script: str) -> Spent:
    aws.glue.runner = ScriptedRunner("RUNNING")
    ids = [aws.glue.start().id for _ in range(RUNS)]
    end = Timer(LIVES, aws.glue.release)
    spent = peer(aws, script, str(PACE), *ids, begun=end.start)
    fail_unless(spent.out.split()[0], str(RUNS), f"{script}: runs seen to succeed")
    return spent
