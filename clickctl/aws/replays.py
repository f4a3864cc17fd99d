"""The Lambda function and its dead-letter queue, as replays need them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clickctl.alerts import Letter
from clickctl.aws.clients import client
from clickctl.aws.errors import explained
from clickctl.domain.errors import ClickctlError, ConfigError, EngineError
from clickctl.roots import AwsSettings

_HIDDEN_SECONDS = 1800
"""How long a received letter stays hidden from others."""


@dataclass(frozen=True)
class LambdaFunction:
    """Invoked asynchronously: Lambda queues the request, and repeats it twice if it fails.

    An answer that is lost is not asked for again: the receipt tells whether the request arrived.
    """

    name: str
    aws: AwsSettings

    def invoke(self, request: bytes) -> None:
        with explained(f"function {self.name}"):
            answer = client("lambda", self.aws, attempts=1).invoke(
                FunctionName=self.name, InvocationType="Event", Payload=request
            )
        if answer["StatusCode"] != 202:
            raise EngineError(f"function {self.name}: answered {answer['StatusCode']}, not 202.", changed="")


@dataclass(frozen=True)
class SqsLetters:
    """A standard queue that a Lambda's failed events go to."""

    place: str
    aws: AwsSettings

    def receive(self) -> list[Letter]:
        with explained(f"queue {self.place}"):
            answer = self._client.receive_message(
                QueueUrl=self._url(), MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=_HIDDEN_SECONDS,
                MessageAttributeNames=["All"],
            )  # fmt: skip
        return [_letter(message) for message in answer.get("Messages", ())]

    def delete(self, letter: Letter) -> None:
        with explained(f"queue {self.place}"):
            self._client.delete_message(QueueUrl=self._url(), ReceiptHandle=letter.handle)

    def release(self, letters: Sequence[Letter]) -> None:
        """An entry that fails is visible already (MessageNotInflight, SQS API reference), as it should be."""
        for start in range(0, len(letters), 10):
            part = letters[start : start + 10]
            entries = [
                {"Id": str(n), "ReceiptHandle": letter.handle, "VisibilityTimeout": 0} for n, letter in enumerate(part)
            ]
            with explained(f"queue {self.place}"):
                self._client.change_message_visibility_batch(QueueUrl=self._url(), Entries=entries)

    def hidden(self) -> int:
        name = "ApproximateNumberOfMessagesNotVisible"
        try:
            with explained(f"queue {self.place}"):
                answer = self._client.get_queue_attributes(QueueUrl=self._url(), AttributeNames=[name])
        except ClickctlError:
            return 0
        return int(answer["Attributes"].get(name, 0))

    @property
    def _client(self) -> Any:
        return client("sqs", self.aws)

    def _url(self) -> str:
        with explained(f"queue {self.place}"):
            return queue_url(self._client, self.place)


def queue_url(sqs: Any, place: str) -> str:
    """The URL of a queue that is named by its URL or its ARN."""
    if not place.startswith("arn:"):
        return place
    parts = place.split(":")
    if len(parts) != 6 or parts[2] != "sqs":
        raise ConfigError(f"[alerts] dead_letters: {place} is not the ARN of an SQS queue.")
    return str(sqs.get_queue_url(QueueName=parts[5], QueueOwnerAWSAccountId=parts[4])["QueueUrl"])


def _letter(message: Any) -> Letter:
    attributes = message.get("MessageAttributes", {})
    reason = attributes.get("ErrorMessage", {}).get("StringValue", "")
    return Letter(message["MessageId"], message["ReceiptHandle"], message.get("Body", ""), reason)
