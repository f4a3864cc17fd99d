"""A lake in S3. Locations are `s3://bucket/key`.

Compare-and-swap is a conditional PutObject: `If-None-Match: *` to create, `If-Match: <etag>` to
replace; 412 means somebody else was first, 409 that the request met another and is to be repeated
(S3 User Guide, "Conditional writes"). The headers are added through botocore's event system,
because the boto3 of a Glue image may be too old to name them as parameters.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

import botocore.exceptions

from clickctl.aws.clients import client
from clickctl.aws.errors import code_of, explained
from clickctl.domain.errors import LakeError
from clickctl.ports import ObjectInfo, PreconditionFailed
from clickctl.settings import AwsSettings

_CONFLICT_TRIES = 10
_DELETE_BATCH = 1000  # the most DeleteObjects takes

_MARK = "clickctl-write"  # metadata by which a write knows itself again

_condition = threading.local()


@dataclass(frozen=True)
class S3Lake:
    """Objects of S3. Holds settings only, so that it can be sent to workers."""

    aws: AwsSettings

    @property
    def client(self) -> Any:
        with explained("S3"):
            found = client("s3", self.aws)
        # Registered under one id, so once however often this is called.
        found.meta.events.register("before-call.s3.PutObject", _add_condition, unique_id="clickctl-condition")
        return found

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        bucket, key = _split(prefix)
        with _explained(prefix):
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
                for found in page.get("Contents", ()):
                    yield ObjectInfo(f"s3://{bucket}/{found['Key']}", found["ETag"].strip('"'), found["Size"])

    def get(self, location: str) -> tuple[bytes, str] | None:
        bucket, key = _split(location)
        with _explained(location):
            try:
                found = self.client.get_object(Bucket=bucket, Key=key)
                return found["Body"].read(), found["ETag"]
            except botocore.exceptions.ClientError as error:
                if code_of(error) in ("NoSuchKey", "404"):
                    return None
                raise

    def open(self, location: str) -> BinaryIO:
        """A temporary file of this machine: downloads are retried part by part, streams are not."""
        bucket, key = _split(location)
        with _explained(location):
            file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
            self.client.download_fileobj(bucket, key, file)
            file.seek(0)
            return cast(BinaryIO, file)

    def put_if(self, location: str, data: bytes, etag: str | None) -> str:
        bucket, key = _split(location)
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        mark = {_MARK: uuid4().hex}
        with _explained(location):
            for _ in range(_CONFLICT_TRIES):
                try:
                    with _conditional(condition):
                        return str(self.client.put_object(Bucket=bucket, Key=key, Body=data, Metadata=mark)["ETag"])
                except botocore.exceptions.ClientError as error:
                    if code_of(error) in ("ConditionalRequestConflict", "409"):
                        continue
                    if code_of(error) not in ("PreconditionFailed", "412", "NoSuchKey", "404"):
                        raise
                    break
            # The SDK repeats a request whose reply was lost, and the repetition then finds our own object.
            present = self._head(bucket, key)
            if present and present["Metadata"].get(_MARK) == mark[_MARK]:
                return str(present["ETag"])
        raise PreconditionFailed(location)

    def _head(self, bucket: str, key: str) -> Any:
        try:
            return self.client.head_object(Bucket=bucket, Key=key)
        except botocore.exceptions.ClientError as error:
            if code_of(error) in ("NoSuchKey", "404"):
                return None
            raise

    def upload(self, path: Path, location: str) -> None:
        bucket, key = _split(location)
        with _explained(location):
            self.client.upload_file(str(path), bucket, key)

    def copy(self, source: str, target: str) -> None:
        (from_bucket, from_key), (bucket, key) = _split(source), _split(target)
        with _explained(source):
            self.client.copy({"Bucket": from_bucket, "Key": from_key}, bucket, key)

    def delete(self, locations: Iterable[str]) -> None:
        by_bucket: dict[str, Any] = {}
        for bucket, key in map(_split, locations):
            by_bucket.setdefault(bucket, []).append(key)
        for bucket, keys in by_bucket.items():
            for start in range(0, len(keys), _DELETE_BATCH):
                self._delete_batch(bucket, keys[start : start + _DELETE_BATCH])

    def _delete_batch(self, bucket: str, keys: Sequence[str]) -> None:
        with _explained(f"s3://{bucket}/{keys[0]}"):
            wanted: Any = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
            # A reply of 200 can carry an error for each key.
            if errors := self.client.delete_objects(Bucket=bucket, Delete=wanted).get("Errors"):
                first = errors[0]
                location = f"s3://{bucket}/{first.get('Key')}"
                raise LakeError(
                    f"{len(errors)} of {len(keys)} objects could not be deleted, the first {location}: "
                    f"{first.get('Code')} {first.get('Message')}.",
                    hint="Check s3:DeleteObject, then run the same command again.",
                    changed="",
                )


@contextmanager
def _conditional(headers: dict[str, str]) -> Iterator[None]:
    _condition.headers = headers
    try:
        yield
    finally:
        _condition.headers = {}


def _add_condition(params: dict[str, Any], **_: Any) -> None:
    params["headers"].update(getattr(_condition, "headers", {}))


def _split(location: str) -> tuple[str, str]:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bucket, key


@contextmanager
def _explained(location: str) -> Iterator[None]:
    """Errors of the SDK and of this machine's disk as LakeError."""
    try:
        with explained(location, LakeError):
            yield
    except OSError as error:
        raise LakeError(
            f"{location}: {error}.", hint="Check this machine's disk, then try again.", changed=""
        ) from error
