"""A raw object to its alerts and its receipt, sent once however often it is asked for.

1. Scan. Without alerts, put the empty receipt: done.
2. Claim by compare-and-swap the state of sending, which holds what is to be sent.
3. Put the receipt as pending; send batch by batch, noting after each what was accepted.
4. Put the receipt at its final name, then delete what was pending.

Killed anywhere, the next who comes sends what is not noted as sent: at most one batch twice. Of two
at once one holds the claim and the other is told so. Alerts that an earlier version of the same raw
file sent are not sent again.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, NamedTuple

from clickctl.alerts import Topic
from clickctl.domain.errors import AlertFailed, ClickctlError, UsageError
from clickctl.domain.hours import Hour
from clickctl.domain.layout import raw_hour
from clickctl.domain.receipts import (
    PENDING,
    Alert,
    Message,
    ReceiptName,
    Sending,
    Summary,
    batches,
    iso,
    line_of,
    messages_of,
    receipt_key,
)
from clickctl.domain.rules import QualityRules
from clickctl.lakes import Lake, Opened
from clickctl.receipts import Receipts
from lambda_src.lines import Fact
from lambda_src.scan import BrokenFile, Scanner

AGAIN = "Have the file delivered again: its new version is scanned by itself."


class Again(StrEnum):
    """What becomes of an object that has a receipt: nothing, what is new in it is sent, or all of it."""

    NO = "no"
    NEW = "new"
    ALL = "all"


class Alerted(NamedTuple):
    """What became of one raw object: `outcome` is sent, already or gone.

    `alerts` are the distinct ones in it, `messages` those accepted now, `scanned` bytes of text,
    `candidates` lines that were read.
    """

    source: str
    outcome: str
    etag: str = ""
    alerts: int = 0
    messages: int = 0
    summarised: bool = False
    scanned: int = 0
    candidates: int = 0


@dataclass
class _Found:
    """What a scan found. `fresh` are alerts not sent yet: all of them, or the first few where there are more."""

    alerts: int = 0
    fresh: list[Alert] = field(default_factory=list)
    count: int = 0
    times: tuple[int, int] | None = None
    broken: str = ""


@dataclass(frozen=True)
class Alerter:
    """Alerts of one lake. `topic` None: receipts are written and nobody is told."""

    lake: Lake
    raw: str
    receipts: Receipts
    rules: QualityRules
    action: str
    topic: Topic | None
    max_messages: int

    def alert(self, source: str, version: str = "", again: Again = Again.NO) -> Alerted:
        """Scan one raw file, by its key under the raw root, and send what is to be sent.

        Raises Locked while another is at it, AlertFailed for what could not be read or sent to its end.
        """
        hour = raw_hour(source)
        if hour is None:
            raise UsageError(f"{source!r} is not the key of a raw file.")
        opened = self.lake.stream(f"{self.raw}/{source}", version)
        if opened is None:
            return Alerted(source, "gone")
        with closing(opened.stream):
            key = receipt_key(source, opened.etag)
            has_receipt = self.receipts.exists(key)
            if has_receipt and again is Again.NO:
                return Alerted(source, "already", opened.etag)
            earlier = set() if again is Again.ALL else self.receipts.sent_before(source, key)
            with tempfile.NamedTemporaryFile(prefix="clickctl-alerts-") as body:
                scanner = Scanner(self.action, self.rules, hour)
                found = self._scan(scanner, opened, source, earlier, body)
                done = Alerted(source, "sent", opened.etag, found.alerts, 0, False, scanner.scanned, scanner.candidates)
                if has_receipt and not found.count:
                    return done._replace(outcome="already")
                if has_receipt:
                    self.receipts.keep_lines_of(key, body)
                return self._deliver(done, hour, found, Path(body.name), again)

    def preview(self, source: str, version: str = "", again: Again = Again.NO) -> Alerted:
        """What `alert` would send now, with nothing written and nobody told."""
        hour, opened = raw_hour(source), self.lake.stream(f"{self.raw}/{source}", version)
        if opened is None or hour is None:
            return Alerted(source, "gone")
        with closing(opened.stream), open(os.devnull, "wb") as nowhere:
            earlier = set() if again is Again.ALL else self.receipts.sent_before(source, "")
            found = self._scan(Scanner(self.action, self.rules, hour), opened, source, earlier, nowhere)
        many = found.count > self.max_messages
        return Alerted(source, "planned", opened.etag, found.alerts, 1 if many else found.count, many)

    def finish(self, name: ReceiptName) -> Alerted:
        """Send what is left of an object that is no more, from what is kept of it as pending."""
        key = receipt_key(name.source, name.etag)
        state = self.receipts.state(key)
        if state is None:
            return Alerted(name.source, "already", name.etag)
        state, mark = self.receipts.claim(replace(state, broken=False))
        before, earlier = len(state.sent), self.receipts.sent_before(name.source, key)
        state = _without(state, earlier)
        if not self.receipts.exists(PENDING + key):  # killed between the claim and it
            with tempfile.NamedTemporaryFile(prefix="clickctl-alerts-") as body:
                body.writelines(map(line_of, state.alerts))
                body.flush()
                self.receipts.put(PENDING + key, Path(body.name))
        alerts = sum(1 for _ in self.receipts.lines(PENDING + key))
        sent = self._send(state, mark, name.hour)
        return Alerted(name.source, "sent", name.etag, alerts, len(sent.sent) - before, state.summary is not None)

    def _scan(self, scanner: Scanner, opened: Opened, source: str, earlier: set[bytes], body: IO[bytes]) -> _Found:
        found, seen = _Found(), set()
        try:
            for fact in scanner.facts(opened.stream, source):
                if (mark := bytes.fromhex(fact.click_id)) in seen:
                    continue
                seen.add(mark)
                alert = _alert(fact, source)
                body.write(line_of(alert))
                if mark not in earlier:
                    found.count += 1
                    first, last = found.times or (fact.event_time, fact.event_time)
                    found.times = min(first, fact.event_time), max(last, fact.event_time)
                    if found.count <= self.max_messages:
                        found.fresh.append(alert)
        except BrokenFile as error:
            found.broken = str(error)
        found.alerts = len(seen)
        body.flush()
        return found

    def _deliver(self, done: Alerted, hour: Hour, found: _Found, body: Path, again: Again) -> Alerted:
        key = receipt_key(done.source, done.etag)
        if not found.broken and (not found.count or self.topic is None):
            self.receipts.put(key, body)
            return done
        state, mark = self.receipts.claim(_state(done, found, self.max_messages), anew=again is Again.ALL)
        before = len(state.sent)
        if again is Again.NO and self.receipts.exists(key):  # whoever held the claim had finished
            self.receipts.forget(key)
            return done._replace(outcome="already")
        if again is Again.NEW:
            state = _without(state, self.receipts.sent_before(done.source, key))
        self.receipts.put(PENDING + key, body)
        state = self._send(state, mark, hour)
        if found.broken:
            raise AlertFailed(
                f"{done.source} cannot be read to its end: {found.broken}.",
                hint=AGAIN,
                changed=f"What comes before that was alerted ({len(state.sent) - before} now); its receipt is pending.",
            )
        return done._replace(messages=len(state.sent) - before, summarised=state.summary is not None)

    def _send(self, state: Sending, mark: str, hour: Hour) -> Sending:
        """Send what is unsent and make the receipt final. The claim is let go if that fails."""
        left = 0
        try:
            for batch in batches(messages_of(state, hour, self.receipts.at(state.key))):
                accepted = self._publish(batch)
                left += len(batch) - len(accepted)
                state = replace(state, sent=(*state.sent, *accepted))
                mark = self.receipts.note(state, mark)
            if left:
                raise AlertFailed(
                    f"{left} messages about {state.source} were refused.",
                    hint="The same command sends those alone.",
                    changed=f"{len(state.sent)} were sent, and will not be again.",
                )
        except ClickctlError:
            self.receipts.let_go(state, mark)
            raise
        if state.broken:
            self.receipts.let_go(state, mark)
        else:
            self.receipts.complete(state.key)
        return state

    def _publish(self, batch: list[Message]) -> list[str]:
        """The ids that were accepted, in order."""
        if self.topic is None:
            return [message.id for message in batch]
        accepted = set(self.topic.publish(batch))
        return [message.id for message in batch if message.id in accepted]


def _state(done: Alerted, found: _Found, most: int) -> Sending:
    """What is to be sent of a scan: an alert each, or a summary of more than are sent singly."""
    state = Sending(done.source, done.etag, broken=bool(found.broken))
    if found.count > most and found.times:
        return replace(state, summary=Summary(found.count, *map(iso, found.times)))
    return replace(state, alerts=tuple(found.fresh))


def _without(state: Sending, earlier: set[bytes]) -> Sending:
    left = tuple(alert for alert in state.alerts if bytes.fromhex(alert.alert_id) not in earlier)
    return replace(state, alerts=left)


def _alert(fact: Fact, source: str) -> Alert:
    action = fact.action or ""
    at = iso(fact.event_time)
    return Alert(fact.click_id, at, fact.user_id, fact.session_id, action, fact.page_url, fact.attrs, source)
