"""One raw line, read as the transform would read it: a fact of the action that is looked for, or nothing.

The rules are those of docs/data-contract.md. The transform reads columns with msgspec and Arrow,
which a Lambda would have to bring along for the few lines that can be a purchase; this reads one
line with the standard library. tests/lambda_src holds the two to the same answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # C, where there is one
from typing import Any, NamedTuple

from clickctl.domain.hours import Hour
from clickctl.domain.lines import BOM, has_nul_escape, is_too_deep
from clickctl.domain.rules import QualityRules
from clickctl.domain.times import Window, parse_time

TEXTS = ("event_time", "user_id", "session_id", "action", "page_url", "user_agent", "ip")
_MAY_BE_NUMBERS = ("event_time", "user_id", "session_id")
_BEGIN, _COLON, _COMMA, _END = (
    re.compile(mark.replace(" ", r"[ \t\n\r]*")).match for mark in (r' \{ "', " : ", ' , "', r" \} \Z")
)
_SPACE = re.compile(r"[ \t\n\r]")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_STRING_OR_SPACE = re.compile(r'("(?:[^"\\]++|\\.)*+")|[ \t\n\r]+')


class _Refused(ValueError):
    """This line is no row."""


class Fact(NamedTuple):
    """A row of fact_clicks. `event_time` in microseconds since the epoch, UTC; `click_id` 32 hex digits."""

    click_id: str
    event_time: int
    user_id: str
    session_id: str | None
    action: str | None
    page_url: str | None
    attrs: str | None


class LineReader:
    """Reads lines of files of one arrival hour."""

    def __init__(self, action: str, rules: QualityRules, arrival: Hour) -> None:
        self._action, self._rules = action, rules
        self._permitted = rules.permits(action)
        self._window = Window.around(arrival, rules)

    def read(self, line: bytes) -> Fact | None:
        """The line's fact if it is one of the action, in the transform's eyes."""
        try:
            return self._fact(_fields(line)) if self._permitted else None
        except (ValueError, StopIteration, RecursionError):
            return None

    def _fact(self, raw: dict[str, tuple[Any, str]]) -> Fact | None:
        texts = {name: _text(name, *raw[name]) for name in TEXTS if name in raw}
        if texts.get("action") != self._action:
            return None
        attrs = _attributes(raw["attributes"][1]) if "attributes" in raw else None
        user_id, session_id = (self._null_for_tokens(texts.get(name)) for name in ("user_id", "session_id"))
        at = parse_time(texts.get("event_time") or "")
        if user_id is None or at is None or not self._window.earliest <= at <= self._window.latest:
            return None
        row = (user_id, session_id, self._action, texts.get("page_url"), attrs)
        return Fact(click_id(at, *row), at, *row)

    def _null_for_tokens(self, text: str | None) -> str | None:
        return None if text is None or text in self._rules.null_tokens or not text.strip() else text


def click_id(event_time: int, *columns: str | None) -> str:
    """As docs/data-contract.md defines it."""
    parts = [b"N" if text is None else _counted(text) for text in (str(event_time), *columns)]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:32]


def _counted(text: str) -> bytes:
    data = text.encode()
    return b"%d:%s" % (len(data), data)


def _fields(line: bytes) -> dict[str, tuple[Any, str]]:
    """Value and raw text of the top-level fields, the last of those with one name; ValueError for what is refused."""
    line = line.removeprefix(BOM)
    escapes = b"\\u" in line
    if is_too_deep(line) or (escapes and has_nul_escape(line)):
        raise _Refused
    surrogates = escapes and _SURROGATE.search(line)
    text = line.decode()
    found: dict[str, tuple[Any, str]] = {}
    mark = _BEGIN(text)
    while mark:  # none at first: no object, or one without fields and so without an action
        name, at = scanstring(text, mark.end(), True)
        if not (colon := _COLON(text, at)):
            raise _Refused
        start = colon.end()
        value, at = _scan(text, start)
        found[name] = (value, text[start:at])
        if surrogates:
            json.dumps((name, value), ensure_ascii=False).encode()  # which a half of a pair by itself refuses
        mark = _COMMA(text, at)
    if not found or not _END(text, at):
        raise _Refused
    return found


def _no_number(name: str) -> None:
    raise _Refused  # NaN and Infinity, which Python reads and JSON does not have


# Numbers stay the text they are; of a name that occurs twice in an object nothing is lost.
_scan = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_number, object_pairs_hook=tuple).scan_once  # type: ignore[attr-defined]


def _text(name: str, value: Any, raw: str) -> str | None:
    if raw[0] == '"':
        return str(value)
    if raw == "null":
        return None
    if name in _MAY_BE_NUMBERS and raw[0] in "-0123456789":
        return "0" if raw == "-0" else raw
    raise _Refused


def _attributes(raw: str) -> str | None:
    """The object without the white space between its tokens."""
    if raw[0] == "{":
        return _STRING_OR_SPACE.sub(r"\1", raw) if _SPACE.search(raw) else raw
    if raw == "null":
        return None
    raise _Refused
