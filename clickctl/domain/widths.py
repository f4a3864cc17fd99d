"""How many bytes the texts of a row may have in Redshift, and what becomes of longer ones.

VARCHAR(n) counts bytes, 65,535 at most (Database Developer Guide, "Character types"). The rule is
written twice, here and in sql/hot: what is cut in a file must be what a statement would have made
of it. LEFT counts characters there as Python does, and MD5 gives 32 hex digits ("LEFT and RIGHT
functions", "MD5 function"). How the widths were chosen: docs/decisions/0015-varchar-widths.md.
"""

from __future__ import annotations

import hashlib

STAGED = 65_535
"""The widest VARCHAR. What is copied, attrs among it, is staged in columns of this width."""

WIDTHS = {
    "user_id": 512,
    "session_id": 512,
    "action": 256,
    "page_url": 8192,
    "user_agent": 2048,
    "ip": 256,
}
"""Bytes, by column. attrs has none: it becomes a SUPER."""

IDS = ("user_id", "session_id")
KEPT_OF_AN_ID = 64
"""Characters. With a colon and 32 digits they are 289 bytes at most."""

_BYTES_OF_A_CHARACTER = 4  # at most, in UTF-8


def shortened(column: str, text: str) -> str | None:
    """What is loaded in place of a text that is wider than its column.

    An id is told apart from others by a digest of the whole; of attrs nothing is left, because a
    part of a JSON text is none.
    """
    if column in IDS:
        digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return f"{text[:KEPT_OF_AN_ID]}:{digest}"
    if column == "attrs":
        return None
    return text[: WIDTHS[column] // _BYTES_OF_A_CHARACTER]
