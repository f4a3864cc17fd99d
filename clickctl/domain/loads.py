"""The note that load-hot leaves in the lake: when it last changed the warehouse, and how far that is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from clickctl.domain.structure import from_plain, to_plain


@dataclass(frozen=True)
class LoadNote:
    """`at` is when, `newest_event` the newest in the warehouse then; both ISO 8601 in UTC, the latter maybe empty."""

    at: str
    newest_event: str


def dump_note(note: LoadNote) -> bytes:
    return json.dumps(to_plain(note)).encode()


def load_note(data: bytes) -> LoadNote | None:
    """None for what cannot be read: the next load writes another."""
    try:
        note = from_plain(LoadNote, json.loads(data))
        for text in (note.at, note.newest_event or note.at):
            datetime.fromisoformat(text)
        return note
    except (ValueError, RecursionError):
        return None
