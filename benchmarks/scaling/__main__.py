"""What 10, 100 and 1,000 times the benchmark's day take: measured once, and reckoned from there.

    python -m benchmarks.scaling [--work .bench]

Sizes, counts and the reading of ledgers are measured; CPU seconds are those of benchmarks/README.md; limits and prices
are AWS's, as named beside each. Half a minute, two where the input is still to be made. docs/scaling.md: what follows.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.scaling.measured import calls, day_in, ledgers, the_day
from benchmarks.scaling.reckoned import LARGE, by_factor, files_of, tables_of, work_of
from benchmarks.transform.__main__ import machine
from benchmarks.transform.report import markdown


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling")
    parser.add_argument("--work", type=Path, default=Path(".bench"), help="input and outputs")
    work: Path = parser.parse_args(argv).work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    day = day_in(work)
    print(machine())
    for title, rows in (
        ("THE DAY", the_day(day)),
        ("THE LEDGER OF A DAY", ledgers(day.commit)),
        ("CALLS FOR A RAW FILE WITH SO MANY PURCHASES", calls()),
        ("THE WORK", by_factor(day, work_of)),
        ("RAW FILES AS LARGE AS NOW", by_factor(day, files_of)),
        ("RAW FILES OF 64 MB", by_factor(day, lambda day, factor: files_of(day, factor, LARGE))),
        ("THE TABLES", by_factor(day, tables_of)),
    ):
        print(f"\n{title}\n\n{markdown(rows[0], rows[1:])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
