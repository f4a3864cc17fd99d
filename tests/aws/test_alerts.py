"""The Lambda against AWS as moto serves it: S3, SNS with a subscribed queue, and what goes wrong with them."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.sax.saxutils import escape

import pytest

from clickctl.aws.alerts import SnsTopic
from clickctl.domain.errors import AlertFailed, ConfigError
from clickctl.roots import AwsSettings
from tests.aws.alerts import Alerting
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.replies import Reply, error_reply, xml_reply
from tests.aws.harness.requests import Request

USERS = [f"u{n}" for n in range(23)]


@pytest.fixture
def alerting(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Alerting]:
    made = Alerting(aws, monkeypatch)
    yield made
    made.close()


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_new_raw_file_pages_each_purchase_once_and_leaves_a_receipt(alerting: Alerting) -> None:
    event = alerting.created(alerting.put(USERS))
    assert alerting.handle(event) == {"sent": 1}
    assert alerting.handle(event) == {"already": 1}
    assert alerting.users() == Counter(USERS)
    assert list(alerting.receipts().values()) == [sorted(USERS)]


def test_the_key_of_a_receipt_is_the_raw_key_and_the_etag(alerting: Alerting) -> None:
    location = alerting.put(["u1"])
    alerting.handle(alerting.created(location))
    bucket, key = location.removeprefix("s3://").split("/", 1)
    etag = alerting.aws.boto("s3").head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
    assert list(alerting.receipts()) == [f"part-0.json.gz-{etag}.ndjson"]


def test_ten_deliveries_at_once_page_each_purchase_once(alerting: Alerting) -> None:
    event = alerting.created(alerting.put(USERS))

    def deliver(number: int) -> str:
        try:
            return next(iter(alerting.handle(event, f"delivery-{number}")))
        except AlertFailed:
            return "failed"  # Lambda repeats it, a minute later

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(deliver, range(10)))
    assert outcomes.count("sent") == 1
    assert alerting.handle(event) == {"already": 1}
    assert alerting.users() == Counter(USERS)


def test_a_file_overwritten_before_the_scan_pages_its_present_content_and_once(alerting: Alerting) -> None:
    first = alerting.created(alerting.put(["old", "both"]))
    second = alerting.created(alerting.put(["both", "new"]))
    assert alerting.handle(second) == {"sent": 1}
    assert alerting.handle(first) == {"already": 1}  # late, and out of order
    assert alerting.users() == Counter(["both", "new"])


def test_in_a_bucket_with_versions_each_version_is_scanned_whatever_the_order(alerting: Alerting) -> None:
    s3, bucket = alerting.aws.boto("s3"), alerting.aws.lake.raw.split("/")[2]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    events = []
    for users in (["old", "both"], ["both", "new"]):
        event = alerting.created(alerting.put(users))
        key = event["detail"]["object"]["key"]
        event["detail"]["object"]["version-id"] = s3.head_object(Bucket=bucket, Key=key)["VersionId"]
        events.append(event)
    s3.delete_object(Bucket=bucket, Key=events[0]["detail"]["object"]["key"])
    for event in reversed(events):
        assert alerting.handle(event) == {"sent": 1}
    assert alerting.users() == Counter(["both", "new", "old"])
    assert len(alerting.receipts()) == 2


def test_a_file_deleted_before_the_scan_asks_for_nothing(alerting: Alerting) -> None:
    event = alerting.created(f"{alerting.aws.lake.raw}/2026/01/05/13/part-0.json")
    assert alerting.handle(event) == {"gone": 1}
    assert alerting.receipts() == {}


@pytest.mark.parametrize(
    "key", ["clickstream/2026/01/05/13/_SUCCESS", "clickstream/2026/01/05/24/part-0.json", "other/part-0.json", "x"]
)
def test_what_is_no_raw_file_of_the_layout_is_ignored_with_a_line_in_the_log(
    alerting: Alerting, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = alerting.aws.lake.raw.split("/")[2]
    assert alerting.handle(alerting.created(f"s3://{bucket}/{key}")) == {"ignored": 1}
    [line] = lines(capsys.readouterr().out)
    assert (line["event"], line["key"]) == ("ignored", key)


def test_an_event_we_do_not_understand_fails_the_invocation_so_that_somebody_sees_it(alerting: Alerting) -> None:
    with pytest.raises(AlertFailed, match="1 parts of the event"):
        alerting.handle({"hello": "world"})


def test_one_object_that_fails_does_not_keep_the_others_from_being_done(alerting: Alerting) -> None:
    broken = alerting.aws.put_raw("2026-01-05T13", b"x", "part-1.json")
    alerting.aws.put(broken.replace("part-1.json", "part-2.json.gz"), b"no gzip")
    events = [alerting.created(broken.replace("part-1.json", "part-2.json.gz")), alerting.created(alerting.put(USERS))]
    with pytest.raises(AlertFailed):
        alerting.handle(events)
    assert alerting.users() == Counter(USERS)


def test_a_broken_gzip_pages_what_was_read_and_fails_until_it_is_put_right(alerting: Alerting) -> None:
    location = alerting.put(USERS)
    whole = alerting.aws.read(location)
    alerting.aws.put(location, whole[:-4])
    for _ in range(3):
        with pytest.raises(AlertFailed):
            alerting.handle(alerting.created(location), "one request")
    assert alerting.users() == Counter(USERS)  # all text was read, only the checksum is cut off
    alerting.aws.put(location, whole)
    assert alerting.handle(alerting.created(location)) == {"sent": 1}
    assert alerting.users() == Counter()


@pytest.mark.parametrize(
    "operation", ["s3.GetObject", "s3.PutObject", "s3.ListObjectsV2", "s3.CopyObject", "sns.PublishBatch"]
)
@pytest.mark.parametrize("kind", ["throttle", "error", "drop"])
def test_what_passes_is_waited_out(alerting: Alerting, operation: str, kind: Any) -> None:
    event = alerting.created(alerting.put(USERS))
    alerting.aws.faults.add(Fault(operation, kind, times=1))
    assert alerting.handle(event) == {"sent": 1}
    assert alerting.users() == Counter(USERS)


def test_a_refusal_fails_the_invocation_and_its_repetition_sends_the_rest(alerting: Alerting) -> None:
    event = alerting.created(alerting.put(USERS))
    seen = 0

    def third_batch_refused(request: Request) -> Reply | None:
        nonlocal seen
        seen += 1
        return _refused(request, ("AuthorizationError", True), {0, 1, 2}) if seen == 3 else None

    passing = alerting.aws.server.moto
    alerting.aws.handlers["sns.PublishBatch"] = lambda request: third_batch_refused(request) or passing.answer(request)
    with pytest.raises(AlertFailed):
        alerting.handle(event, "one")
    assert alerting.users() == Counter(USERS[:20])
    assert alerting.handle(event, "one") == {"sent": 1}
    assert alerting.users() == Counter(USERS[20:])


def _refused(request: Request, why: tuple[str, bool], which: set[int]) -> Reply:
    """An answer of 200 in which these entries failed and the others succeeded, though nothing is sent."""
    names = [name for name in request.form if name.endswith(".Id")]
    entries = {"Successful": "", "Failed": ""}
    for number, name in enumerate(names):
        mark = f"<Id>{escape(request.form[name])}</Id>"
        if number in which:
            code, fault = why
            entries["Failed"] += (
                f"<member>{mark}<Code>{code}</Code><SenderFault>{str(fault).lower()}</SenderFault></member>"
            )
        else:
            entries["Successful"] += f"<member>{mark}<MessageId>m</MessageId></member>"
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in entries.items())
    return xml_reply(f"<PublishBatchResponse><PublishBatchResult>{inner}</PublishBatchResult></PublishBatchResponse>")


def test_entries_that_fail_inside_an_answer_of_200_are_repeated_alone(alerting: Alerting) -> None:
    event = alerting.created(alerting.put(USERS[:10]))
    asked: list[int] = []

    def fails_some(request: Request) -> Reply:
        count = sum(name.endswith(".Id") for name in request.form)
        asked.append(count)
        return _refused(request, ("InternalError", False), set(range(count - 1)))

    alerting.aws.handlers["sns.PublishBatch"] = fails_some
    with pytest.raises(AlertFailed):
        alerting.handle(event, "one")
    assert asked == [10, 9, 8, 7, 6]
    del alerting.aws.handlers["sns.PublishBatch"]
    assert alerting.handle(event, "one") == {"sent": 1}
    assert sum(alerting.users().values()) == 5


def test_logs_have_counts_and_names_and_never_what_a_line_holds(
    alerting: Alerting, capsys: pytest.CaptureFixture[str]
) -> None:
    alerting.handle(alerting.created(alerting.put(["very-private-user"])))
    text = capsys.readouterr().out
    said, metrics = lines(text)
    assert said == {
        "event": "sent", "source": "2026/01/05/13/part-0.json.gz", "etag": said["etag"], "alerts": 1, "messages": 1,
        "summarised": False, "bytes": said["bytes"], "lines_read": 1, "milliseconds": said["milliseconds"],
    }  # fmt: skip
    [about] = metrics["_aws"]["CloudWatchMetrics"]
    assert about["Namespace"] == "clickctl"
    assert about["Dimensions"] == [["FunctionName"]]
    assert {metric["Name"] for metric in about["Metrics"]} <= metrics.keys()
    assert (metrics["Alerts"], metrics["Messages"], metrics["Objects"]) == (1, 1, 1)
    assert "very-private-user" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLICKCTL_LAKE_RAW", ""), ("CLICKCTL_LAKE_ALERTS", "/folder"), ("CLICKCTL_ALERTS_TOPIC", "purchases"),
        ("CLICKCTL_ALERTS_MAX_MESSAGES", "many"), ("CLICKCTL_QUALITY_MAX_SKEW", "soon"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_told_by_its_section(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, name: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alerting = Alerting(aws, monkeypatch, **{name: value})
    with pytest.raises(ConfigError, match=name.rsplit("_", 1)[0].split("_MAX")[0]):
        alerting.handle({})
    assert lines(capsys.readouterr().out)[0]["event"] == "misconfigured"


def test_variables_reach_the_scan(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    alerting = Alerting(
        aws, monkeypatch, CLICKCTL_ALERTS_ACTION="click", CLICKCTL_QUALITY_ACTIONS="click, purchase",
        CLICKCTL_QUALITY_NULL_TOKENS=",-,none", CLICKCTL_ALERTS_MAX_MESSAGES="1",
    )  # fmt: skip
    alerting.handle(alerting.created(alerting.put([])))
    assert alerting.users() == Counter(["nobody"])


def test_the_audience_is_told_without_the_names_of_people(alerting: Alerting) -> None:
    sns = alerting.aws.boto("sns")
    sns.subscribe(TopicArn=alerting.topic, Protocol="email", Endpoint="someone@example.org")
    told = SnsTopic(alerting.topic, AwsSettings()).audience()
    assert any(line.startswith("email …@example.org") for line in told)
    assert any(line.startswith("sqs arn:aws:sqs:us-east-1:123456789012:inbox") for line in told)
    assert "someone" not in " ".join(told)


def test_what_was_accepted_before_a_call_failed_is_not_sent_again(alerting: Alerting) -> None:
    event = alerting.created(alerting.put(USERS[:10]))
    answers: list[Any] = [
        lambda request: _refused(request, ("InternalError", False), {9}),
        lambda request: error_reply(request, "AuthorizationError", "no", 403),
    ]
    alerting.aws.handlers["sns.PublishBatch"] = lambda request: answers.pop(0)(request)
    with pytest.raises(AlertFailed):
        alerting.handle(event, "one")
    del alerting.aws.handlers["sns.PublishBatch"]
    assert alerting.handle(event, "one") == {"sent": 1}
    assert sum(alerting.users().values()) == 1


def test_an_event_that_comes_while_another_delivery_is_at_it_is_locked_and_not_failed(
    alerting: Alerting, capsys: pytest.CaptureFixture[str]
) -> None:
    event = alerting.created(alerting.put(USERS))

    def meanwhile(request: Request) -> Reply:
        with pytest.raises(AlertFailed):
            alerting.handle(event, "two")
        return alerting.aws.server.moto.answer(request)

    alerting.aws.handlers["sns.PublishBatch"] = meanwhile
    alerting.handle(event, "one")
    assert next(line["event"] for line in lines(capsys.readouterr().out) if "event" in line) == "locked"
    assert alerting.users() == Counter(USERS)


def test_a_full_scratch_disk_fails_one_object_and_says_what_it_needs(
    alerting: Alerting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/dev/full")
    with pytest.raises(AlertFailed):
        alerting.handle(alerting.created(alerting.put(USERS)))
    assert lines(capsys.readouterr().out)[0]["event"] == "failed"
