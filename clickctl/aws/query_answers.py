"""What Athena answers, as values, and what it charges: pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

Plain = dict[str, Any]

_MB, _TB = 10**6, 10**12
_LEAST_MB = 10
_WHOLE = ("tinyint", "smallint", "integer", "int", "bigint")
_REAL = ("double", "float", "real")
_NO_ZONE = " UTC"


def charge(statement: str, state: str, scanned: int, dollars_per_tb: float) -> float:
    """Dollars for a query that scanned so many bytes (Athena's pricing page).

    By the megabyte, rounded up, and 10 MB at least. Free are DDL, failed queries, and what read
    nothing because it was cancelled in the queue or is no query (SHOW, DESCRIBE). Whether a TB
    is 10^12 or 2^40 bytes the page does not say: with 10^12 no bill is higher than what is told.
    """
    if statement == "DDL" or state == "FAILED":
        return 0.0
    if scanned == 0 and (state == "CANCELLED" or statement == "UTILITY"):
        return 0.0
    return max(-(-scanned // _MB), _LEAST_MB) * _MB / _TB * dollars_per_tb


def columns_of(results: Plain) -> Sequence[Plain]:
    """The columns of a page of GetQueryResults, each with Name and Type."""
    found: Sequence[Plain] = results["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", ())
    return found


def has_header(query: Plain, columns: Sequence[Plain], rows: Sequence[Plain]) -> bool:
    """Whether the first row of the first page repeats the names of the columns.

    Athena does so for SELECT and not for SHOW, DESCRIBE and DDL, which AWS does not document
    (uber/athenadriver, resources/UndocumentedAthena.md): so both are looked at, the kind of the
    statement and the row itself.
    """
    if query.get("StatementType", "DML") != "DML":
        return False
    names = [column["Name"] for column in columns]
    return bool(rows) and [datum.get("VarCharValue") for datum in rows[0].get("Data", ())] == names


def row_of(row: Plain, columns: Sequence[Plain]) -> tuple[object, ...]:
    """The values of a row, as many as there are columns. NULL is a datum without a value; "" is the empty text."""
    texts = [datum.get("VarCharValue") for datum in row.get("Data", ())]
    if len(texts) == 1 < len(columns) and texts[0] is not None:
        texts = [text.strip() for text in texts[0].split("\t")]  # DESCRIBE and SHOW put all columns into one
    texts = [*islice(texts, len(columns)), *[None] * (len(columns) - len(texts))]
    return tuple(value_of(text, column["Type"]) for text, column in zip(texts, columns, strict=True))


def value_of(text: str | None, kind: str) -> object:
    """A value of the port's kinds; text where the type is no other, or the text is not of its type.

    Athena's timestamps have no zone and mean UTC, as ours do. One with the zone UTC becomes the same.
    """
    if text is None:
        return None
    try:
        if kind in _WHOLE:
            return int(text)
        if kind in _REAL:
            return float(text)
        if kind == "boolean":
            return {"true": True, "false": False}.get(text, text)
        if kind == "date":
            return date.fromisoformat(text)
        if kind == "timestamp" or (kind == "timestamp with time zone" and text.endswith(_NO_ZONE)):
            return datetime.fromisoformat(text.removesuffix(_NO_ZONE))
    except ValueError:  # a year after 9999, say
        return text
    return text
