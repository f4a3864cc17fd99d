"""Volume and validity: facts against earlier weeks, and what is in the lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from clickctl.domain.hours import Day
from clickctl.domain.quality import OTHER, Quality
from clickctl.plan.dq.band import FEWEST_POINTS
from clickctl.plan.dq.judging import (
    Judged,
    Over,
    Part,
    closer,
    counted,
    judged,
    percent,
    share_judged,
    since,
    unjudged,
    verdict_of,
)
from clickctl.plan.dq.results import ORDER, Counts, HourFigures
from clickctl.plan.dq.seen import QualitySeen

_LEAST_EXPECTED = 100
"""An action that a day would have fewer of is not judged: chance alone moves it by tenths."""

_LEAST_FACTS = 1000
"""Days with fewer facts are not compared, for the same reason."""

_NO_HISTORY = "no earlier weeks to compare with"
_INCOMPARABLE = "no day that is over has three earlier weeks and enough facts to compare"


def volume(seen: QualitySeen, hours: Sequence[HourFigures]) -> Judged:
    """The facts of each hour against the band of its earlier weeks."""
    limits = seen.limits.of("volume")
    known = [(hour, abs(hour.deviations)) for hour in hours if hour.deviations is not None]
    if not known:
        silent = any(map(seen.silent, seen.units))
        why = "commits do not tell of their hours" if silent else f"{_NO_HISTORY}: three are needed of an hour"
        return unjudged("volume", why, limits)
    over = {str(h.hour): v for h, off in known if ORDER[v := verdict_of(off, limits)] > 0}
    worst, off = max(known, key=lambda item: item[1])
    text = f"{counted(len(known), 'hour')} within what is usual" if not over else _told(worst, len(over))
    without = sum(1 for hour in hours if hour.counts and hour.deviations is None)
    text += f"; {counted(without, 'hour')} with too little history" if without else ""
    return judged("volume", off, limits, text, over=over, since=since(over, [str(h.hour) for h in hours if h.counts]),
                  command=closer(worst.hour))  # fmt: skip


def _told(worst: HourFigures, others: int) -> str:
    assert worst.counts and worst.expected and worst.deviations is not None
    band = f"{worst.expected.facts:,.0f} expected ({worst.expected.low:,.0f} to {worst.expected.high:,.0f})"
    return (
        f"{worst.counts.facts:,} facts in {worst.hour}, {band}"
        + (f"; {counted(others - 1, 'other hour')} out of the band" if others > 1 else "")
    )  # fmt: skip


def rejects(seen: QualitySeen, hours: Sequence[HourFigures]) -> list[Judged]:
    """Quarantined lines and duplicates, by arrival hour where that is known, else by unit."""
    by_hour = {str(hour.hour): hour.counts for hour in hours if hour.counts}
    for unit, commit in seen.units.items():
        if seen.silent(unit):
            quality = commit.quality
            by_hour[str(unit)] = Counts(quality.lines, quality.facts, quality.quarantined)
    places = sorted(by_hour.items())
    bad = [Part(place, counts.quarantined, counts.lines) for place, counts in places]
    twice = [Part(place, counts.duplicates, counts.lines) for place, counts in places]
    show = "clickctl quarantine show {}".format
    return [
        share_judged("quarantined", bad, seen.limits.of("quarantined"), "of lines", show),
        share_judged("duplicates", twice, seen.limits.of("duplicates"), "of lines", closer),
    ]


def nulls(seen: QualitySeen) -> Judged:
    """How much a column's share of nulls has risen over that of earlier weeks, in the day where it is most."""
    worst: dict[Day, tuple[float, str]] = {}
    for day, quality, earlier in _comparable(seen):
        for column, count in quality.nulls.items():
            before = median(_share(one.nulls.get(column, 0), one) for one in earlier)
            worst[day] = max(worst.get(day, (0.0, "")), (_share(count, quality) - before, column))
    limits = seen.limits.of("nulls")
    if not worst:
        return unjudged("nulls", _INCOMPARABLE, limits)
    day = max(worst, key=lambda one: (worst[one][0], one))
    value, column = worst[day]
    over = _over({one: rise for one, (rise, _) in worst.items()}, limits)
    text = "no column has more of them than in earlier weeks"
    if value > limits[0]:
        share = _share(seen.by_day[day].nulls[column], seen.by_day[day])
        text = f"{percent(share)} of {column} in {day}, {percent(share - value)} in earlier weeks"
    return judged("nulls", max(0.0, value), limits, text, over=over, since=_since(over, seen), command=closer(day))


def actions(seen: QualitySeen) -> Judged:
    """How many times an action's share is more or less than in earlier weeks, in the day where it is most."""
    worst: dict[Day, tuple[float, str, float, float]] = {}
    for day, quality, earlier in _comparable(seen):
        if changes := list(_changes(quality, earlier)):
            worst[day] = max(changes)
    limits = seen.limits.of("actions")
    if not worst:
        return unjudged("actions", _INCOMPARABLE, limits)
    day = max(worst, key=lambda one: (worst[one][0], one))
    value, action, now, before = worst[day]
    over = _over({one: found[0] for one, found in worst.items()}, limits)
    text = "each has the share it had in earlier weeks"
    if value > limits[0]:
        text = f"{percent(now)} of the facts of {day} are {action!r}, {percent(before)} in earlier weeks"
    return judged("actions", value, limits, text, over=over, since=_since(over, seen), command=closer(day))


def _changes(quality: Quality, earlier: Sequence[Quality]) -> Iterable[tuple[float, str, float, float]]:
    """Of each action that is common enough: times more or less, its name, its share, and its share before.

    One that no earlier week had was permitted since: that is news, and no fault.
    """
    facts = sum(one.facts for one in earlier)
    for action in {name for one in earlier for name in one.actions}:
        before = sum(one.actions.get(action, 0) for one in earlier) / facts
        count, wanted = quality.actions.get(action, 0), before * quality.facts
        if before and max(count, wanted) >= _LEAST_EXPECTED:
            ratio = (count + 0.5) / (wanted + 0.5)  # a half, so that none at all is many times less
            yield max(ratio, 1 / ratio), action, count / quality.facts, before


def new_fields(seen: QualitySeen) -> Judged:
    """Fields outside of the contract that no earlier day had, of those that are known."""
    limits = seen.limits.of("fields")
    known: set[str] | None = None
    new: dict[str, tuple[Day, int]] = {}
    for day, quality in seen.by_day.items():  # oldest first
        names = set(quality.unknown_fields) - {OTHER}
        if known is not None and day >= seen.hours.first.day:
            new |= {name: (day, quality.unknown_fields[name]) for name in sorted(names - known)}
        known = (known or set()) | names
    if len(seen.by_day) < 2:
        return unjudged("fields", "no earlier day to compare with", limits)
    days = dict.fromkeys(sorted(str(day) for day, _ in new.values()), verdict_of(len(new), limits))
    shown = ", ".join(f"{name!r} ({counted(count, 'line')} of {day})" for name, (day, count) in list(new.items())[:3])
    text = f"{len(new)} new: {shown}{', …' if len(new) > 3 else ''}" if new else "none that was not there before"
    first = next(iter(days), str(seen.hours.first.day))
    return judged("fields", len(new), limits, text, over=days, since=first, command=closer(first))


def lateness(seen: QualitySeen) -> Judged:
    """Facts that belong to days before the one they arrived in."""
    parts = [
        Part(str(day), sum(n for name, n in quality.days.items() if name < str(day)), quality.facts)
        for day, quality in _over_days(seen)
    ]
    return share_judged("lateness", parts, seen.limits.of("lateness"), "of facts from earlier days", closer)


def skew(seen: QualitySeen) -> Judged:
    """How far events are ahead of the end of the unit they arrived in: a client's clock, or a producer's."""
    limits = seen.limits.of("skew")
    ahead = {
        unit: (datetime.fromisoformat(newest) - unit.hours[-1].plus(1).start).total_seconds()
        for unit, commit in seen.units.items()
        if (newest := commit.quality.max_event_time)
    }
    if not ahead:
        return unjudged("skew", "there is no fact", limits)
    unit, seconds = max(ahead.items(), key=lambda item: item[1])
    over = {str(u): v for u, s in ahead.items() if ORDER[v := verdict_of(s, limits)] > 0}
    text = f"an event of {unit} is {timedelta(seconds=round(seconds))} ahead of its end"
    text = text if seconds > 0 else "no event is ahead of its unit"
    return judged("skew", max(0.0, seconds), limits, text, over=over, command=closer(unit),
                  since=since(over, [str(u) for u in ahead]))  # fmt: skip


def _over_days(seen: QualitySeen) -> list[tuple[Day, Quality]]:
    """The arrival days of the range that are over, whole: a part of a day is not like a day."""
    days = ((day, seen.by_day[day]) for day in seen.hours.days if day in seen.by_day and day < seen.present.day)
    return [(day, quality) for day, quality in days if quality.facts]


def _comparable(seen: QualitySeen) -> Iterable[tuple[Day, Quality, list[Quality]]]:
    """Those of them with enough facts, and enough earlier weeks that have enough, to compare shares of facts."""
    for day, quality in _over_days(seen):
        earlier = [one for one in seen.earlier_days(day) if one.facts >= _LEAST_FACTS]
        if quality.facts >= _LEAST_FACTS and len(earlier) >= FEWEST_POINTS:
            yield day, quality, earlier


def _share(count: int, quality: Quality) -> float:
    return count / quality.facts if quality.facts else 0.0


def _over(values: Mapping[Day, float], limits: tuple[float, float]) -> Over:
    return {str(day): v for day, value in sorted(values.items()) if ORDER[v := verdict_of(value, limits)] > 0}


def _since(over: Over, seen: QualitySeen) -> str:
    return since(over, [str(day) for day in seen.hours.days])
