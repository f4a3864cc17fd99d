"""Listings of any shape: every object once, in order, whatever fits on a page and whoever answers first."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clickctl.aws.listing import objects

BUCKET = "bucket"


@dataclass
class PagedBucket:
    """ListObjectsV2 over keys, with pages of any size, as its documentation tells it."""

    keys: list[str]
    page: int
    filters: bool = True  # leaves out the folder that StartAfter lies in: S3 does, some imitations do not
    calls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        assert asked.pop("Bucket") == BUCKET
        prefix, delimiter = asked.pop("Prefix"), asked.pop("Delimiter", "")
        after, token = asked.pop("StartAfter", ""), asked.pop("ContinuationToken", "")
        assert not asked
        with self.lock:
            self.calls += 1
        found: dict[str, bool] = {}  # what is listed, and whether it is a folder
        for key in sorted(key for key in self.keys if key.startswith(prefix) and key > after):
            name, slash, _ = key[len(prefix) :].partition("/")
            if delimiter and slash:
                folder = f"{prefix}{name}/"
                if not self.filters or folder > after:
                    found[folder] = True
            else:
                found[key] = False
        names = sorted(name for name in found if name > token)
        listed, left = names[: self.page], names[self.page :]
        reply = {
            "Contents": [{"Key": name, "ETag": f'"{name}"', "Size": len(name)} for name in listed if not found[name]],
            "CommonPrefixes": [{"Prefix": name} for name in listed if found[name]],
            "IsTruncated": bool(left),
        }
        return {**reply, "NextContinuationToken": listed[-1]} if left else reply


NAMES = st.text(alphabet="/-.0aé\U0001f600", min_size=1, max_size=8)
TREES = st.builds(
    lambda folders, files: [f"{folder}/{file}" for folder in folders for file in files],
    st.lists(NAMES, max_size=8),
    st.lists(st.sampled_from(["0", "1", "2", "a/0", "a/1", "b-/0"]), max_size=6),
)


@given(
    st.builds(lambda *parts: sorted({key for part in parts for key in part}), TREES, TREES, st.lists(NAMES)),
    st.sampled_from(["", "0", "0/", "a", "a/", "/", "-"]),
    st.integers(1, 9),
    st.booleans(),
)
def test_every_object_is_listed_once_and_in_order(keys: list[str], prefix: str, page: int, filters: bool) -> None:
    bucket = PagedBucket(keys, page, filters)
    wanted = [f"s3://{BUCKET}/{key}" for key in keys if key.startswith(prefix)]
    assert [found.location for found in objects(bucket, BUCKET, prefix)] == wanted
    folders = {key[: place + 1] for key in keys for place, letter in enumerate(key) if letter == "/"}
    assert bucket.calls <= 2 * (len(wanted) // page + len(folders) + 1)


def test_what_fits_on_a_page_costs_one_call() -> None:
    bucket = PagedBucket([f"2026/01/05/{hour:02}/part-0.json" for hour in range(24)], 1000)
    assert len(list(objects(bucket, BUCKET, "2026/01/05/"))) == 24
    assert bucket.calls == 1


def test_large_folders_are_listed_side_by_side() -> None:
    """Both are asked for before either is answered: one after the other, this would not end."""
    both = threading.Barrier(2, timeout=60)

    class Meeting(PagedBucket):
        def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
            if asked["Prefix"] in ("b/", "c/"):
                both.wait()
            return super().list_objects_v2(**asked)

    keys = [f"{folder}/{n:04}" for folder in "abc" for n in range(1000)]
    bucket = Meeting(keys, 1000)
    assert len(list(objects(bucket, BUCKET, ""))) == 3000


def test_a_listing_that_is_left_early_asks_for_little_more() -> None:
    bucket = PagedBucket([f"{folder:03}/{n:04}" for folder in range(300) for n in range(300)], 1000)
    listing = objects(bucket, BUCKET, "")
    assert next(listing).location == f"s3://{BUCKET}/000/0000"
    assert bucket.calls <= 3
