"""What tests run in processes of their own. Imports the lakes and no test module, so that a child starts at once."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from clickctl.domain.errors import ClickctlError
from clickctl.lakes import ObjectInfo
from clickctl.local.lake import FolderLake
from tests.backends.faults import WatchedLake, at, kill_at_change, kill_me, once
from tests.backends.small_lake import SmallLake

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier, Event

with suppress(ImportError):
    import clickctl.aws.lake  # noqa: F401

pa.array(np.zeros(1))  # here and not in every child: at its first array pyarrow imports pandas if it can


def run_and_die_at_operation(small: SmallLake, unit: str, number: int) -> None:
    """Run a unit and be killed before the number-th operation on the lake."""
    small.over(WatchedLake(small.lake, at(number, kill_me))).run(unit)


def run_and_die_at_change(small: SmallLake, unit: str, number: int) -> None:
    """Run a unit and be killed before the number-th change to a name in its folders."""
    kill_at_change(number, str(Path(small.roots.processed).parent))
    small.run(unit)


def write_and_die(lake: FolderLake, name: str, root: str, number: int) -> None:
    """Do one writing operation on `root`/target and be killed before its number-th change to a name."""
    kill_at_change(number, root)
    target = f"{root}/target"
    if name == "put_if":
        present = lake.get(target)
        lake.put_if(target, b"new" * 9999, present[1] if present else None)
    elif name == "copy":
        lake.copy(f"{root}/source", target)
    else:
        lake.upload(Path(root, "local"), target)


def run_to_exit_code(small: SmallLake, unit: str) -> None:
    """Run a unit and exit as the command line would."""
    try:
        sys.exit(small.run(unit).exit_code)
    except ClickctlError as error:
        sys.exit(error.exit_code)


def meet_and_run(small: SmallLake, unit: str, start: Barrier) -> None:
    """Run a unit at the same moment as others do."""
    start.wait()
    run_to_exit_code(small, unit)


def list_all(lake: FolderLake, prefix: str) -> list[ObjectInfo]:
    return list(lake.list(prefix))


def become_nobody() -> None:
    """Root ignores permissions."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def run_and_hang_at_copy(small: SmallLake, unit: str, claimed: Event) -> None:
    """Claim a unit, say so, and never go on."""

    def hang() -> None:
        claimed.set()
        signal.pause()

    small.over(WatchedLake(small.lake, once("copy", "", hang))).run(unit)
