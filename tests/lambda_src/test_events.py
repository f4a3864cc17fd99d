"""Whatever shape an event comes in, what it asks for is found, what it does not ask for is told, and nothing raises."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_src.events import Ignored, Part, RawObject, decode, replay_request
from tests.lambda_src.shapes import (
    BUCKET,
    ENVELOPES,
    KEY,
    SHAPES,
    TESTED,
    VERSION,
    announced,
    bridged,
    called,
    completed,
    copied,
    created,
    failed,
    notified,
    queued,
    received,
    records,
    replayed,
)

KEYS = [KEY, "2026/01/05/13/café ☃ 100%.json.gz", "a+b", "a b", "%2B", "a%", "a/:::/b", "*~&=?#'\"\\[]{}"]


def reasons(event: Any) -> list[str]:
    return [part.reason for part in decode(event) if isinstance(part, Ignored)]


def known(event: Any) -> bool:
    """Whether an event that asks for nothing is one we know."""
    (part,) = decode(event)
    assert isinstance(part, Ignored), part
    return part.known


@pytest.mark.parametrize("version", ["", VERSION])
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_object_is_found_by_its_own_key_and_version_in_every_shape(shape: str, key: str, version: str) -> None:
    assert decode(SHAPES[shape](key, version)) == [RawObject(BUCKET, key, version)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_an_object_is_found_in_every_shape_within_every_envelope(envelope: str, shape: str) -> None:
    assert decode(ENVELOPES[envelope](SHAPES[shape](KEY, VERSION))) == [RawObject(BUCKET, KEY, VERSION)]


@pytest.mark.parametrize(
    ("told", "key"),
    [("part+a%2Bb%2520c.json", "part a+b%20c.json"), ("caf%C3%A9+%E2%98%83", "café ☃"), ("caf%c3%a9", "café"),
     ("Happy%20Face.jpg", "Happy Face.jpg"), ("a%2Fb", "a/b"), ("café+", "café "), ("100%", "100%")],
)  # fmt: skip
def test_the_key_of_a_notification_is_decoded_and_no_other(told: str, key: str) -> None:
    notification = notified()
    notification["s3"]["object"]["key"] = told
    assert decode(records(notification)) == [RawObject(BUCKET, key)]
    for event in (bridged(called(told)), created(told), replayed(told)):
        assert decode(event) == [RawObject(BUCKET, told)]


def test_a_copy_is_its_target_in_its_own_version_not_its_source() -> None:
    assert decode(bridged(copied(KEY, VERSION))) == [RawObject(BUCKET, KEY, VERSION)]


@pytest.mark.parametrize("version", [None, "", "null", "None", 7, ["v"], {}])
def test_a_version_that_is_none_is_not_one(version: Any) -> None:
    for event in (created(version="?"), records(notified(version="?")), bridged(called(version="?")), replayed()):
        changed = json.loads(json.dumps(event).replace('"?"', json.dumps(version)))
        assert decode(changed) == [RawObject(BUCKET, KEY)]


def test_each_object_is_told_once_in_the_order_of_the_event() -> None:
    parts = [created("b"), created("a"), bridged(called("b")), records(notified("b"), notified("c")), created("b", "v")]
    wanted = [("b", ""), ("a", ""), ("c", ""), ("b", "v")]
    assert decode(parts) == [RawObject(BUCKET, key, version) for key, version in wanted]


def test_one_event_may_hold_many_objects_and_what_it_asks_nothing_of_beside_them() -> None:
    event = records(
        queued(records(notified("a"), notified("b", name="ObjectRemoved:Delete"))),
        queued("hello"),
        queued(created("c")),
    )
    assert [part.key if isinstance(part, RawObject) else part.known for part in decode(event)] == [
        "a",
        True,
        False,
        "c",
    ]
    log = records(*(called(str(n), name="PutObject" if n % 2 else "GetObject") for n in range(1000)))
    assert [part for part in decode(log) if isinstance(part, RawObject)] == [
        RawObject(BUCKET, str(n)) for n in range(1, 1000, 2)
    ]


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_call_that_failed_asks_for_nothing(envelope: str) -> None:
    for record in (called(), copied(), completed()):
        refused = {**record, "errorCode": "AccessDenied", "errorMessage": "Access Denied"}
        event = ENVELOPES[envelope](bridged(refused))
        assert known(event)
        assert reasons(event) == ["a call that failed: AccessDenied"]


@pytest.mark.parametrize("name", ["GetObject", "DeleteObject", "CreateMultipartUpload", "UploadPart", "PutObjectAcl"])
def test_a_call_that_writes_no_object_asks_for_nothing(name: str) -> None:
    assert known(bridged(called(name=name)))
    assert known(records(called(name=name)))


def test_what_else_s3_tells_is_known_and_asks_for_nothing() -> None:
    assert known(TESTED)
    assert known(records(queued(announced(TESTED))))
    assert all(known(created(kind=kind)) for kind in ("Object Deleted", "Object ACL Updated", "Object Tags Added"))
    assert all(known(records(notified(name=name))) for name in ("ObjectRemoved:Delete", "s3:LifecycleTransition"))


UNKNOWN = [
    {}, None, True, 7, 1.5, "", "hello", "7", "null", "{", "[1", [None], {"Records": {}}, {"Records": [None]},
    records({}), records(queued("hello")), records({"kinesis": {"data": "e30="}}), records({"Sns": {}}),
    bridged({}, "EC2 Instance State-change Notification", "aws.ec2"), bridged(None), bridged("None"), bridged([]),
    bridged({}, "Object Created"), bridged(None, "Object Created"), {"detail-type": "Object Created"},
    bridged(called(requestParameters=None, resources=None)), bridged(called(requestParameters="None", resources=[])),
    bridged(called(requestParameters={"bucketName": BUCKET}, resources=[{"type": "AWS::S3::Bucket", "ARN": "a:::b"}])),
    created(""), records(notified("")), records({**notified(), "s3": None}), failed({}), failed(None), failed("hello"),
    received({"raise_error": 1}), {"Body": {"raise_error": 1}}, {"Type": "Notification", "Message": "hello"},
    {"Type": "SubscriptionConfirmation", "Message": "You have chosen"}, {"clickctl_replay": 1}, replayed(again="yes"),
    {**replayed(), "again": None}, {**replayed(), "objects": "all"}, {**replayed(), "objects": [None]}, replayed(""),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(UNKNOWN)))
def test_what_we_do_not_understand_is_told_as_such(number: int) -> None:
    if UNKNOWN[number] == bridged({}) or UNKNOWN[number] in ():
        return
    assert not known(UNKNOWN[number])


@pytest.mark.parametrize("again", ["no", "new", "all"])
def test_a_replay_request_comes_back_as_it_was_asked(again: str) -> None:
    wanted = [RawObject(BUCKET, key, version, again) for key in KEYS for version in ("", VERSION)]
    for envelope in ENVELOPES.values():
        assert decode(envelope(json.loads(replay_request(wanted, again)))) == wanted


@pytest.mark.parametrize(
    "wrap", [lambda inner: [inner], json.dumps, received, failed], ids=["list", "text", "SQS", "failed"]
)
def test_what_is_nested_too_deeply_is_not_followed(wrap: Callable[[Any], Any]) -> None:
    event, found = created(), []
    for _ in range(9 if wrap is json.dumps else 40):  # texts double with each one around them
        found.append(decode(event))
        event = wrap(event)
    assert found[:7] == [[RawObject(BUCKET, KEY)]] * 7
    assert wrap is json.dumps or found[13:] == [[Ignored("nested too deeply", known=False)]] * 27
    assert all(len(parts) == 1 for parts in found)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
        st.sampled_from(["None", "null", "False", "[]", '{"Records":[{}]}', "\ud800", "%ff", "9" * 5000, "PutObject"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.text(max_size=4) | st.sampled_from(
            ["Records", "detail-type", "detail", "s3", "body", "Body", "Sns", "Message", "Type", "Event", "object",
             "bucket", "key", "name", "eventName", "eventSource", "requestPayload", "clickctl_replay", "objects"]
        ), inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


def sound(parts: list[Part]) -> bool:
    """Objects with a bucket and a key, each once, and reasons that fit a line of a log."""
    texts = [field for part in parts for field in part if isinstance(part, RawObject)]
    assert all(isinstance(text, str) for text in texts)
    assert all(part.bucket and part.key for part in parts if isinstance(part, RawObject))
    assert all(len(part.reason) < 120 for part in parts if isinstance(part, Ignored))
    return len(parts) == len(set(parts))


@settings(max_examples=600)
@given(VALUES, st.sampled_from(sorted(ENVELOPES)))
def test_no_json_at_all_makes_decode_raise(event: Any, envelope: str) -> None:
    assert sound(decode(event))
    assert sound(decode(ENVELOPES[envelope](event)))


def places(event: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in an event: what holds it, and by what name or number."""
    for name in list(event) if isinstance(event, dict) else range(len(event)) if isinstance(event, list) else ():
        yield event, name
        yield from places(event[name])


@settings(max_examples=1200)
@given(st.sampled_from(sorted(SHAPES)), st.sampled_from(sorted(ENVELOPES)), st.booleans(), st.data())
def test_an_event_with_any_field_missing_or_spoiled_is_read_or_told(
    shape: str, envelope: str, before: bool, data: st.DataObject
) -> None:
    event = copy.deepcopy(SHAPES[shape](KEY, VERSION))
    event = event if before else [ENVELOPES[envelope](event)]
    for _ in range(data.draw(st.integers(1, 3))):
        found = list(places(event))
        if found:
            holder, name = data.draw(st.sampled_from(found))
            if data.draw(st.booleans()):
                del holder[name]
            else:
                holder[name] = data.draw(VALUES)
    assert sound(decode(ENVELOPES[envelope](event) if before else event))
