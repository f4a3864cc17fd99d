"""What only S3 can do: lost replies, broken answers, errors of single keys, buckets of other regions."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto.server")

from moto.s3.models import s3_backends

from clickctl.aws import clients
from clickctl.aws.lake import S3Lake
from clickctl.domain.errors import LakeError
from clickctl.lakes import PreconditionFailed
from clickctl.roots import AwsSettings
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.replies import Reply, xml_reply
from tests.aws.harness.requests import Request
from tests.conftest import event

LAKE = S3Lake(AwsSettings())


@pytest.fixture
def root(aws: Aws) -> str:
    return aws.lake.processed


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


def cut_short(aws: Aws, times: int) -> None:
    """The first answers to GetObject end in the middle of the body."""
    left = [None] * times

    def answer(request: Request) -> Reply:
        reply = aws.server.moto.answer(request)
        return reply._replace(body=reply.body[: len(reply.body) // 2]) if left and [left.pop()] else reply

    aws.handlers["s3.GetObject"] = answer


@pytest.mark.parametrize(
    "read",
    [lambda at: LAKE.get(at)[0], lambda at: LAKE.open(at).read(), lambda at: LAKE.tail(at, 1 << 20)[0]],
    ids=["get", "open", "tail"],
)
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


def test_a_tail_asks_for_no_more_than_its_bytes(aws: Aws, root: str) -> None:
    aws.put(f"{root}/x", bytes(range(256)) * 4000)
    assert LAKE.tail(f"{root}/x", 3) == (b"\xfd\xfe\xff", 1_024_000)
    (call,) = aws.calls.of("s3.GetObject")
    assert call.request.environ["HTTP_RANGE"] == "bytes=-3"


@pytest.mark.parametrize("status", [200, 206])
def test_a_server_that_knows_no_ranges_is_understood(aws: Aws, root: str, status: int) -> None:
    def answer(request: Request) -> Reply:
        body = b"0123456789" if status == 200 else b""
        return Reply(status, [("Content-Length", str(len(body))), ("ETag", '"x"')], body)

    aws.handlers["s3.GetObject"] = answer
    assert LAKE.tail(f"{root}/x", 3) == ((b"789", 10) if status == 200 else (b"", 0))


def test_an_empty_object_has_no_range_and_a_tail(aws: Aws, root: str) -> None:
    aws.put(f"{root}/x", b"")
    aws.faults.add(Fault("s3.GetObject", "error", times=1, code="InvalidRange", status=416))
    assert LAKE.tail(f"{root}/x", 3) == (b"", 0)


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


def test_thousands_of_objects_are_listed_and_deleted_a_thousand_at_a_time(aws: Aws, root: str) -> None:
    locations = [f"{root}/{n % 2}/{n:04}" for n in range(2345)]
    bucket, _, prefix = root.removeprefix("s3://").partition("/")
    for location in locations:
        s3_backends["123456789012"]["aws"].put_object(bucket, f"{prefix}{location.removeprefix(root)}", b"")
    assert [info.location for info in LAKE.list(root)] == sorted(locations)
    with aws.counting() as calls:
        LAKE.delete(locations)
    assert calls.counts == {"s3.DeleteObjects": 3}
    assert aws.list(root) == []


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
