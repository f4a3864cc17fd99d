"""Lines to columns: strict JSON by msgspec, with every way a line can be wrong told apart.

Most lines take the fast way: one typed decode. A line it refuses is read again the careful way,
which takes every field as raw JSON and says what is wrong. The two agree on every line the fast
way accepts; tests/transform holds them to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Annotated, Any

import msgspec
import pyarrow as pa
from msgspec import Meta, Raw

from clickctl.domain.lines import BOM, SHORTEST_DEEP, has_nul_escape, is_too_deep, may_be_deep
from clickctl.domain.quality import KEPT_LENGTH, OTHER
from clickctl.transform.checks import is_json, is_utf8, needs_care

TEXTS = ("event_time", "user_id", "session_id", "action", "page_url", "user_agent", "ip")
FIELDS = (*TEXTS, "attributes")
_MAY_BE_NUMBERS = ("event_time", "user_id", "session_id")
_BATCH = 1000
"""Lines decoded before they become columns: their objects must fit a processor's cache, which is
worth nearly half the time."""

_MAX_EXTRAS, _MAX_NAMES = 64, 10_000
"""Unknown fields learned, and counted by name."""

_LEARNABLE = re.compile(rf'[^\x00-\x1f"\\]{{0,{KEPT_LENGTH}}}')
_NULL = Raw(b"null")

_Small = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_TYPED: list[tuple[str, Any, Any]] = [
    *((name, str | _Small | None if name in _MAY_BE_NUMBERS else str | None, None) for name in TEXTS),
    ("attributes", Raw, _NULL),
]
_Event = msgspec.defstruct("_Event", _TYPED, gc=False)
_RawEvent = msgspec.defstruct("_RawEvent", [(name, Raw, _NULL) for name in FIELDS], gc=False)
_decode_raw = msgspec.json.Decoder(_RawEvent).decode
_decode_keys = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode
_compact = msgspec.json.format
_GETTERS = {name: attrgetter(name) for name in TEXTS}


class _Refused(Exception):
    """This line is no event; the argument is the reason, empty for a blank line."""


@dataclass(frozen=True)
class Parsed:
    """The lines that are objects, a column for each field, with their numbers.

    `columns` are strings (a whole number has become its text), `attributes` compact JSON as bytes.
    `wrong` holds the fields of a wrong type by row; `refused` the lines that are no objects, with
    the reason.
    """

    numbers: list[int]
    columns: dict[str, pa.StringArray]
    attributes: pa.BinaryArray
    wrong: dict[int, list[str]]
    refused: list[tuple[int, str]]


@dataclass
class _Batch:
    """Some lines on their way to columns: what each became, in their order."""

    events: list[Any] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    wrong: dict[int, list[str]] = field(default_factory=dict)
    refused: list[tuple[int, str]] = field(default_factory=list)


class LineParser:
    """Parses blocks of lines and counts unknown fields.

    It learns the names of unknown fields, so that a stream in which every line has a new field is
    as fast as before.
    """

    def __init__(self) -> None:
        self.unknown: Counter[str] = Counter()
        self._aliases: dict[str, str] = {}
        self._learn(())

    def parse(self, lines: list[bytes], first: int, text: bytes) -> Parsed:
        """Parse lines numbered from `first`; `text` is the block they were split from."""
        suspicious = needs_care(text)
        starts = range(0, len(lines), _BATCH) or (0,)
        return _joined([self._parse_batch(lines[at : at + _BATCH], first + at, suspicious) for at in starts])

    def _parse_batch(self, lines: list[bytes], first: int, suspicious: bool) -> Parsed:
        batch = _Batch()
        decode = self._decode
        for number, line in enumerate(lines, first):
            event = None
            if not ((suspicious and needs_care(line)) or (len(line) > SHORTEST_DEEP and may_be_deep(line))):
                try:
                    event = decode(line)
                except (msgspec.MsgspecError, RecursionError):
                    event = None
            if event is None:
                try:
                    event, problems = self._carefully(line)
                except _Refused as reason:
                    if str(reason):
                        batch.refused.append((number, str(reason)))
                    continue
                decode = self._decode  # it may have learned a field
                if problems:
                    batch.wrong[len(batch.events)] = problems
            batch.events.append(event)
            batch.numbers.append(number)
        return self._columns(batch)

    def _columns(self, batch: _Batch) -> Parsed:
        events = batch.events
        columns = {name: text_column(list(map(get, events))) for name, get in _GETTERS.items()}
        attributes = pa.array([_compact(event.attributes, indent=-1) for event in events], pa.binary())
        for name, alias in self._aliases.items():
            if seen := sum(getattr(event, alias, None) is not None for event in events):
                self.unknown[name] += seen
        return Parsed(batch.numbers, columns, attributes, batch.wrong, batch.refused)

    def _carefully(self, line: bytes) -> tuple[Any, list[str]]:
        """An event and its fields of a wrong type, or _Refused with the reason."""
        line = line.removeprefix(BOM)
        if not line.strip():
            raise _Refused
        if not is_utf8(line):
            raise _Refused("invalid_utf8")
        if is_too_deep(line) or has_nul_escape(line):
            raise _Refused("malformed_json")
        try:
            raw: Any = _decode_raw(line)
            self._count_unknown(line)
        except msgspec.ValidationError:
            raise _Refused("not_an_object" if is_json(line) else "malformed_json") from None
        except (msgspec.DecodeError, RecursionError):
            raise _Refused("malformed_json") from None
        event: Any = _Event(attributes=raw.attributes)
        wrong = []
        for name in TEXTS:
            try:
                setattr(event, name, _text(bytes(getattr(raw, name)), name in _MAY_BE_NUMBERS))
            except TypeError:
                wrong.append(name)
        return event, wrong

    def _count_unknown(self, line: bytes) -> None:
        unknown = _decode_keys(line).keys() - set(FIELDS)
        for name in sorted(unknown):
            may_be_named = len(self.unknown) < _MAX_NAMES and len(name) <= KEPT_LENGTH
            self.unknown[name if may_be_named or name in self.unknown else OTHER] += 1
        learnable = [name for name in unknown - self._aliases.keys() if _LEARNABLE.fullmatch(name)]
        room = _MAX_EXTRAS - len(self._aliases)
        if learnable and room:
            self._learn(sorted(learnable)[:room])

    def _learn(self, names: list[str] | tuple[()]) -> None:
        for name in names:
            self._aliases.setdefault(name, f"extra_{len(self._aliases)}")
        extras = [(alias, Raw, None) for alias in self._aliases.values()]
        kind = msgspec.defstruct(
            "_Learned",
            [*_TYPED, *extras],
            rename={alias: name for name, alias in self._aliases.items()},
            forbid_unknown_fields=True,
            gc=False,
        )
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode


def _joined(parts: list[Parsed]) -> Parsed:
    wrong: dict[int, list[str]] = {}
    rows = 0
    for part in parts:
        wrong.update({rows + row: names for row, names in part.wrong.items()})
        rows += len(part.numbers)
    return Parsed(
        [number for part in parts for number in part.numbers],
        {name: pa.concat_arrays([part.columns[name] for part in parts]) for name in TEXTS},
        pa.concat_arrays([part.attributes for part in parts]),
        wrong,
        [refusal for part in parts for refusal in part.refused],
    )


def text_column(values: list[Any]) -> pa.StringArray:
    """Texts, None, and whole numbers, which become their digits."""
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # some are whole numbers
        return pa.array([str(value) if type(value) is int else value for value in values], pa.string())


def _text(raw: bytes, may_be_number: bool) -> str | None:
    """A raw JSON value as text; TypeError for a kind of value the field cannot have."""
    if raw.startswith(b'"'):
        return _decode_text(raw)
    if raw == b"null":
        return None
    if may_be_number and raw[:1] in b"-0123456789":
        return "0" if raw == b"-0" else raw.decode()
    raise TypeError
