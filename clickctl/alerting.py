"""A raw object to its alerts and its receipt, sent once however often it is asked for.

1. Scan. Without alerts, put the empty receipt: done.
2. Put the receipt as pending, and claim it by compare-and-swap of the state of sending.
3. Send batch by batch, noting after each what was accepted.
4. Copy the receipt to its final name, then delete what was pending.

Killed anywhere, the next who comes sends what is not noted as sent: at most one batch twice. Of two
at once one holds the claim and the other is told so, be it for another version of the same file:
alerts that any version of it sent are not sent again.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from clickctl.alerts import Topic
from clickctl.domain.errors import NOTHING, AlertFailed, UsageError
from clickctl.domain.hours import Hour
from clickctl.domain.layout import raw_hour
from clickctl.domain.receipts import PENDING, SUMMARY, Message, ReceiptName, Sending, batches, receipt_key
from clickctl.domain.rules import QualityRules
from clickctl.found import Found
from clickctl.lakes import Lake
from clickctl.receipts import Claim, Receipts, Seen
from lambda_src.scan import Scanner

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
        with closing(opened.stream), _scratch(source) as folder:
            seen = self.receipts.see(source)
            if opened.etag in seen.final and again is Again.NO:
                if opened.etag not in seen.pending:
                    if opened.etag in seen.bodies:  # left by one who was killed, and late besides
                        self.receipts.forget(receipt_key(source, opened.etag))
                    return Alerted(source, "already", opened.etag)
                again = Again.NEW  # killed while it was sent again
            if again is not Again.ALL:
                seen = self.receipts.fenced(source, opened.etag)
            found, scanner = self._found(source, opened.etag, hour, seen, again), Scanner(self.action, self.rules, hour)
            with _disk_errors(source), open(Path(folder, "body"), "w+b") as body:
                found.scan(scanner, opened.stream, body)
                if opened.etag in seen.final:
                    self.receipts.keep_lines_of(receipt_key(source, opened.etag), body)
            counts = len(found.ids), 0, False, scanner.scanned, scanner.candidates
            return self._deliver(
                Alerted(source, "sent", opened.etag, *counts), found, seen, Path(folder, "body"), again
            )

    def preview(self, source: str, version: str = "", again: Again = Again.NO) -> Alerted:
        """What `alert` would send now, with nothing written and nobody told."""
        hour, opened = raw_hour(source), self.lake.stream(f"{self.raw}/{source}", version)
        if opened is None or hour is None:
            return Alerted(source, "gone")
        with closing(opened.stream), open(os.devnull, "wb") as nowhere:
            seen = self.receipts.see(source)
            found = self._found(source, opened.etag, hour, seen, again)
            found.scan(Scanner(self.action, self.rules, hour), opened.stream, nowhere)
        if found.broken:
            raise _broken(found, NOTHING)
        return _planned(Alerted(source, "planned", opened.etag), found, seen)

    def finish(self, name: ReceiptName, *, dry: bool = False) -> Alerted:
        """Send what is left of an object that is no more, from what is kept of it as pending."""
        key, source = receipt_key(name.source, name.etag), name.source
        done = Alerted(source, "already", name.etag)
        seen = self.receipts.see(source)
        if name.etag not in {*seen.pending, *seen.bodies}:
            return done
        if dry:
            return _planned(done._replace(outcome="planned"), self._pending(name, seen), seen)
        with self.receipts.claimed(Sending(source, name.etag)) as claim:
            seen = self.receipts.fenced(source, name.etag)
            if name.etag not in seen.bodies:  # another run has settled it
                self.receipts.forget(key)
                return done
            found = self._pending(name, seen)
            if name.etag in seen.final:  # killed while it was sent again
                self._merge(key, source)
            sent = self._send(claim, found.messages(claim.state.sent))
            claim.complete()
        return done._replace(outcome="sent", alerts=len(found.ids), messages=sent)

    def _found(self, source: str, etag: str, hour: Hour, seen: Seen, again: Again) -> Found:
        earlier = set() if again is Again.ALL else self.receipts.sent(source, etag, seen)
        return Found(source, hour, self.receipts.at(receipt_key(source, etag)), earlier, self.max_messages)

    def _pending(self, name: ReceiptName, seen: Seen) -> Found:
        found = self._found(name.source, name.etag, name.hour, seen, Again.NO)
        found.read(self.receipts.lines(PENDING + receipt_key(name.source, name.etag)))
        return found

    def _merge(self, key: str, source: str) -> None:
        """A pending receipt in the place of a final one tells of what that one told, too."""
        with _scratch(source) as folder, _disk_errors(source), open(Path(folder, "body"), "w+b") as body:
            body.writelines(line + b"\n" for line in self.receipts.lines(PENDING + key))
            self.receipts.keep_lines_of(key, body)
            self.receipts.put(PENDING + key, Path(folder, "body"))

    def _deliver(self, done: Alerted, found: Found, before: Seen, body: Path, again: Again) -> Alerted:
        key = receipt_key(done.source, done.etag)
        if not found.broken and (not found.count or self.topic is None):
            return self._without_telling(done, found, before, body)
        self.receipts.put(PENDING + key, body)
        state = Sending(done.source, done.etag, broken=bool(found.broken))
        with self.receipts.claimed(state, anew=again is Again.ALL) as claim:
            if again is not Again.ALL:
                seen = self.receipts.see(done.source)
                if again is Again.NO and done.etag in seen.final:  # whoever held the claim has finished
                    self.receipts.forget(key)
                    return done._replace(outcome="already")
                self.receipts.refuse_others(done.source, done.etag, seen, before)
            messages = found.messages(claim.state.sent)
            sent = self._send(claim, messages)
            if found.broken:
                raise _broken(found, "What comes before that was alerted already; its receipt is pending.")
            claim.complete()
        return done._replace(messages=sent, summarised=_summarised(messages))

    def _without_telling(self, done: Alerted, found: Found, before: Seen, body: Path) -> Alerted:
        """Nothing in it is new, or there is nobody to tell."""
        key = receipt_key(done.source, done.etag)
        if done.etag in before.final and not found.count:
            done = done._replace(outcome="already")
        elif found.ids:
            self.receipts.put(key, body)
        else:
            self.receipts.put_empty(key)
        if done.etag in before.pending:
            self.receipts.forget(key)
        return done

    def _send(self, claim: Claim, messages: list[Message]) -> int:
        """How many were accepted; AlertFailed unless all were."""
        sent, reason = 0, ""
        for batch in batches(messages):
            accepted, why = self._publish(batch)
            claim.note(accepted)
            sent, reason = sent + len(accepted), reason or why
        if sent < len(messages):
            raise AlertFailed(
                f"{len(messages) - sent} messages about {claim.state.source} were refused: {reason}.",
                hint="Put that right; 'clickctl alerts-replay' then sends those alone.",
            )
        return sent

    def _publish(self, batch: list[Message]) -> tuple[list[str], str]:
        """The ids that were accepted, in order, and why the first of the others was not."""
        if self.topic is None:
            return [message.id for message in batch], ""
        return self.topic.publish(batch)


def _planned(done: Alerted, found: Found, seen: Seen) -> Alerted:
    state = seen.pending.get(done.etag)
    messages = found.messages(state.sent if state else ())
    return done._replace(alerts=len(found.ids), messages=len(messages), summarised=_summarised(messages))


def _summarised(messages: list[Message]) -> bool:
    return any(message.id == SUMMARY for message in messages)


def _broken(found: Found, changed: str) -> AlertFailed:
    return AlertFailed(f"{found.source} cannot be read to its end: {found.broken}.", hint=AGAIN, changed=changed)


@contextmanager
def _scratch(source: str) -> Iterator[str]:
    """A folder for the receipt while it is made."""
    with _disk_errors(source):
        folder = tempfile.TemporaryDirectory(prefix="clickctl-alerts-")
    with folder as path:
        yield path


@contextmanager
def _disk_errors(source: str) -> Iterator[None]:
    """The receipt is made in a scratch file of this machine."""
    try:
        yield
    except OSError as error:
        hint = "It needs room for the receipt: in a Lambda more ephemeral storage, else more in TMPDIR."
        raise AlertFailed(f"The scratch file for the alerts of {source}: {error.strerror}.", hint=hint) from error
