"""Alerts from end to end: the zip of `clickctl package` as a Lambda function, S3's events, SNS, SQS, and replays."""

from __future__ import annotations

import gzip
import json
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("boto3")
pytest.importorskip("pyarrow")

from clickctl.domain.receipts import receipt_key
from clickctl.packaging import HANDLER, write_packages
from tests.conftest import Shell
from tests.e2e.ministack import Ministack, eventually, running
from tests.lambda_src.test_lines import line, transformed

pytestmark = pytest.mark.xdist_group("ministack")

RAW, ALERTS, ROOT = "company-raw", "company-alerts", "clickstream"
HOUR, FOLDER = ("2026-01-05T13", "2026-01-05T14"), "2026/01/05/13"
SOURCE = f"{FOLDER}/part-0.json.gz"
FUNCTION, LOG, DELIVERY, TRAIL = "alerts", "/aws/lambda/alerts", "raw-created", "raw-calls"
USERS = [f"person-{n:02}" for n in range(12)]
TEXT = b"\n".join([
    *(line(user_id=user, attributes={"noise": os.urandom(200).hex()}) for user in USERS),
    line(action="click", user_id="browser"), line(user_id=None), b"{broken", line(event_time="2020-01-01T00:00:00Z"),
])  # fmt: skip
WHOLE = gzip.compress(TEXT, mtime=0)


class Account:
    """All that docs/alerts.md has one set up, and a queue subscribed to the topic."""

    def __init__(self, server: Ministack, package: Path) -> None:
        self.server = server
        self.s3, self.sqs, self.events = server.client("s3"), server.client("sqs"), server.client("events")
        self.function, self.logs = server.client("lambda"), server.client("logs")
        for bucket in (RAW, ALERTS):
            self.s3.create_bucket(Bucket=bucket)
        bridge: dict[str, Any] = {"EventBridgeConfiguration": {}}
        self.s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration=bridge)
        self.inbox, inbox = self._queue("inbox")
        self.letters, letters = self._queue("letters")
        sns = server.client("sns")
        self.topic = sns.create_topic(Name="purchases")["TopicArn"]
        bare = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=inbox, Attributes=bare)
        self._install(package, letters)

    def _queue(self, name: str) -> tuple[str, str]:
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        told = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, told["Attributes"]["QueueArn"]

    def _install(self, package: Path, letters: str) -> None:
        variables = {"CLICKCTL_LAKE_RAW": f"s3://{RAW}/{ROOT}", "CLICKCTL_LAKE_ALERTS": f"s3://{ALERTS}/{ROOT}",
                     "CLICKCTL_ALERTS_TOPIC": self.topic}  # fmt: skip
        self.logs.create_log_group(logGroupName=LOG)
        arn = self.function.create_function(
            FunctionName=FUNCTION, Runtime="python3.11", Handler=HANDLER, Role="arn:aws:iam::000000000000:role/alerts",
            Code={"ZipFile": package.read_bytes()}, Timeout=30, MemorySize=256, Environment={"Variables": variables},
            DeadLetterConfig={"TargetArn": letters},
        )["FunctionArn"]  # fmt: skip
        created = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [RAW]}}}
        called = {"detail-type": ["AWS API Call via CloudTrail"]}
        for rule, pattern in ((DELIVERY, created), (TRAIL, called)):
            self.events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
            assert not self.events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn}])["FailedEntryCount"]

    def put(self, data: bytes = WHOLE, name: str = SOURCE) -> str:
        """Write an object under the raw root: the key of its receipt."""
        etag = self.s3.put_object(Bucket=RAW, Key=f"{ROOT}/{name}", Body=data)["ETag"].strip('"')
        return receipt_key(name, etag)

    def lose_events(self) -> None:
        """What is put from now on is told to nobody."""
        self.events.disable_rule(Name=DELIVERY)

    def deliver(self) -> None:
        """S3's event about the raw file, handed to the function as EventBridge does, with Lambda's retries."""
        detail = {"bucket": {"name": RAW}, "object": {"key": f"{ROOT}/{SOURCE}"}}
        event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
        self.function.invoke(FunctionName=FUNCTION, InvocationType="Event", Payload=json.dumps(event))

    def kept(self) -> list[str]:
        """The keys under the alerts root."""
        listed = self.s3.list_objects_v2(Bucket=ALERTS, Prefix=f"{ROOT}/").get("Contents", [])
        return sorted(one["Key"].removeprefix(f"{ROOT}/") for one in listed)

    def receipt(self, key: str) -> list[dict[str, Any]]:
        """Its lines, once it is there and nothing is pending."""
        eventually(lambda: self.kept() == [key], f"{key} alone under the alerts root")
        body = self.s3.get_object(Bucket=ALERTS, Key=f"{ROOT}/{key}")["Body"].read()
        return [json.loads(text) for text in body.splitlines()]

    def messages(self) -> list[dict[str, Any]]:
        """What comes to the inbox until for a second nothing more does."""
        asked = {"QueueUrl": self.inbox, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        found: list[dict[str, Any]] = []
        while got := self.sqs.receive_message(**asked, WaitTimeSeconds=1).get("Messages"):
            found += got
            entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(got)]
            self.sqs.delete_message_batch(QueueUrl=self.inbox, Entries=entries)
        return found

    def users(self) -> list[str]:
        return sorted(json.loads(message["Body"])["user_id"] for message in self.messages())

    def waiting_letters(self) -> int:
        """In the dead-letter queue, hidden ones too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.sqs.get_queue_attributes(QueueUrl=self.letters, AttributeNames=names)["Attributes"]
        return sum(int(told[name]) for name in names)

    def log(self) -> list[str]:
        """What the function has printed."""
        found = self.logs.filter_log_events(logGroupName=LOG)["events"]
        return [text for event in found for text in event["message"].splitlines()]

    def said(self, outcome: str, times: int) -> list[dict[str, Any]]:
        """The structured lines of an outcome, once there are so many of them."""

        def look() -> list[dict[str, Any]]:
            lines = [json.loads(text) for text in self.log() if text.startswith("{")]
            return [one for one in lines if one.get("event") == outcome]

        eventually(lambda: len(look()) >= times, f"{times} lines in the log that say {outcome}")
        assert len(look()) == times
        return look()


@pytest.fixture(scope="module")
def server() -> Iterator[Ministack]:
    with running() as made:
        yield made


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Lambda's zip."""
    return next(Path(one.path) for one in write_packages(tmp_path_factory.mktemp("dist")) if HANDLER in one.purpose)


@pytest.fixture
def account(server: Ministack, package: Path) -> Account:
    server.reset()
    return Account(server, package)


@pytest.fixture
def clickctl(account: Account, tmp_path: Path) -> Callable[..., Any]:
    """clickctl("alerts-replay", …): its report, of a process that has to end well."""
    roots = [f'{name} = "s3://company-{name}/{ROOT}"' for name in ("raw", "processed", "quarantine", "alerts")]
    alerts = [f'topic = "{account.topic}"', f'function = "{FUNCTION}"', f'dead_letters = "{account.letters}"']
    config = tmp_path / "clickctl.toml"
    config.write_text("\n".join(['backend = "aws"', "[lake]", *roots, "[alerts]", *alerts]))
    shell = Shell(tmp_path, config)
    return lambda *words: shell("--output", "json", *words, env=account.server.environment).json


def test_the_zip_of_the_lambda_brings_neither_the_sdk_nor_anything_else_that_is_not_ours(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"clickctl", "lambda_src"}


def test_a_raw_file_that_is_put_pages_each_purchase_and_leaves_a_receipt(account: Account) -> None:
    key = account.put()
    facts = {fact["click_id"]: fact["user_id"] for fact in transformed(TEXT)}
    assert sorted(facts.values()) == USERS
    receipt = account.receipt(key)
    assert [one["alert_id"] for one in receipt] == list(facts)
    messages = account.messages()
    assert {json.loads(one["Body"])["alert_id"] for one in messages} == set(facts) and len(messages) == len(facts)
    for message in messages:
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        assert attributes == {"type": "alert", "action": "purchase", "hour": HOUR[0]}


def test_the_log_has_the_counts_and_the_metrics_and_names_nobody(account: Account) -> None:
    account.put()
    (told,) = account.said("sent", 1)
    assert (told["source"], told["alerts"], told["messages"]) == (SOURCE, 12, 12)
    metrics = eventually(lambda: [json.loads(text) for text in account.log() if text.startswith('{"_aws"')], "metrics")
    assert [(one["FunctionName"], one["Objects"], one["Alerts"]) for one in metrics] == [(FUNCTION, 1, 12)]
    assert not [text for text in account.log() if "person-" in text or "browser" in text]


def test_an_event_that_is_delivered_again_in_whatever_shape_pages_nobody(account: Account) -> None:
    receipt = account.receipt(account.put())
    assert account.users() == USERS
    call = {"eventSource": "s3.amazonaws.com", "eventName": "PutObject",
            "requestParameters": {"bucketName": RAW, "key": f"{ROOT}/{SOURCE}"}}  # fmt: skip
    entry = {"Source": "trail", "DetailType": "AWS API Call via CloudTrail", "Detail": json.dumps(call)}
    assert not account.events.put_events(Entries=[entry])["FailedEntryCount"]
    account.deliver()
    account.said("already", 2)
    assert account.users() == []
    assert account.receipt(account.kept()[0]) == receipt


@pytest.mark.parametrize("name", [f"{FOLDER}/_SUCCESS", f"{FOLDER}/part-0.json.gz.tmp", "2026/13/05/13/part-0.json.gz"])
def test_an_object_that_is_no_raw_file_is_ignored(account: Account, name: str) -> None:
    account.put(name=name)
    (told,) = account.said("ignored", 1)
    assert told["key"] == f"{ROOT}/{name}"
    assert account.kept() == [] and account.users() == []


@pytest.mark.parametrize("way", [(), ("--in-process",)], ids=["by the function", "in process"])
def test_a_broken_file_goes_to_the_dead_letters_and_put_anew_is_replayed_from_there(
    account: Account, clickctl: Callable[..., Any], way: tuple[str, ...]
) -> None:
    account.lose_events()
    broken = account.put(WHOLE[: len(WHOLE) // 2])
    account.deliver()
    eventually(lambda: account.waiting_letters() == 1, "a dead letter")
    account.said("failed", 3)
    before = account.users()
    assert 0 < len(before) < len(USERS)

    whole = account.put()
    report = clickctl("alerts-replay", "--from-dlq", "--yes", *way)
    assert (report["counts"], [one["outcome"] for one in report["letters"]]) == ({"sent": 1}, ["deleted"])
    account.said("sent", 0 if way else 1)
    assert account.waiting_letters() == 0
    assert Counter(before + account.users()) == Counter(USERS)

    clickctl("alerts-replay", *HOUR, *way)  # what is pending of the broken file
    assert account.kept() == sorted([broken, whole])
    assert account.users() == []


def test_a_raw_file_whose_event_was_lost_is_replayed_by_the_function_and_once(
    account: Account, clickctl: Callable[..., Any]
) -> None:
    account.lose_events()
    key = account.put()
    assert clickctl("alerts-replay", *HOUR)["counts"] == {"sent": 1}
    assert len(account.receipt(key)) == len(account.said("sent", 1)) * 12
    assert account.users() == USERS
    assert clickctl("alerts-replay", *HOUR)["counts"] == {}
    assert account.users() == []
