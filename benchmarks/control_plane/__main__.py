"""What AWS is asked and how long that takes: clickctl against awswrangler and plain scripts.

    python -m benchmarks.control_plane [--latency 0.025] [--runs 3]

AWS is moto's server with `latency` seconds added to every call. Exit code 1 if clickctl registers
3,650 partitions with more than 40 writes, or no faster than awswrangler, or plans 2,160 hours with
250 calls or more; also if anybody's result is wrong.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.account import Spent, account, packages, talk
from benchmarks.control_plane import planning, polling, registering
from benchmarks.transform.report import markdown

MOST_WRITES, MOST_CALLS = 40, 249


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.control_plane")
    parser.add_argument("--latency", type=float, default=0.025, help="seconds added to each call")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args(argv)
    print(f"{os.cpu_count()} cores; Python {platform.python_version()}, {packages()}")
    print(f"moto's server, and {1000 * arguments.latency:g} ms for each call; medians of {arguments.runs}\n")
    sections: dict[str, dict[str, list[Spent]]] = {}
    with account(arguments.latency) as aws:
        talk("registering 3,650 partitions")
        sections["3,650 partitions"] = registering.measure(aws, arguments.runs)
    with account(arguments.latency) as aws:
        talk("planning 720 hours")
        sections["plan of 720 hours"] = planning.measure(aws, arguments.runs)
    with account(arguments.latency) as aws:
        talk("following 50 job runs")
        sections[f"50 runs of {polling.LIVES:g} s, looked at every {polling.PACE:g} s"] = polling.measure(aws)
    print(table(sections))
    over = broken(sections["3,650 partitions"], sections["plan of 720 hours"])
    print("\n".join(["", *over]) if over else "")
    return int(bool(over))


def table(sections: Mapping[str, Mapping[str, Sequence[Spent]]]) -> str:
    """Ratios to the first row of a section: of the work where both tell it, else of whole processes."""
    rows = []
    for title, contestants in sections.items():
        rows.append([title.upper(), *[""] * 6])
        base = middle(next(iter(contestants.values())))
        for name, runs in contestants.items():
            one = middle(runs)
            ratio = one.wall / base.wall if one.work is None or base.work is None else one.work / base.work
            work = "" if one.work is None else f"{one.work:.2f}"
            cells = [work, f"{one.wall:.2f}", f"{ratio:.2f}", f"{one.reads:,}", f"{one.writes:,}"]
            rows.append([name, *cells, f"{one.calls / base.calls:.2f}"])
    return markdown(["", "work s", "process s", "time ÷ first", "reads", "writes", "calls ÷ first"], rows)


def middle(runs: Sequence[Spent]) -> Spent:
    """Medians of the seconds and the most calls of any run."""
    works = [run.work for run in runs if run.work is not None]
    return Spent(
        median(run.wall for run in runs),
        median(works) if works else None,
        max(run.reads for run in runs),
        max(run.writes for run in runs),
    )


def broken(registered: Mapping[str, Sequence[Spent]], planned: Mapping[str, Sequence[Spent]]) -> list[str]:
    """Promises that were not kept."""
    ours, theirs = middle(registered[registering.CATALOG]), middle(registered[registering.WRANGLER])
    writes = max(ours.writes, middle(registered[registering.COMMAND]).writes)
    calls = middle(planned[planning.OURS_LONGER]).calls
    found = []
    if writes > MOST_WRITES:
        found.append(f"OVER: {writes} writes to register 3,650 partitions, at most {MOST_WRITES} are promised")
    if (ours.work or 0) >= (theirs.work or 0):
        found.append("OVER: no faster than awswrangler")
    if calls > MOST_CALLS:
        found.append(f"OVER: {calls} calls to plan 2,160 hours, at most {MOST_CALLS} are promised")
    return found


if __name__ == "__main__":
    sys.exit(main())
