"""The plan of a backfill of 720 hours, of which each has four raw files and none was run."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from benchmarks.account import Aws, Spent, clickctl, fail_unless, peer

FIRST, END, LATER = "2025-03-01", "2025-03-31", "2025-05-30"
HOURS, FILES = 720, 4
PART = 4  # the plain script is given so small a part of the hours when it asks for one after the other
OURS, OURS_LONGER = "clickctl backfill --dry-run", "clickctl, of 2,160 hours (files in 720)"
NAIVES, NAIVE = "list and get an hour, 16 at once", f"one after the other (a {PART}th, times {PART})"


def measure(aws: Aws, runs: int) -> dict[str, list[Spent]]:
    put_raw(aws)
    found: dict[str, list[Spent]] = {OURS: [], OURS_LONGER: [], NAIVES: []}
    for _ in range(runs):
        found[OURS].append(plan(aws, END))
        found[OURS_LONGER].append(plan(aws, LATER))
        found[NAIVES].append(naive(aws, HOURS, at_once=16))
    return {**found, NAIVE: [naive(aws, HOURS // PART, at_once=1).times(PART)]}


def put_raw(aws: Aws) -> None:
    names = [f"2025-03-{day:02}T{hour:02}" for day in range(1, 31) for hour in range(24)]

    def put(hour: str) -> None:
        for n in range(FILES):
            aws.put_raw(hour, b"{}", name=f"part-{n}.json.gz")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, names))


def plan(aws: Aws, end: str) -> Spent:
    spent = clickctl(aws, "backfill", FIRST, end, "--dry-run", "--output", "json")
    files = sum(item["files_in"] for item in json.loads(spent.out)["items"])
    fail_unless(files, HOURS * FILES, f"{OURS}: raw files to run")
    return spent


def naive(aws: Aws, hours: int, at_once: int) -> Spent:
    spent = peer(
        aws, "control_plane/peers/hour_by_hour.py", aws.lake.raw, aws.lake.processed, FIRST, str(hours), str(at_once)
    )
    fail_unless(spent.out.split()[0], str(hours), f"{NAIVES}: hours to run")
    return spent
