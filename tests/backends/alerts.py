"""A lake with raw files to alert about, and a topic whose subscribers are remembered."""

from __future__ import annotations

import gzip
import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from clickctl.alerting import Again, Alerted, Alerter
from clickctl.domain.receipts import Message, receipt_name
from clickctl.domain.rules import QualityRules
from clickctl.lakes import Lake
from clickctl.receipts import Receipts
from tests.conftest import event

SOURCE = "2026/01/05/13/part-0.json.gz"
START = datetime(2026, 1, 5, 14, tzinfo=UTC)


@dataclass
class Subscribers:
    """Who gets the messages. `refuse` tells of a message whether it is refused; `before` runs before a batch."""

    got: list[Message] = field(default_factory=list)
    batches: list[list[Message]] = field(default_factory=list)
    refuse: Callable[[Message], bool] = lambda message: False
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def publish(self, batch: Sequence[Message]) -> tuple[list[str], str]:
        self.before()
        accepted = [message for message in batch if not self.refuse(message)]
        with self.lock:
            self.batches.append(list(batch))
            self.got += accepted
        self.after()
        return [message.id for message in accepted], "it was refused" if len(accepted) < len(batch) else ""

    def audience(self) -> list[str]:
        return ["the test"]

    def is_heard(self, audience: Sequence[str]) -> bool:
        return True

    @property
    def users(self) -> Counter[str]:
        """How often each user's purchase was told of."""
        return Counter(str(json.loads(message.body)["user_id"]) for message in self.got)


@dataclass
class AlertLake:
    """`at` is the present moment of whoever runs."""

    lake: Lake
    root: str
    subscribers: Subscribers = field(default_factory=Subscribers)
    at: datetime = START
    runs: int = 0

    def put(self, users: Sequence[Any], source: str = SOURCE, *, broken: bool = False) -> None:
        """A raw file with a purchase of each user, and other events between them."""
        events = [event(user=user, action="purchase") for user in users] + [event(user=user) for user in users[:3]]
        data = "\n".join(map(json.dumps, events)).encode()
        packed = gzip.compress(data, mtime=0) if source.endswith(".gz") else data
        self.put_bytes(packed[:-9] if broken else packed, source)

    def put_bytes(self, data: bytes, source: str = SOURCE) -> None:
        location = f"{self.root}/raw/{source}"
        present = self.lake.get(location)
        self.lake.put_if(location, data, present[1] if present else None)

    def alerter(self, owner: str = "", lake: Lake | None = None, **changes: Any) -> Alerter:
        self.runs += 1
        lake = lake or self.lake
        receipts = Receipts(lake, f"{self.root}/alerts", owner or f"run-{self.runs}", lambda: self.at)
        made = Alerter(lake, f"{self.root}/raw", receipts, QualityRules(), "purchase", self.subscribers, 100)
        return replace(made, **changes)

    def alert(self, source: str = SOURCE, again: Again = Again.NO, **changes: Any) -> Alerted:
        return self.alerter(**changes).alert(source, again=again)

    def later(self, seconds: int = 3600) -> None:
        self.at += timedelta(seconds=seconds)

    def receipts(self) -> list[str]:
        """The keys of all of them, pending ones too."""
        found = [info.location.removeprefix(f"{self.root}/alerts/") for info in self.lake.list(f"{self.root}/alerts/")]
        assert all(map(receipt_name, found))
        return found

    def users_in(self, key: str) -> list[str]:
        """Of the alerts of a receipt."""
        found = self.lake.get(f"{self.root}/alerts/{key}")
        assert found is not None
        return [json.loads(line)["user_id"] for line in found[0].splitlines()]

    def final(self) -> list[str]:
        return [key for key in self.receipts() if not key.startswith("_pending/")]

    def pending(self) -> list[str]:
        return [key for key in self.receipts() if key.startswith("_pending/")]
