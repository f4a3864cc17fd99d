"""How objects get into S3: on a condition, sealed with the key of the configuration, whole or in parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("boto3")

from clickctl.aws.lake import S3Lake
from clickctl.domain.errors import LakeError
from clickctl.roots import AwsSettings
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.requests import Request

LAKE = S3Lake(AwsSettings())
KEY = "arn:aws:kms:us-east-1:123456789012:key/clickstream"
TOO_LARGE = "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"


@pytest.fixture
def root(aws: Aws) -> str:
    return aws.lake.processed


def header(request: Request, name: str) -> str | None:
    return request.environ.get(f"HTTP_{name.upper().replace('-', '_')}")


def test_only_a_write_with_a_condition_sends_one(aws: Aws, root: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    etag = LAKE.put_if(f"{root}/x", b"1", None)
    LAKE.put_if(f"{root}/x", b"2", etag)
    LAKE.upload(tmp_path / "file", f"{root}/x")
    sent = [(header(c.request, "If-None-Match"), header(c.request, "If-Match")) for c in aws.calls.of("s3.PutObject")]
    assert sent == [("*", None), (None, etag), (None, None)]


def write_in_every_way(aws: Aws, lake: S3Lake, folder: Path) -> list[Request]:
    """Every call that makes an object: a put, uploads whole and in parts, copies whole and in parts."""
    root = aws.lake.processed
    (folder / "small").write_bytes(b"small")
    (folder / "large").write_bytes(bytes(9 << 20))
    with aws.counting() as calls:
        lake.put_if(f"{root}/put", b"x", None)
        lake.upload(folder / "small", f"{root}/small")
        lake.upload(folder / "large", f"{root}/large")
        lake.copy(f"{root}/small", f"{root}/copy")
        aws.faults.add(Fault("s3.CopyObject", "error", times=1, code="InvalidRequest", message=TOO_LARGE))
        lake.copy(f"{root}/large", f"{root}/in-parts")
    made = ("s3.PutObject", "s3.CopyObject", "s3.CreateMultipartUpload")
    found = [call.request for call in calls if call.name in made]
    assert Counter(request.name for request in found) == {made[0]: 2, made[1]: 2, made[2]: 2}
    return found


def test_every_write_is_sealed_with_the_key_of_the_configuration(aws: Aws, tmp_path: Path) -> None:
    for request in write_in_every_way(aws, S3Lake(replace(AwsSettings(), kms_key=KEY)), tmp_path):
        assert header(request, "x-amz-server-side-encryption") == "aws:kms"
        assert header(request, "x-amz-server-side-encryption-aws-kms-key-id") == KEY
        assert header(request, "x-amz-server-side-encryption-bucket-key-enabled") == "true"
    head = aws.boto("s3").head_object(Bucket=aws.lake.processed.split("/")[2], Key="clickstream/in-parts")
    assert head["SSEKMSKeyId"] == KEY


def test_without_a_key_the_buckets_own_encryption_decides(aws: Aws, tmp_path: Path) -> None:
    for request in write_in_every_way(aws, LAKE, tmp_path):
        assert not [name for name in request.environ if "SERVER_SIDE_ENCRYPTION" in name]


def test_a_copy_is_one_call(aws: Aws, root: str) -> None:
    LAKE.put_if(f"{root}/from", b"x", None)
    with aws.counting() as calls:
        LAKE.copy(f"{root}/from", f"{root}/to")
    assert calls.counts == {"s3.CopyObject": 1}


def test_what_is_too_large_for_one_copy_is_copied_in_parts(aws: Aws, root: str) -> None:
    aws.put(f"{root}/from", b"data" * 5)
    aws.faults.add(Fault("s3.CopyObject", "error", code="InvalidRequest", message=TOO_LARGE))
    with aws.counting() as calls:
        LAKE.copy(f"{root}/from", f"{root}/to")
    assert aws.read(f"{root}/to") == b"data" * 5
    assert calls.counts["s3.UploadPartCopy"] == calls.counts["s3.CompleteMultipartUpload"] == 1


def test_a_copy_that_is_refused_names_both_ends(aws: Aws, root: str) -> None:
    aws.faults.add(Fault("s3.CopyObject", "error", code="InvalidRequest", message="Something else is wrong"))
    with pytest.raises(LakeError, match=f"copying {root}/from to {root}/to: InvalidRequest: Something else"):
        LAKE.copy(f"{root}/from", f"{root}/to")
