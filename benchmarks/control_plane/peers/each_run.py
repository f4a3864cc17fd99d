"""The plain way: each run is asked for by whoever waits for it, as operators and waiters do."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config


def main(pace: float, ids: list[str]) -> None:
    glue = boto3.client("glue", config=Config(max_pool_connections=len(ids)))

    def follow(run_id: str) -> str:
        while True:
            state = str(glue.get_job_run(JobName="clickstream", RunId=run_id)["JobRun"]["JobRunState"])
            if state not in ("STARTING", "RUNNING", "STOPPING", "WAITING"):
                return state
            time.sleep(pace)

    began = time.perf_counter()
    with ThreadPoolExecutor(len(ids)) as pool:
        states = list(pool.map(follow, ids))
    print(states.count("SUCCEEDED"), time.perf_counter() - began)


main(float(sys.argv[1]), sys.argv[2:])
