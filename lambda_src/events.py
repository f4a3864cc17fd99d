"""What an event asks to be scanned, whatever shape it comes in, or nested in which others.

- EventBridge, "AWS API Call via CloudTrail": PutObject, CopyObject, CompleteMultipartUpload. Keys as they are.
- EventBridge, S3's own "Object Created". Keys as they are.
- S3 notifications. Keys URL-encoded, with + for a space (S3 User Guide, "Event message structure").
- Ours: {"clickctl_replay": 1, "again": "no", "objects": [{"bucket": …, "key": …, "version": …}]}.

Around each of them, in any depth: records of SQS and SNS, a record of an on-failure destination
(`requestPayload`), lists, and JSON in a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

REPLAY = "clickctl_replay"
_WRITES = ("PutObject", "CopyObject", "CompleteMultipartUpload", "PostObject")
_DEEPEST = 12
_EMPTY = (None, "", "None", "null")


class RawObject(NamedTuple):
    """An object that was written. `version` is S3's version id, empty where there is none or it is not told."""

    bucket: str
    key: str
    version: str = ""
    again: str = "no"


class Ignored(NamedTuple):
    """A part of an event that asks for nothing, and why; `known` is false for what we do not understand."""

    reason: str
    known: bool = True


Part = RawObject | Ignored


def decode(event: Any) -> list[Part]:
    """Every part of an event in its order, each object once. Never raises."""
    return list(dict.fromkeys(_parts(event, 0)))


def replay_request(objects: Iterable[RawObject], again: str) -> bytes:
    """The request of ours for these objects."""
    plain = [{"bucket": one.bucket, "key": one.key, "version": one.version} for one in objects]
    return json.dumps({REPLAY: 1, "again": again, "objects": plain}).encode()


def _parts(event: Any, depth: int) -> Iterator[Part]:
    if depth > _DEEPEST:
        yield Ignored("nested too deeply", known=False)
    elif isinstance(event, list):
        for one in event:
            yield from _parts(one, depth + 1)
    elif isinstance(event, str):
        yield from _parts_of_text(event, depth)
    elif not isinstance(event, dict):
        yield Ignored(f"not an event but {type(event).__name__}", known=False)
    else:
        yield from _parts_of_object(event, depth)


def _parts_of_text(text: str, depth: int) -> Iterator[Part]:
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        inner = None
    if isinstance(inner, (dict, list, str)):
        yield from _parts(inner, depth + 1)
    else:
        yield Ignored("a text that is no event", known=False)


def _parts_of_object(event: dict[str, Any], depth: int) -> Iterator[Part]:
    """The first thing it can be taken for."""
    if REPLAY in event:
        yield from _replay(event)
    elif "requestPayload" in event:  # an on-failure record
        yield from _parts(event["requestPayload"], depth + 1)
    elif isinstance(event.get("Records"), list):
        for record in event["Records"]:
            yield from _record(record, depth)
    elif isinstance(event.get("Messages"), list):  # the answer of SQS's API
        yield from _parts(event["Messages"], depth + 1)
    elif "detail-type" in event and isinstance(event.get("detail"), dict) and "requestPayload" in event["detail"]:
        yield from _parts(event["detail"], depth + 1)  # EventBridge as an on-failure destination
    elif "detail-type" in event:
        yield _bridged(event)
    elif event.get("Type") == "Notification" and "Message" in event:  # SNS, around what it carries to SQS
        yield from _parts(event["Message"], depth + 1)
    elif event.get("Event") == "s3:TestEvent":
        yield Ignored("S3's test of a notification")
    elif ("eventName" in event and "eventSource" in event) or "Sns" in event or "body" in event:
        yield from _record(event, depth)
    elif isinstance(event.get("Body"), (str, dict)):  # a message as SQS's API gives it
        yield from _parts(event["Body"], depth + 1)
    else:
        yield Ignored("an unknown envelope", known=False)


def _record(record: Any, depth: int) -> Iterator[Part]:
    if not isinstance(record, dict):
        yield Ignored("an unknown record", known=False)
    elif "s3" in record:
        yield _notified(record)
    elif "body" in record:  # SQS
        yield from _parts(record["body"], depth + 1)
    elif isinstance(record.get("Sns"), dict):
        yield from _parts(record["Sns"].get("Message"), depth + 1)
    elif record.get("eventSource") == "s3.amazonaws.com":
        yield _called(record)
    elif "eventName" in record and _text(record.get("eventSource")).endswith(".amazonaws.com"):
        yield Ignored("a call of another service")
    else:
        yield Ignored("an unknown record", known=False)


def _replay(event: dict[str, Any]) -> Iterator[Part]:
    again, objects = event.get("again", "no"), event.get("objects")
    if again not in ("no", "new", "all") or not isinstance(objects, list):
        yield Ignored("a replay request that is none", known=False)
        return
    for one in objects:
        yield _object(_of(one, "bucket"), _of(one, "key"), _of(one, "version"), again)


def _bridged(event: dict[str, Any]) -> Part:
    kind, detail = event["detail-type"], event.get("detail")
    if kind == "AWS API Call via CloudTrail":
        return _called(detail)
    if kind == "Object Created":
        one = _of(detail, "object")
        return _object(_of(_of(detail, "bucket"), "name"), _of(one, "key"), _of(one, "version-id"))
    return Ignored(f"an event of another kind: {_short(kind)}", known=_of(event, "source") == "aws.s3")


def _called(record: Any) -> Part:
    """A call as CloudTrail records it. Of a call that failed nothing was written."""
    if not isinstance(record, dict):
        return Ignored("a call without its record", known=False)
    name = record.get("eventName")
    if not isinstance(name, str) or not name:
        return Ignored("a call that does not tell its name", known=False)
    if name not in _WRITES:
        return Ignored(f"a call that writes no object: {name[:60]}")
    if record.get("errorCode") not in _EMPTY:
        return Ignored(f"a call that failed: {_short(record['errorCode'])}")
    asked = record.get("requestParameters")
    bucket, key = _of(asked, "bucketName"), _of(asked, "key")
    if not (bucket and key):
        bucket, key = _of_resources(record.get("resources"))
    return _object(bucket, key, _of(record.get("responseElements"), "x-amz-version-id"))


def _of_resources(resources: Any) -> tuple[str, str]:
    """Bucket and key by the object's ARN, which a record carries as well."""
    for one in resources if isinstance(resources, list) else ():
        if _of(one, "type") == "AWS::S3::Object":
            bucket, _, key = _text(_of(one, "ARN")).partition(":::")[2].partition("/")
            return bucket, key
    return "", ""


def _notified(record: dict[str, Any]) -> Part:
    name = _of(record, "eventName")
    if not isinstance(name, str) or not name:
        return Ignored("a notification that does not tell its name", known=False)
    name = name.removeprefix("s3:")
    if not name.startswith("ObjectCreated:"):
        return Ignored(f"a notification of another kind: {name[:60]}")
    one = _of(record["s3"], "object")
    key = _of(one, "key")
    key = unquote_plus(key) if isinstance(key, str) else key
    return _object(_of(_of(record["s3"], "bucket"), "name"), key, _of(one, "versionId"))


def _object(bucket: Any, key: Any, version: Any, again: str = "no") -> Part:
    if not (isinstance(bucket, str) and isinstance(key, str) and bucket and key):
        return Ignored("an event without bucket and key", known=False)
    if not _is_text(key):
        return Ignored("a key that is no text", known=False)
    known = isinstance(version, str) and version not in _EMPTY
    return RawObject(bucket, key, version if known else "", again)


def _of(value: Any, name: str) -> Any:
    """A field of what should be an object; empty if it is none."""
    return value.get(name, "") if isinstance(value, dict) else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _short(value: Any) -> str:
    """As much of a value as fits a log's line; never all of one that is nested."""
    return value[:60] if isinstance(value, str) else type(value).__name__


def _is_text(key: str) -> bool:
    """False for halves of surrogate pairs, which JSON can escape and nothing can ask S3 for."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True
