"""What every lake promises (lakes.Lake). Only the fixture `lake_at` knows which lake it is."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from clickctl.domain.errors import LakeError
from clickctl.lakes import Lake, PreconditionFailed
from tests.backends.faults import FORKS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.backends.conftest import LakeAt

ODD_NAMES = [
    "with space",
    "a+b",
    "percent%20",
    "%",
    "year=2026",
    "größe 赤い ☕",
    "a&b?c#d",
    'it\'s "so"',
    "a;b,c@d:e",
    "~.x",
]


def names(lake_at: LakeAt, prefix: str) -> list[str]:
    return [info.location.removeprefix(f"{lake_at.root}/") for info in lake_at.lake.list(f"{lake_at.root}/{prefix}")]


def put(lake_at: LakeAt, name: str, data: bytes = b"x") -> str:
    location = f"{lake_at.root}/{name}"
    present = lake_at.lake.get(location)
    lake_at.lake.put_if(location, data, present[1] if present else None)
    return location


def content(lake_at: LakeAt, name: str) -> bytes | None:
    found = lake_at.lake.get(f"{lake_at.root}/{name}")
    return found[0] if found else None


def test_what_was_put_is_listed_in_order_of_location(lake_at: LakeAt) -> None:
    wanted = ["A", "a-b", "a/b", "a/b-c/d", "a/c/c", "a0", "ab", "b/2/x", "b/10/x", "z", "ä", "赤"]
    for name in reversed(wanted):
        put(lake_at, name)
    assert names(lake_at, "") == sorted(wanted, key=str.encode)


def test_a_prefix_may_end_inside_a_name_or_at_a_folder(lake_at: LakeAt) -> None:
    for name in ("d/13/part-0", "d/13/part-1", "d/13/deep/part-2", "d/130/part-0", "d/1", "e"):
        put(lake_at, name)
    assert names(lake_at, "d/13") == ["d/13/deep/part-2", "d/13/part-0", "d/13/part-1", "d/130/part-0"]
    assert names(lake_at, "d/13/") == ["d/13/deep/part-2", "d/13/part-0", "d/13/part-1"]
    assert names(lake_at, "d/13/part-1") == ["d/13/part-1"]
    assert names(lake_at, "d/1") == ["d/1", "d/13/deep/part-2", "d/13/part-0", "d/13/part-1", "d/130/part-0"]


def test_listing_where_nothing_is_gives_nothing(lake_at: LakeAt) -> None:
    put(lake_at, "a/file")
    assert names(lake_at, "nowhere/at/all/") == names(lake_at, "a/other") == names(lake_at, "a/file/below/") == []


def test_objects_deleted_while_they_are_listed_are_no_error(lake_at: LakeAt) -> None:
    locations = [put(lake_at, f"n/{n}") for n in range(5)]
    listing = lake_at.lake.list(f"{lake_at.root}/n/")
    assert next(listing).location == locations[0]
    lake_at.lake.delete(locations)
    assert {info.location for info in listing} <= set(locations)
    assert names(lake_at, "n/") == []


def test_the_listed_etag_changes_with_the_content_and_not_without(lake_at: LakeAt) -> None:
    put(lake_at, "a", b"one")
    [first], [again] = (list(lake_at.lake.list(lake_at.root)) for _ in range(2))
    put(lake_at, "a", b"two")
    [second] = lake_at.lake.list(lake_at.root)
    assert first == again
    assert (second.size, second.location) == (first.size, first.location) == (3, f"{lake_at.root}/a")
    assert second.etag != first.etag


def test_get_gives_content_and_the_etag_put_if_returned(lake_at: LakeAt) -> None:
    location = f"{lake_at.root}/deep/er/x"
    assert lake_at.lake.get(location) is None
    etag = lake_at.lake.put_if(location, b"\x00\xff data", None)
    assert lake_at.lake.get(location) == (b"\x00\xff data", etag)
    assert lake_at.lake.get(f"{location}/below") is None


def test_create_refuses_when_the_object_is_there_even_with_the_same_content(lake_at: LakeAt) -> None:
    put(lake_at, "a", b"mine")
    for data in (b"other", b"mine"):
        with pytest.raises(PreconditionFailed):
            lake_at.lake.put_if(f"{lake_at.root}/a", data, None)
    assert content(lake_at, "a") == b"mine"


def test_replace_refuses_an_etag_that_is_no_longer_current(lake_at: LakeAt) -> None:
    location = f"{lake_at.root}/a"
    old = lake_at.lake.put_if(location, b"1", None)
    new = lake_at.lake.put_if(location, b"2", old)
    for data in (b"3", b"2"):
        with pytest.raises(PreconditionFailed):
            lake_at.lake.put_if(location, data, old)
    assert lake_at.lake.get(location) == (b"2", new)


def test_replace_refuses_an_object_that_is_gone(lake_at: LakeAt) -> None:
    location = f"{lake_at.root}/a"
    etag = lake_at.lake.put_if(location, b"1", None)
    lake_at.lake.delete([location])
    with pytest.raises(PreconditionFailed):
        lake_at.lake.put_if(location, b"2", etag)
    assert lake_at.lake.get(location) is None


def count_up(lake: Lake, location: str, times: int) -> None:
    for _ in range(times):
        while True:
            present = lake.get(location)
            number, etag = (int(present[0]), present[1]) if present else (0, None)
            try:
                lake.put_if(location, str(number + 1).encode(), etag)
                break
            except PreconditionFailed:
                continue


def set_environment(values: dict[str, str]) -> None:
    os.environ.update(values)


def test_threads_that_count_by_compare_and_swap_lose_no_step(lake_at: LakeAt) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: count_up(lake_at.lake, f"{lake_at.root}/n", 10), range(8)))
    assert content(lake_at, "n") == b"80"


def test_processes_that_count_by_compare_and_swap_lose_no_step(lake_at: LakeAt) -> None:
    environment = dict(os.environ)  # the server the workers are forked from may be older
    with ProcessPoolExecutor(4, FORKS, initializer=set_environment, initargs=(environment,)) as pool:
        for counting in [pool.submit(count_up, lake_at.lake, f"{lake_at.root}/n", 20) for _ in range(4)]:
            counting.result()
    assert content(lake_at, "n") == b"80"


def test_copy_replaces_what_is_there_and_keeps_its_source(lake_at: LakeAt) -> None:
    source, target = put(lake_at, "from", b"new"), put(lake_at, "to/x", b"old")
    lake_at.lake.copy(source, target)
    lake_at.lake.copy(source, target)
    assert content(lake_at, "from") == content(lake_at, "to/x") == b"new"
    assert names(lake_at, "") == ["from", "to/x"]


def test_a_copy_does_not_follow_later_changes_of_its_source(lake_at: LakeAt) -> None:
    source, target = put(lake_at, "from", b"first"), f"{lake_at.root}/new/place/x"
    lake_at.lake.copy(source, target)
    put(lake_at, "from", b"second")
    assert content(lake_at, "new/place/x") == b"first"
    lake_at.lake.delete([source])
    assert content(lake_at, "new/place/x") == b"first"


def test_readers_see_the_whole_old_or_the_whole_new_object_while_it_is_replaced(lake_at: LakeAt) -> None:
    old, new = b"o" * 100_000, b"n" * 200_000
    sources = [put(lake_at, "old", old), put(lake_at, "new", new)]
    target = put(lake_at, "target", old)
    with ThreadPoolExecutor(1) as pool:
        copying = pool.submit(lambda: [lake_at.lake.copy(sources[n % 2], target) for n in range(50)])
        seen = set()
        while not copying.done():
            seen.add(content(lake_at, "target"))
        copying.result()
    assert seen <= {old, new}


def test_upload_puts_a_local_file_replacing_what_is_there(lake_at: LakeAt, tmp_path: Path) -> None:
    local = tmp_path / "local"
    for data in (b"first", b"", b"third"):
        local.write_bytes(data)
        lake_at.lake.upload(local, f"{lake_at.root}/a/b")
        local.unlink()
        assert content(lake_at, "a/b") == data


def test_a_missing_source_is_a_lake_error_and_leaves_the_target_alone(lake_at: LakeAt, tmp_path: Path) -> None:
    target, missing = put(lake_at, "target", b"old"), f"{lake_at.root}/missing"
    with pytest.raises(LakeError):
        lake_at.lake.copy(missing, target)
    with pytest.raises(LakeError):
        lake_at.lake.upload(tmp_path / "missing", target)
    with pytest.raises(LakeError, match="missing"):
        lake_at.lake.open(missing)
    assert content(lake_at, "target") == b"old"
    assert names(lake_at, "") == ["target"]


def test_delete_takes_any_number_and_does_not_mind_the_absent(lake_at: LakeAt) -> None:
    locations = [put(lake_at, f"many/{n}") for n in range(30)]
    kept = put(lake_at, "kept")
    lake_at.lake.delete(iter([*locations, f"{lake_at.root}/never/was", f"{kept}/below"]))
    lake_at.lake.delete(locations)
    lake_at.lake.delete([])
    assert names(lake_at, "") == ["kept"]


def test_open_streams_the_content_from_its_start(lake_at: LakeAt) -> None:
    data = bytes(range(256)) * 20_000
    location = put(lake_at, "large", data)
    with lake_at.lake.open(location) as stream:
        pieces = list(iter(lambda: stream.read(700_001), b""))
    assert b"".join(pieces) == data
    assert len(pieces) > 7


def test_the_reader_of_what_is_opened_may_seek(lake_at: LakeAt) -> None:
    with lake_at.lake.open(put(lake_at, "file", b"0123456789")) as stream:
        assert (stream.seek(-3, os.SEEK_END), stream.read(), stream.seek(1), stream.read(2)) == (7, b"789", 1, b"12")


@pytest.mark.parametrize("count", [1, 9, 10, 11, 1 << 20])
def test_the_tail_is_the_last_bytes_or_all_there_are_and_the_size(lake_at: LakeAt, count: int) -> None:
    location = put(lake_at, "file", b"0123456789")
    assert lake_at.lake.tail(location, count) == (b"0123456789"[-count:], 10)


def test_the_tail_of_an_empty_object_is_empty_and_of_none_it_is_none(lake_at: LakeAt) -> None:
    empty = put(lake_at, "empty", b"")
    assert lake_at.lake.tail(empty, 8) == (b"", 0)
    assert lake_at.lake.tail(f"{lake_at.root}/missing", 8) is None
    assert lake_at.lake.tail(f"{empty}/below", 8) is None


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_can_be_put_listed_copied_opened_and_deleted(lake_at: LakeAt, name: str) -> None:
    source, target = put(lake_at, f"{name}/{name}", b"odd"), f"{lake_at.root}/copy/{name}"
    lake_at.lake.copy(source, target)
    assert names(lake_at, f"{name}/") == [f"{name}/{name}"]
    assert names(lake_at, f"copy/{name[0]}") == [f"copy/{name}"]
    with lake_at.lake.open(target) as stream:
        assert stream.read() == b"odd"
    assert lake_at.lake.tail(target, 2) == (b"dd", 3)
    lake_at.lake.delete([source, target])
    assert names(lake_at, "") == []


def test_a_lake_can_be_sent_to_a_worker(lake_at: LakeAt) -> None:
    location = put(lake_at, "a", b"data")
    sent = pickle.loads(pickle.dumps(lake_at.lake))
    assert sent.get(location) == lake_at.lake.get(location)
