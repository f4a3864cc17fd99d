"""The ledgers of a lake, read side by side: those of all arrival days, or from one on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta

from clickctl.domain.errors import DamagedLedger
from clickctl.domain.hours import Day, hour_of
from clickctl.domain.layout import ledger_day
from clickctl.domain.ledger import Ledger
from clickctl.domain.rules import QualityRules, duration
from clickctl.publish import Publisher

_AT_ONCE = 16


@dataclass(frozen=True)
class LedgersRead:
    """`days` are all arrival days that have a ledger, oldest first; `damaged` tells of those read in vain."""

    days: tuple[Day, ...]
    ledgers: tuple[Ledger, ...]
    damaged: dict[Day, str]


def read_ledgers(
    publisher: Publisher, since: Day | None = None, tell: Callable[[int], None] = lambda count: None
) -> LedgersRead:
    """One call a ledger, several at once. `tell` hears beforehand how many are to be read."""
    days = _ledger_days(publisher)
    wanted = [day for day in days if since is None or day >= since]
    tell(len(wanted))
    with ThreadPoolExecutor(_AT_ONCE, "ledger") as pool:
        read = list(pool.map(lambda day: _read(publisher, day), wanted))
    damaged = {day: found for day, found in zip(wanted, read, strict=True) if isinstance(found, str)}
    return LedgersRead(tuple(days), tuple(found for found in read if isinstance(found, Ledger)), damaged)


def first_arrival(first: Day, rules: QualityRules) -> Day:
    """The first arrival day whose files may hold events of this day.

    An event may lie ahead of its arrival by max_skew at most, and behind it as far as one likes.
    """
    try:
        ahead = timedelta(seconds=duration(rules.max_skew)) + timedelta(hours=1)
        return hour_of(first.first_hour.start - ahead).day
    except OverflowError:  # further back than there are days
        return Day(date.min)


def _ledger_days(publisher: Publisher) -> list[Day]:
    root = f"{publisher.roots.processed}/"
    keys = (info.location.removeprefix(root) for info in publisher.lake.list(f"{root}_ledger/"))
    return sorted(day for key in keys if (day := ledger_day(key)))


def _read(publisher: Publisher, day: Day) -> Ledger | str:
    try:
        return publisher.ledger(day)
    except DamagedLedger as error:
        return error.message
