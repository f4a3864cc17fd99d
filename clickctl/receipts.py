"""Receipts in a lake: who may send one, what was sent already, and what is kept as pending."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, NamedTuple

from clickctl.domain.errors import ClickctlError, Locked
from clickctl.domain.receipts import (
    PENDING,
    SUMMARY,
    ReceiptName,
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
"""A claim not renewed for so long may be taken over. It is renewed after each batch; SnsTopic gives up sooner."""


class Seen(NamedTuple):
    """What there is about a raw file, by its ETags: the final receipts' own ETags, what is being sent, what is kept."""

    final: Mapping[str, str]
    pending: Mapping[str, Sending]
    bodies: Collection[str]


def names_under(lake: Lake, root: str, prefix: str = "") -> Iterator[ReceiptName]:
    """What the keys under an alerts root that begin so say, in their order; other objects are passed over."""
    for info in lake.list(f"{root}/{prefix}"):
        if name := receipt_name(info.location.removeprefix(f"{root}/")):
            yield name


@dataclass(frozen=True)
class Receipts:
    """The receipts under one alerts root. Keys are relative to it. `owner` names this run."""

    lake: Lake
    root: str
    owner: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def see(self, source: str) -> Seen:
        """What is pending first: what becomes final in between is then seen twice, never not at all."""
        found = [
            (name, info.etag)
            for prefix in (PENDING, "")
            for info in self.lake.list(self.at(f"{prefix}{source}-"))
            if (name := receipt_name(info.location.removeprefix(f"{self.root}/"))) and name.source == source
        ]
        states = {name.etag: self.state(receipt_key(source, name.etag)) for name, _ in found if name.state}
        pending = {etag: state for etag, state in states.items() if state}
        bodies = [name.etag for name, _ in found if name.pending and not name.state]
        return Seen({name.etag: mark for name, mark in found if not name.pending}, pending, bodies)

    def sent(self, source: str, etag: str, seen: Seen) -> set[bytes]:
        """The ids that were sent for any version of a file, but for what is pending of the one with this ETag."""
        found: set[bytes] = set()
        for other in seen.final:
            found.update(ids_in(self.lines(receipt_key(source, other))))
        for other, state in seen.pending.items():
            if other != etag and SUMMARY in state.sent:
                found.update(ids_in(self.lines(PENDING + state.key)))
            elif other != etag:
                found.update(map(bytes.fromhex, state.sent))
        return found

    def refuse_others(self, source: str, etag: str, seen: Seen, before: Seen | None = None) -> None:
        """Raise Locked while another version of the file is being sent, or if one was since `before`."""
        others = {other: state for other, state in seen.pending.items() if other != etag}
        for state in others.values():
            if self._is_live(state):
                raise _locked(source, state)
        if before:
            known = {other: state for other, state in before.pending.items() if other != etag}
            if others != known or seen.final != before.final:
                raise _locked(source)

    def fenced(self, source: str, etag: str) -> Seen:
        """See a raw file once nobody else sends of it: who holds another version and is late, can note nothing more.

        Raises Locked while another version is being sent.
        """
        seen = self.see(source)
        self.refuse_others(source, etag, seen)
        late = [state for other, state in seen.pending.items() if other != etag and state.until]
        for state in late:
            present = self.lake.get(self.at(state_key(state.key)))
            if present is None or load_sending(present[0], state.key) != state:
                raise _locked(source)
            Claim(self, replace(state, owner=self.owner), present[1]).release()
        return self.see(source) if late else seen

    @contextmanager
    def claimed(self, state: Sending, *, anew: bool = False) -> Iterator[Claim]:
        """Hold a receipt while it is sent. What was sent of it already is kept, unless another run sends `anew`.

        Raises Locked while another run holds it. Let go at once if the block fails.
        """
        present = self.lake.get(self.at(state_key(state.key)))
        if present:
            other = load_sending(present[0], self.at(state_key(state.key)))
            if self._is_live(other):
                raise _locked(state.source, other)
            if other.owner == self.owner or not anew:
                state = replace(state, sent=other.sent)
        claim = Claim(self, replace(state, owner=self.owner), present[1] if present else None)
        claim.note([])
        try:
            yield claim
        except Exception as error:
            claim.let_go()
            if claim.noted and isinstance(error, ClickctlError):
                error.sent = claim.noted
                error.changed = f"Messages sent before that, and not to be sent again: {claim.noted}."
            raise

    def state(self, key: str) -> Sending | None:
        """What is pending of a receipt."""
        location = self.at(state_key(key))
        present = self.lake.get(location)
        return load_sending(present[0], location) if present else None

    def put_empty(self, key: str) -> None:
        with suppress(PreconditionFailed):  # another run was first
            self.lake.put_if(self.at(key), b"", None)

    def put(self, key: str, body: Path) -> None:
        self.lake.upload(body, self.at(key))

    def forget(self, key: str) -> None:
        """Of a receipt that is final: nothing is pending any more."""
        self.lake.delete([self.at(state_key(key)), self.at(PENDING + key)])

    def keep_lines_of(self, key: str, body: IO[bytes]) -> None:
        """A receipt that is written anew still tells of every alert that it told of: they were sent."""
        body.seek(0)
        present = set(ids_in(body))
        body.seek(0, 2)
        for line in self.lines(key):
            if not present.issuperset(ids_in([line])):
                body.write(line + b"\n")
        body.flush()

    def lines(self, key: str) -> Iterator[bytes]:
        """The lines of a receipt, in bounded memory; none where there is no receipt."""
        if opened := self.lake.stream(self.at(key)):
            with closing(opened.stream):
                yield from _split(opened.stream)

    def exists(self, key: str) -> bool:
        return any(info.location == self.at(key) for info in self.lake.list(self.at(key)))

    def at(self, key: str) -> str:
        return f"{self.root}/{key}"

    def until(self, seconds: int) -> str:
        at = (self.now() + timedelta(seconds=seconds)).astimezone(UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _is_live(self, state: Sending) -> bool:
        """Whether another run holds it. A lease that ends too far ahead was written by a wrong clock."""
        return state.owner != self.owner and self.until(0) < state.until < self.until(2 * LEASE_SECONDS)


class Claim:
    """A receipt that this run holds. Every change fails with Locked once another run has taken it."""

    def __init__(self, receipts: Receipts, state: Sending, mark: str | None) -> None:
        self.receipts, self.state, self._mark = receipts, state, mark
        self.noted = 0  # messages sent under this claim

    def note(self, accepted: list[str]) -> None:
        """Write down what was sent, and hold on for another lease."""
        self.noted += len(accepted)
        self._put((*self.state.sent, *accepted), self.receipts.until(LEASE_SECONDS))

    def release(self) -> None:
        """It is nobody's: the next who comes need not wait for a lease to end."""
        self._put(self.state.sent, "")

    def let_go(self) -> None:
        """The same after an error, which is what is to be told."""
        with suppress(ClickctlError):
            self.release()

    def complete(self) -> None:
        """The pending receipt becomes the final one."""
        key = self.state.key
        self.receipts.lake.copy(self.receipts.at(PENDING + key), self.receipts.at(key))
        self.receipts.forget(key)

    def _put(self, sent: tuple[str, ...], until: str) -> None:
        state = replace(self.state, sent=sent, until=until)
        location = self.receipts.at(state_key(state.key))
        try:
            self._mark = self.receipts.lake.put_if(location, dump_sending(state), self._mark)
        except PreconditionFailed:
            raise _locked(state.source) from None
        self.state = state


def _split(stream: Stream) -> Iterator[bytes]:
    rest = b""
    while data := stream.read(_BLOCK):
        *lines, rest = (rest + data).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _locked(source: str, other: Sending | None = None) -> Locked:
    who = f" (by {other.owner}, until {other.until} at least)" if other else ""
    return Locked(f"The alerts of {source} are being sent by another run{who}.", hint="Run the same command again.")
