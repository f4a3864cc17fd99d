"""PostgreSQL's answers, as Redshift words them."""

from __future__ import annotations

import struct

from tests.redshift.wire import fields_of, message, text

_SUPER, _JSONB = 4000, 3802
fields = fields_of


def edited(kind: bytes, body: bytes) -> bytes | None:
    """An answer for the client; None for one it is not to see."""
    if kind == b"S":
        return None  # our own were sent at the start
    if kind == b"T":
        body = _columns(body)
    return message(kind, body)


def _columns(body: bytes) -> bytes:
    """A RowDescription in which JSON is SUPER."""
    out = bytearray(body)
    at = 2
    for _ in range(struct.unpack_from("!h", body)[0]):
        _, at = text(body, at)
        if struct.unpack_from("!i", body, at + 6)[0] == _JSONB:
            struct.pack_into("!i", out, at + 6, _SUPER)
        at += 18
    return bytes(out)


def tag(body: bytes) -> str:
    """Redshift, as PostgreSQL 8.0 did, does not count what a SELECT gives."""
    told = text(body)[0]
    return "SELECT" if told.startswith("SELECT") else told


def as_redshift(found: dict[str, str], pid: int) -> dict[str, str]:
    """An error in Redshift's words, where those differ and somebody may look for them.

    1023: https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html; 57014 and the shape of XX000 as
    reported by users of redshift_connector.
    """
    kept = {key: found[key] for key in "SCMDHP" if key in found}
    if found["C"] == "40001":
        cycle = f"transactions forming the cycle are: {pid}, {pid + 1} (pid:{pid})"
        detail = f"Serializable isolation violation on table - 100167, {cycle}"
        return {"S": "ERROR", "C": "XX000", "M": "1023", "D": detail, "R": "pg_throw"}
    if found["C"] == "57014":
        return {"S": "ERROR", "C": "57014", "M": f"Query ({pid}) cancelled on user's request", "R": "pg_throw"}
    return kept
