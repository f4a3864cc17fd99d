"""The lake: 30 days and the four weeks before them, made once by the real kernel and kept in the work folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.dq.scanned import ACTIONS
from clickctl.domain.hours import Day
from clickctl.sample import Sample, write_sample

REPOSITORY = Path(__file__).parents[2]
FIRST, END = Day(date(2026, 1, 5)), Day(date(2026, 2, 4))
HISTORY = 28  # days before FIRST: the report compares each hour with the same hour of earlier weeks
FILES_PER_HOUR = 2
CONFIG = """backend = "local"

[lake]
raw = "{home}/raw"
processed = "{home}/processed"
quarantine = "{home}/quarantine"
alerts = "{home}/alerts"

[quality]
actions = [{actions}]
"""


@dataclass(frozen=True)
class LocalLake:
    home: Path

    @property
    def config(self) -> Path:
        return self.home / "clickctl.toml"

    @property
    def ledgers(self) -> Path:
        return self.home / "processed" / "_ledger"

    def raw_files(self, day: Day) -> list[str]:
        """Relative to the raw root."""
        return self._under("raw", day)

    def quarantine_files(self, day: Day) -> list[str]:
        return self._under("quarantine", day)

    def _under(self, root: str, day: Day) -> list[str]:
        top = self.home / root
        return sorted(str(path.relative_to(top)) for path in (top / day.path).rglob("*.json.gz"))


def days(first: Day = FIRST) -> list[Day]:
    found = [first]
    while found[-1].plus(1) < END:
        found.append(found[-1].plus(1))
    return found


def make_lake(work: Path, events: int) -> tuple[LocalLake, float | None]:
    """A lake with so many lines a day, each day committed as one; and the seconds that took, if it had to be made."""
    lake = LocalLake(work / f"dq-{events}")
    done = lake.home / "done"  # written last: a run that was cut short begins anew
    if done.exists():
        return lake, None
    shutil.rmtree(lake.home, ignore_errors=True)
    lake.home.mkdir(parents=True)
    actions = ", ".join(f'"{action}"' for action in ACTIONS)
    lake.config.write_text(CONFIG.format(home=lake.home, actions=actions), "utf-8")
    began, first = time.monotonic(), FIRST.plus(-HISTORY)
    count = len(days(first))
    sample = Sample(24 * count, events * count, FILES_PER_HOUR, hostile=False)
    write_sample(lake.home / "raw", first.hours[0].start, sample, jobs=os.cpu_count() or 1)
    clickctl = [sys.executable, "-m", "clickctl", "--config", str(lake.config)]
    backfill = [*clickctl, "backfill", str(first), str(END), "--engine", "local", "--yes", "--quiet"]
    subprocess.run(backfill, check=True, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    done.touch()
    return lake, time.monotonic() - began
