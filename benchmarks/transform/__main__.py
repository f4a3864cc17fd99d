"""clickctl's transform against its peers: one Day of events, the same rows, interleaved runs.

    python -m benchmarks.transform [--events 2520000] [--hours 24] [--runs 3] [--only NAME,...]
                                   [--work .bench] [--chart FILE.svg]
    python -m benchmarks.transform --linear [--only NAME,...]     does twice the input cost twice?

Exit code 1 if a contestant fails, or its rows are not those of the reference; with --linear, if
events per CPU second, beyond the start-up, differ by more than 15 % between the sizes.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.transform.check import Digest, differences, digest
from benchmarks.transform.contestants import CONTESTANTS, Job, environment
from benchmarks.transform.data import count_lines, expected, make_input, one_event, part_of
from benchmarks.transform.measure import Cost, measure
from benchmarks.transform.report import chart, markdown, spread, standing, table

PACKAGES = ("pyarrow", "msgspec", "duckdb", "polars", "pyspark")
SIZES = {1: [12], 4: [11, 12, 13, 14], 16: list(range(5, 21))}  # hours of the day
TOLERANCE = 0.15


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse(argv)
    work: Path = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    talk(f"input: {arguments.events:,} events in {arguments.hours} hours under {work}")
    raw = make_input(work, arguments.events, 24 if arguments.linear else arguments.hours)
    print(machine())
    if arguments.linear:
        return linear(raw, work, arguments.only or ["clickctl-local"], arguments.runs)
    return compare(raw, work, arguments.only or list(CONTESTANTS), arguments)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transform")
    parser.add_argument("--events", type=int, default=2_520_000)
    parser.add_argument("--hours", type=int, default=24, choices=range(1, 25), metavar="1..24")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", type=names, help=f"some of {', '.join(CONTESTANTS)}")
    parser.add_argument("--work", type=Path, default=Path(".bench"), help="input and outputs")
    parser.add_argument("--chart", type=Path, help="write a bar chart (SVG)")
    parser.add_argument("--linear", action="store_true", help="1, 4 and 16 hours instead")
    return parser.parse_args(argv)


def names(text: str) -> list[str]:
    chosen = text.split(",")
    if unknown := set(chosen) - set(CONTESTANTS):
        raise argparse.ArgumentTypeError(f"no contestant {', '.join(sorted(unknown))}")
    return chosen


def compare(raw: Path, work: Path, chosen: list[str], arguments: argparse.Namespace) -> int:
    talk("reference: working out the right answer (once)")
    answer = expected(raw)
    costs: dict[str, list[Cost]] = {name: [] for name in chosen}
    wrongs: dict[str, list[str]] = {name: [] for name in chosen}
    for turn in range(arguments.runs):
        for name in chosen:
            cost, problems = run(name, raw, work, answer)
            costs[name].append(cost)
            wrongs[name] += problems
            talk(f"run {turn + 1} {name}: {cost.cpu:.1f} CPU s, {cost.wall:.1f} s {'; '.join(problems)}")
    verdicts = {name: "WRONG" if problems else "right" for name, problems in wrongs.items()}
    verdicts |= {name: "FAILED" for name in chosen if any(cost.status for cost in costs[name])}
    standings = [standing(name, costs[name], arguments.events, verdicts[name]) for name in chosen]
    print(f"\n{table(standings)}\n\nall runs:\n{spread(costs)}")
    for name, problems in wrongs.items():
        for problem in dict.fromkeys(problems):
            print(f"{verdicts[name]} {name}: {problem}")
    if arguments.chart:
        title = f"CPU seconds for a day of {arguments.events:,} events (less is better)"
        chart(standings, title, arguments.chart)
    return int(any(wrongs.values()))


def run(name: str, raw: Path, work: Path, answer: Digest | None) -> tuple[Cost, list[str]]:
    """One fresh process over an empty folder, and what is wrong with what it left there."""
    out, log = work / "out" / name, work / f"{name}.log"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    entry = CONTESTANTS[name](Job(raw, out))
    cost = measure(entry.argv, {**environment(), **entry.env}, out, log)
    if cost.status != 0:
        return cost, [f"exit code {cost.status} after {cost.wall:.0f} s, see {log}"]
    try:
        return cost, [] if answer is None else differences(answer, digest(entry.outputs))
    except Exception as error:  # an output that cannot be read is this contestant's failure, not ours
        return cost, [f"output not readable: {error}"]


def linear(raw: Path, work: Path, chosen: list[str], runs: int) -> int:
    """Events per CPU second of 1, 4 and 16 hours, beyond what a run of one event costs."""
    parts = {0: one_event(raw), **{count: part_of(raw, hours) for count, hours in SIZES.items()}}
    lines = {count: count_lines(part) for count, part in parts.items()}
    costs: dict[tuple[str, int], list[Cost]] = {(name, count): [] for name in chosen for count in parts}
    failures = []
    for _ in range(runs):
        for name, count in costs:
            cost, problems = run(name, parts[count], work, None)
            costs[name, count].append(cost)
            failures += [f"{name}: {problem}" for problem in problems]
            talk(f"{name}, {count} h: {cost.cpu:.2f} CPU s {'; '.join(problems)}")
    rows, verdicts = [], list[bool]()
    for name in chosen:
        cpu = {count: standing(name, costs[name, count], lines[count], "").cpu for count in parts}
        rates = [lines[count] / (cpu[count] - cpu[0]) for count in SIZES]
        verdicts.append(max(rates) <= min(rates) * (1 + TOLERANCE))
        whole = [f"{cpu[count]:.2f}" for count in parts]
        cells = [*whole, *(f"{rate:,.0f}" for rate in rates), f"{max(rates) / min(rates) - 1:.0%}"]
        rows.append([name, *cells, "yes" if verdicts[-1] else "NO"])
    heads = ["CPU s of 1 event", *(f"{count} h ({lines[count]:,})" for count in SIZES)]
    heads += [*(f"events / CPU s, {count} h" for count in SIZES), "apart", f"within {TOLERANCE:.0%}"]
    print(f"\nevents per CPU second, start-up taken off\n\n{markdown(['', *heads], rows)}")
    for failure in dict.fromkeys(failures):
        print(f"FAILED {failure}")
    return int(bool(failures) or not all(verdicts))


def machine() -> str:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"no {package}")
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    cpu = model.partition(":")[2].strip() or platform.machine()
    return f"{os.cpu_count()} cores, {cpu}; Python {platform.python_version()}, {', '.join(found)}"


def talk(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
