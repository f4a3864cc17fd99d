"""Bad records: which committed units hold them, what a stored line says, and what is told of them."""

from __future__ import annotations

import base64
import codecs
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from clickctl.domain.errors import ClickctlError
from clickctl.domain.hours import Hour, Unit
from clickctl.domain.layout import QUARANTINE
from clickctl.domain.ledger import Commit, Ledger, OutputFile


@dataclass(frozen=True)
class Part:
    """Some hours, and the committed unit that holds them."""

    unit: Unit
    commit: Commit
    hours: frozenset[Hour]

    @property
    def whole(self) -> bool:
        return len(self.hours) == len(self.unit.hours)

    def files(self, reason: str = "") -> tuple[OutputFile, ...]:
        """Its quarantine file; none where the ledger has counted no record of this reason."""
        if reason and not self.commit.quality.reasons.get(reason):
            return ()
        return tuple(file for file in self.commit.files if file.table == QUARANTINE)


def parts_of(ledger: Ledger, hours: Iterable[Hour]) -> tuple[Part, ...]:
    """Every committed unit that holds some of these hours of one day; an hour that none holds is in no part."""
    wanted = frozenset(hours)
    if commit := ledger.entry(ledger.day).commit:
        return (Part(ledger.day, commit, wanted),) if wanted else ()
    found = ((hour, ledger.entry(hour).commit) for hour in sorted(wanted))
    return tuple(Part(hour, commit, frozenset((hour,))) for hour, commit in found if commit)


KEPT_BYTES = 600
"""Of a record that lies there in pieces, so many are kept: it can be a whole file."""


class DamagedQuarantine(ClickctlError):
    """Something in a quarantine file cannot be read. The rest of it was."""


class Entry(NamedTuple):
    """One line of a quarantine file, `stored` as it is: a record, or a piece of one."""

    stored: bytes
    reasons: tuple[str, ...]
    source: str
    line: int | None
    raw: bytes
    piece: int | None
    more: bool


class Record(NamedTuple):
    """One line that was set aside, or one file (`line` None): `size` bytes, of which `head` are the first."""

    reasons: tuple[str, ...]
    source: str
    line: int | None
    size: int
    head: bytes


def read_entry(stored: bytes) -> Entry:
    """An entry of a stored line; ValueError if it is none."""
    try:
        plain = json.loads(stored)
        reasons, source, line = plain["reasons"], plain["source"], plain["line"]
        piece, more = plain.get("piece"), plain.get("more", False)
        raw = plain["raw"].encode() if "raw" in plain else base64.b64decode(plain["raw_base64"], validate=True)
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    texts = isinstance(reasons, list) and all(isinstance(text, str) for text in (*reasons, source))
    numbers = all(number is None or type(number) is int for number in (line, piece))
    if not texts or not numbers or type(more) is not bool:
        raise ValueError("a value of another type")
    return Entry(stored, tuple(reasons), source, line, raw, piece, more)


def joined(found: Iterable[Entry], keep: int) -> Iterator[Record]:
    """Records of entries, as `records` tells. What is left of one that is not whole is a record too."""
    held, of_pieces = None, min(keep, KEPT_BYTES)
    try:
        for entry in found:
            if held and entry.piece and (entry.source, entry.line) == (held.source, held.line):
                head = held.head + entry.raw[: of_pieces - len(held.head)]
                record = held._replace(size=held.size + len(entry.raw), head=head)
            else:
                if held:
                    yield held
                head = entry.raw[: keep if entry.piece is None else of_pieces]
                record = Record(entry.reasons, entry.source, entry.line, len(entry.raw), head)
            held = record if entry.more else None
            if not entry.more:
                yield record
    except DamagedQuarantine:
        if held:
            yield held
        raise


@dataclass(frozen=True)
class ShownRecord:
    """One record. `raw` if its bytes are UTF-8, else `raw_base64`; `cut`: they are its first bytes only."""

    reasons: tuple[str, ...]
    source: str
    line: int | None
    bytes: int
    raw: str | None
    raw_base64: str | None
    cut: bool


@dataclass(frozen=True)
class QuarantineView:
    """A look at a unit's bad records.

    `units` are the committed units that hold it, `quarantined` and `reasons` count its records,
    `matching` those of `reason` (all of them if that is null), of which `records` are the first.
    `problems` tell of records that could not be read.
    """

    unit: Unit
    units: tuple[Unit, ...]
    quarantined: int
    reasons: dict[str, int]
    reason: str | None
    matching: int
    records: tuple[ShownRecord, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class QuarantineExport:
    """What was exported. `left_out` are damaged raw files, which are no lines."""

    first: Hour
    end: Hour
    reason: str | None
    to: str | None
    records: int
    files: int
    bytes: int
    left_out: tuple[str, ...]
    problems: tuple[str, ...]


def shown(record: Record) -> ShownRecord:
    """A record as JSON can hold it. A character that the cut went through is left out."""
    cut = len(record.head) < record.size
    try:
        raw: str | None = _utf8("strict").decode(record.head, final=not cut)
        packed = None
    except UnicodeDecodeError:
        raw, packed = None, base64.b64encode(record.head).decode()
    return ShownRecord(record.reasons, record.source, record.line, record.size, raw, packed, cut)


def decoded(record: ShownRecord) -> str:
    """Its bytes as text, those that are none as `\\xe9`."""
    if record.raw is not None:
        return record.raw
    return _utf8("backslashreplace").decode(base64.b64decode(record.raw_base64 or ""), final=not record.cut)


_utf8 = codecs.getincrementaldecoder("utf-8")
