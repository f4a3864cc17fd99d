"""What lies in a lake in S3, looked at from beside clickctl."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from clickctl.roots import LakeRoots
from tests.aws.harness.account import Aws


class Object(NamedTuple):
    """One object: its ETag, when it was written, and its bytes."""

    etag: str
    written: Any
    data: bytes


Objects = Mapping[str, Object]
"""By key under the lake's root: `fact_clicks/…`, `quarantine/…`, `_ledger/…`, `_staging/…`."""


def objects(aws: Aws, lake: LakeRoots | None = None) -> Objects:
    """All of the tables, the quarantine, the ledgers and the staging area."""
    roots = lake or aws.lake
    found = dict(_below(aws, f"{roots.processed}/"))
    return {**found, **{f"quarantine/{key}": seen for key, seen in _below(aws, f"{roots.quarantine}/")}}


def _below(aws: Aws, prefix: str) -> Iterator[tuple[str, Object]]:
    bucket, _, start = prefix.removeprefix("s3://").partition("/")
    for page in aws.boto("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start):
        for item in page.get("Contents", ()):
            data = aws.read(f"s3://{bucket}/{item['Key']}")
            yield item["Key"].removeprefix(start), Object(item["ETag"], item["LastModified"], data)


def of(found: Objects, *parts: str) -> dict[str, Object]:
    """Those with all of these in their keys."""
    return {key: seen for key, seen in found.items() if all(part in key for part in parts)}


def rows_and_rejects(found: Objects) -> dict[str, bytes]:
    """What readers read, by key."""
    return {key: seen.data for key, seen in found.items() if not key.startswith("_")}


def pages(found: Objects, *parts: str) -> list[str]:
    """The page of every click a reader sees, sorted."""
    files = [seen for key, seen in of(found, *parts).items() if key.startswith("fact_clicks/")]
    return sorted(page for seen in files for page in pq.read_table(BytesIO(seen.data))["page_url"].to_pylist())


def rejects(found: Objects) -> list[dict[str, Any]]:
    """Every quarantine record."""
    files = of(found, "quarantine/").values()
    return [json.loads(line) for seen in files for line in gzip.decompress(seen.data).splitlines()]


def original(record: Mapping[str, Any]) -> bytes:
    """The bytes a record was made for."""
    return base64.b64decode(record["raw_base64"]) if "raw_base64" in record else record["raw"].encode()


def units(found: Objects, day: str) -> dict[str, Any]:
    """What the ledger of a day holds."""
    ledger = found.get(f"_ledger/{day.replace('-', '/')}.json")
    return dict(json.loads(ledger.data)["units"]) if ledger else {}
