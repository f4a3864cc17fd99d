"""What one command costs: CPU seconds and memory of its whole process tree, and wall seconds. Linux.

Waiting for the command alone would miss two kinds of CPU, both large under PySpark:
- Orphans. The JVM outlives the Python that started it. So this process becomes the "subreaper":
  every orphan below it becomes its child, and is waited for and counted like the rest.
- Processes nobody waits for. PySpark's daemon ignores SIGCHLD, so the kernel drops the times of its
  workers when they end. They are read from /proc while they live, the last 50 ms may be missed.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from signal import SIGCHLD, SIGKILL

PR_SET_CHILD_SUBREAPER = 36
SAMPLE_EVERY = 0.05
PATIENCE = 1_200  # seconds; Spark that lost a thread to a full heap waits for ever
PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    cpu: float  # seconds, user and system
    wall: float
    rss: int  # bytes: the highest sum over the tree; pages that processes share count in each
    status: int  # of the command itself


def measure(argv: list[str], env: Mapping[str, str], folder: Path, log: Path) -> Cost:
    """Run `argv` in `folder`, its output into `log`, until nothing of it is left."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError("this benchmark needs Linux: prctl(PR_SET_CHILD_SUBREAPER)")
    start, cpu, rss, wall, status = time.monotonic(), 0.0, 0, 0.0, 0
    unwaited: dict[int, float] = {}
    with log.open("wb") as output:
        command = subprocess.Popen(argv, env=env, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    while True:
        try:
            pid, wait_status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:  # nobody left
            command.returncode = status  # it was waited for here, Popen must not try again
            return Cost(cpu + sum(unwaited.values()), wall, rss, status)
        if pid == 0:
            tree = dict(_descendants(os.getpid()))
            rss = max(rss, sum(map(_rss, tree)))
            unwaited |= {child: _cpu(child) or unwaited.get(child, 0) for child in tree if tree[child]}
            if time.monotonic() - start > PATIENCE:
                _kill(tree)
            time.sleep(SAMPLE_EVERY)
            continue
        cpu += usage.ru_utime + usage.ru_stime  # with the children it has waited for itself
        unwaited.pop(pid, None)  # an orphan by now, and just counted
        if pid == command.pid:
            wall, status = time.monotonic() - start, os.waitstatus_to_exitcode(wait_status)


def _descendants(pid: int) -> Iterator[tuple[int, bool]]:
    """Each process below `pid`, and whether its parent will never wait for it."""
    ignores = _ignores_children(pid)
    for path in glob(f"/proc/{pid}/task/*/children"):
        for child in map(int, _read(Path(path)).split()):
            yield child, ignores
            yield from _descendants(child)


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, SIGKILL)


def _ignores_children(pid: int) -> bool:
    _, _, mask = _read(Path(f"/proc/{pid}/status")).partition("SigIgn:")
    return bool(mask and int(mask.split()[0], 16) >> (SIGCHLD - 1) & 1)


def _rss(pid: int) -> int:
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * PAGE if fields else 0


def _cpu(pid: int) -> float:
    """Its own and that of the children it has waited for."""
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # gone meanwhile
        return ""
