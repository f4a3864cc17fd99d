"""CPU seconds to find the purchases of one gzip file in memory, on one core: ours, and what else people write.

The handlers are written as tutorials of S3 and Lambda do: the object's body at once, then line by line.
"""

from __future__ import annotations

import gc
import gzip
import io
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.account import fail_unless
from benchmarks.scan.data import HOUR, SOURCE, lines_of, purchases_in
from clickctl.alerting import Alerter
from clickctl.domain.rules import QualityRules
from clickctl.local.lake import FolderLake
from clickctl.receipts import Receipts
from lambda_src.scan import Scanner

LEVEL = 6  # of gzip, as its program has it


class Timed(NamedTuple):
    """A contestant's median. At least `target` times ours, where there is one."""

    name: str
    cpu: float
    target: float | None = None


class _Contestant(NamedTuple):
    find: Callable[[bytes], int]
    finds: int  # how much it must find
    target: float | None = None


class Speed(NamedTuple):
    """`rows` has ours first."""

    rows: tuple[Timed, ...]
    events: int
    text: int  # bytes
    zipped: int


def measure(events: int, runs: int) -> Speed:
    """Each contestant once, then all again."""
    lines = lines_of(events)
    text = b"".join(line + b"\n" for line in lines)
    data, size = gzip.compress(text, LEVEL, mtime=0), len(text)
    del text
    contestants = _contestants(lines)
    del lines
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(runs):
        for name, one in contestants.items():
            gc.collect()
            began = time.process_time()
            found = one.find(data)
            times[name].append(time.process_time() - began)
            fail_unless(found, one.finds, name)
    rows = tuple(Timed(name, median(times[name]), one.target) for name, one in contestants.items())
    return Speed(rows, events, size, len(data))


def _contestants(lines: Sequence[bytes]) -> dict[str, _Contestant]:
    found = purchases_in(lines)
    count, distinct = len(found), len(set(found))
    return {
        "clickctl: Scanner.facts": _Contestant(scan, count),
        "clickctl: Alerter, receipt written": _Contestant(alert, distinct),
        "gzip.decompress alone, nothing found": _Contestant(lambda data: len(gzip.decompress(data)), _size(lines)),
        'gzip.decompress, split(b"\\n"), nothing found': _Contestant(split, len(lines) + 1, 0.8),
        "handler: gzip.decompress, splitlines, json.loads": _Contestant(handler_decompress, count, 5),
        "handler: GzipFile.read, splitlines, json.loads": _Contestant(handler_gzip_file, count, 5),
        "handler: for line in GzipFile, json.loads": _Contestant(handler_line_by_line, count),
        "careful: json.loads of lines with b'purchase'": _Contestant(handler_careful, count),
    }


def _size(lines: Sequence[bytes]) -> int:
    return sum(map(len, lines)) + len(lines)


def scan(data: bytes) -> int:
    scanner = Scanner("purchase", QualityRules(), HOUR)
    return sum(1 for _ in scanner.facts(io.BytesIO(data), SOURCE))


def alert(data: bytes) -> int:
    """What the Lambda does with an object, in folders; nobody is told. Writing the raw file is part of it."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw", SOURCE)
        raw.parent.mkdir(parents=True)
        raw.write_bytes(data)
        lake = FolderLake()
        receipts = Receipts(lake, f"{folder}/alerts", "benchmark")
        alerter = Alerter(lake, f"{folder}/raw", receipts, QualityRules(), "purchase", topic=None, max_messages=100)
        return alerter.alert(SOURCE).alerts


def split(data: bytes) -> int:
    return len(gzip.decompress(data).split(b"\n"))


def handler_decompress(data: bytes) -> int:
    return len(_purchases(gzip.decompress(data).decode("utf-8")))


def handler_gzip_file(data: bytes) -> int:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        return len(_purchases(file.read().decode("utf-8")))


def _purchases(text: str) -> list[dict[str, Any]]:
    found = []
    for line in text.splitlines():
        event = json.loads(line)
        if event.get("action") == "purchase":
            found.append(event)
    return found


def handler_line_by_line(data: bytes) -> int:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        events = (json.loads(line) for line in file)
        return len([event for event in events if event.get("action") == "purchase"])


def handler_careful(data: bytes) -> int:
    """Someone who has thought of it, and takes it for granted that no writer escapes a letter."""
    lines = gzip.decompress(data).split(b"\n")
    events = (json.loads(line) for line in lines if b'"purchase"' in line)
    return len([event for event in events if event.get("action") == "purchase"])
