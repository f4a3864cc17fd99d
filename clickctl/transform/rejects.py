"""Quarantine records: a line set aside, why, where it came from, and its original bytes."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable

PIECE_BYTES = 1 << 20


def record(reasons: list[str], source: str, line: int | None, raw: bytes) -> dict[str, object]:
    """One record. `raw` is text when the bytes are UTF-8, else they are in `raw_base64`."""
    base: dict[str, object] = {"reasons": reasons, "source": source, "line": line}
    try:
        return {**base, "raw": raw.decode()}
    except UnicodeDecodeError:
        return {**base, "raw_base64": base64.b64encode(raw).decode()}


def piece(reason: str, source: str, line: int | None, number: int, raw: bytes, more: bool) -> dict[str, object]:
    """A part of something too big for one record; the pieces in order, decoded, are the original."""
    text = base64.b64encode(raw).decode()
    return {"reasons": [reason], "source": source, "line": line, "piece": number, "more": more, "raw_base64": text}


def member(records: Iterable[dict[str, object]]) -> bytes:
    """Records as one gzip member of NDJSON; members of a file need only be joined."""
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in records)
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)
