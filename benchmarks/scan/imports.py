"""How long until a cold Lambda can begin: the handler's imports beside boto3's, each in a new interpreter."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.account import BENCHMARKS
from clickctl.packaging import write_packages

BOTO3, HANDLER, ZIP = "import boto3", "import lambda_src.handler", "the same from `clickctl package`'s zip, no .pyc"
MOST = 1.3  # times boto3's
_TIMED = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"


class Import(NamedTuple):
    """Medians, in seconds: of the import alone, and of the process around it."""

    alone: float
    process: float


def measure(runs: int) -> dict[str, Import]:
    """Each once, then all again."""
    times: dict[str, list[Import]] = {BOTO3: [], HANDLER: [], ZIP: []}
    with tempfile.TemporaryDirectory() as folder:
        _unpack(Path(folder))
        for turn in range(-1, runs):  # the first fills the caches
            for name, found in times.items():
                where = Path(folder) if name == ZIP else BENCHMARKS.parent
                one = _import(HANDLER if name == ZIP else name, where)
                found += [one] if turn >= 0 else []
    return {
        name: Import(median(one.alone for one in found), median(one.process for one in found))
        for name, found in times.items()
    }


def _import(code: str, where: Path) -> Import:
    argv = [sys.executable, *(["-B"] if where != BENCHMARKS.parent else []), "-c", _TIMED.format(code)]
    began = time.perf_counter()
    ran = subprocess.run(argv, cwd=where, check=True, capture_output=True, text=True)
    return Import(float(ran.stdout), time.perf_counter() - began)


def _unpack(folder: Path) -> None:
    """The Lambda's files as it has them: as they are in the zip, never compiled."""
    write_packages(folder)
    for path in folder.glob("clickctl-alerts-*.zip"):
        with zipfile.ZipFile(path) as package:
            package.extractall(folder)
