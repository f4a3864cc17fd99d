"""The plain script: of each hour, which files are there, and what was noted when it was done."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import boto3
from botocore.config import Config


def main(raw: str, processed: str, first: str, count: int, at_once: int) -> None:
    s3 = boto3.client("s3", config=Config(max_pool_connections=at_once))
    (bucket, folder), (state_bucket, state_folder) = split(raw), split(processed)

    def must_run(hour: datetime) -> bool:
        found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{folder}/{hour:%Y/%m/%d/%H}/")
        try:
            state = s3.get_object(Bucket=state_bucket, Key=f"{state_folder}/state/{hour:%Y-%m-%dT%H}.json")
        except s3.exceptions.NoSuchKey:
            return bool(found["KeyCount"])
        newest = max(item["LastModified"] for item in found["Contents"])
        return bool(newest > state["LastModified"])

    began = time.perf_counter()
    hours = [datetime.fromisoformat(first) + timedelta(hours=n) for n in range(count)]
    with ThreadPoolExecutor(at_once) as pool:
        todo = sum(pool.map(must_run, hours))
    print(todo, time.perf_counter() - began)


def split(location: str) -> list[str]:
    return location.removeprefix("s3://").split("/", 1)


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
