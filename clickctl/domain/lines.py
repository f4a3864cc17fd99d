"""What is asked of a line's bytes before they are read as JSON, by all who read lines."""

from __future__ import annotations

import re

MAX_DEPTH = 400
"""Deeper nesting is refused, so that the answer does not depend on an interpreter's stack."""

SHORTEST_DEEP = 2 * MAX_DEPTH

BOM = b"\xef\xbb\xbf"

_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")
# Possessive, and the closing quote optional, so that no line takes more than one pass.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


def has_nul_escape(line: bytes) -> bool:
    """True for `\\u0000`, which no database's text can hold; an escaped backslash before u0000 is none."""
    return _NUL_ESCAPE.search(line) is not None


def may_be_deep(line: bytes) -> bool:
    """True if the line has brackets enough to be too deep, as none below SHORTEST_DEEP can."""
    return len(line) > SHORTEST_DEEP and line.count(b"{") + line.count(b"[") > MAX_DEPTH


def is_too_deep(line: bytes) -> bool:
    """True if arrays and objects nest deeper than MAX_DEPTH, brackets within strings aside."""
    if not may_be_deep(line):
        return False
    depth = 0
    for byte in _STRING.sub(b"", line):
        if byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif byte in b"]}":
            depth -= 1
    return False
