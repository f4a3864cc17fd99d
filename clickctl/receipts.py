"""Receipts in a lake: who may send one, what was sent already, and what is kept as pending."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from clickctl.domain.errors import ClickctlError, Locked
from clickctl.domain.receipts import (
    PENDING,
    SUMMARY,
    Sending,
    dump_sending,
    ids_in,
    load_sending,
    receipt_key,
    receipt_name,
    state_key,
)
from clickctl.lakes import Lake, PreconditionFailed, Stream

_BLOCK = 1 << 20

LEASE_SECONDS = 180
"""A claim not renewed for so long may be taken over. It is renewed after each batch, which takes a second or so."""


@dataclass(frozen=True)
class Receipts:
    """The receipts under one alerts root. Keys are relative to it. `owner` names this run."""

    lake: Lake
    root: str
    owner: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def claim(self, wanted: Sending, *, anew: bool = False) -> tuple[Sending, str]:
        """The state as ours and its ETag. What was sent of it already is kept in it, unless another run sends `anew`.

        Raises Locked while another run holds it.
        """
        location = self.at(state_key(wanted.key))
        present = self.lake.get(location)
        if present:
            other = load_sending(present[0], location)
            mine = other.owner == self.owner
            if not mine and other.until > self._text(0):
                raise _locked(wanted.source, f" (by {other.owner}, until {other.until} at least)")
            if mine or not anew:
                wanted = replace(wanted, sent=other.sent)
        return wanted, self._put(wanted, present[1] if present else None, LEASE_SECONDS)

    def note(self, state: Sending, mark: str) -> str:
        """Write the state, and keep it as ours: its new ETag. Raises Locked when another run has taken it."""
        return self._put(state, mark, LEASE_SECONDS)

    def let_go(self, state: Sending, mark: str) -> None:
        """So that the next who comes need not wait for the lease to end."""
        with suppress(ClickctlError):
            self._put(state, mark, 0)

    def state(self, key: str) -> Sending | None:
        """What is pending of a receipt."""
        location = self.at(state_key(key))
        present = self.lake.get(location)
        return load_sending(present[0], location) if present else None

    def put(self, key: str, body: Path) -> None:
        self.lake.upload(body, self.at(key))

    def complete(self, key: str) -> None:
        """The pending receipt becomes the final one."""
        self.lake.copy(self.at(PENDING + key), self.at(key))
        self.forget(key)

    def forget(self, key: str) -> None:
        self.lake.delete([self.at(state_key(key)), self.at(PENDING + key)])

    def sent_before(self, source: str, key: str) -> set[bytes]:
        """Ids that were sent for any version of this file, but for what is pending of the one with this receipt."""
        found: set[bytes] = set()
        for prefix in ("", PENDING):
            for info in self.lake.list(self.at(f"{prefix}{source}-")):
                name = receipt_name(info.location.removeprefix(f"{self.root}/"))
                if name is None or name.source != source:
                    continue
                if not name.pending:
                    found.update(ids_in(self.lines(receipt_key(source, name.etag))))
                elif name.state and receipt_key(source, name.etag) != key:
                    found |= self._sent_of(receipt_key(source, name.etag))
        return found

    def keep_lines_of(self, key: str, body: IO[bytes]) -> None:
        """A receipt that is written anew still tells of every alert that it told of: they were sent."""
        body.seek(0)
        present = set(ids_in(body))
        body.seek(0, 2)
        for line in self.lines(key):
            if not present.issuperset(ids_in([line])):
                body.write(line + b"\n")
        body.flush()

    def _sent_of(self, key: str) -> set[bytes]:
        """Of a receipt that is pending: what was sent singly, or all of it if a summary was."""
        state = self.state(key)
        if state and SUMMARY in state.sent:
            return set(ids_in(self.lines(PENDING + key)))
        return {bytes.fromhex(mark) for mark in state.sent} if state else set()

    def lines(self, key: str) -> Iterator[bytes]:
        """The lines of a receipt, in bounded memory; none where there is no receipt."""
        if opened := self.lake.stream(self.at(key)):
            with closing(opened.stream):
                yield from _split(opened.stream)

    def exists(self, key: str) -> bool:
        return any(info.location == self.at(key) for info in self.lake.list(self.at(key)))

    def at(self, key: str) -> str:
        return f"{self.root}/{key}"

    def _put(self, state: Sending, mark: str | None, seconds: int) -> str:
        held = replace(state, owner=self.owner, until=self._text(seconds))
        try:
            return self.lake.put_if(self.at(state_key(state.key)), dump_sending(held), mark)
        except PreconditionFailed:
            raise _locked(state.source) from None

    def _text(self, seconds: int) -> str:
        at = (self.now() + timedelta(seconds=seconds)).astimezone(UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _split(stream: Stream) -> Iterator[bytes]:
    rest = b""
    while data := stream.read(_BLOCK):
        *lines, rest = (rest + data).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _locked(source: str, who: str = "") -> Locked:
    return Locked(f"The alerts of {source} are being sent by another run{who}.", hint="Run the same command again.")
