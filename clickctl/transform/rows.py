"""Parsed columns to typed rows and rejects: null tokens, times, permitted actions, click_id."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clickctl.domain.rules import QualityRules
from clickctl.domain.times import Window
from clickctl.transform.parse import Parsed
from clickctl.transform.schemas import FACT_CHUNK
from clickctl.transform.times import Bools, Int64s, parse_times

DAY_MICROS = 86_400_000_000


@dataclass(frozen=True)
class Rows:
    """The good rows of a block, and the reasons of the others by line number.

    `facts` has the schema FACT_CHUNK; `user_agent` and `ip` belong to its rows; `days` is the
    event-day of each as days since the epoch.
    """

    facts: pa.RecordBatch
    user_agent: pa.StringArray
    ip: pa.StringArray
    days: Int64s
    rejected: list[tuple[int, list[str]]]


def build_rows(parsed: Parsed, window: Window, rules: QualityRules) -> Rows:
    """Judge every row by the rules and give the good ones their click_id."""
    columns = dict(parsed.columns)
    for name in ("user_id", "session_id"):
        columns[name] = _nulls_for_tokens(columns[name], rules.null_tokens)
    columns["attrs"], not_object = _attributes(parsed.attributes)
    times, is_time = parse_times(columns["event_time"])
    reasons: dict[str, Bools] = {
        "wrong_type:attributes": not_object,
        "missing_user_id": _is_null(columns["user_id"]),
        "unparseable_event_time": ~is_time,
        "event_time_out_of_range": is_time & ((times < window.earliest) | (times > window.latest)),
    }
    if rules.actions != ("*",):
        permitted = pc.is_in(columns["action"], value_set=pa.array(rules.actions, pa.string()))
        reasons["action_not_permitted"] = ~_bools(permitted)
    rejected = _rejected(parsed, reasons)
    good = ~np.logical_or.reduce(list(reasons.values()))
    good[list(parsed.wrong)] = False
    if not good.all():
        keep = pa.array(good)
        columns = {name: column.filter(keep) for name, column in columns.items()}
        times = times[good]
    return _rows(columns, times, rejected)


def _rows(columns: dict[str, pa.StringArray], times: Int64s, rejected: list[tuple[int, list[str]]]) -> Rows:
    event_time = pa.array(times, pa.int64())
    keyed = [columns[name] for name in ("user_id", "session_id", "action", "page_url", "attrs")]
    ids = click_ids(event_time, keyed)
    facts = pa.record_batch([ids, event_time, *keyed], schema=FACT_CHUNK)
    return Rows(facts, columns["user_agent"], columns["ip"], times // DAY_MICROS, rejected)


def click_ids(event_time: pa.Int64Array, columns: list[pa.StringArray]) -> pa.FixedSizeBinaryArray:
    """The first 16 bytes of SHA-256 over an injective encoding of the six columns.

    Each column, event_time first as decimal epoch microseconds, is `N` when null, else
    `<length in bytes>:<UTF-8 bytes>`; the six are joined without a separator.
    """
    parts = []
    for column in [event_time.cast(pa.string()), *columns]:
        length = pc.binary_length(column).cast(pa.string())
        part = pc.binary_join_element_wise(length, column, ":")
        parts.append(pc.fill_null(part, "N") if column.null_count else part)
    encoded = pc.binary_join_element_wise(*parts, "").cast(pa.binary()).to_pylist()
    sha256 = hashlib.sha256
    digests = np.frombuffer(b"".join([sha256(text).digest() for text in encoded]), np.uint8)
    halves = np.ascontiguousarray(digests.reshape(-1, 32)[:, :16])
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(encoded), [None, pa.py_buffer(halves)])


def _nulls_for_tokens(column: pa.StringArray, tokens: tuple[str, ...]) -> pa.StringArray:
    is_null = pc.or_(
        pc.is_in(column, value_set=pa.array(tokens, pa.string())),
        pc.equal(pc.utf8_trim_whitespace(column), ""),
    )
    return pc.if_else(pc.fill_null(is_null, True), pa.scalar(None, pa.string()), column)


def _attributes(column: pa.BinaryArray) -> tuple[pa.StringArray, Bools]:
    """attrs, null for a missing or null object, and where the value is no object at all."""
    is_object = pc.starts_with(column, b"{")
    is_null = pc.equal(column, b"null")
    attrs = pc.if_else(is_object, column, pa.scalar(None, pa.binary())).cast(pa.string())
    return attrs, ~(_bools(is_object) | _bools(is_null))


def _rejected(parsed: Parsed, reasons: dict[str, Bools]) -> list[tuple[int, list[str]]]:
    """Every refused line and bad row, with all its reasons, by line number."""
    by_row: dict[int, list[str]] = {
        row: [f"wrong_type:{name}" for name in names] for row, names in parsed.wrong.items()
    }
    for reason, rows in reasons.items():
        for row in np.flatnonzero(rows).tolist():
            if not _explained_by_type(reason, parsed.wrong.get(row, ())):
                by_row.setdefault(row, []).append(reason)
    bad = [(parsed.numbers[row], sorted(found)) for row, found in by_row.items()]
    return sorted(bad + [(number, [reason]) for number, reason in parsed.refused])


_FIELD_OF = {
    "missing_user_id": "user_id",
    "unparseable_event_time": "event_time",
    "action_not_permitted": "action",
}


def _explained_by_type(reason: str, wrong: list[str] | tuple[()]) -> bool:
    """A field of a wrong type is not also missing."""
    return _FIELD_OF.get(reason) in wrong


def _is_null(column: pa.Array) -> Bools:
    return _bools(column.is_null())


def _bools(column: pa.BooleanArray) -> Bools:
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), np.bool_)
