"""A month's data quality: `clickctl dq-report` from the ledgers against those who scan the rows.

    python -m benchmarks.dq [--events 200000] [--runs 5] [--latency 0.025] [--only NAME,…] [--work .bench]

Exit code 1 if the report of 720 hours takes 1.5 s or more, or is no faster than each who scans; if it takes 60
reads of S3 or more, or asks Athena anything; or if anybody's facts are wrong.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.account import packages, talk
from benchmarks.dq import cloud
from benchmarks.dq.cloud import Asked
from benchmarks.dq.contestants import NAMES, REPORT, SCANNING, contestants, environment, wrongs
from benchmarks.dq.environment import PEERS
from benchmarks.dq.lake import END, FIRST, HISTORY, LocalLake, days, make_lake
from benchmarks.dq.measure import Cost, middle, run
from benchmarks.dq.scanned import Facts, files_of
from benchmarks.transform.report import markdown

MOST_SECONDS, MOST_GETS = 1.5, 59
MB = 1_000_000


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse(argv)
    work: Path = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    print(f"{os.cpu_count()} cores; Python {platform.python_version()}, DuckDB {version('duckdb')}, {', '.join(PEERS)}")
    talk(f"a lake of {len(days())} + {HISTORY} days of {arguments.events:,} lines; made once, in a minute or two")
    lake, seconds = make_lake(work, arguments.events)
    talk("it was there already" if seconds is None else f"made in {seconds:.0f} s")
    costs, told = compare(lake, work, arguments.only, arguments.runs)
    on_s3, facts = cloud.measure(lake, arguments.latency, runs=3)
    print(f"{describe(lake)}\nMedians of {arguments.runs} interleaved runs:\n")
    wrong = wrongs({**told, f"{REPORT} on S3": facts})
    print(table(costs, told, wrong))
    print(f"\nOn S3: {packages()}; {1000 * arguments.latency:g} ms a call; medians of 3, the most calls of any:\n")
    print(table_on_s3(on_s3))
    print("\nall runs:\n" + "\n".join(f"  {name}: {spread(found)}" for name, found in costs.items()))
    over = [f"WRONG: {name}: {text}" for name, texts in wrong.items() for text in texts]
    over += broken({name: middle(found) for name, found in costs.items()}, on_s3[REPORT])
    print("\n".join(["", *over]) if over else "\nEvery promise is kept.")
    return int(bool(over))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dq")
    parser.add_argument("--events", type=int, default=200_000, help="lines of each day")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--latency", type=float, default=0.025, help="seconds added to each call of S3")
    parser.add_argument("--only", type=names, default=list(NAMES), help=f"some of {', '.join(NAMES)}")
    parser.add_argument("--work", type=Path, default=Path(".bench"), help="the lake, and the peers' Python")
    return parser.parse_args(argv)


def names(text: str) -> list[str]:
    chosen = text.split(",")
    if unknown := set(chosen) - set(NAMES):
        raise argparse.ArgumentTypeError(f"no contestant {', '.join(sorted(unknown))}")
    return ["clickctl", *(name for name in NAMES if name in chosen and name != "clickctl")]


def compare(
    lake: LocalLake, work: Path, chosen: list[str], runs: int
) -> tuple[dict[str, list[Cost]], dict[str, Facts]]:
    """Each once to fill the caches, then all in turn. The facts are those of the last run."""
    taking = contestants(lake, work, chosen)
    costs: dict[str, list[Cost]] = {name: [] for name in taking}
    told: dict[str, Facts] = {}
    for turn in range(runs + 1):
        for name, one in taking.items():
            cost, out = run(one.argv, environment(), one.fine)
            told[name] = one.told(out)
            costs[name] += [cost] if turn else []
            talk(f"run {turn} {name}: {cost.wall:.2f} s, {cost.cpu:.2f} CPU s")
    return costs, told


def describe(lake: LocalLake) -> str:
    """What there is to read: sizes of files, not what was read of them."""
    tables = [path for paths in files_of(lake.home, str(FIRST), str(END)) for path in paths]
    ledgers = [lake.ledgers / f"{day.path}.json" for day in days(FIRST.plus(-HISTORY))]
    sizes = [sum(os.stat(path).st_size for path in paths) / MB for paths in (tables, ledgers)]
    return (
        f"{24 * len(days())} hours: {sizes[0]:,.0f} MB in {len(tables)} files of tables and quarantine; with {HISTORY} "
        f"days before them {sizes[1]:.1f} MB in {len(ledgers)} ledgers."
    )


def table(costs: Mapping[str, Sequence[Cost]], told: Mapping[str, Facts], wrong: Mapping[str, Sequence[str]]) -> str:
    rows, first = [], middle(costs[REPORT])
    for name, found in costs.items():
        one = middle(found)
        ratios = [f"{one.wall / first.wall:.2f}", f"{one.cpu:.2f}", f"{one.cpu / first.cpu:.2f}"]
        read = [f"{one.read / MB:,.1f}", f"{one.read / first.read:.1f}"]
        verdict = "WRONG" if wrong[name] else "right"
        rows.append([name, f"{one.wall:.2f}", *ratios, *read, str(len(told[name])), verdict])
    return markdown(["", "s", "s ÷ first", "CPU s", "CPU ÷ first", "MB read", "÷ first", "facts told", ""], rows)


def table_on_s3(found: Mapping[str, Asked]) -> str:
    rows, first = [], found[REPORT]
    for name, one in found.items():
        gets, lists, calls = one.calls[cloud.GET], one.calls[cloud.LIST], one.calls.total()
        counts = map(str, (gets, lists, one.of("athena."), calls))
        shown = [f"{one.wall:.2f}", f"{one.wall / first.wall:.2f}", *counts]
        rows.append([name, *shown])
    return markdown(["", "s", "s ÷ first", "GetObject", "ListObjectsV2", "Athena", "all calls"], rows)


def spread(costs: Sequence[Cost]) -> str:
    return ", ".join(f"{cost.wall:.2f}" for cost in costs)


def broken(costs: Mapping[str, Cost], on_s3: Asked) -> list[str]:
    """Promises that were not kept."""
    ours, found = costs[REPORT].wall, []
    if ours >= MOST_SECONDS:
        found.append(f"OVER: {ours:.2f} s for a report of 720 hours, less than {MOST_SECONDS} are promised")
    found += [f"OVER: no faster than {name}" for name in SCANNING if name in costs and costs[name].wall <= ours]
    if (gets := on_s3.calls[cloud.GET]) > MOST_GETS:
        found.append(f"OVER: {gets} reads of S3, at most {MOST_GETS} are promised")
    if athena := on_s3.of("athena."):
        found.append(f"OVER: {athena} calls of Athena")
    return found


if __name__ == "__main__":
    sys.exit(main())
