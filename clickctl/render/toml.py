"""TOML for people to read. The standard library only reads it, and a library that writes would be for one file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml(table: Mapping[str, Any], comments: Mapping[str, str]) -> str:
    """A table as text: its own keys, then the tables in it, with the comments of those that have one, by dotted name.

    Raises ValueError for what has no form here: null, and tables within lists.
    """
    return "\n".join(_lines((), table, comments)).strip() + "\n"


def _lines(above: tuple[str, ...], table: Mapping[str, Any], comments: Mapping[str, str]) -> Iterator[str]:
    for key, value in table.items():
        if not isinstance(value, Mapping):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            path = (*above, key)
            comment = comments.get(".".join(path), "")
            yield ""
            yield f"[{'.'.join(map(_key, path))}]" + (f"  # {comment}" if comment else "")
            yield from _lines(path, value, comments)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    raise ValueError(f"{value!r} is no string, number, true, false or list of them")


def _text(value: str) -> str:
    """JSON's escapes are TOML's too; but TOML wants DEL escaped as well, and knows no halves of characters."""
    value.encode("utf-8")  # UnicodeEncodeError is a ValueError
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
