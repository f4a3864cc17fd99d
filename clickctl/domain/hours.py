"""Hours, days and half-open ranges of hours. Always UTC.

`parse_unit` and `parse_range` are the only readers of what people type. They take the present
moment as an argument: only the command layer reads the clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from clickctl.domain.errors import UsageError

ACCEPTED = "2026-01-05T13, 2026-01-05/13, 2026/01/05/13, 2026-01-05, yesterday, last-hour, -3h (all UTC)"

_HOUR = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T/](\d\d)|(\d{4})/(\d\d)/(\d\d)/(\d\d)", re.ASCII)
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
AGO = re.compile(r"-(\d{1,6})h", re.ASCII)
_ONE_HOUR = timedelta(hours=1)
LONGEST_RANGE = 100_000
"""Hours, more than eleven years: whoever asks for more has most likely mistyped a year."""


@dataclass(frozen=True, order=True)
class Hour:
    """One UTC hour, named by its start."""

    start: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.start != self.start.replace(minute=0, second=0, microsecond=0):
            raise ValueError(f"not the start of a UTC hour: {self.start!r}")

    def __str__(self) -> str:
        return self.start.strftime("%Y-%m-%dT%H") if self.start.year > 999 else self.start.isoformat()[:13]

    @property
    def day(self) -> Day:
        return Day(self.start.date())

    @property
    def compact(self) -> str:
        """As in file names: `2026010513`."""
        return str(self).replace("-", "").replace("T", "")

    @property
    def path(self) -> str:
        """As in the raw layout: `2026/01/05/13`."""
        return str(self).replace("-", "/").replace("T", "/")

    @property
    def hours(self) -> tuple[Hour, ...]:
        return (self,)

    def plus(self, hours: int) -> Hour:
        return Hour(self.start + hours * _ONE_HOUR)


@dataclass(frozen=True, order=True)
class Day:
    """One UTC day."""

    date: date

    def __str__(self) -> str:
        return self.date.isoformat()

    @property
    def day(self) -> Day:
        return self

    @property
    def compact(self) -> str:
        return str(self).replace("-", "")

    @property
    def path(self) -> str:
        return str(self).replace("-", "/")

    @property
    def first_hour(self) -> Hour:
        return Hour(datetime(self.date.year, self.date.month, self.date.day, tzinfo=UTC))

    @property
    def hours(self) -> tuple[Hour, ...]:
        return tuple(self.first_hour.plus(h) for h in range(24))

    def plus(self, days: int) -> Day:
        return Day(self.date + timedelta(days=days))


Unit = Hour | Day
"""What is run, committed and rerun as one."""


@dataclass(frozen=True)
class HourRange:
    """Half-open: `first` is in it, `end` is not."""

    first: Hour
    end: Hour

    def __str__(self) -> str:
        return f"[{self.first}, {self.end})"

    @property
    def words(self) -> str:
        """As people type it: `2026-01-05 2026-01-08`, or with hours where it does not begin and end with days."""
        whole = all(hour == hour.day.first_hour for hour in (self.first, self.end))
        return f"{self.first.day} {self.end.day}" if whole else f"{self.first} {self.end}"

    def __len__(self) -> int:
        return max(0, (self.end.start - self.first.start) // _ONE_HOUR)

    def __iter__(self) -> Iterator[Hour]:
        return (self.first.plus(n) for n in range(len(self)))

    @property
    def days(self) -> tuple[Day, ...]:
        """Every day the range touches, oldest first."""
        return tuple(sorted({hour.day for hour in self}))


def hour_of(moment: datetime) -> Hour:
    """The UTC hour an aware moment lies in."""
    return Hour(moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0))


def parse_unit(text: str, now: datetime) -> Unit:
    """Read one unit as people type it; `now` anchors the relative forms.

    Raises UsageError, naming the accepted forms, for anything else.
    """
    present = hour_of(now)
    try:
        if match := _HOUR.fullmatch(text):
            year, month, day, hour = (int(part) for part in match.groups() if part is not None)
            return Hour(datetime(year, month, day, hour, tzinfo=UTC))
        if match := _DAY.fullmatch(text):
            return Day(date(*(int(part) for part in match.groups())))
        if text == "yesterday":
            return present.day.plus(-1)
        if text == "last-hour":
            return present.plus(-1)
        if match := AGO.fullmatch(text):
            return present.plus(-int(match[1]))
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"{text!r} is not an hour or a day.", hint=f"Accepted: {ACCEPTED}.")


def parse_range(first: str, end: str, now: datetime) -> HourRange:
    """Read a half-open range; a day stands for its first hour, at either end."""
    start, stop = (parse_unit(text, now).hours[0] for text in (first, end))
    if stop <= start:
        raise UsageError(
            f"The range [{start}, {stop}) is empty.",
            hint="END is not part of the range: for one day, give the day after as END.",
        )
    found = HourRange(start, stop)
    if len(found) > LONGEST_RANGE:
        raise UsageError(
            f"The range {found} has {len(found):,} hours; more than {LONGEST_RANGE:,} are refused.",
            hint="Check the years, or give a shorter range.",
        )
    return found


def unit_from_name(name: str) -> Unit:
    """The unit that prints as `name`; ValueError if none does."""
    parsed: Unit
    if "T" in name:
        parsed = Hour(datetime.fromisoformat(name + ":00+00:00").replace(tzinfo=UTC))
    else:
        parsed = Day(date.fromisoformat(name))
    if str(parsed) != name:
        raise ValueError(f"not a unit: {name!r}")
    return parsed
