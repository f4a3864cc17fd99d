"""How long until a cold Lambda can begin: the handler's imports beside boto3's, each in a new interpreter."""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from clickctl.packaging import write_packages

BOTO3, HANDLER, ZIP = "import boto3", "import lambda_src.handler", "the same, never compiled: in a Lambda"
MOST = 1.3  # times boto3's
_TIMED = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"


class Import(NamedTuple):
    """Medians, in seconds: of the import alone, and of the process around it."""

    alone: float
    process: float


def measure(runs: int) -> dict[str, Import]:
    """Each once, then all again. Of the handler there are two copies: that of this checkout may be compiled or not."""
    times: dict[str, list[Import]] = {BOTO3: [], HANDLER: [], ZIP: []}
    with tempfile.TemporaryDirectory() as folder:
        plain, compiled = Path(folder, "plain"), Path(folder, "compiled")
        _unpack(plain)
        shutil.copytree(plain, compiled)
        compileall.compile_dir(compiled, quiet=1)
        for turn in range(-1, runs):  # the first fills the caches
            for name, found in times.items():
                one = _import(BOTO3 if name == BOTO3 else HANDLER, plain if name == ZIP else compiled)
                found += [one] if turn >= 0 else []
    return {
        name: Import(median(one.alone for one in found), median(one.process for one in found))
        for name, found in times.items()
    }


def _import(code: str, where: Path) -> Import:
    began = time.perf_counter()
    argv = [sys.executable, "-B", "-c", _TIMED.format(code)]
    ran = subprocess.run(argv, cwd=where, check=True, capture_output=True, text=True)
    return Import(float(ran.stdout), time.perf_counter() - began)


def _unpack(folder: Path) -> None:
    """The Lambda's files as `clickctl package` gives them to it: a zip holds no .pyc, and Lambda can write none."""
    write_packages(folder)
    for path in folder.glob("clickctl-alerts-*.zip"):
        with zipfile.ZipFile(path) as package:
            package.extractall(folder)
