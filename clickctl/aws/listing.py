"""Listing that scales: folders side by side, objects in order of key.

ListObjectsV2 gives at most 1,000 keys a call, and only the answer says where the next page begins:
a large listing is a chain of calls. It is broken at folders (Delimiter "/"), which can be listed
side by side, wherever a page shows that they are large enough to be worth a call each. What fits
into one page costs one call. S3 orders keys by their UTF-8 bytes, which is Python's order of text.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from clickctl.lakes import ObjectInfo

SIDE_BY_SIDE = 16
"""Calls at once, of all listings of this process together."""

_HELD = 64_000  # objects that came before their turn
_FEW = 4  # a folder that fills a quarter of a page is worth a call of its own


@dataclass(frozen=True)
class _Span:
    """Keys still to be asked for: those that begin with `prefix` and come after `after`.

    `folders`: only what lies directly under `prefix`, and the names of the folders there.
    """

    prefix: str
    after: str = ""
    folders: bool = False
    token: str = ""


_Part = _Span | list[ObjectInfo]
_Fetch = Callable[[_Span], list[_Part]]


def objects(client: Any, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
    """Every object of a bucket whose key begins with `prefix`, in order. Raises what botocore raises."""

    def fetch(span: _Span) -> list[_Part]:
        wanted = {"Bucket": bucket, "Prefix": span.prefix}
        if span.token:
            wanted["ContinuationToken"] = span.token
        elif span.after:
            wanted["StartAfter"] = span.after
        if span.folders:
            return _folders(span, bucket, client.list_objects_v2(**wanted, Delimiter="/"))
        return _page(span, bucket, client.list_objects_v2(**wanted))

    for found in _side_by_side(fetch(_Span(prefix)), fetch):
        yield from found


def _page(span: _Span, bucket: str, reply: dict[str, Any]) -> list[_Part]:
    """The objects of a page, and what comes after it."""
    found = [_info(bucket, item) for item in reply.get("Contents", ())]
    if not reply.get("IsTruncated"):
        return [found]
    below = [item["Key"][len(span.prefix) :] for item in reply["Contents"]]
    last = reply["Contents"][-1]["Key"]
    if len({name.partition("/")[0] for name in below}) > _FEW:
        return [found, _Span(span.prefix, token=reply["NextContinuationToken"])]
    folder, slash, _ = below[-1].partition("/")
    begun = [_Span(f"{span.prefix}{folder}/", after=last)] if slash else []
    return [found, *begun, _Span(span.prefix, after=last, folders=True)]


def _folders(span: _Span, bucket: str, reply: dict[str, Any]) -> list[_Part]:
    """What lies directly under a prefix, in order: objects, and a span for each folder.

    S3 leaves out the folder that `after` lies in ("CommonPrefixes is filtered out from results if it
    is not lexicographically greater than the StartAfter value", ListObjectsV2), some imitations do not.
    """
    parts: list[tuple[str, _Part]] = [(item["Key"], [_info(bucket, item)]) for item in reply.get("Contents", ())]
    names = (folder["Prefix"] for folder in reply.get("CommonPrefixes", ()))
    parts += [(name, _Span(name)) for name in names if name > span.after]
    found = [part for _, part in sorted(parts, key=lambda named: named[0])]
    if reply.get("IsTruncated"):
        found.append(_Span(span.prefix, span.after, folders=True, token=reply["NextContinuationToken"]))
    return found


def _info(bucket: str, item: dict[str, Any]) -> ObjectInfo:
    return ObjectInfo(f"s3://{bucket}/{item['Key']}", item["ETag"].strip('"'), item["Size"])


def _side_by_side(parts: list[_Part], fetch: _Fetch) -> Iterator[list[ObjectInfo]]:
    """The parts in order, spans fetched ahead of their turn: the nearest first, and not without bound."""
    row: list[_Part | Future[list[_Part]]] = [*parts]
    running: set[Future[list[_Part]]] = set()
    held = _count(parts)
    try:
        while row:
            for place, part in enumerate(row):
                if len(running) >= SIDE_BY_SIDE or (held >= _HELD and place):
                    break
                if isinstance(part, _Span):
                    row[place] = future = _pool(os.getpid()).submit(fetch, part)
                    running.add(future)
            if isinstance(head := row[0], list):
                held -= len(head)
                yield head
                del row[0]
                continue
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                running.remove(future)
                fetched = future.result()
                place = row.index(future)
                row[place : place + 1] = fetched
                held += _count(fetched)
    finally:
        for future in running:
            future.cancel()


def _count(parts: list[_Part]) -> int:
    return sum(len(part) for part in parts if isinstance(part, list))


@lru_cache(maxsize=1)
def _pool(pid: int) -> ThreadPoolExecutor:
    """One of each process; what runs in it waits for nothing in it. Threads do not survive a fork."""
    return ThreadPoolExecutor(SIDE_BY_SIDE, "list")
