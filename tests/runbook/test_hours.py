"""The entries about hours and days, on folders."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from pathlib import Path

import pytest

from clickctl.domain.hours import unit_from_name
from clickctl.domain.ledger import Publishing, UnitEntry, dump
from clickctl.liveness import ProcessLiveness
from tests.backends.dying import run_and_die_at_operation
from tests.backends.faults import Step, WatchedLake, in_child, killed
from tests.commands.test_backfill_interrupted import started, wait_for
from tests.runbook.places import DAY, Folders

H12, H13, H14 = (f"2026-01-05T{hour}" for hour in (12, 13, 14))


def test_runbook(here: Folders) -> None:
    here.put(H13, "/a", run=True)
    looked = here.run("clickctl status")
    assert "ok" in looked.out


def test_an_hour_is_missing(here: Folders) -> None:
    look = here.entry.take("ls -la")
    assert "No such file or directory" in here.bash(f"! {look}").err
    folder = Path(here.lake.roots.raw, "2026/01/05/20")
    folder.mkdir(parents=True)
    folder.joinpath("events.json").write_text("{}\n")
    here.sees(here.shell("run-partition", "2026-01-05T20", code=1))
    assert "events.json" in here.bash(look).out
    here.put("2026-01-05T20", "/in-a-folder", name="part-1.json/part-0.json")
    assert here.states("2026-01-05T20") == {"blocked"}
    shutil.rmtree(folder / "part-1.json")
    here.put("2026-01-05T20", "/a")
    here.run("clickctl run-partition")
    assert here.states("2026-01-05T20") == {"committed"}


def test_a_unit_failed(here: Folders) -> None:
    here.put(H13, "/a", run=True)
    here.put(H13, "/b")
    no_folder = here.folder / "file"
    no_folder.touch()
    here.shell("run-partition", H13, env={"CLICKCTL_JOB_SPILL_DIR": str(no_folder)}, code=5)
    assert "Not a directory" in here.run("clickctl status").out
    assert here.states() == {"failed"}
    assert here.lake.pages() == ["/a"]
    assert here.run("clickctl backfill").err.endswith("Nothing more to do.\n")
    assert here.lake.pages() == ["/b"]


def test_a_unit_is_torn(here: Folders) -> None:
    here.put(H12, "/a", "/b", run=True)
    here.put(H12, "/new", "/late@2026-01-04")
    torn(here, H12)
    assert "committed: a run died while publishing it" in here.run("clickctl run-partition").out
    assert here.states() == {"committed"}
    assert here.lake.unowned() == here.lake.litter() == []


def torn(here: Folders, unit: str) -> None:
    """Runs of it are killed at one operation after the other until one was in the midst of its publish."""
    for number in range(1, 99):
        assert killed(in_child(run_and_die_at_operation, here.lake, unit, number))
        if here.lake.state(unit) == "torn":
            return


def test_a_unit_is_stale(here: Folders) -> None:
    for hour in (H13, H14):
        here.put(hour, f"/{hour}", run=True)
    here.put(H13, "/late", name="part-late.json")
    assert "its raw files changed: 1 added" in here.run("clickctl run-partition").out
    here.run("clickctl backfill 2026-01-05 2026-01-06 --only stale\n")
    assert here.states() == {"committed"}
    here.shell.config.write_text(here.shell.config.read_text() + '[quality]\nmax_lateness = "9d"\n')
    ruled = here.shell("run-partition", H13, "--dry-run").out
    assert "made by rules" in ruled and "the present ones are" in ruled
    here.run("clickctl backfill 2026-01-01")
    assert here.states() == {"committed"}


def test_conflict_or_publishing_does_not_end(here: Folders) -> None:
    here.put(H14, "/a", run=True)
    at_it = Publishing("other", ProcessLiveness().me(), (), ())
    lake, where = here.lake, Path(here.lake.roots.processed, "_ledger/2026/01/05.json")
    before = lake.ledger(DAY[0])
    where.write_bytes(dump(before.with_entry(unit_from_name(H14), UnitEntry(lake.entry(H14).commit, at_it))))
    here.sees(here.shell("run-partition", H14, code=4), 0)
    assert f'"pid": {os.getpid()},' in here.run("python3").out
    where.write_bytes(dump(before))
    assert "unchanged: already committed, inputs unchanged" in here.run("clickctl run-partition").out


def test_interrupted_or_the_laptop_died(here: Folders) -> None:
    for number in range(12):
        here.put(f"2026-01-05T{number:02}", *(f"/{n}" for n in range(500)))
    with started(here.shell, "--config", str(here.shell.config), "backfill", "2026-01-05T00", "2026-01-05T12",
                 "--max-parallel", "1") as process:  # fmt: skip
        wait_for(process, "committed")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert here.run("clickctl backfill").err.endswith("Nothing more to do.\n")
    assert here.states() == {"committed"}
    assert len(here.lake.pages()) == 12 * 500


def test_disk_full(here: Folders) -> None:
    for hour in (H13, H14):
        here.put(hour, f"/{hour}")
        with pytest.raises(OSError):
            here.lake.over(WatchedLake(here.lake.lake, full)).run(hour)
    assert "No space left on device" in here.shell("--verbose", "status", *DAY).out
    ran = here.run("df -h")
    assert "Filesystem" in ran.out and f"{H14} (UTC) committed" in ran.out
    assert here.run("clickctl backfill").err.endswith("Nothing more to do.\n")
    assert here.states() == {"committed"}


def full(step: Step) -> None:
    """The lake's disk, before a file is put there."""
    if step.name == "upload":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_worker_died(here: Folders) -> None:
    here.put(H13, "/a")
    assert "committed" in here.run("CLICKCTL_JOB_TARGET_FILE_MB=32").out
    assert here.lake.pages() == ["/a"]
