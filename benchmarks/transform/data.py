"""The input, made once and kept in the work folder, and what a right answer to it is."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.transform.check import Digest, digest
from benchmarks.transform.reference import write_reference
from clickctl.sample import Sample, write_sample

DAY = "2026-01-05"
FIRST = datetime(2026, 1, 5, tzinfo=UTC)
FILES_PER_HOUR = 4


def make_input(work: Path, events: int, hours: int) -> Path:
    """The raw folder of a day whose first `hours` hours have `events` lines, made if need be."""
    home = work / f"data-{events}-{hours}"
    size = home / "size"  # written last: a run that was cut short begins anew
    if not size.exists():
        shutil.rmtree(home, ignore_errors=True)
        sample = Sample(hours=hours, events=events, files_per_hour=FILES_PER_HOUR, hostile=False)
        size.write_text(str(write_sample(home / "raw", FIRST, sample, jobs=os.cpu_count() or 1)))
    return home / "raw"


def expected(raw: Path) -> Digest:
    """The digest of the reference's answer. It takes about a minute and is kept beside the input."""
    kept = raw.parent / "expected.json"
    if not kept.exists():
        scratch = raw.parent / "reference"
        shutil.rmtree(scratch, ignore_errors=True)
        kept.write_text(json.dumps(digest(write_reference(raw, scratch)), indent=1))
        shutil.rmtree(scratch)
    answer: Digest = json.loads(kept.read_text())
    return answer


def part_of(raw: Path, hours: list[int]) -> Path:
    """A raw folder with some hours of the day, its files hard links to those of `raw`."""
    home = raw.parent / f"hours-{hours[0]:02d}-{len(hours)}"
    shutil.rmtree(home, ignore_errors=True)
    for hour in hours:
        folder = f"{FIRST + timedelta(hours=hour):%Y/%m/%d/%H}"
        shutil.copytree(raw / folder, home / folder, copy_function=os.link)
    return home


def one_event(raw: Path) -> Path:
    """A raw folder with one event: a run of it is nothing but start-up."""
    home = raw.parent / "one-event"
    (source,) = list(raw.glob("*/*/*/12/part-00000.json.gz"))
    target = home / source.relative_to(raw)
    target.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(source, "rb") as lines:
        target.write_bytes(gzip.compress(lines.readline(), mtime=0))
    return home


def count_lines(raw: Path) -> int:
    import duckdb

    lines = "columns = {'line': 'VARCHAR'}, delim = '\\x01', quote = '', escape = '', header = false"
    query = f"SELECT count(*) FROM read_csv('{raw}/*/*/*/*/*.gz', auto_detect = false, {lines})"
    row = duckdb.execute(query).fetchone()
    return int(row[0]) if row else 0
