"""What only S3 can do: lost replies, broken answers, errors of single keys, encryption, buckets of other regions."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("boto3")

from clickctl.aws import clients
from clickctl.aws.lake import S3Lake
from clickctl.domain.errors import LakeError
from clickctl.ports import PreconditionFailed
from clickctl.settings import AwsSettings
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.replies import Reply, xml_reply
from tests.aws.harness.requests import Request
from tests.conftest import event

LAKE = S3Lake(AwsSettings())
KEY = "arn:aws:kms:us-east-1:123456789012:key/clickstream"
TOO_LARGE = "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"


@pytest.fixture
def root(aws: Aws) -> str:
    return aws.lake.processed


def headers(request: Request, name: str) -> str | None:
    return request.environ.get(f"HTTP_{name.upper().replace('-', '_')}")


@pytest.mark.parametrize("exists", [False, True])
def test_a_write_whose_reply_was_lost_is_known_to_have_happened(aws: Aws, root: str, exists: bool) -> None:
    location = f"{root}/ledger.json"
    before = LAKE.put_if(location, b"before", None) if exists else None
    aws.faults.add(Fault("s3.PutObject", "lose", times=1))
    etag = LAKE.put_if(location, b"mine", before)
    assert LAKE.get(location) == (b"mine", etag)
    assert etag != before


def test_a_write_that_lost_to_another_is_not_taken_for_our_own(aws: Aws, root: str) -> None:
    location = f"{root}/ledger.json"
    LAKE.put_if(location, b"theirs", None)
    aws.faults.add(Fault("s3.PutObject", "drop", times=1))
    with pytest.raises(PreconditionFailed):
        LAKE.put_if(location, b"theirs", None)


def test_a_write_that_meets_another_is_repeated_and_then_judged(aws: Aws, root: str) -> None:
    conflict = Fault("s3.PutObject", "error", times=3, code="ConditionalRequestConflict", status=409)
    aws.faults.add(conflict)
    etag = LAKE.put_if(f"{root}/x", b"1", None)
    aws.faults.add(conflict)
    with pytest.raises(PreconditionFailed):
        LAKE.put_if(f"{root}/x", b"2", None)
    assert LAKE.get(f"{root}/x") == (b"1", etag)


def test_only_a_write_with_a_condition_sends_one(aws: Aws, root: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    etag = LAKE.put_if(f"{root}/x", b"1", None)
    LAKE.put_if(f"{root}/x", b"2", etag)
    LAKE.upload(tmp_path / "file", f"{root}/x")
    sent = [(headers(c.request, "If-None-Match"), headers(c.request, "If-Match")) for c in aws.calls.of("s3.PutObject")]
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
        assert headers(request, "x-amz-server-side-encryption") == "aws:kms"
        assert headers(request, "x-amz-server-side-encryption-aws-kms-key-id") == KEY
        assert headers(request, "x-amz-server-side-encryption-bucket-key-enabled") == "true"
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


def cut_short(aws: Aws, times: int) -> None:
    """The first answers to GetObject end in the middle of the body."""
    left = [None] * times

    def answer(request: Request) -> Reply:
        reply = aws.server.moto.answer(request)
        return reply._replace(body=reply.body[: len(reply.body) // 2]) if left and [left.pop()] else reply

    aws.handlers["s3.GetObject"] = answer


@pytest.mark.parametrize("read", [lambda at: LAKE.get(at)[0], lambda at: LAKE.open(at).read()], ids=["get", "open"])
def test_an_answer_that_breaks_off_is_asked_for_again(aws: Aws, root: str, read: Callable[[str], bytes]) -> None:
    data = bytes(range(256)) * 4000
    aws.put(f"{root}/x", data)
    cut_short(aws, 3)
    assert read(f"{root}/x") == data
    cut_short(aws, 99)
    with pytest.raises(LakeError, match=f"{root}/x") as told:
        read(f"{root}/x")
    assert "network" in told.value.hint


@pytest.mark.parametrize("size", [1000, 20 << 20])
@pytest.mark.parametrize("kind", ["drop", "lose"])
def test_an_upload_survives_connections_that_are_cut(aws: Aws, root: str, tmp_path: Path, size: int, kind: Any) -> None:
    (tmp_path / "file").write_bytes(bytes(size))
    aws.faults.add(Fault("s3.PutObject", kind, times=1), Fault("s3.UploadPart", kind, times=2))
    aws.faults.add(Fault("s3.CreateMultipartUpload", kind, times=1))
    LAKE.upload(tmp_path / "file", f"{root}/x")
    assert aws.read(f"{root}/x") == bytes(size)


def test_a_throttled_call_is_made_again(aws: Aws, root: str) -> None:
    aws.put(f"{root}/x", b"x")
    aws.faults.add(Fault("s3.GetObject", "throttle", times=1))
    assert LAKE.get(f"{root}/x") is not None


def refusing(aws: Aws, *codes: str, match: str) -> None:
    """DeleteObjects deletes nothing and answers with the next of these codes for each key that holds `match`."""
    left = [*codes]

    def answer(request: Request) -> Reply:
        reply = aws.server.moto.answer(request)
        keys = [part.split("</Key>")[0] for part in request.body.decode().split("<Key>")[1:]]
        refused = [key for key in keys if match in key] if left else []
        code = left.pop(0) if left else ""
        errors = "".join(f"<Error><Key>{key}</Key><Code>{code}</Code><Message>No.</Message></Error>" for key in refused)
        return xml_reply(f"<DeleteResult>{errors}</DeleteResult>") if refused else reply

    aws.handlers["s3.DeleteObjects"] = answer


def test_keys_that_could_not_be_deleted_just_then_are_tried_again(aws: Aws, root: str) -> None:
    locations = [f"{root}/{name}" for name in ("x1", "x2", "y")]
    for location in locations:
        aws.put(location, b"")
    refusing(aws, "InternalError", "SlowDown", match="x")
    LAKE.delete(locations)
    assert aws.list(root) == []
    bodies = [call.request.body.count(b"<Key>") for call in aws.calls.of("s3.DeleteObjects")]
    assert bodies == [3, 2, 2]


def test_keys_that_may_not_be_deleted_are_told_when_all_others_are_gone(aws: Aws, root: str) -> None:
    other = f"{aws.lake.raw}/z"
    aws.put(other, b"")
    refusing(aws, "AccessDenied", match="x")
    with pytest.raises(LakeError) as told:
        LAKE.delete([f"{root}/x1", f"{root}/y", f"{root}/x2", other])
    assert told.value.message == f"2 of 4 objects could not be deleted, the first {root}/x1: AccessDenied: No."
    assert "policy" in told.value.hint
    assert told.value.changed == "The others are deleted."
    assert aws.list(aws.lake.raw) == []


def test_keys_that_can_never_be_deleted_are_told_in_the_end(aws: Aws, root: str) -> None:
    refusing(aws, *["InternalError"] * 9, match="x")
    with pytest.raises(LakeError, match=r"1 of 1 objects could not be deleted.*InternalError"):
        LAKE.delete([f"{root}/x"])
    assert len(aws.calls.of("s3.DeleteObjects")) == 5


def test_a_thousand_objects_are_deleted_in_one_call(aws: Aws, root: str) -> None:
    with aws.counting() as calls:
        LAKE.delete(f"{root}/{n}" for n in range(2000))
    assert calls.counts == {"s3.DeleteObjects": 2}


def test_a_bucket_of_another_region_is_found_there(aws: Aws) -> None:
    aws.boto("s3", "eu-west-1").create_bucket(
        Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    moved = {"code": "PermanentRedirect", "message": "Use the specified endpoint.", "status": 301}
    aws.faults.add(Fault("s3.PutObject", "error", times=1, **moved))
    LAKE.put_if("s3://elsewhere/x", b"x", None)
    LAKE.get("s3://elsewhere/x")
    assert [call.request.region for call in aws.calls.of("s3.*Object")] == ["us-east-1", "eu-west-1", "eu-west-1"]


def hold_and_read(location: str) -> None:
    assert LAKE.get(location) is not None


def test_a_forked_process_makes_clients_of_its_own_even_while_its_parent_makes_one(aws: Aws, root: str) -> None:
    LAKE.put_if(f"{root}/x", b"x", None)
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with clients._making:
            holding.set()
            done.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait()
    child = multiprocessing.get_context("fork").Process(target=hold_and_read, args=(f"{root}/x",))
    child.start()
    child.join(30)
    done.set()
    holder.join()
    assert child.exitcode == 0


def test_an_hour_in_s3_is_run_reported_and_rerun_by_the_local_backend(aws: Aws) -> None:
    events = [event(user=f"u{n}") for n in range(5)] + [event(user=None), event(user="u0")]
    aws.put_raw("2026-01-05T13", events)
    shell = aws.shell(backend="local")
    ran = shell("run-partition", "2026-01-05T13", "--output", "json").json
    counts = [ran["quality"][name] for name in ("lines", "facts", "duplicates", "quarantined")]
    assert (ran["outcome"], counts) == ("committed", [7, 5, 1, 1])
    assert set(ran["files"]) <= {*aws.list(aws.lake.processed), *aws.list(aws.lake.quarantine)}
    assert shell("run-partition", "2026-01-05T13", "--output", "json").json["outcome"] == "unchanged"
    assert shell("status", "2026-01-05T13", "2026-01-05T14", "--output", "json").json["counts"] == {"committed": 1}
    assert not aws.list(f"{aws.lake.processed}/_staging")
