"""How a check comes to its verdict: a value against two limits, or the groups of a range against them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from clickctl.domain.hours import unit_from_name
from clickctl.plan.dq.results import ORDER, Check, Verdict

_CHANCE = 3.0
"""A share of few lines is over a limit only if it is so by more standard deviations of the limit itself."""

_A_FEW = 2
"""And by more than so many lines: the night hours of a small lake have two or three in all."""

CHECKS = {
    "missing": ("completeness", "hours"), "late": ("completeness", "hours"), "failed": ("completeness", "hours"),
    "torn": ("completeness", "hours"), "stale": ("completeness", "hours"), "volume": ("volume", "deviations"),
    "quarantined": ("validity", "share"), "duplicates": ("validity", "share"), "nulls": ("validity", "share"),
    "actions": ("validity", "times"), "fields": ("validity", "fields"), "lateness": ("validity", "share"),
    "skew": ("validity", "seconds"), "newest_event": ("freshness", "hours"), "newest_commit": ("freshness", "hours"),
    "newest_load": ("freshness", "hours"), "alerts": ("alerts", "files"), "small_files": ("files", "files"),
    "large_files": ("files", "times"), "file_skew": ("files", "times"), "cost": ("cost", "dollars"),
    "rows": ("tables", "days"), "doubled": ("tables", "share"), "required": ("tables", "facts"),
    "orphans": ("tables", "files"), "users": ("tables", "users"),
}  # fmt: skip
"""The group of each check, and what its value is measured in."""

Limits = tuple[float, float]
Over = Mapping[str, Verdict]
"""The hours or days that are over a limit, oldest first, with their verdict."""


@dataclass(frozen=True)
class Judged:
    """A check and the hours and days that are over its limits."""

    check: Check
    over: Over = field(default_factory=dict)


def verdict_of(value: float, limits: Limits) -> Verdict:
    warn, fail = limits
    return Verdict.FAIL if value > fail else Verdict.WARN if value > warn else Verdict.GOOD


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=ORDER.__getitem__, default=Verdict.NOT_JUDGED)


def judged(
    name: str, value: float, limits: Limits, seen: str, *, over: Over | None = None, verdict: Verdict | None = None,
    since: str = "", command: str = "",
) -> Judged:  # fmt: skip
    """A check with the verdict on its value, unless that is given. What is good needs no command."""
    found = verdict or verdict_of(value, limits)
    if all(map(math.isinf, limits)):
        found, seen = Verdict.NOT_JUDGED, f"{seen}; no limit is set"
    if ORDER[found] <= 0:
        return Judged(_check(name, found, seen, round(value, 6), limits))
    return Judged(_check(name, found, seen, round(value, 6), limits, since, command), over or {})


def unjudged(name: str, why: str, limits: Limits) -> Judged:
    return Judged(_check(name, Verdict.NOT_JUDGED, why, None, limits))


def _check(
    name: str, verdict: Verdict, seen: str, value: float | None, limits: Limits, since: str = "", command: str = ""
) -> Check:
    group, unit = CHECKS[name]
    warn, fail = (None if math.isinf(limit) else limit for limit in limits)
    return Check(name, group, verdict, seen, value, unit, warn, fail, since, command)


@dataclass(frozen=True)
class Part:
    """Some of the lines of an hour or a day."""

    place: str
    part: int
    of: int

    @property
    def share(self) -> float:
        return self.part / self.of if self.of else 0.0

    def verdict(self, limits: Limits) -> Verdict:
        """Over a limit by more than chance explains."""
        room = [limit * self.of + (_CHANCE * math.sqrt(limit * self.of) + _A_FEW) * (limit > 0) for limit in limits]
        return Verdict.FAIL if self.part > room[1] else Verdict.WARN if self.part > room[0] else Verdict.GOOD


def closer(place: object, *flags: str) -> str:
    """The command that reports on the day of an hour or a day alone."""
    day = unit_from_name(str(place)).day
    return " ".join(["clickctl dq-report", f"{day} {day.plus(1)}", *flags, "--verbose"])


def share_judged(name: str, parts: Sequence[Part], limits: Limits, what: str, command: Callable[[str], str]) -> Judged:
    """All of the range by the limits as they are, and each hour or day by more than chance explains.

    `what` says what the share is of; `command` makes the one to look closer at the place that is worst.
    """
    whole = Part("", sum(part.part for part in parts), sum(part.of for part in parts))
    if not whole.of:
        return unjudged(name, "there is nothing to judge by", limits)
    over = {part.place: verdict for part in parts if ORDER[verdict := part.verdict(limits)] > 0}
    highest = max(parts, key=lambda part: (ORDER[over.get(part.place, Verdict.GOOD)], part.share, part.place))
    found = worst([verdict_of(whole.share, limits), *over.values()])
    value = highest.share if over else whole.share
    seen = f"{percent(whole.share)} {what}"
    if over:
        seen = f"{percent(highest.share)} {what} in {highest.place}, {percent(whole.share)} in all"
    places = [part.place for part in parts if part.of]
    return judged(name, value, limits, seen, over=over, verdict=found,
                  since=since(over, places) if over else places[0],
                  command=command(highest.place))  # fmt: skip


def since(over: Over, places: Sequence[str]) -> str:
    """The first of the last unbroken run of places that are over a limit."""
    begun = ""
    for before, place in zip(["", *places], places, strict=False):
        if place in over and (before not in over or not begun):
            begun = place
    return begun


def percent(share: float) -> str:
    """`2.04 %`: three digits, so that what is over a limit does not read as the limit itself."""
    return f"{100 * share:.3g} %"


def counted(count: int, noun: str) -> str:
    """`no hours`, `1 hour`, `2,000 hours`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}" if count else f"no {noun}s"
