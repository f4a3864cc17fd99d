"""Whatever shape an event comes in, what it asks for is found, what it does not ask for is told, and nothing raises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_src.events import Ignored, Part, RawObject, decode, replay_request
from tests.conftest import SHARED
from tests.lambda_src.shapes import (
    BUCKET,
    ENVELOPES,
    KEY,
    RECORDED,
    SHAPES,
    TESTED,
    UNKNOWN,
    VERSION,
    announced,
    bridged,
    called,
    completed,
    copied,
    created,
    failed,
    notified,
    published,
    queued,
    received,
    records,
    replayed,
)

RECORDINGS = SHARED / "events"
KEYS = [KEY, "2026/01/05/13/café ☃ 100%.json.gz", "a+b", "a b", "%2B", "a%", "a/:::/b", "*~&=?#'\"\\[]{}"]


def says(part: Part) -> str:
    return "object" if isinstance(part, RawObject) else "known" if part.known else "unknown"


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
    mixed = records(notified("a"), notified("b", name="ObjectRemoved:Delete"))
    event = records(queued(mixed), queued("hello"), queued(created("c")))
    assert [says(part) for part in decode(event)] == ["object", "known", "unknown", "object"]
    log = records(*(called(str(n), name="PutObject" if n % 2 else "GetObject") for n in range(1000)))
    found = [part for part in decode(log) if isinstance(part, RawObject)]
    assert found == [RawObject(BUCKET, str(n)) for n in range(1, 1000, 2)]


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_call_that_failed_asks_for_nothing(envelope: str) -> None:
    for record in (called(), copied(), completed()):
        refused = {**record, "errorCode": "AccessDenied", "errorMessage": "Access Denied"}
        wanted = [Ignored("a call that failed: AccessDenied", known=True)]
        assert decode(ENVELOPES[envelope](bridged(refused))) == wanted


@pytest.mark.parametrize("name", ["GetObject", "DeleteObject", "CreateMultipartUpload", "UploadPart", "PutObjectAcl"])
def test_a_call_that_writes_no_object_asks_for_nothing(name: str) -> None:
    assert known(bridged(called(name=name)))
    assert known(records(called(name=name)))


def test_what_else_s3_tells_is_known_and_asks_for_nothing() -> None:
    assert known(TESTED)
    assert known(records(queued(announced(TESTED))))
    assert all(known(created(kind=kind)) for kind in ("Object Deleted", "Object ACL Updated", "Object Tags Added"))
    assert all(known(records(notified(name=name))) for name in ("ObjectRemoved:Delete", "s3:LifecycleTransition"))


@pytest.mark.parametrize("number", range(len(UNKNOWN)))
def test_what_we_do_not_understand_is_told_as_such(number: int) -> None:
    assert not known(UNKNOWN[number])


@pytest.mark.parametrize("again", ["no", "new", "all"])
def test_a_replay_request_comes_back_as_it_was_asked(again: str) -> None:
    wanted = [RawObject(BUCKET, key, version, again) for key in KEYS for version in ("", VERSION)]
    for envelope in ENVELOPES.values():
        assert decode(envelope(json.loads(replay_request(wanted, again)))) == wanted


@pytest.mark.parametrize(
    ("envelope", "followed"), [("a list", 12), ("a text", 12), ("on-failure", 12), ("SQS's API", 6), ("SQS", 6)]
)
def test_twelve_envelopes_are_opened_and_no_more(envelope: str, followed: int) -> None:
    event: Any = created()
    found: list[list[Part]] = []
    for _ in range(14):  # texts in texts double in length with each
        found.append(decode(event))
        event = ENVELOPES[envelope](event)
    assert found[: followed + 1] == [[RawObject(BUCKET, KEY)]] * (followed + 1)
    assert found[followed + 1 :] == [[Ignored("nested too deeply", known=False)]] * (13 - followed)


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
    for part in parts:
        assert isinstance(part, Ignored) or (part.bucket and part.key and all(isinstance(text, str) for text in part))
        assert isinstance(part, RawObject) or len(part.reason) < 120
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
    event: Any = SHAPES[shape](KEY, VERSION) if before else [ENVELOPES[envelope](SHAPES[shape](KEY, VERSION))]
    for _ in range(data.draw(st.integers(1, 3))):
        found = list(places(event))
        if found:
            holder, name = data.draw(st.sampled_from(found))
            if data.draw(st.booleans()):
                del holder[name]
            else:
                holder[name] = data.draw(VALUES)
    assert sound(decode(ENVELOPES[envelope](event) if before else event))


def test_an_event_of_nothing_asks_for_nothing() -> None:
    nothing: list[Any] = [[], records(), failed([]), {**replayed(), "objects": []}]
    assert [decode(event) for event in nothing] == [[]] * 4


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_event_says_what_its_sender_meant(name: str) -> None:
    if not (RECORDINGS / name).is_file():
        pytest.skip(f"no {name}")
    text = (RECORDINGS / name).read_text()
    for part in decode(json.loads(text)):
        assert says(part) == RECORDED[name]
        assert isinstance(part, Ignored) or (part.bucket in text and part.key in unquote_plus(text))


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no {RECORDINGS}")
def test_no_recorded_event_is_left_out() -> None:
    assert {str(path.relative_to(RECORDINGS)) for path in RECORDINGS.rglob("*.json")} == set(RECORDED)


DEFECTS: dict[str, tuple[Any, str]] = {
    "a form posted by a browser writes an object": (bridged(called(name="PostObject")), "object"),
    "log files hold other services' calls": (
        records(called(name="RunInstances", eventSource="ec2.amazonaws.com")),
        "known",
    ),
    "a call that does not tell what was done": (bridged({**called(), "eventName": None}), "unknown"),
    "a notification that does not": (records({**notified(), "eventName": None}), "unknown"),
    "a record of SQS alone": (queued(created()), "object"),
    "a record of SNS alone": (published(created()), "object"),
    "the answer of SQS's API": ({"Messages": [received(created())]}, "object"),
}


@pytest.mark.parametrize("about", DEFECTS)
def test_what_is_rare_is_read_rightly_too(about: str) -> None:
    event, wanted = DEFECTS[about]
    assert [says(part) for part in decode(event)] == [wanted]


@pytest.mark.parametrize("field", ["eventName", "errorCode"])
def test_a_field_of_any_depth_does_not_make_decode_raise(field: str) -> None:
    value: Any = "x"
    for _ in range(5000):
        value = [value]
    assert sound(decode({**called(), field: value}))
