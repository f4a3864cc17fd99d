"""alerts-replay against AWS as moto serves it, with a Lambda that runs in this process."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.aws.alerts import HOUR, Alerting
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.conftest import Shell

RANGE = ("2026-01-05T12", "2026-01-05T16")
USERS = [f"u{n}" for n in range(12)]


@pytest.fixture
def alerting(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Alerting]:
    made = Alerting(aws, monkeypatch)
    yield made
    made.close()


@pytest.fixture
def shell(alerting: Alerting) -> Shell:
    return alerting.aws.shell(alerts=alerting.config)


@pytest.mark.parametrize("way", [(), ("--in-process",)])
def test_what_the_events_missed_is_found_and_sent_once(alerting: Alerting, shell: Shell, way: tuple[str, ...]) -> None:
    alerting.handle(alerting.created(alerting.put(["seen"])))
    alerting.put(USERS, "part-1.json.gz")
    alerting.put([], "part-2.json")
    planned = shell("alerts-replay", *RANGE, "--dry-run", "--output", "json", *way).json
    assert planned["counts"] == {"planned": 2}
    [hour] = planned["hours"]
    assert hour == {**hour, "hour": HOUR, "files": 3, "to_do": 2, "alerts": 12, "messages": 12, "failed": 0}
    assert planned["audience"] == ["sqs arn:aws:sqs:us-east-1:123456789012:inbox"]
    assert alerting.users() == Counter(["seen"])
    done = shell("alerts-replay", *RANGE, "--output", "json", *way).json
    assert done["counts"] == {"sent": 2}
    assert alerting.users() == Counter(USERS)
    assert shell("alerts-replay", *RANGE, "--output", "json", *way).json["counts"] == {}
    assert len(alerting.aws.calls.of("lambda.Invoke")) == (0 if way else 2)


def test_all_sends_what_is_new_and_force_sends_all(alerting: Alerting, shell: Shell) -> None:
    alerting.put(USERS)
    shell("alerts-replay", *RANGE, "--in-process")
    assert alerting.users() == Counter(USERS)
    shell("alerts-replay", *RANGE, "--all", "--in-process")
    assert alerting.users() == Counter()
    shell("alerts-replay", *RANGE, "--force", "--in-process")
    assert alerting.users() == Counter(USERS)


def test_of_a_file_with_a_receipt_the_function_is_asked_and_that_is_all_that_is_said(
    alerting: Alerting, shell: Shell
) -> None:
    alerting.put(USERS)
    shell("alerts-replay", *RANGE)
    ran = shell("alerts-replay", *RANGE, "--all")
    assert "the function was asked to scan it" in ran.err
    assert "look at the function's log" in ran.err


def test_a_function_that_is_not_there_is_told_as_failed(alerting: Alerting, shell: Shell) -> None:
    alerting.put(USERS)
    alerting.aws.faults.add(Fault("lambda.Invoke", "error", code="ResourceNotFoundException", message="no function"))
    ran = shell("alerts-replay", *RANGE, code=1)
    assert "function alerts: ResourceNotFoundException" in ran.out
    assert "doctor" in ran.err


def letter(event: Any, depth: int = 0) -> Any:
    """As an on-failure destination wraps an event that failed."""
    context = {"condition": "RetriesExhausted", "approximateInvokeCount": 3}
    for _ in range(depth):
        event = {"version": "1.0", "requestContext": context, "requestPayload": event, "responsePayload": {}}
    return event


def test_letters_are_replayed_and_deleted_once_their_receipts_are_there(alerting: Alerting, shell: Shell) -> None:
    first, second = alerting.created(alerting.put(USERS)), alerting.created(alerting.put(["v"], "part-1.json"))
    for body in (first, letter(first, 1), letter(second, 2), {"Records": [{"body": json.dumps(second)}]}):
        alerting.send_letter(body)
    done = shell("alerts-replay", "--from-dlq", "--output", "json").json
    assert done["counts"] == {"sent": 2}
    assert {one["outcome"] for one in done["letters"]} == {"deleted"}
    assert len(done["letters"]) == 4
    assert alerting.users() == Counter([*USERS, "v"])
    assert alerting.letters_left() == []


def test_a_dry_run_of_the_letters_leaves_them_all(alerting: Alerting, shell: Shell) -> None:
    alerting.send_letter(alerting.created(alerting.put(USERS)))
    ran = shell("alerts-replay", "--from-dlq", "--dry-run")
    assert "1 letter to delete" in ran.err
    assert len(alerting.letters_left()) == 1
    assert alerting.users() == Counter()


def test_letters_that_cannot_be_done_are_left_and_told(alerting: Alerting, shell: Shell) -> None:
    broken = f"{alerting.aws.lake.raw}/2026/01/05/13/part-9.json.gz"
    alerting.aws.put(broken, b"no gzip")
    bodies: list[Any] = [
        "hello", {"hello": "world"}, alerting.created("s3://other/part-0.json"), alerting.created(broken),
        alerting.created(f"{alerting.aws.lake.raw}/2026/01/05/13/part-8.json"),
    ]  # fmt: skip
    for body in bodies:
        alerting.send_letter(body)
    done = shell("alerts-replay", "--from-dlq", "--in-process", "--output", "json", code=1).json
    assert {one["outcome"] for one in done["letters"]} == {"left"}
    why = " ".join(one["why"] for one in done["letters"])
    reasons = (
        "a text that is no event",
        "unknown envelope",
        "no raw file of this lake",
        "cannot be read",
        "is no more",
    )
    for reason in reasons:
        assert reason in why
    assert len(alerting.letters_left()) == 5


def test_a_queue_that_is_not_there_is_an_error_with_a_next_step(alerting: Alerting) -> None:
    missing = alerting.letters.replace("letters", "nowhere")
    ran = alerting.aws.shell(alerts={**alerting.config, "dead_letters": missing})("alerts-replay", "--from-dlq", code=5)
    assert "nowhere" in ran.err
    assert "Nothing was changed." in ran.err


def test_the_queue_may_be_named_by_its_arn(alerting: Alerting) -> None:
    shell = alerting.aws.shell(alerts={**alerting.config, "dead_letters": "arn:aws:sqs:us-east-1:123456789012:letters"})
    alerting.send_letter(alerting.created(alerting.put(USERS)))
    shell("alerts-replay", "--from-dlq")
    assert alerting.letters_left() == []


def test_without_a_topic_nothing_is_replayed(alerting: Alerting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLICKCTL_ALERTS_TOPIC")
    ran = alerting.aws.shell()("alerts-replay", *RANGE, code=3)
    assert "topic is not set" in ran.err


def test_what_is_pending_of_a_file_that_is_no_more_is_sent_from_what_is_kept(alerting: Alerting, shell: Shell) -> None:
    event = alerting.created(alerting.put(USERS))
    alerting.aws.faults.add(Fault("sns.PublishBatch", "error", code="AuthorizationError", status=403))
    with pytest.raises(Exception, match="1 parts"):
        alerting.handle(event)
    alerting.aws.faults.reset()
    bucket, key = alerting.aws.lake.raw.split("/")[2], event["detail"]["object"]["key"]
    alerting.aws.boto("s3").delete_object(Bucket=bucket, Key=key)
    shell("alerts-replay", *RANGE)
    assert alerting.users() == Counter(USERS)
    assert list(alerting.receipts().values()) == [sorted(USERS)]


def test_a_letter_that_may_not_be_looked_at_does_not_keep_the_others(alerting: Alerting, shell: Shell) -> None:
    first, second = alerting.created(alerting.put(USERS)), alerting.created(alerting.put(["v"], "part-1.json"))
    for body in (first, second):
        alerting.send_letter(body)
    alerting.aws.faults.add(Fault("s3.GetObject", "error", code="AccessDenied", status=403, match="part-1.json?"))
    done = shell("alerts-replay", "--from-dlq", "--in-process", "--output", "json", code=1).json
    assert sorted((one["outcome"], "AccessDenied" in one["why"]) for one in done["letters"]) == [
        ("deleted", False),
        ("left", True),
    ]
    assert alerting.users() == Counter(USERS)
    assert len(alerting.letters_left()) == 1


def test_a_letter_of_a_forced_replay_is_forced_again(alerting: Alerting, shell: Shell) -> None:
    location = alerting.put(USERS)
    alerting.handle(alerting.created(location))
    bucket, key = location.removeprefix("s3://").split("/", 1)
    alerting.send_letter({"clickctl_replay": 1, "again": "all", "objects": [{"bucket": bucket, "key": key}]})
    assert alerting.users() == Counter(USERS)
    shell("alerts-replay", "--from-dlq", "--in-process")
    assert alerting.users() == Counter(USERS)
    assert alerting.letters_left() == []


def test_a_letter_that_would_command_the_terminal_is_shown_escaped(alerting: Alerting, shell: Shell) -> None:
    alerting.send_letter(alerting.created("s3://other/\x1b]0;title\x07"))
    ran = shell("alerts-replay", "--from-dlq", code=1)
    assert "other/\\x1b]0;title\\x07" in ran.out
    assert "\x1b" not in ran.out + ran.err


def test_the_function_tells_no_count_of_messages_and_none_is_made_up(alerting: Alerting, shell: Shell) -> None:
    alerting.put(USERS)
    ran = shell("alerts-replay", *RANGE)
    assert "done by the function: 12 alerts in its receipt" in ran.err
    assert "1 file sent; told by the function." in ran.err


def test_a_topic_nobody_is_subscribed_to_is_an_error_unless_it_is_wanted(alerting: Alerting, aws: Aws) -> None:
    lonely = aws.boto("sns").create_topic(Name="lonely")["TopicArn"]
    alerting.put(USERS)
    shell = aws.shell(alerts={"topic": lonely})
    env = {"CLICKCTL_ALERTS_TOPIC": lonely}
    ran = shell("alerts-replay", *RANGE, env=env, code=3)
    assert "Nobody is subscribed" in ran.err
    shell("alerts-replay", *RANGE, "--yes", env=env)
    assert len(alerting.receipts()) == 1


def test_letters_come_back_at_once_when_the_command_fails_after_it_read_them(alerting: Alerting, shell: Shell) -> None:
    alerting.send_letter(alerting.created(alerting.put(USERS)))
    alerting.aws.faults.add(Fault("sns.ListSubscriptionsByTopic", "error", code="AuthorizationError", status=403))
    ran = shell("alerts-replay", "--from-dlq", code=5)
    assert "'clickctl doctor' tells which is missing" in ran.err
    alerting.aws.faults.reset()
    shell("alerts-replay", "--from-dlq")
    assert alerting.users() == Counter(USERS)


def test_letters_that_others_hold_are_told_of(alerting: Alerting, shell: Shell) -> None:
    alerting.send_letter(alerting.created(alerting.put(USERS)))
    alerting.aws.boto("sqs").receive_message(QueueUrl=alerting.letters, VisibilityTimeout=1000)
    assert (
        "SQS tells of letters that another run holds, or one that was killed: 1"
        in shell("alerts-replay", "--from-dlq").err
    )


def test_a_letter_that_cannot_be_deleted_is_told_as_done(alerting: Alerting, shell: Shell) -> None:
    alerting.send_letter(alerting.created(alerting.put(USERS)))
    alerting.aws.faults.add(Fault("sqs.DeleteMessage", "error", code="AccessDenied", status=403))
    done = shell("alerts-replay", "--from-dlq", "--output", "json", code=1).json
    assert done["letters"][0]["why"].startswith("done, but it could not be deleted")
    assert alerting.users() == Counter(USERS)


def test_two_letters_about_one_file_are_one_scan(alerting: Alerting, shell: Shell) -> None:
    s3, bucket = alerting.aws.boto("s3"), alerting.aws.lake.raw.split("/")[2]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    plain = alerting.created(alerting.put(USERS))
    key = plain["detail"]["object"]["key"]
    exact = json.loads(json.dumps(plain))
    exact["detail"]["object"]["version-id"] = s3.head_object(Bucket=bucket, Key=key)["VersionId"]
    for body in (plain, exact):
        alerting.send_letter(body)
    done = shell("alerts-replay", "--from-dlq", "--in-process", "--output", "json").json
    assert done["counts"] == {"sent": 1}
    assert [one["outcome"] for one in done["letters"]] == ["deleted", "deleted"]
    assert alerting.users() == Counter(USERS)


def test_what_was_sent_before_a_failure_is_counted(alerting: Alerting, shell: Shell) -> None:
    alerting.put(USERS)
    alerting.aws.faults.add(Fault("s3.CopyObject", "error", code="AccessDenied", status=403))
    done = shell("alerts-replay", *RANGE, "--in-process", "--output", "json", code=1).json
    assert done["hours"][0]["messages"] == 12
    assert "Messages sent before that, and not to be sent again: 12." in done["files"][0]["error"]
    alerting.aws.faults.reset()
    assert shell("alerts-replay", *RANGE, "--in-process", "--output", "json").json["counts"] == {"sent": 1}
    assert alerting.users() == Counter(USERS)
