"""What goes wrong without a kill: an operation fails, an answer is lost, the disk is full, raw files move."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clickctl.domain.errors import LakeError, RunFailed
from clickctl.lakes import PreconditionFailed
from tests.backends.dying import run_to_exit_code
from tests.backends.faults import Step, WatchedLake, at, failing, in_child, moments, once
from tests.backends.small_lake import SmallLake

HOUR, DAY = "2026-01-05T13", "2026-01-05"
OLD, NEW = ["/a", "/b", "/late"], ["/b", "/c", "/late-too"]


@pytest.fixture
def stale(small: SmallLake) -> SmallLake:
    return made_stale(small)


def made_stale(small: SmallLake) -> SmallLake:
    """An hour that was committed and has changed since."""
    small.put(HOUR, "/a", "/b", "/late@2026-01-04")
    small.run(HOUR)
    small.put(HOUR, "/b", "/c", "/late-too@2026-01-03", {"broken": True})
    return small


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("error", [LakeError("it broke"), KeyboardInterrupt()], ids=["LakeError", "Ctrl-C"])
def test_an_error_at_any_operation_is_mended_by_a_rerun_of_the_same_process(
    stale: SmallLake, error: BaseException, moment: str
) -> None:
    steps: list[Step] = []
    wanted = stale.beside("undisturbed")
    wanted.over(WatchedLake(stale.lake, steps.append)).run(HOUR)
    for step in moments(stale.lake, steps):
        small = stale.beside(str(step.number))
        with pytest.raises(type(error)):
            small.over(WatchedLake(small.lake, **{moment: at(step.number, failing(error))})).run(HOUR)
        assert Counter(small.pages()) >= Counter(["/b"])
        assert (small.state(HOUR) == "torn") == (small.entry(HOUR).publishing is not None)
        assert small.run(HOUR).outcome in ("committed", "unchanged")
        assert small.contents() == wanted.contents()
        assert small.ledgers() == wanted.ledgers()
        assert small.unowned() == small.litter() == []


def test_a_compare_and_swap_that_won_though_its_answer_says_lost_is_taken_as_won(stale: SmallLake) -> None:
    """An SDK repeats a request whose answer was lost; the repetition then meets our own object."""
    steps: list[Step] = []
    stale.beside("counted").over(WatchedLake(stale.lake, steps.append)).run(HOUR)
    swaps = [step for step in steps if step.name == "put_if"]
    assert len(swaps) == 2
    for step in swaps:
        small = stale.beside(str(step.number))
        watched = WatchedLake(small.lake, after=at(step.number, failing(PreconditionFailed())))
        assert small.over(watched).run(HOUR).outcome == "committed"
        assert small.pages() == NEW
        assert small.state(HOUR) == "committed"
        assert small.unowned() == small.litter() == []


def test_after_ctrl_c_nothing_is_placed_any_more_once_the_run_has_given_up(stale: SmallLake) -> None:
    stale.put(HOUR, *(f"/{n}@2026-01-0{n % 5 + 1}" for n in range(20)))
    steps: list[Step] = []
    interrupt = once("copy", "", lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        stale.over(WatchedLake(stale.lake, interrupt, steps.append)).run(HOUR)
    names = [step.name for step in steps]
    assert "copy" in names
    assert "copy" not in names[names.index("list", names.index("copy")) :]  # giving up begins with a listing
    assert stale.run(HOUR).outcome == "committed"
    assert stale.unowned() == stale.litter() == []


def test_an_error_before_the_claim_leaves_rows_and_commit_as_they_were(stale: SmallLake) -> None:
    commit, contents = stale.entry(HOUR).commit, stale.contents()
    with pytest.raises(LakeError, match="it broke"):
        stale.over(WatchedLake(stale.lake, once("put_if", "_ledger", failing(LakeError("it broke"))))).run(HOUR)
    assert stale.entry(HOUR).commit == commit
    assert stale.contents() == contents
    assert stale.state(HOUR) == "failed"
    assert stale.litter() == []


@pytest.mark.parametrize("operation", ["open", "upload"])
def test_raw_files_that_change_while_they_are_read_fail_the_run_and_change_nothing(
    stale: SmallLake, operation: str
) -> None:
    contents = stale.contents()
    for change in (lambda: stale.put(HOUR, "/more", name="part-1.json"), lambda: stale.put(HOUR, "/other")):
        with pytest.raises(RunFailed, match="changed while they were read"):
            stale.over(WatchedLake(stale.lake, once(operation, "", change))).run(HOUR)
        assert stale.contents() == contents
        assert stale.state(HOUR) == "failed"
        assert stale.litter() == []
    assert stale.run(HOUR).outcome == "committed"
    assert stale.pages() == ["/more", "/other"]


def test_rows_whose_raw_files_are_gone_are_dropped_only_by_force(small: SmallLake) -> None:
    small.put(HOUR, "/a")
    small.put(HOUR, "/b", name="part-1.json")
    small.run(HOUR)
    small.lake.delete([small.raw(HOUR)])
    for unit in (HOUR, DAY):
        refused = small.run(unit)
        assert (refused.outcome, refused.exit_code) == ("inputs-gone", 1)
        assert "part-0.json" in refused.reason
        assert "--force" in refused.hint
        assert small.pages() == ["/a", "/b"]
    assert small.run(HOUR, force=True).outcome == "committed"
    assert small.pages() == ["/b"]


def test_not_even_force_empties_a_unit_all_of_whose_raw_files_are_gone(small: SmallLake) -> None:
    small.put(HOUR, "/a")
    small.run(HOUR)
    small.lake.delete([small.raw(HOUR)])
    small.run(HOUR)
    refused = small.run(HOUR, force=True)
    assert (refused.outcome, refused.exit_code) == ("inputs-gone", 1)
    assert small.pages() == ["/a"]
    assert small.entry(HOUR).commit is not None


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 160 kB: room for the lake and some forty pages more."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", folder]).returncode:
        pytest.skip("a tiny file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_fills_up_at_any_point_fails_the_run_and_with_room_a_rerun_mends_it(
    small_folder: SmallLake, tiny_disk: Path
) -> None:
    stale, codes = made_stale(small_folder), list[int]()
    while 0 not in codes:
        folder = tiny_disk / str(len(codes))
        small = stale.clone(str(folder))
        fill_but(tiny_disk, len(codes))
        codes.append(in_child(run_to_exit_code, small, HOUR))
        assert Counter(small.pages()) >= Counter(["/b"])
        (tiny_disk / "ballast").unlink()
        assert small.run(HOUR).outcome in ("committed", "unchanged")
        assert small.pages() == NEW
        assert small.unowned() == small.litter() == []
        subprocess.run(["rm", "-r", folder], check=True)
    assert set(codes) == {5, 0}
    assert len(codes) > 5


def fill_but(disk: Path, pages: int) -> None:
    """Leave so many pages of 4 kB free."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize // 4096
    (disk / "ballast").write_bytes(bytes(4096 * (free - pages)))


def test_a_full_scratch_disk_fails_the_run_before_anything_changes(stale: SmallLake, tiny_disk: Path) -> None:
    contents = stale.contents()
    fill_but(tiny_disk, 0)
    with pytest.raises(LakeError, match="scratch") as refused:
        replace(stale, scratch=str(tiny_disk)).run(HOUR)
    assert "job.spill_dir" in refused.value.hint
    assert stale.contents() == contents
    assert stale.litter() == []
