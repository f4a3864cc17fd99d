"""event_time: text to microseconds since the epoch, UTC; and the times a file of one hour may hold."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from clickctl.domain.hours import Hour
from clickctl.domain.rules import QualityRules, duration

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
    r"(?:Z| ?UTC| ?([+-])(\d\d)(?::?(\d\d))?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"(-?\d{1,18})(?:\.(\d{1,18}))?(?:[eE]\+?(\d{1,2}))?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""Event-days are dates of the calendar; an offset or a negative number can leave it."""

# A number below 10^11 is seconds (until the year 5138), below 10^14 milliseconds, below 10^17
# microseconds: the three ranges do not meet for any date after 1973.
_UNITS = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))


def parse_time(text: str) -> int | None:
    """Microseconds since the epoch, or None when this is no time we accept (docs/data-contract.md)."""
    text = text.strip()
    micros = None
    if match := _ISO.fullmatch(text):
        micros = _from_iso(match)
    elif match := _NUMBER.fullmatch(text):
        micros = _from_number(match)
    return micros if micros is not None and _FIRST <= micros <= _LAST else None


def _from_iso(match: re.Match[str]) -> int | None:
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    sign, off_hours, off_minutes = match.group(8, 9, 10)
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    micros = (moment - _EPOCH) // _MICROSECOND + int((match[7] or "").ljust(6, "0")[:6])
    if sign:
        if int(off_hours) > 23 or int(off_minutes or 0) > 59:
            return None
        offset = (int(off_hours) * 60 + int(off_minutes or 0)) * 60_000_000
        micros += -offset if sign == "+" else offset
    return micros


def _from_number(match: re.Match[str]) -> int | None:
    whole, fraction, exponent = match[1], match[2] or "", int(match[3] or 0)
    # Exact: the digits as one integer over a power of ten, never a float.
    digits: int = int(whole + fraction) * 10**exponent
    scale: int = 10 ** len(fraction)
    for limit, factor in _UNITS:
        if abs(digits) < limit * scale:
            micros = abs(digits) * factor // scale
            return -micros if digits < 0 else micros
    return None


class Window(NamedTuple):
    """The event times a file of one arrival hour may hold: [earliest, latest], epoch microseconds."""

    earliest: int
    latest: int

    @classmethod
    def around(cls, arrival: Hour, rules: QualityRules) -> Window:
        start = (arrival.start - _EPOCH) // _MICROSECOND
        lateness, skew = duration(rules.max_lateness) * 10**6, duration(rules.max_skew) * 10**6
        return cls(start - lateness, start + 3_600_000_000 - 1 + skew)
