"""Receipts and alerts: what is kept, and what is sent, of the purchases found in one raw object.

Under the alerts root, one object for each version of a raw object that was scanned:

    2026/01/05/13/part-0.json.gz-<etag>.ndjson            the receipt: every alert, sent; empty when none
    _pending/2026/01/05/13/part-0.json.gz-<etag>.ndjson   the same while it is being sent
    _pending/2026/01/05/13/part-0.json.gz-<etag>.json     who is at it until when, and what was sent
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from clickctl.domain.errors import LakeError
from clickctl.domain.hours import Hour
from clickctl.domain.layout import raw_hour
from clickctl.domain.structure import StructureError, from_plain, to_plain

PENDING = "_pending/"
SUMMARY = "summary"
"""The word for a summary among the ids that were sent."""

BATCH_MESSAGES, BATCH_BYTES = 10, 262_144
"""The most one PublishBatch takes, all its messages and their attributes together (SNS API reference)."""

_RECEIPT = re.compile(r"((?:\d{4}/\d\d/\d\d/\d\d)/part-[^/]*\.json(?:\.gz)?)-([0-9A-Za-z_-]+)\.(ndjson|json)")
_ID = re.compile(r"[0-9a-f]{32}")
_FEW = 1000  # bytes of a batch left for what surrounds messages


@dataclass(frozen=True)
class Alert:
    """One line of a receipt. `alert_id` is the fact's click_id, `source` the raw key; ISO 8601 in UTC."""

    alert_id: str
    event_time: str
    user_id: str
    session_id: str | None
    action: str
    page_url: str | None
    attrs: str | None
    source: str


@dataclass(frozen=True)
class Sending:
    """The state of sending one receipt: whose it is until when (ISO 8601, UTC; empty: nobody's), and the ids sent.

    `broken` tells that the raw object could be read up to a damage only.
    """

    source: str
    etag: str
    owner: str = ""
    until: str = ""
    sent: tuple[str, ...] = ()
    broken: bool = False

    @property
    def key(self) -> str:
        return receipt_key(self.source, self.etag)


class Message(NamedTuple):
    """One message to subscribers; `attributes` are texts to filter by."""

    id: str
    body: str
    attributes: dict[str, str]

    @property
    def size(self) -> int:
        """Bytes as SNS counts them: the body, and name, type and value of each attribute."""
        around = sum(
            len(name.encode()) + len("String") + len(value.encode()) for name, value in self.attributes.items()
        )
        return len(self.body.encode()) + around


class ReceiptName(NamedTuple):
    """What the key of a receipt, or of what is pending, says."""

    source: str
    etag: str
    pending: bool
    state: bool

    @property
    def hour(self) -> Hour:
        found = raw_hour(self.source)
        assert found is not None
        return found


def receipt_key(source: str, etag: str) -> str:
    """Under the alerts root: the receipt of one version of a raw object, known by its ETag."""
    return f"{source}-{etag}.ndjson"


def state_key(key: str) -> str:
    """Where the state of sending a receipt is kept."""
    return f"{PENDING}{key.removesuffix('.ndjson')}.json"


def receipt_name(key: str) -> ReceiptName | None:
    """What a key under the alerts root says, or None for what is no receipt."""
    pending = key.startswith(PENDING)
    match = _RECEIPT.fullmatch(key.removeprefix(PENDING))
    if match is None or raw_hour(match[1]) is None or (match[3] == "json" and not pending):
        return None
    return ReceiptName(match[1], match[2], pending, match[3] == "json")


def dump_sending(state: Sending) -> bytes:
    return json.dumps({"version": 1, **to_plain(state)}).encode()


def load_sending(data: bytes, location: str) -> Sending:
    """Raises LakeError for a document that is damaged or of a later version."""
    try:
        plain = json.loads(data)
        if not isinstance(plain, dict) or plain.get("version") != 1:
            raise StructureError("version", "is not 1")
        state = from_plain(Sending, plain)
        if not all(mark == SUMMARY or _ID.fullmatch(mark) for mark in state.sent):
            raise StructureError("sent", "holds what is no click_id")
        return state
    except (ValueError, RecursionError) as error:
        hint = "Move it away, then run 'clickctl alerts-replay': what it says was sent is sent again."
        raise LakeError(f"{location} is damaged: {error}.", hint=hint) from None


def line_of(alert: Alert) -> bytes:
    """As UTF-8; in ASCII where a file name holds what UTF-8 cannot."""
    try:
        return json.dumps(vars(alert), ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(vars(alert)).encode() + b"\n"


def ids_in(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The alert ids of a receipt's lines, 16 bytes each; of a damaged line none."""
    for line in lines:
        try:
            yield bytes.fromhex(json.loads(line)["alert_id"])
        except (ValueError, KeyError, TypeError):
            continue


def alert_in(line: bytes) -> Alert:
    """Raises StructureError or ValueError for a damaged line."""
    return from_plain(Alert, json.loads(line))


def alert_message(alert: Alert, hour: Hour, receipt: str) -> Message:
    """`receipt` is the location where all alerts of the object will be."""
    attributes = {"type": "alert", "action": alert.action, "hour": str(hour)}
    around = {"type": "alert", "arrival_hour": str(hour)}
    found = Message(alert.alert_id, json.dumps({**around, **vars(alert)}), attributes)
    if found.size <= BATCH_BYTES - _FEW:
        return found
    known = {"alert_id": alert.alert_id, "event_time": alert.event_time, "source": alert.source}
    text = json.dumps({**around, **known, "too_long": True, "receipt": receipt})
    return Message(alert.alert_id, text, attributes)


def summary_message(source: str, hour: Hour, receipt: str, alerts: int, times: tuple[str, str]) -> Message:
    """What is sent in place of more alerts of one object than are sent singly. Times as in Alert."""
    body = {
        "type": SUMMARY, "source": source, "arrival_hour": str(hour), "receipt": receipt, "alerts": alerts,
        "first_event_time": times[0], "last_event_time": times[1],
    }  # fmt: skip
    return Message(SUMMARY, json.dumps(body), {"type": SUMMARY, "hour": str(hour)})


def batches(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """In order, as many together as one call may carry."""
    batch: list[Message] = []
    for message in messages:
        if batch and (len(batch) == BATCH_MESSAGES or sum(m.size for m in batch) + message.size > BATCH_BYTES - _FEW):
            yield batch
            batch = []
        batch.append(message)
    if batch:
        yield batch


def iso(micros: int) -> str:
    """Microseconds since the epoch as ISO 8601, UTC."""
    at = datetime.fromtimestamp(micros // 10**6, UTC).replace(microsecond=micros % 10**6)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def micros(text: str) -> int:
    """And back."""
    at = datetime.fromisoformat(text)
    return int(at.replace(microsecond=0).timestamp()) * 10**6 + at.microsecond
