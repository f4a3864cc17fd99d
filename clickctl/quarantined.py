"""Bad records, read as the ledgers name their files: entry by entry, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from clickctl.domain.errors import ClickctlError, CommitConflict
from clickctl.domain.hours import Hour, Unit
from clickctl.domain.layout import owner_of
from clickctl.domain.ledger import Ledger, OutputFile
from clickctl.lakes import Lake, Opened, Stream
from clickctl.plan.quarantine import KEPT_BYTES, DamagedQuarantine, Entry, Part, Record, joined, parts_of, read_entry
from clickctl.plan.unit import related
from clickctl.publish import Publisher
from lambda_src.scan import BrokenFile, blocks

_LONGEST = 1 << 29
"""Bytes of a stored line at most: the longest that [quality] permits, each byte of it escaped, is shorter."""


class MissingQuarantine(ClickctlError):
    """A quarantine file that a ledger names is not there."""


def records(lake: Lake, location: str, keep: int = KEPT_BYTES) -> Generator[Record, None, None]:
    """The records of one quarantine file, pieces joined.

    At most `keep` bytes of each are kept, of those in pieces never more than KEPT_BYTES. Whoever
    stops early closes it (contextlib.closing), which ends the reading of the object.
    Raises MissingQuarantine at its start, or DamagedQuarantine at its end.
    """
    opened = lake.stream(location)
    if opened is None:
        raise _missing(location)
    with closing(opened.stream):
        yield from read_records(opened.stream, location, keep)


def read_records(stream: Stream, location: str, keep: int = KEPT_BYTES) -> Iterator[Record]:
    return joined(entries(stream, location), keep)


def entries(stream: Stream, location: str) -> Iterator[Entry]:
    """The entries of one quarantine file.

    Raises DamagedQuarantine at its end if there was something in it that is none.
    """
    bad, follows = 0, None
    try:
        for stored in _lines(blocks(stream, location)):
            try:
                entry = read_entry(stored)
            except ValueError:
                bad += 1
                continue
            if follows != ((entry.source, entry.line, entry.piece) if entry.piece else None):
                bad += 1  # a piece is missing before this one
            follows = (entry.source, entry.line, (entry.piece or 0) + 1) if entry.more else None
            yield entry
    except BrokenFile as error:
        raise _damaged(location, f"{error}; what comes behind that is lost") from error
    if bad := bad + bool(follows):
        raise _damaged(location, f"lines that are no records, or pieces without the others: {bad}")


def _lines(texts: Iterable[bytes]) -> Iterator[bytes]:
    rest = bytearray()
    for text in texts:
        *lines, tail = text.split(b"\n")
        for line in lines:
            yield bytes(rest) + line if rest else line
            rest.clear()
        rest += tail
        if len(rest) > _LONGEST:
            raise BrokenFile("a line of it is longer than any record")
    if rest:
        raise BrokenFile("its last line has no end")


def _missing(location: str, why: ClickctlError | None = None) -> MissingQuarantine:
    message = f"{location} is missing, though the ledger names it{f': {why.message}' if why else '.'}"
    return MissingQuarantine(message, hint=why.hint if why else _anew(location), changed="")


def _damaged(location: str, what: str) -> DamagedQuarantine:
    return DamagedQuarantine(f"{location} is damaged: {what}.", hint=_anew(location), changed="")


def _anew(location: str) -> str:
    unit = owner_of(location)
    return f"'clickctl run-partition {unit} --force' writes it anew, if the raw files are still there." if unit else ""


class _Found(Protocol):
    @property
    def reasons(self) -> tuple[str, ...]: ...

    @property
    def source(self) -> str: ...


_F = TypeVar("_F", bound=_Found)
Read = Callable[[Stream, str], Iterator[_F]]


@dataclass
class Reading:
    """Reads what the ledgers say there is. What could not be read is in `troubles`, and does not end it."""

    publisher: Publisher
    files: int = 0
    troubles: list[ClickctlError] = field(default_factory=list)

    def of(self, ledger: Ledger, hours: Iterable[Hour], read: Read[_F], reason: str = "") -> Generator[_F, None, None]:
        """Everything with this reason (or any) in some hours of the ledger's day, each once.

        A file that is not the one of the ledger was replaced since: the ledger is read once more.
        """
        left = frozenset(hours)
        for last in (False, True):
            replaced: frozenset[Hour] = frozenset()
            parts = parts_of(ledger, left)
            if last and not parts:
                self.troubles.append(refusal(self.publisher, ledger, min(left)))
            for part in parts:
                for file in part.files(reason):  # one, by the contract
                    opened = self.publisher.lake.stream(self._location(file))
                    if not last and (opened is None or opened.size != file.size):
                        replaced |= part.hours
                        if opened:
                            opened.stream.close()
                    else:
                        with closing(self._read(ledger, part, file, opened, read)) as found:
                            yield from (one for one in found if not reason or reason in one.reasons)
            if not replaced:
                return
            ledger, left = self.publisher.ledger(ledger.day), replaced

    def _read(
        self, ledger: Ledger, part: Part, file: OutputFile, opened: Opened | None, read: Read[_F]
    ) -> Generator[_F, None, None]:
        location = self._location(file)
        if opened is None:
            self.troubles.append(_missing(location, unsettled(self.publisher, ledger, part.unit)))
            return
        self.files += 1
        with closing(opened.stream):
            if opened.size != file.size and not unsettled(self.publisher, ledger, part.unit):
                self.troubles.append(_damaged(location, f"it has {opened.size} bytes, by the ledger {file.size}"))
            paths = [] if part.whole else sorted(hour.path for hour in part.hours)
            try:
                for found in read(opened.stream, location):
                    if paths and found.source[:13] > paths[-1]:
                        return  # a file is in the order of its sources
                    if not paths or found.source[:13] in paths:
                        yield found
            except DamagedQuarantine as error:
                self.troubles.append(error)

    def _location(self, file: OutputFile) -> str:
        return f"{self.publisher.roots.quarantine}/{file.key}"


def refusal(publisher: Publisher, ledger: Ledger, unit: Unit) -> ClickctlError:
    """Why nothing can be told of a unit that is not committed."""
    if found := unsettled(publisher, ledger, unit):
        return found
    failure = ledger.entry(unit).failure
    why = f"its last run failed: {failure.error}" if failure else "it has not been run"
    hint = f"Run 'clickctl run-partition {unit}'; 'clickctl status {unit.day}' tells what is there."
    return ClickctlError(f"{unit} is not committed: {why.rstrip('.')}.", hint=hint)


def unsettled(publisher: Publisher, ledger: Ledger, unit: Unit) -> ClickctlError | None:
    """That its files are being replaced, or were when a run died; None if they are settled."""
    for other in related(unit, ledger):
        entry = ledger.entry(other)
        if entry.publishing and publisher.torn(entry):
            hint = f"Run 'clickctl run-partition {other}', then the same command again."
            return ClickctlError(f"{other} is torn: {entry.how_torn}.", hint=hint)
        if entry.publishing:
            return CommitConflict(
                f"{other} is being published by run {entry.publishing.run_id}.",
                hint="Wait for it, then run the same command again.",
            )
    return None
