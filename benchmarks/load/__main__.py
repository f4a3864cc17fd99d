"""Keeping 14 days in the warehouse: `clickctl load-hot` against awswrangler.redshift.copy.

    python -m benchmarks.load [--rows 300] [--latency 0.005]

The warehouse is the tests' stand-in for Redshift, PostgreSQL behind a proxy: statements, bytes and rows mean
something, seconds only in comparison. Exit code 1 if clickctl copies anything or sends more than three statements
where nothing changed, or more than a fourteenth of a full reload where an hour did, or if its rows are not the lake's.
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
from collections.abc import Callable, Mapping, Sequence

from benchmarks.account import Spent, clickctl, packages, peer, talk
from benchmarks.load.site import DAYS, Site, Step, site
from benchmarks.transform.report import markdown

MOST_STATEMENTS = 3
READS_LEDGERS = re.compile(r"s3\.(GetObject|ListObjectsV2) .*_ledger")
OURS, APPEND, UPSERT = "clickctl load-hot", "awswrangler copy, append", "awswrangler copy, upsert by click_id"
FIRST, AGAIN, RERUN, FULL = (
    f"first load of {DAYS} days", "again, nothing changed", "an hour of one day was rerun", "full reload"
)  # fmt: skip
Steps = Mapping[str, Step]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load")
    parser.add_argument("--rows", type=int, default=300, help="events of each hour")
    parser.add_argument("--latency", type=float, default=0.005, help="seconds added to each call of S3")
    arguments = parser.parse_args(argv)
    print(f"Python {platform.python_version()}, {packages('redshift_connector')}")
    print(
        f"{DAYS} days of 24 files a table, {arguments.rows} events each; {1000 * arguments.latency:g} ms a call of S3\n"
    )
    with site(arguments.rows, arguments.latency) as place:
        found = {OURS: ours(place), APPEND: wrangler(place, "append"), UPSERT: wrangler(place, "upsert")}
    print(table(found))
    over = broken(found[OURS])
    print("\n".join(["", *over]) if over else "")
    return int(bool(over))


def ours(place: Site) -> Steps:
    def load(*words: str) -> Callable[[], Spent]:
        return lambda: clickctl(place.aws, "load-hot", "--quiet", *words, redshift=place.redshift)

    again = load()
    steps = _steps(place, OURS, load("--create-tables"), again, again)
    talk(f"{OURS}: {FULL}")
    return {**steps, FULL: place.step(load("--full"))}


def wrangler(place: Site, mode: str) -> Steps:
    """Told which day it is about: it keeps no books. A cron job would copy the newest day, or the last few."""
    script, lake, one = "load/peers/awswrangler_copy.py", place.aws.lake.processed, str(place.changing)

    def copy(*days: str) -> Callable[[], Spent]:
        return lambda: peer(place.aws, script, lake, mode, *days)

    return _steps(place, f"awswrangler, {mode}", copy(*map(str, place.days)), copy(one), copy(one))


def _steps(
    place: Site, name: str, first: Callable[[], Spent], again: Callable[[], Spent], rerun: Callable[[], Spent]
) -> Steps:
    place.renew()
    found = {}
    for step, work in ((FIRST, first), (AGAIN, again), (RERUN, rerun)):
        talk(f"{name}: {step}")
        if step == RERUN:
            place.rerun_hour()
        found[step] = place.step(work)
    return found


def table(found: Mapping[str, Steps]) -> str:
    rows = []
    for title in (FIRST, AGAIN, RERUN, FULL):
        rows.append([title.upper(), *[""] * 7])
        first = found[OURS][title].spent.wall
        rows += [_row(name, steps[title], first) for name, steps in found.items() if title in steps]
    return markdown(["", "s", "s ÷ first", "statements", "COPY", "kB copied", "rows too many", "rows missing"], rows)


def _row(name: str, step: Step, first: float) -> list[str]:
    counts = (step.statements, step.copies, step.copied_bytes // 1000, step.too_many, step.missing)
    wall = step.spent.wall
    return [name, f"{wall:.1f}", f"{wall / first:.2f}", *(f"{count:,}" for count in counts)]


def broken(steps: Steps) -> list[str]:
    """Promises that were not kept."""
    again, rerun, full = steps[AGAIN], steps[RERUN], steps[FULL]
    found = [f"OVER: {name}: rows are not the lake's" for name, step in steps.items() if step.too_many or step.missing]
    if again.copies or again.statements > MOST_STATEMENTS:
        found.append(f"OVER: {again.copies} COPYs and {again.statements} statements where nothing changed")
    if others := [call for call in again.asked if not READS_LEDGERS.match(call)]:
        found.append(f"OVER: asked for more than ledgers where nothing changed: {others[0]}")
    if rerun.copied_bytes * DAYS > full.copied_bytes:
        found.append(f"OVER: {rerun.copied_bytes:,} bytes for an hour, of {full.copied_bytes:,} for all days")
    return found


if __name__ == "__main__":
    sys.exit(main())
