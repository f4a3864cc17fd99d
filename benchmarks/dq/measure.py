"""What one command costs: seconds, CPU seconds and bytes read, its children included. Linux.

Finer than benchmarks.transform.measure, which looks every 50 ms: here a whole contestant takes a second, and none
leaves orphans. Bytes are `rchar` of /proc/<pid>/io, read while the command has ended and nobody has waited for it
yet: what it asked of read() and pread(), from the disk or from memory, its own modules among it.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Cost:
    wall: float
    cpu: float  # seconds, user and system
    read: int  # bytes


def run(argv: Sequence[str], env: Mapping[str, str], fine: Sequence[int] = (0,)) -> tuple[Cost, str]:
    """What a command costs and its standard output. SystemExit if its exit code is not one of `fine`."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        command = subprocess.Popen(argv, env=env, stdout=out, stderr=err)
        os.waitid(os.P_PID, command.pid, os.WEXITED | os.WNOWAIT)
        wall = time.perf_counter() - began
        read = _rchar(command.pid)
        _, status, usage = os.wait4(command.pid, 0)
        command.returncode = os.waitstatus_to_exitcode(status)  # it was waited for here, Popen must not try again
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    if command.returncode not in fine:
        raise SystemExit(f"{' '.join(argv)}: exit code {command.returncode}\n{texts[0]}{texts[1]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, read), texts[0]


def middle(costs: Sequence[Cost]) -> Cost:
    return Cost(
        median(cost.wall for cost in costs), median(cost.cpu for cost in costs), round(median(c.read for c in costs))
    )


def _rchar(pid: int) -> int:
    fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(fields["rchar"])
