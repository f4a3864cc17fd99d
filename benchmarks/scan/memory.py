"""Peak memory of scans of gzip files of several sizes, each in a process of its own, above an idle one's."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.account import BENCHMARKS, fail_unless, talk
from benchmarks.scan.data import lines_of, purchases_in

MB = 10**6
LINES = 2_000  # of a block, so a purchase each hundred
MOST = 64 * MB  # above the handler's imports
TYPICAL_UP_TO = 512  # MB of text; beyond, the typical handler takes what a machine has
BARE, BOTO3, HANDLER = "pass", "import boto3", "import lambda_src.handler"
_IDLE_RUNS = 5
WHAT = {
    "nothing": "the stream is made and read, nobody scans",
    "scan": "clickctl: Scanner.facts",
    "alert": "clickctl: Alerter, receipt written",
    "typical": "handler: gzip.decompress, splitlines, json.loads",
}


class Peak(NamedTuple):
    name: str
    text: int  # bytes
    rss: int


class Memory(NamedTuple):
    idle: dict[str, int]  # what is imported → peak of the process
    peaks: tuple[Peak, ...]


def measure(sizes: Sequence[int]) -> Memory:
    """`sizes` in MB of text."""
    idle = {code: round(median(_idle(code) for _ in range(_IDLE_RUNS))) for code in (BARE, BOTO3, HANDLER)}
    lines = lines_of(LINES)
    with tempfile.TemporaryDirectory() as folder:
        block = Path(folder, "block")
        block.write_bytes(b"".join(line + b"\n" for line in lines))
        return Memory(idle, tuple(_peaks(block, lines, sizes)))


def _peaks(block: Path, lines: Sequence[bytes], sizes: Sequence[int]) -> Iterator[Peak]:
    size, found = block.stat().st_size, purchases_in(lines)
    finds = {"nothing": 0, "scan": len(found), "alert": len(set(found)), "typical": len(found)}
    for what, name in WHAT.items():
        for text in sizes:
            if what == "typical" and text > TYPICAL_UP_TO:
                continue
            talk(f"memory: {name}, {text:,} MB")
            count = -(-text * MB // size)
            told = _run("-m", "benchmarks.scan.child", what, str(block), str(count))
            fail_unless(told[0], finds[what] * count, f"{name}: purchases in {text:,} MB")
            yield Peak(name, count * size, told[1])


def _idle(code: str) -> int:
    return _run("-c", f"{code}\nfrom benchmarks.scan.peak import peak_bytes\nprint(peak_bytes())")[0]


def _run(*argv: str) -> list[int]:
    ran = subprocess.run([sys.executable, *argv], cwd=BENCHMARKS.parent, check=True, capture_output=True, text=True)
    return [int(word) for word in ran.stdout.split()]
