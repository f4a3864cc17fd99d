"""Start-up: `clickctl --help` and a dry run as ratios to `python -c "import typer"`, in one run.

And an hour of 100,000 events, from command to prompt, in seconds.

    python -m benchmarks.startup [--runs 21]

Each round runs every command once, so that a busy moment hits all of them; medians are compared.
Exit code 1 when a ratio is over its limit.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from clickctl.sample import Sample, write_sample

BASE = "import typer"
LIMITS = {"clickctl --help": 1.5, "clickctl run-partition --dry-run --output json": 2.5}
HOUR_LIMIT = 3.0
FIRST = datetime(2026, 1, 5, 13, tzinfo=UTC)


def commands(folder: Path) -> dict[str, list[str]]:
    """The commands by name, over a small lake in `folder`."""
    config = folder / "clickctl.toml"
    roots = "\n".join(f'{name} = "{folder / name}"' for name in ("raw", "processed", "quarantine", "alerts"))
    config.write_text(f"[lake]\n{roots}\n", "utf-8")
    if not (folder / "raw").exists():
        write_sample(folder / "raw", FIRST, Sample(hours=1, events=1000))
    program = [str(Path(sys.executable).with_name("clickctl"))]
    if not Path(program[0]).exists():
        program = [sys.executable, "-m", "clickctl"]
    dry_run = ["--config", str(config), "run-partition", "2026-01-05T13", "--dry-run", "--output", "json"]
    return {
        BASE: [sys.executable, "-c", "import typer"],
        "clickctl --help": [*program, "--help"],
        "clickctl run-partition --dry-run --output json": [*program, *dry_run],
    }


def measure(named: dict[str, list[str]], runs: int) -> dict[str, float]:
    """Median wall seconds of each command."""
    times: dict[str, list[float]] = {name: [] for name in named}
    for _ in range(runs):
        for name, argv in named.items():
            began = time.perf_counter()
            subprocess.run(argv, check=True, capture_output=True)
            times[name].append(time.perf_counter() - began)
    return {name: median(found) for name, found in times.items()}


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    with tempfile.TemporaryDirectory() as folder:
        named = commands(Path(folder))
        measure(named, 2)  # fills the caches
        seconds = measure(named, parser.parse_args(argv).runs)
        hour = one_hour(Path(folder))
    over = False
    print(f"{'':50} {'ms':>6} {'ratio':>6} {'limit':>6}")
    for name, taken in seconds.items():
        ratio, limit = taken / seconds[BASE], LIMITS.get(name)
        over |= limit is not None and ratio > limit
        print(f"{name:50} {1000 * taken:6.0f} {ratio:6.2f} {limit or '':>6}")
    print(f"{'clickctl run-partition, 100,000 events':50} {hour:6.2f} s, limit {HOUR_LIMIT} s")
    return int(over or hour > HOUR_LIMIT)


def one_hour(folder: Path) -> float:
    """Wall seconds of running an hour of 100,000 events: the median of five."""
    write_sample(folder / "raw", FIRST, Sample(hours=1, events=100_000, files_per_hour=4, hostile=False))
    dry_run = commands(folder)["clickctl run-partition --dry-run --output json"]
    argv = [*dry_run[: dry_run.index("--dry-run")], "--force"]
    return median(measure({"hour": argv}, 1)["hour"] for _ in range(5))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
