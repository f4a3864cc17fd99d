"""A worker stays below 1 GB, whatever the file. Peaks are those of a process of its own."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clickctl.sample import Sample, write_sample
from tests.conftest import REPO, event

MB = 1 << 20
GOOD = json.dumps(event()).encode() + b"\n"


def measured(path: Path) -> dict[str, Any]:
    """The counts of reading and writing this file, its peak memory checked."""
    argv = [sys.executable, "-m", "tests.transform.measure", str(path)]
    done = subprocess.run(argv, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    path.unlink()
    counts: dict[str, Any] = json.loads(done.stdout)
    assert counts["peak"] < 1000, f"{counts['peak']} MB"
    assert counts["lines"] == counts["facts"] + counts["duplicates"] + counts["quarantined"]
    return counts


def repeated(path: Path, member: bytes, size: int) -> Path:
    """A gzip file of about `size` bytes, of many members."""
    with path.open("wb") as out:
        for _ in range(size // len(member)):
            out.write(member)
    return path


def hard_to_pack(lines: int) -> bytes:
    """A gzip member of events whose attributes are noise, so that it packs two to one."""
    noise = random.Random(7)
    events = (event(user=f"u{n % 500}", attributes={"noise": noise.randbytes(512).hex()}) for n in range(lines))
    return gzip.compress(b"".join(json.dumps(e).encode() + b"\n" for e in events), mtime=0)


def test_a_line_of_100_mb_is_never_held_whole(tmp_path: Path) -> None:
    path = tmp_path / "part-0.json"
    with path.open("wb") as out:
        out.write(GOOD)
        for _ in range(100):
            out.write(b"x" * MB)
        out.write(b"\n" + GOOD)
    counts = measured(path)
    assert (counts["lines"], counts["facts"], counts["reasons"]) == (3, 1, {"line_too_long": 1})
    assert counts["peak"] < 400


def test_a_file_of_300_mb_without_a_newline_is_one_line_too_long(tmp_path: Path) -> None:
    path = tmp_path / "part-0.json"
    with path.open("wb") as out:
        out.truncate(300 * MB)  # a hole, which reads as NUL bytes
    assert measured(path)["reasons"] == {"line_too_long": 1}


def test_50_000_levels_harm_nobody(tmp_path: Path) -> None:
    path = tmp_path / "part-0.json"
    deep = [b"[" * 50_000 + b"]" * 50_000, b'{"attributes":' * 50_000 + b"{}" + b"}" * 50_000, b"[" * 1_000_000]
    path.write_bytes(GOOD + b"\n".join(deep) + b"\n" + GOOD)
    counts = measured(path)
    assert (counts["quarantined"], counts["reasons"]) == (3, {"malformed_json": 3})


def test_a_damaged_gzip_of_50_mb_is_set_aside(tmp_path: Path) -> None:
    path = repeated(tmp_path / "part-0.json.gz", hard_to_pack(2000), 50 * MB)
    with path.open("r+b") as cut:
        cut.truncate(path.stat().st_size - 9)
    assert measured(path)["reasons"] == {"corrupt_file": 1}


def test_many_tiny_lines_are_not_all_held_at_once(tmp_path: Path) -> None:
    path = tmp_path / "part-0.json"
    path.write_bytes(b"{}\n" * 300_000 + b"\n" * 300_000)
    counts = measured(path)
    assert (counts["quarantined"], counts["lines"]) == (300_000, 300_000)
    assert counts["peak"] < 450


@pytest.mark.heavy
def test_many_millions_of_tiny_lines_are_not_all_held_at_once(tmp_path: Path) -> None:
    path = tmp_path / "part-0.json"
    path.write_bytes(b"{}\n" * 4_000_000)
    assert measured(path)["quarantined"] == 4_000_000


@pytest.mark.heavy
def test_a_gzip_file_of_1_gb_is_read_and_written(tmp_path: Path) -> None:
    path = repeated(tmp_path / "part-0.json.gz", hard_to_pack(2000), 1024 * MB)
    assert measured(path)["facts"] == 2000


@pytest.mark.heavy
def test_a_gzip_file_of_300_mb_that_packs_ten_to_one_is_read_and_written(tmp_path: Path) -> None:
    arrival = datetime(2026, 1, 5, 13, tzinfo=UTC)
    write_sample(tmp_path, arrival, Sample(hours=1, events=100_000, files_per_hour=1))
    (sample,) = tmp_path.rglob("*.gz")
    path = repeated(tmp_path / "part-0.json.gz", sample.read_bytes(), 300 * MB)
    assert measured(path)["lines"] > 5_000_000
