"""Small Parquet files in the tests' S3, and COPYs of them."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from tests.aws.harness.account import Aws

ROLE = "arn:aws:iam::123456789012:role/redshift-copy"
FOLDER = "copies"


def parquet(aws: Aws, name: str, rows: dict[str, Any], schema: pa.Schema | None = None, int96: bool = True) -> str:
    """Put a file; its URL."""
    out = io.BytesIO()
    pq.write_table(pa.table(rows, schema=schema), out, use_deprecated_int96_timestamps=int96)
    url = f"{aws.lake.processed}/{FOLDER}/{name}"
    aws.put(url, out.getvalue())
    return url


def manifest(aws: Aws, *urls: str, **changes: Any) -> str:
    """Put a manifest of these files as clickctl writes it, with `changes` to every entry; its URL."""
    entries = [
        {"url": url, "mandatory": True, "meta": {"content_length": len(aws.read(url))}, **changes} for url in urls
    ]
    return put_manifest(aws, entries)


def put_manifest(aws: Aws, entries: list[dict[str, Any]]) -> str:
    url = f"{aws.lake.processed}/{FOLDER}/a.manifest"
    aws.put(url, json.dumps({"entries": entries}).encode())
    return url


def copy(table: str, url: str, options: str = "MANIFEST") -> str:
    return f"COPY {table} FROM '{url}' IAM_ROLE '{ROLE}' FORMAT AS PARQUET {options}"
