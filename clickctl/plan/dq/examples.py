"""Examples of what was set aside: which files to read for them, and how they are masked."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from clickctl.domain.hours import Unit
from clickctl.domain.layout import QUARANTINE
from clickctl.domain.ledger import Commit, OutputFile
from clickctl.plan.dq.results import DqReport, Example

EACH = 3
"""Examples of one reason."""

_FILES = 3
_LENGTH = 160

_FIELDS = "event_time|user_id|session_id|action|page_url|user_agent|ip|attributes"
_CLEAR = re.compile(rf'"({_FIELDS})"(?=\s*:)|\b(true|false|null)\b')
_AT_FAULT = {
    "action_not_permitted": "action",
    "unparseable_event_time": "event_time",
    "event_time_out_of_range": "event_time",
    "missing_user_id": "user_id",
}
_TELLING = {
    "action": re.compile(r"[a-z]{1,20}([_-][a-z]{1,20}){0,3}", re.ASCII),
    "event_time": re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII),
}
"""Values at fault that are left as they are: what looks like an action, or like a time, and like nothing else."""


def files_to_read(units: Mapping[Unit, Commit], reasons: Sequence[str]) -> tuple[OutputFile, ...]:
    """The quarantine files of few units, the newest that have examples of most reasons. A call for each."""
    missing, chosen = set(reasons), list[OutputFile]()
    newest = list(units.values())[::-1]
    while missing and len(chosen) < _FILES:
        best = max(newest, key=lambda commit: len(missing & commit.quality.reasons.keys()), default=None)
        if best is None or not missing & best.quality.reasons.keys():
            break
        missing -= best.quality.reasons.keys()
        chosen += [file for file in best.files if file.table == QUARANTINE][:1]
    return tuple(chosen)


def masked(raw: bytes, reason: str) -> str:
    """A record with x for letters and 9 for digits; the field that is at fault, where it can be told, comes first.

    The names of our fields are left as they are, and a value at fault that looks like an action or a time.
    """
    if reason == "corrupt_file":
        return "(the bytes of a whole file)"
    text = raw.decode("utf-8", "backslashreplace")
    field = _AT_FAULT.get(reason, reason.removeprefix("wrong_type:") if reason.startswith("wrong_type:") else "")
    shown = _fault(text, field) + _hidden(text)
    return shown[:_LENGTH] + "…" * (len(shown) > _LENGTH)


def _fault(text: str, field: str) -> str:
    """The field at fault with its value, of a record that can be read."""
    try:
        record = json.loads(text)
        value = record.get(field, ...)
    except (ValueError, AttributeError, RecursionError):
        return ""
    if not field or value is ...:
        return f"(no {field}) " if field else ""
    telling = _TELLING.get(field)
    plain = isinstance(value, str) and telling and telling.fullmatch(value)
    written = json.dumps(value, ensure_ascii=False)
    return f'"{field}":{written if plain else _hidden(written)[:60]} in '


def _hidden(text: str) -> str:
    clear = [match.span() for match in _CLEAR.finditer(text[: 4 * _LENGTH])]
    kept = {n for begin, end in clear for n in range(begin, end)}
    return "".join(char if n in kept else _masked(char) for n, char in enumerate(text[: 4 * _LENGTH]))


def _masked(char: str) -> str:
    """9 for a number, x or X for anything else but the punctuation of ASCII."""
    kind = unicodedata.category(char)
    if kind[0] == "N":
        return "9"
    if kind[0] == "L" or not char.isascii():
        return "X" if kind == "Lu" else "x"
    return char


def with_examples(report: DqReport, examples: Mapping[str, Sequence[Example]]) -> DqReport:
    reasons = (replace(one, examples=tuple(examples.get(one.reason, ()))) for one in report.reasons)
    return replace(report, reasons=tuple(reasons))
