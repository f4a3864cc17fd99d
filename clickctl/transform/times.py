"""event_time for a column: text to microseconds since the epoch, UTC.

`parse_time` of the domain is the definition. `parse_times` gives the same answers, by numpy for the
usual fixed-width ISO forms and by `parse_time` for the rest.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clickctl.domain.times import parse_time

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def parse_times(column: pa.StringArray) -> tuple[Int64s, Bools]:
    """Microseconds for each row, and whether it was a time; null is none."""
    micros = np.zeros(len(column), np.int64)
    valid = np.zeros(len(column), np.bool_)
    lengths = pc.fill_null(pc.binary_length(column), -1).to_numpy(zero_copy_only=False)
    rest = lengths >= 0
    for length in (20, 24, 27):  # 2026-01-05T13:00:00Z, with .mmm and with .uuuuuu
        rows = np.flatnonzero(lengths == length)
        if len(rows) < 32:
            continue
        values, good = _fixed_width(column.take(pa.array(rows)), length)
        micros[rows], valid[rows] = values, good
        rest[rows[good]] = False
    slow = np.flatnonzero(rest)
    for row, text in zip(slow.tolist(), column.take(pa.array(slow)).to_pylist(), strict=True):
        if (parsed := parse_time(text)) is not None:
            micros[row], valid[row] = parsed, True
    return micros, valid


_LAYOUT = "dddd-dd-ddTdd:dd:dd"


def _fixed_width(column: pa.StringArray, length: int) -> tuple[Int64s, Bools]:
    """Rows of exactly `length` bytes as `YYYY-MM-DDTHH:MM:SS[.f…]Z`; `good` where they really are."""
    text = np.frombuffer(column.buffers()[2], np.uint8, len(column) * length).reshape(-1, length)
    layout = (_LAYOUT + "." + "d" * (length - 21) if length > 20 else _LAYOUT) + "Z"
    digits = text - np.uint8(48)
    is_digit = np.array([c == "d" for c in layout])
    good: Bools = np.all(digits[:, is_digit] < 10, axis=1)
    marks = np.frombuffer(layout.encode(), np.uint8)
    good &= (text[:, ~is_digit] == marks[~is_digit]).all(axis=1)
    n = np.where(good[:, None], digits, 0).astype(np.int64)
    year = n[:, 0] * 1000 + n[:, 1] * 100 + n[:, 2] * 10 + n[:, 3]
    month, day, hour, minute, second = (n[:, at] * 10 + n[:, at + 1] for at in (5, 8, 11, 14, 17))
    fraction = np.zeros(len(n), np.int64)
    for at in range(20, length - 1):
        fraction = fraction * 10 + n[:, at]
    fraction *= 10 ** (6 - (length - 21)) if length > 20 else 1
    good &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= _days_in(year, month))
    good &= (hour < 24) & (minute < 60) & (second < 60)
    seconds = ((_days_since_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 1_000_000 + fraction, good


_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] + [0] * 88)


def _days_in(year: Int64s, month: Int64s) -> Int64s:
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    days: Int64s = _MONTH_DAYS[month] + ((month == 2) & leap)
    return days


def _days_since_epoch(year: Int64s, month: Int64s, day: Int64s) -> Int64s:
    """Proleptic Gregorian, counting years from March so that the leap day comes last."""
    y = year - (month <= 2)
    m = (month + 9) % 12
    days: Int64s = y * 365 + y // 4 - y // 100 + y // 400 + (m * 306 + 5) // 10 + day - 1 - 719468
    return days
