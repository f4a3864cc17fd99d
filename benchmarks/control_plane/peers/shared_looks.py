"""clickctl's way: whoever looks, looks for all."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from clickctl.aws.job_runs import JobRuns
from clickctl.roots import AwsSettings
from clickctl.settings import GlueSettings


def main(pace: float, ids: list[str]) -> None:
    runs = JobRuns(AwsSettings(), GlueSettings(poll_seconds=pace), lambda *_, **__: None)
    began = time.perf_counter()
    with ThreadPoolExecutor(len(ids)) as pool:
        states = list(pool.map(lambda one: runs.follow({one})[one].state, ids))
    print(states.count("SUCCEEDED"), time.perf_counter() - began)


main(float(sys.argv[1]), sys.argv[2:])
