"""Examples of what was set aside: which files to read for them, and how they are masked."""

from __future__ import annotations

import re
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
_NAME = re.compile(rf'"({_FIELDS})"\s*:')
_WORD = re.compile(r"\b(true|false|null)\b")
_AT_FAULT = {
    "action_not_permitted": "action",
    "unparseable_event_time": "event_time",
    "event_time_out_of_range": "event_time",
    "missing_user_id": "user_id",
}
_CLEAR = ("action", "event_time")
"""Their values are no personal data, and say what is wrong where they are."""


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
    """A record from the field that is at fault on, with x for letters and 9 for digits.

    The names of our fields are left as they are, and an action or a time that is at fault.
    """
    if reason == "corrupt_file":
        return "(the bytes of a whole file)"
    text = raw.decode("utf-8", "backslashreplace")
    field = _AT_FAULT.get(reason, reason.removeprefix("wrong_type:"))
    found = re.search(rf'"{re.escape(field)}"\s*:', text)
    begin = found.start() if found else 0
    text = text[begin:]
    clear = [match.span(1) for match in (*_NAME.finditer(text), *_WORD.finditer(text))]
    if found and field in _CLEAR and field == _AT_FAULT.get(reason):
        value = re.compile(r'\s*("(?:[^"\\]|\\.){0,60}"|[\w.+-]{1,60})').match(text, found.end() - begin)
        clear += [value.span(1)] if value else []
    shown = [char if any(a <= n < b for a, b in clear) else _masked(char) for n, char in enumerate(text[:_LENGTH])]
    return "…" * bool(begin) + "".join(shown) + "…" * (len(text) > _LENGTH)


def _masked(char: str) -> str:
    if char.isdigit():
        return "9"
    return ("X" if char.isupper() else "x") if char.isalpha() else char


def with_examples(report: DqReport, examples: Mapping[str, Sequence[Example]]) -> DqReport:
    reasons = (replace(one, examples=tuple(examples.get(one.reason, ()))) for one in report.reasons)
    return replace(report, reasons=tuple(reasons))
