"""What only a lake of folders can meet: kills inside a write, full disks, permissions, things in the way."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from clickctl.domain.errors import LakeError
from clickctl.lakes import PreconditionFailed
from clickctl.local.lake import FolderLake
from tests.backends.dying import become_nobody, list_all, write_and_die
from tests.backends.faults import FORKS, in_child, killed

LAKE = FolderLake()


def listed(folder: Path) -> list[str]:
    return [info.location.removeprefix(f"{folder}/") for info in LAKE.list(f"{folder}/")]


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != ".lock")


@pytest.mark.parametrize("name", ["put_if", "copy", "upload"])
@pytest.mark.parametrize("old", [b"old" * 9999, None])
def test_killed_inside_a_write_the_object_is_old_or_new_and_the_next_write_clears_up(
    quick_folder: Path, name: str, old: bytes | None
) -> None:
    new, number, code = b"new" * 9999, 0, -9
    while killed(code):
        folder = quick_folder / str(number)
        folder.mkdir()
        (folder / "source").write_bytes(new)
        (folder / "local").write_bytes(new)
        if old is not None:
            LAKE.put_if(f"{folder}/target", old, None)
        code = in_child(write_and_die, LAKE, name, str(folder), number)
        found = LAKE.get(f"{folder}/target")
        assert (found and found[0]) in (old, new)
        assert listed(folder) == ["local", "source"] + ["target"] * (found is not None)
        assert in_child(write_and_die, LAKE, name, str(folder), 1000) == 0
        assert everything(folder) == ["local", "source", "target"]
        number += 1
    assert (code, number > 3) == (0, True)


def test_deleting_an_object_deletes_what_a_killed_write_left_beside_it(quick_folder: Path) -> None:
    location = f"{quick_folder}/a/target"
    LAKE.put_if(location, b"x", None)
    Path(quick_folder, "a", ".tmp-target~").write_bytes(b"half")
    LAKE.delete([location])
    assert everything(quick_folder) == ["a"]


def test_half_written_staged_files_are_listed_so_that_they_can_be_deleted(quick_folder: Path) -> None:
    run = quick_folder / "_staging/2026-01-05T13/run-1"
    (run / "empty/folder").mkdir(parents=True)
    (run / ".tmp-part-0").write_bytes(b"half")
    locations = [info.location for info in LAKE.list(f"{quick_folder}/_staging/")]
    assert locations == [f"{run}/.tmp-part-0"]
    LAKE.delete(locations)
    assert everything(quick_folder) == ["_staging"]


def test_deleting_staged_files_leaves_the_folders_of_other_units(quick_folder: Path) -> None:
    for unit in ("2026-01-05T13", "2026-01-05T14", "2026-01-05"):
        (quick_folder / "local").touch()
        LAKE.upload(quick_folder / "local", f"{quick_folder}/_staging/{unit}/run/part")
    LAKE.delete([f"{quick_folder}/_staging/2026-01-05/run/part"])
    (quick_folder / "local").unlink()
    assert listed(quick_folder) == ["_staging/2026-01-05T13/run/part", "_staging/2026-01-05T14/run/part"]


def test_a_folder_where_a_file_should_be_is_named(quick_folder: Path) -> None:
    location = f"{quick_folder}/thing"
    Path(location).mkdir()
    (quick_folder / "source").write_bytes(b"x")
    operations: list[Callable[[], object]] = [
        lambda: LAKE.get(location),
        lambda: LAKE.open(location),
        lambda: LAKE.put_if(location, b"", None),
        lambda: LAKE.copy(f"{quick_folder}/source", location),
        lambda: LAKE.delete([location]),
    ]
    for operation in operations:
        with pytest.raises(LakeError, match="thing") as refused:
            operation()
        assert "folder where a file" in refused.value.hint
    assert everything(quick_folder) == ["source", "thing"]


def test_a_file_where_a_folder_should_be_is_named(quick_folder: Path) -> None:
    (quick_folder / "file").write_bytes(b"x")
    for location in (f"{quick_folder}/file/x", f"{quick_folder}/file/deep/er/x"):
        for operation in (lambda to: LAKE.put_if(to, b"", None), lambda to: LAKE.copy(f"{quick_folder}/file", to)):
            with pytest.raises(LakeError, match="file") as refused:
                operation(location)
            assert "file where a folder" in refused.value.hint
    assert everything(quick_folder) == ["file"]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).returncode:
        pytest.skip("a tiny file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_named_and_leaves_the_old_object_and_no_half_one(tiny_disk: Path, tmp_path: Path) -> None:
    target = f"{tiny_disk}/target"
    etag = LAKE.put_if(target, b"old", None)
    (tmp_path / "large").write_bytes(bytes(1 << 20))
    operations: list[Callable[[], object]] = [
        lambda: LAKE.put_if(target, bytes(1 << 20), etag),
        lambda: LAKE.upload(tmp_path / "large", target),
        lambda: LAKE.copy(str(tmp_path / "large"), target),
    ]
    for operation in operations:
        with pytest.raises(LakeError, match="No space left") as refused:
            operation()
        assert "free some room" in refused.value.hint
    assert everything(tiny_disk) == ["target"]
    assert LAKE.get(target) == (b"old", etag)


def test_a_read_only_file_system_is_named(tiny_disk: Path) -> None:
    etag = LAKE.put_if(f"{tiny_disk}/target", b"old", None)
    subprocess.run(["mount", "-o", "remount,ro", tiny_disk], check=True)
    for operation in (
        lambda to: LAKE.put_if(to, b"", etag),
        lambda to: LAKE.copy(to, f"{to}2"),
        lambda to: LAKE.delete([to]),
    ):
        with pytest.raises(LakeError, match="Read-only") as refused:
            operation(f"{tiny_disk}/target")
        assert "read-only" in refused.value.hint
    assert LAKE.get(f"{tiny_disk}/target") == (b"old", etag)


@pytest.fixture
def nobody() -> Iterator[ProcessPoolExecutor]:
    """A process that permissions apply to."""
    with ProcessPoolExecutor(1, FORKS, initializer=become_nobody) as pool:
        yield pool


def test_no_permission_is_named_and_not_taken_for_absence(quick_folder: Path, nobody: ProcessPoolExecutor) -> None:
    secret, closed = quick_folder / "open/secret", quick_folder / "closed"
    LAKE.put_if(str(secret), b"x", None)
    LAKE.put_if(f"{closed}/x", b"x", None)
    for path, mode in ((quick_folder, 0o755), (secret.parent, 0o555), (secret, 0), (closed, 0)):
        path.chmod(mode)
    try:
        for attempt in (
            nobody.submit(LAKE.get, str(secret)),
            nobody.submit(list_all, LAKE, f"{closed}/"),
            nobody.submit(LAKE.get, f"{closed}/x"),
            nobody.submit(LAKE.put_if, f"{secret.parent}/new", b"", None),
            nobody.submit(LAKE.copy, str(secret), f"{secret.parent}/new"),
            nobody.submit(LAKE.delete, [str(secret)]),
        ):
            with pytest.raises(LakeError, match="Permission denied") as refused:
                attempt.result()
            assert "permissions" in refused.value.hint
    finally:
        for path in (closed, secret.parent, secret):
            path.chmod(0o755)
    assert listed(quick_folder) == ["closed/x", "open/secret"]


def test_whoever_dies_holding_the_lock_of_a_ledger_keeps_nobody_out(quick_folder: Path) -> None:
    assert killed(in_child(write_and_die, LAKE, "put_if", str(quick_folder), 2))
    assert (quick_folder / ".lock").exists()
    LAKE.put_if(f"{quick_folder}/target", b"mine", None)
    with pytest.raises(PreconditionFailed):
        LAKE.put_if(f"{quick_folder}/target", b"other", None)


def test_an_upload_survives_that_the_staging_area_is_swept_beneath_it(quick_folder: Path) -> None:
    source, location = quick_folder / "source", f"{quick_folder}/_staging/2026-01-05T13/run/a/part-0"
    source.write_bytes(b"rows")
    done = threading.Event()

    def sweep() -> None:
        while not done.is_set():
            LAKE.delete([info.location for info in LAKE.list(f"{quick_folder}/_staging/2026-01-05T13/")])

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for _ in range(300):
            LAKE.upload(source, location)
    finally:
        done.set()
        sweeper.join()
    LAKE.upload(source, location)
    assert Path(location).read_bytes() == b"rows"
