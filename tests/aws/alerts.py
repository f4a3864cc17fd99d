"""An account with a topic whose messages are read back from a subscribed queue, and the Lambda run in this process."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from lambda_src import handler
from tests.aws.harness.account import Aws
from tests.aws.harness.replies import Reply, json_reply
from tests.conftest import event

ACCOUNT = "arn:aws:sqs:us-east-1:123456789012"
HOUR = "2026-01-05T13"


class Context:
    """What Lambda gives a handler."""

    def __init__(self, request: str) -> None:
        self.aws_request_id = request


class Alerting:
    """The Lambda and all it speaks to."""

    def __init__(self, aws: Aws, monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
        self.aws, self.requests = aws, 0
        sns, sqs = aws.boto("sns"), aws.boto("sqs")
        self.topic = sns.create_topic(Name="purchases")["TopicArn"]
        self.inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        self.letters = sqs.create_queue(QueueName="letters")["QueueUrl"]
        sns.subscribe(
            TopicArn=self.topic, Protocol="sqs", Endpoint=f"{ACCOUNT}:inbox", Attributes={"RawMessageDelivery": "true"}
        )
        usual = {
            "CLICKCTL_LAKE_RAW": aws.lake.raw,
            "CLICKCTL_LAKE_ALERTS": aws.lake.alerts,
            "CLICKCTL_ALERTS_TOPIC": self.topic,
        }
        for name, value in {**usual, **variables}.items():
            monkeypatch.setenv(name, value)
        handler._settings.cache_clear()
        aws.handlers["lambda.Invoke"] = self._invoked
        self.threads: list[threading.Thread] = []

    @property
    def config(self) -> dict[str, Any]:
        """The [alerts] of a configuration."""
        return {"topic": self.topic, "function": "alerts", "dead_letters": self.letters}

    def put(self, users: Sequence[Any], name: str = "part-0.json.gz", hour: str = HOUR) -> str:
        """A raw file with a purchase of each user: its location."""
        return self.aws.put_raw(hour, [event(user="nobody"), *(event(user=u, action="purchase") for u in users)], name)

    def created(self, location: str) -> dict[str, Any]:
        """S3's own event about an object."""
        bucket, key = location.removeprefix("s3://").split("/", 1)
        detail = {"bucket": {"name": bucket}, "object": {"key": key}}
        return {"detail-type": "Object Created", "source": "aws.s3", "detail": detail}

    def handle(self, request: Any, request_id: str = "") -> dict[str, int]:
        self.requests += 1
        return handler.handle(request, Context(request_id or f"request-{self.requests}"))

    def users(self) -> Counter[str]:
        """How often each user's purchase has arrived in the inbox."""
        return Counter(str(plain["user_id"]) for plain in self.messages() if plain["type"] == "alert")

    def messages(self) -> list[Any]:
        """All messages that arrived since the last look."""
        return [json.loads(body) for body in self._drain(self.inbox)]

    def send_letter(self, body: Any) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.aws.boto("sqs").send_message(QueueUrl=self.letters, MessageBody=text)

    def letters_left(self) -> list[str]:
        return self._drain(self.letters)

    def receipts(self) -> dict[str, list[str]]:
        """The users in each final receipt, by its key's last part."""
        found = {}
        for location in self.aws.list(self.aws.lake.alerts):
            assert "/_pending/" not in location
            lines = self.aws.read(location).splitlines()
            found[location.rpartition("/")[2]] = sorted(str(json.loads(line)["user_id"]) for line in lines)
        return found

    def close(self) -> None:
        for thread in self.threads:
            thread.join(60)
        handler._settings.cache_clear()

    def _drain(self, url: str) -> list[str]:
        found: list[str] = []
        sqs = self.aws.boto("sqs")
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages"):
            found += [message["Body"] for message in got]
            for message in got:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def _invoked(self, request: Any) -> Reply:
        """Lambda's asynchronous invocation: answered at once, run on a thread."""
        body = json.loads(request.body)
        thread = threading.Thread(target=self._run, args=(body,))
        self.threads.append(thread)
        thread.start()
        return json_reply({}, 202)

    def _run(self, body: Any) -> None:
        try:
            self.handle(body)
        except Exception:
            self.send_letter(body)
