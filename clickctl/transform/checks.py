"""What is asked of bytes before, or after, they are read as JSON."""

from __future__ import annotations

import re
import struct

import msgspec
import pyarrow as pa

MAX_DEPTH = 400
"""Deeper nesting is refused, so that the answer does not depend on an interpreter's stack."""

SHORTEST_DEEP = 2 * MAX_DEPTH

_NUL = re.compile(rb"\\u0000")
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")
# Possessive, and the closing quote optional, so that no line takes more than one pass.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_read = msgspec.json.Decoder(msgspec.Raw).decode


def needs_care(text: bytes) -> bool:
    """True for bytes that may hold what a typed decode would let pass: bad UTF-8, an escaped NUL."""
    return _NUL.search(text) is not None or not is_utf8(text)


def is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    ends = pa.py_buffer(struct.pack("<ii", 0, len(text)))
    try:  # Arrow checks without making a string of it: twenty times as fast as decode
        pa.Array.from_buffers(pa.binary(), 1, [None, ends, pa.py_buffer(text)]).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def has_nul_escape(line: bytes) -> bool:
    """True for `\\u0000`, which no database's text can hold; an escaped backslash before u0000 is none."""
    return _NUL_ESCAPE.search(line) is not None


def is_json(line: bytes) -> bool:
    try:
        _read(line)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


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
