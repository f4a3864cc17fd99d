"""Messages to an SNS topic."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from clickctl.aws.clients import client
from clickctl.aws.errors import explained, shown
from clickctl.domain.errors import ClickctlError
from clickctl.domain.receipts import Message
from clickctl.roots import AwsSettings

_TRIES = 5
_PATIENCE = 30
"""Seconds after which what was refused is not tried again."""

UNCONFIRMED = " (not confirmed)"


@dataclass(frozen=True)
class SnsTopic:
    """A standard topic. An answer of 200 can carry an error for each message (SNS API reference, PublishBatch)."""

    arn: str
    aws: AwsSettings
    sleep: Callable[[float], None] = time.sleep

    def publish(self, batch: Sequence[Message]) -> tuple[list[str], str]:
        left = {str(number): message for number, message in enumerate(batch)}
        accepted: set[str] = set()
        reason, until = "", time.monotonic() + _PATIENCE
        for tried in range(_TRIES):
            try:
                answer = self._publish([_entry(number, message) for number, message in left.items()])
            except ClickctlError as error:
                if not accepted:
                    raise
                reason = error.message  # what was accepted before it must be known
                break
            for entry in answer.get("Successful", ()):
                accepted.add(left.pop(entry["Id"]).id)
            for entry in answer.get("Failed", ()):
                reason = f"{entry.get('Code', '')}: {shown(entry.get('Message', ''))}"
                if entry.get("SenderFault"):  # what is wrong with the message itself is wrong again
                    left.pop(entry["Id"])
            if not left or time.monotonic() > until:
                break
            if tried < _TRIES - 1:
                self.sleep(random.uniform(0, 0.1 * 2**tried))
        ids = [message.id for message in batch if message.id in accepted]
        return ids, reason if len(ids) < len(batch) else ""

    def _publish(self, entries: list[dict[str, Any]]) -> Any:
        with self._explained():
            # Two attempts of read_timeout seconds are shorter than the lease of a claim.
            sns = client("sns", self.aws, attempts=2)
            return sns.publish_batch(TopicArn=self.arn, PublishBatchRequestEntries=entries)

    def audience(self) -> list[str]:
        """The topic's subscriptions: protocol and endpoint, of an address of a person only its domain."""
        with self._explained():
            pages = client("sns", self.aws).get_paginator("list_subscriptions_by_topic").paginate(TopicArn=self.arn)
            found = [subscription for page in pages for subscription in page.get("Subscriptions", ())]
        return sorted(f"{one['Protocol']} {_shown(one['Protocol'], one['Endpoint'])}{_state(one)}" for one in found)

    def is_heard(self, audience: Sequence[str]) -> bool:
        return any(not line.endswith(UNCONFIRMED) for line in audience)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with explained(f"topic {self.arn}"):
            yield


def _entry(number: str, message: Message) -> dict[str, Any]:
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()}
    return {"Id": number, "Message": message.body, "MessageAttributes": attributes}


def _shown(protocol: str, endpoint: str) -> str:
    if protocol.startswith("email"):
        return f"…@{endpoint.rpartition('@')[2]}"
    if protocol == "sms":
        return f"…{endpoint[-3:]}"
    return endpoint.split("?")[0]


def _state(subscription: Any) -> str:
    return UNCONFIRMED if subscription.get("SubscriptionArn") == "PendingConfirmation" else ""
