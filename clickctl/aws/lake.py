"""A lake in S3. Locations are `s3://bucket/key`.

Compare-and-swap is a conditional PutObject: `If-None-Match: *` to create, `If-Match: <etag>` to
replace; 412 means somebody else was first, 409 that the request met another and is to be repeated
(S3 User Guide, "Conditional writes"). The headers are added through botocore's event system,
because the boto3 of a Glue image may be too old to name them as parameters.
An ETag is opaque: of an object under SSE-KMS, or put in parts, it is no MD5 (S3 API reference, Object).
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

import botocore.exceptions

from clickctl.aws.clients import client
from clickctl.aws.errors import code_of, explained, hint_for, shown, text_of
from clickctl.aws.listing import objects
from clickctl.aws.streams import BROKEN_OFF, opened
from clickctl.domain.errors import LakeError
from clickctl.lakes import ObjectInfo, Opened, PreconditionFailed
from clickctl.roots import AwsSettings

_CONFLICT_TRIES = 10
_BODY_TRIES = 5  # as often as s3transfer tries a part
_DELETE_TRIES = 5
_DELETE_BATCH = 1000  # the most DeleteObjects takes
_PASSING = ("InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "OperationAborted")

_MARK = "clickctl-write"  # metadata by which a write knows itself again

_PART_BYTES = 256 << 20
_condition = threading.local()


@dataclass(frozen=True)
class S3Lake:
    """Objects of S3. Holds settings only, so that it can be sent to workers."""

    aws: AwsSettings

    @property
    def client(self) -> Any:
        with explained("S3", LakeError):
            return client("s3", self.aws, prepare=_prepare)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        with _explained(prefix):
            yield from objects(self.client, *_split(prefix))

    def get(self, location: str) -> tuple[bytes, str] | None:
        bucket, key = _split(location)
        with _explained(location):
            try:
                data, found = self._read(bucket, key)
                return data, found["ETag"]
            except botocore.exceptions.ClientError as error:
                if code_of(error) in ("NoSuchKey", "404"):
                    return None
                raise

    def _read(self, bucket: str, key: str, **which: str) -> tuple[bytes, Any]:
        """The SDK repeats calls, but not the reading of an answer that breaks off."""
        for left in reversed(range(_BODY_TRIES)):
            found = self.client.get_object(Bucket=bucket, Key=key, **which)
            try:
                return found["Body"].read(), found
            except BROKEN_OFF:
                if not left:
                    raise
        raise AssertionError("unreachable")

    def open(self, location: str) -> BinaryIO:
        """A temporary file of this machine: downloads are retried part by part, streams are not."""
        bucket, key = _split(location)
        with _explained(location):
            file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
            try:
                self.client.download_fileobj(bucket, key, file)
                file.seek(0)
            except BaseException:
                file.close()
                raise
            return cast(BinaryIO, file)

    def stream(self, location: str, version: str = "") -> Opened | None:
        return opened(self.client, location, *_split(location), version)

    def tail(self, location: str, count: int) -> tuple[bytes, int] | None:
        bucket, key = _split(location)
        with _explained(location):
            try:
                data, found = self._read(bucket, key, Range=f"bytes=-{count}")
            except botocore.exceptions.ClientError as error:
                if code_of(error) in ("NoSuchKey", "404"):
                    return None
                if code_of(error) in ("InvalidRange", "416"):  # an empty object has no last bytes (RFC 9110, 14.1.2)
                    return b"", 0
                raise
            total = found.get("ContentRange", "").rpartition("/")[2]  # none: the server sent the whole object
            return data[-count:], int(total) if total else len(data)

    def put_if(self, location: str, data: bytes, etag: str | None) -> str:
        bucket, key = _split(location)
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        mark = {_MARK: uuid4().hex}
        wanted = {"Bucket": bucket, "Key": key, "Body": data, "Metadata": mark, **self._sealed}
        with _explained(location):
            for _ in range(_CONFLICT_TRIES):
                try:
                    with _conditional(condition):
                        return str(self.client.put_object(**wanted)["ETag"])
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
            self.client.upload_file(str(path), bucket, key, ExtraArgs=self._sealed)

    def copy(self, source: str, target: str) -> None:
        """One call up to 5 GB, the most CopyObject takes; in parts above, which the refusal tells."""
        (from_bucket, from_key), (bucket, key) = _split(source), _split(target)
        origin = {"Bucket": from_bucket, "Key": from_key}
        with _explained(f"copying {source} to {target}"):
            try:
                self.client.copy_object(CopySource=origin, Bucket=bucket, Key=key, **self._sealed)
            except botocore.exceptions.ClientError as error:
                if code_of(error) != "InvalidRequest" or "maximum allowable size" not in text_of(error):
                    raise
                from boto3.s3.transfer import TransferConfig

                in_parts = TransferConfig(multipart_threshold=1, multipart_chunksize=_PART_BYTES)
                self.client.copy(origin, bucket, key, ExtraArgs=self._sealed, Config=in_parts)

    def delete(self, locations: Iterable[str]) -> None:
        by_bucket: dict[str, Any] = {}
        for bucket, key in map(_split, locations):
            by_bucket.setdefault(bucket, []).append(key)
        refused: list[tuple[str, Any]] = []
        for bucket, keys in by_bucket.items():
            for start in range(0, len(keys), _DELETE_BATCH):
                errors = self._delete_batch(bucket, keys[start : start + _DELETE_BATCH])
                refused += [(f"s3://{bucket}/{error['Key']}", error) for error in errors]
        if refused:
            location, first = refused[0]
            code, text = first.get("Code", ""), shown(first.get("Message", ""))
            raise LakeError(
                f"{len(refused)} of {sum(map(len, by_bucket.values()))} objects could not be deleted, "
                f"the first {location}: {code}: {text}.",
                hint=hint_for(code, text),
                changed="The others are deleted.",
            )

    def _delete_batch(self, bucket: str, keys: Sequence[str]) -> Sequence[Any]:
        """Delete up to 1,000 keys; the errors that stay. A reply of 200 can carry an error for each key."""
        refused: list[Any] = []
        for left in reversed(range(_DELETE_TRIES)):
            wanted: Any = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
            with _explained(f"s3://{bucket}/{keys[0]}"):
                errors = self.client.delete_objects(Bucket=bucket, Delete=wanted).get("Errors", ())
            passing = [error for error in errors if error.get("Code") in _PASSING and left]
            refused += [error for error in errors if error not in passing]
            if not passing:
                break
            keys = [error["Key"] for error in passing]
            time.sleep(random.uniform(0, 0.1 * 2 ** (_DELETE_TRIES - left)))
        return refused

    @property
    def _sealed(self) -> dict[str, Any]:
        """Parameters of whatever writes an object. Without a key, the bucket's default encryption decides."""
        key = self.aws.kms_key
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}


def _prepare(made: Any) -> None:
    made.meta.events.register("before-call.s3.PutObject", _add_condition)
    for operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        made.meta.events.register(f"before-parameter-build.s3.{operation}", _add_bucket_key)


def _add_bucket_key(params: dict[str, Any], **_: Any) -> None:
    """Fewer calls of KMS. Here, because s3transfer refuses to pass it on."""
    if params.get("ServerSideEncryption") == "aws:kms":
        params["BucketKeyEnabled"] = True


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
