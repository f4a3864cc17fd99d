"""The objects a COPY reads: those of a manifest, or all below a prefix."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.redshift.tokens import Refused


@dataclass(frozen=True)
class File:
    url: str
    bucket: str
    key: str
    size: int


def failed(error: str, code: int, context: str, location: str) -> Refused:
    """XX000 in the form in which Redshift's engine reports what went wrong there."""
    line = "-----------------------------------------------"
    detail = (
        f"\n  {line}\n  error:  {error}\n  code:      {code}\n  context:   {context}\n  query:     0\n"
        f"  location:  {location}\n  process:   padbmaster [pid=0]\n  {line}\n"
    )
    return Refused("XX000", error, detail)


def scan_error(context: str, code: int = 15007) -> Refused:
    return failed("Spectrum Scan Error", code, context, "dory_util.cpp:1777")


def s3_error(what: str, status: int, code: str) -> Refused:
    return failed(f"S3ServiceException:{what},Status {status},Error {code}", 8001, "", "s3_utility.cpp:0")


def listed(s3: Any, source: str, manifest: bool) -> list[File]:
    """What is to be read. Refused, with XX000: nothing there, or something that a manifest names is not."""
    bucket, _, key = source.removeprefix("s3://").partition("/")
    found = _of_manifest(s3, bucket, key, source) if manifest else _below(s3, bucket, key)
    if not found:
        raise failed(
            f"The specified S3 prefix '{key}' does not exist", 8001, f"s3://{bucket}/{key}", "s3_utility.cpp:0"
        )
    return found


def _below(s3: Any, bucket: str, prefix: str) -> list[File]:
    from botocore.exceptions import ClientError

    try:
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
    except ClientError as missing:
        raise _translated(missing) from missing
    objects = [found for page in pages for found in page.get("Contents", ())]
    names = [(found["Key"], found["Size"]) for found in objects if not found["Key"].endswith("/")]
    shown = [(key, size) for key, size in names if not key.rsplit("/", 1)[-1].startswith(("_", "."))]
    return [File(f"s3://{bucket}/{key}", bucket, key, size) for key, size in shown]


def _of_manifest(s3: Any, bucket: str, key: str, source: str) -> list[File]:
    from botocore.exceptions import ClientError

    try:
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as missing:
        raise _translated(missing, "Problem reading manifest file - ") from missing
    try:
        entries = json.loads(text)["entries"]
        assert isinstance(entries, list) and all(isinstance(entry, dict) and "url" in entry for entry in entries)
    except (ValueError, KeyError, TypeError, AssertionError) as broken:
        raise failed(
            f"Invalid manifest file {source}", 8001, "no list of entries with urls", "s3_utility.cpp:0"
        ) from broken
    return [file for entry in entries if (file := _entry(s3, entry))]


def _entry(s3: Any, entry: dict[str, Any]) -> File | None:
    """One file; None for one that is not there and need not be. Sizes must be told, and true."""
    from botocore.exceptions import ClientError

    url = entry["url"]
    if not isinstance(entry.get("meta"), dict):
        raise failed("File entry does not have 'meta' key.", 15003, url, "spectrum_manifest.cpp:204")
    told = entry["meta"].get("content_length")
    if not isinstance(told, int) or isinstance(told, bool):
        raise failed("File entry's 'meta' does not have 'content_length' key.", 15003, url, "spectrum_manifest.cpp:204")
    bucket, _, key = url.removeprefix("s3://").partition("/")
    try:
        size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    except ClientError as missing:
        if entry.get("mandatory") is True:
            raise _translated(missing) from missing
        return None
    if size != told:
        unlike = f"{url} has {size} bytes, its manifest entry says {told}"
        answer = "Error: HTTP response error code: 416 Message: InvalidRange The requested range is not satisfiable"
        raise scan_error(f"{answer}: {unlike}", 15001)
    return File(url, bucket, key, size)


def _translated(missing: Any, before: str = "") -> Refused:
    code = missing.response["Error"]["Code"]
    status = missing.response["ResponseMetadata"]["HTTPStatusCode"]
    words = {"404": "The specified key does not exist.", "NoSuchKey": "The specified key does not exist."}
    what = words.get(code, missing.response["Error"]["Message"])
    return s3_error(before + what, status, "NoSuchKey" if code == "404" else code)
