"""Programs that tests use in Python environments of their own, beside ours: their packages and ours need not agree."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPO


class NoEnvironment(Exception):
    """It is not there and cannot be made."""


def interpreter(name: str, *packages: str) -> Path:
    """Python of the environment, which is made where it is missing: by one process, the others wait for it.

    `name` says the versions too: another name is another environment.
    """
    home = Path(sys.prefix) if sys.prefix != sys.base_prefix else REPO / ".venv"
    folder = home / f"{name}-py{sys.version_info[0]}.{sys.version_info[1]}"
    python, ready = folder / "bin" / "python", folder / "ready"
    try:
        home.mkdir(exist_ok=True)
        with open(f"{folder}.lock", "w") as lock:  # let go by the kernel, however its holder ends
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not ready.is_file():
                shutil.rmtree(folder, ignore_errors=True)  # somebody was stopped halfway
                _run(sys.executable, "-I", "-m", "venv", str(folder))
                _run(str(python), "-I", "-m", "pip", "install", "--quiet", "--retries", "1", *packages)
                ready.touch()
    except OSError as error:
        raise NoEnvironment(f"{folder}: {error}") from error
    return python


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        told = (done.stderr.strip() or done.stdout.strip() or "it says nothing").splitlines()
        raise NoEnvironment(f"{' '.join(argv[3:5])}: {told[-1]}")
