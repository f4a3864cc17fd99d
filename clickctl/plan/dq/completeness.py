"""Completeness: hours that are missing, late, failed, torn or stale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from clickctl.domain.hours import Hour, HourRange
from clickctl.domain.ledger import Ledger
from clickctl.plan.dq.judging import Judged, Over, counted, judged, since, unjudged, verdict_of
from clickctl.plan.dq.results import Verdict
from clickctl.plan.dq.seen import QualitySeen
from clickctl.plan.status import HourStatus, State

_GRACE = timedelta(hours=1)
"""An hour's files may take so long to arrive before it is missing."""

_SHOWN = 3


def completeness(seen: QualitySeen) -> list[Judged]:
    names = ("late", *_STATES)
    if all(status.state == State.FUTURE for status in seen.status.hours):
        why = "no hour of the range is over"
        return [unjudged(name, why, seen.limits.of(name)) for name in ("missing", *names)]
    return [_missing(seen), _late(seen), *(_in_state(seen, name, states) for name, states in _STATES.items())]


_STATES = {"failed": (State.FAILED, State.BLOCKED), "torn": (State.TORN,), "stale": (State.STALE,)}
_SAID = {"failed": "failed or cannot be run", "torn": "torn: a run died while publishing", "stale": "stale"}


def _missing(seen: QualitySeen) -> Judged:
    """Hours without raw files, from the first hour on that the lake ever had any in."""
    waited = [s for s in seen.status.hours if s.hour.plus(1).start <= seen.now - _GRACE]
    if not waited:
        return unjudged("missing", "no hour of the range has been over for an hour", seen.limits.of("missing"))
    there = (s.hour for s in seen.status.hours if s.state not in (State.MISSING, State.FUTURE))
    begun = None if _had_earlier(seen) else next(there, None)
    if begun is None and not _had_earlier(seen) and seen.began:
        return unjudged("missing", f"the lake begins later, with {seen.began}", seen.limits.of("missing"))
    gone = [s.hour for s in waited if s.state == State.MISSING and (begun is None or s.hour > begun)]
    text = f"{counted(len(gone), 'hour')} without raw files{_places(gone)}"
    if len(gone) == len(waited):
        text = "no hour has raw files"
    elif not gone and begun and begun > seen.hours.first:
        text = f"no hour without raw files since the lake's first, {begun}"
    return _counted(seen, "missing", gone, text, f"clickctl status {_span(gone)}")


def _had_earlier(seen: QualitySeen) -> bool:
    """Whether the lake held anything before this range: by its first ledger, or by that of the range's first day."""
    first = seen.hours.first
    of_day = seen.ledgers.get(first.day, Ledger(first.day)).committed()
    inputs = (file for commit in of_day.values() for file in commit.inputs)
    return (seen.began is not None and seen.began < first.day) or any(file.key < first.path for file in inputs)


def _late(seen: QualitySeen) -> Judged:
    """How long raw files have been waiting to be run."""
    waiting = {s.hour: _age(s.hour, seen.now) for s in seen.status.hours if s.state == State.WAITING}
    limits = seen.limits.of("late")
    over = {str(hour): verdict for hour, age in waiting.items() if (verdict := verdict_of(age, limits)) != Verdict.GOOD}
    oldest = max(waiting.values(), default=0.0)
    hours = sorted(waiting)
    text = f"{counted(len(waiting), 'hour')} waiting to be run{_places(hours)}"
    text += f", for {oldest:.3g} hours at most" if waiting else ""
    return judged("late", oldest, limits, text, over=over, since=since(over, [str(h) for h in seen.hours]),
                  command=_mend(seen, (State.WAITING,), hours))  # fmt: skip


def _in_state(seen: QualitySeen, name: str, states: tuple[State, ...]) -> Judged:
    found = [s for s in seen.status.hours if s.state in states]
    hours = [s.hour for s in found]
    text = f"{counted(len(hours), 'hour')} {_SAID[name]}{_places(hours)}{_why(found)}"
    return _counted(seen, name, hours, text, _mend(seen, states, hours))


def _counted(seen: QualitySeen, name: str, hours: Sequence[Hour], text: str, command: str) -> Judged:
    limits = seen.limits.of(name)
    verdict = verdict_of(len(hours), limits)
    over: Over = dict.fromkeys(map(str, hours), verdict) if verdict != Verdict.GOOD else {}
    return judged(name, len(hours), limits, text, over=over, command=command,
                  since=since(over, [str(hour) for hour in seen.hours]))  # fmt: skip


def _why(found: Sequence[HourStatus]) -> str:
    reasons = dict.fromkeys(s.reason for s in found if s.reason)
    return f": {next(iter(reasons))}" if len(reasons) == 1 else ""


def _places(hours: Sequence[Hour]) -> str:
    """` (2026-01-05T13, 2026-01-06T02 to T05, …)`."""
    spans = list(_spans(hours))
    shown = [str(a) if a == b else f"{a} to {_end(a, b)}" for a, b in spans[:_SHOWN]]
    more = ["…"] if len(spans) > _SHOWN else []
    return f" ({', '.join([*shown, *more])})" if shown else ""


def _end(first: Hour, last: Hour) -> str:
    return str(last)[10:] if first.day == last.day else str(last)


def _spans(hours: Iterable[Hour]) -> Iterable[tuple[Hour, Hour]]:
    first = last = None
    for hour in hours:
        if first is None or last is None or hour != last.plus(1):
            if first and last:
                yield first, last
            first = hour
        last = hour
    if first and last:
        yield first, last


def _age(hour: Hour, now: datetime) -> float:
    """Hours since this one was over."""
    return max(0.0, (now - hour.plus(1).start) / timedelta(hours=1))


def _span(hours: Sequence[Hour]) -> str:
    return HourRange(hours[0].day.first_hour, hours[-1].day.plus(1).first_hour).words if hours else ""


def _mend(seen: QualitySeen, states: Sequence[State], hours: Sequence[Hour]) -> str:
    """The command that mends them, as `status` says it, else one to look closer."""
    wanted = [mend.command for mend in seen.status.mend if set(mend.states) & set(states)]
    return wanted[0] if len(wanted) == 1 else f"clickctl status {_span(hours)}"
