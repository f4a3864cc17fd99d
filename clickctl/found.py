"""What a raw file holds to be told of: scanned from the file, or read from its pending receipt."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import IO

from clickctl.domain.hours import Hour
from clickctl.domain.receipts import (
    SUMMARY,
    Alert,
    Message,
    alert_in,
    alert_message,
    iso,
    line_of,
    micros,
    summary_message,
)
from clickctl.lakes import Stream
from lambda_src.lines import Fact
from lambda_src.scan import BrokenFile, Scanner


class Found:
    """The alerts of one raw file: `ids` of all of them, and `count` of those not sent `earlier`.

    Of more than `most` no messages are kept, but a summary. `receipt` is the location where all of them
    will be; `broken` says why the file could not be read to its end.
    """

    def __init__(self, source: str, hour: Hour, receipt: str, earlier: set[bytes], most: int) -> None:
        self.source, self.hour, self.receipt, self.most = source, hour, receipt, most
        self.earlier, self.ids = earlier, set[bytes]()
        self.count, self.broken = 0, ""
        self._first = self._last = 0
        self._messages: list[Message] = []

    def scan(self, scanner: Scanner, stream: Stream, body: IO[bytes]) -> None:
        """Find them in the file, each once, and write the lines of its receipt."""
        try:
            for fact in scanner.facts(stream, self.source):
                if (mark := bytes.fromhex(fact.click_id)) not in self.ids:
                    alert = _alert(fact, self.source)
                    body.write(line_of(alert))
                    self._add(mark, alert, fact.event_time)
        except BrokenFile as error:
            self.broken = str(error)
        body.flush()

    def read(self, lines: Iterable[bytes]) -> None:
        """Take them from the lines of a receipt."""
        for line in lines:
            alert = alert_in(line)
            self._add(bytes.fromhex(alert.alert_id), alert, micros(alert.event_time))

    def messages(self, sent: Collection[str]) -> list[Message]:
        """What is to be sent and is not among the ids `sent`."""
        if SUMMARY in sent:
            return []
        if self.count > self.most:
            times = iso(self._first), iso(self._last)
            return [summary_message(self.source, self.hour, self.receipt, self.count, times)]
        done = set(sent)
        return [message for message in self._messages if message.id not in done]

    def _add(self, mark: bytes, alert: Alert, at: int) -> None:
        self.ids.add(mark)
        if mark in self.earlier:
            return
        self._first, self._last = (min(self._first, at), max(self._last, at)) if self.count else (at, at)
        self.count += 1
        if self.count <= self.most:
            self._messages.append(alert_message(alert, self.hour, self.receipt))


def _alert(fact: Fact, source: str) -> Alert:
    action, at = fact.action or "", iso(fact.event_time)
    return Alert(fact.click_id, at, fact.user_id, fact.session_id, action, fact.page_url, fact.attrs, source)
