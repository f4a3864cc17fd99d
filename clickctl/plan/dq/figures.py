"""The figures of hours and of groups of hours."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from clickctl.domain.hours import Hour, Unit
from clickctl.domain.ledger import Commit
from clickctl.domain.quality import Quality, total
from clickctl.plan.dq.band import Usual, usual, usual_spread
from clickctl.plan.dq.judging import worst
from clickctl.plan.dq.results import (
    Counts,
    Expected,
    GroupFigures,
    HourFigures,
    ReasonFigures,
    Totals,
    Verdict,
)
from clickctl.plan.dq.seen import QualitySeen
from clickctl.plan.status import State

_MOST_REASONS = 50
_USUAL_LIMIT = 4.0
"""How wide bands are drawn where volume has no limit."""


def hour_figures(seen: QualitySeen) -> tuple[HourFigures, ...]:
    """Every hour of the range, with what is usual for it."""
    histories = {hour: seen.earlier(hour) for hour in seen.hours}
    spread = usual_spread(histories.values())
    deviations = next((limit for limit in seen.limits.of("volume") if math.isfinite(limit)), _USUAL_LIMIT)
    return tuple(_hour(seen, hour, usual(histories[hour], spread), deviations) for hour in seen.hours)


def _hour(seen: QualitySeen, hour: Hour, known: Usual | None, deviations: float) -> HourFigures:
    status, counts = seen.statuses[hour], seen.counts(hour)
    expected = off = None
    if known:
        low, high = known.band(deviations)
        expected = Expected(known.middle, round(low, 1), round(high, 1))
        off = round(known.deviations(counts.facts), 6) if counts else None
    return HourFigures(hour, status.state, status.unit, status.raw_files, status.raw_bytes, counts, expected, off)


Found = Mapping[str, Mapping[str, Verdict]]
"""Of an hour or a day the checks that it is over a limit of, with what they say of it."""


def by_place(over: Mapping[str, Mapping[str, Verdict]]) -> Found:
    """The same as the checks tell it: of each check its hours and days."""
    found: dict[str, dict[str, Verdict]] = {}
    for check, places in over.items():
        for place, verdict in places.items():
            found.setdefault(place, {})[check] = verdict
    return found


def with_findings(hours: Iterable[HourFigures], found: Found) -> tuple[HourFigures, ...]:
    return tuple(
        replace(hour, findings=tuple(its), verdict=worst([Verdict.GOOD, *its.values()]))
        for hour in hours
        for its in [found.get(str(hour.hour), {})]
    )


def group_figures(
    hours: Sequence[HourFigures], seen: QualitySeen, group: str, found: Found
) -> tuple[GroupFigures, ...]:
    """The hours by `hour` or `day`. Hours that are not over are in none. `found` as of by_place."""

    def place(unit: Unit) -> Unit:
        return unit.day if group == "day" else unit

    inside: dict[Unit, list[Quality]] = {}
    silent = {unit: commit.quality for unit, commit in seen.units.items() if seen.silent(unit)}
    for unit, commit in seen.units.items():
        inside.setdefault(place(unit), []).append(commit.quality)
    over = (figures for figures in hours if figures.state != State.FUTURE)
    return tuple(
        _group(where, list(its), total(inside.get(where, ())).reasons, silent.get(where), found)
        for where, its in groupby(over, lambda figures: place(figures.hour))
    )


def _group(
    place: Unit, hours: list[HourFigures], reasons: dict[str, int], silent: Quality | None, found: Found
) -> GroupFigures:
    known = [hour.counts for hour in hours if hour.counts]
    committed = sum(1 for hour in hours if hour.state in (State.COMMITTED, State.STALE))
    counts = _added(known) if known else None
    if silent:  # a day that does not tell of its hours tells of itself
        counts = Counts(silent.lines, silent.facts, silent.quarantined)
    findings = dict.fromkeys([*found.get(str(place), {}), *(name for hour in hours for name in hour.findings)])
    return GroupFigures(str(place), len(hours), committed, counts, _sum(hours), reasons, tuple(findings))


def _added(counts: Iterable[Counts]) -> Counts:
    known = list(counts)
    return Counts(*(sum(getattr(one, name) for one in known) for name in ("lines", "facts", "quarantined")))


def _sum(hours: Sequence[HourFigures]) -> Expected | None:
    """Together, if it is known of each hour that has counts; the bands of hours add up by their squares."""
    known = [hour.expected for hour in hours if hour.counts and hour.expected]
    if not known or len(known) < sum(1 for hour in hours if hour.counts):
        return None
    middle = sum(one.facts for one in known)
    width = sum((one.high - one.facts) ** 2 for one in known) ** 0.5
    least = max(width, 0.1 * middle) if len(known) > 1 else width  # hours of one day deviate together
    return Expected(middle, round(max(0.0, middle - least), 1), round(middle + least, 1))


def totals(seen: QualitySeen, hours: Iterable[HourFigures]) -> Totals:
    commits = list(seen.units.values())
    quality = total(commit.quality for commit in commits)
    of_hours = [hour.counts for hour in hours if hour.counts]
    silent = [seen.units[unit].quality for unit in seen.units if seen.silent(unit)]
    counts = _added([*of_hours, *(Counts(one.lines, one.facts, one.quarantined) for one in silent)])
    billed = [commit for commit in commits if commit.cost is not None]
    return Totals(
        lines=counts.lines, facts=counts.facts, duplicates=counts.duplicates, quarantined=counts.quarantined,
        units=len(commits), unit_lines=quality.lines, bytes_in=quality.bytes_in, bytes_out=quality.bytes_out,
        files_in=quality.files_in, files_out=quality.files_out,
        actions=quality.actions, nulls=quality.nulls, unknown_fields=quality.unknown_fields, event_days=quality.days,
        newest_event=max((commit.quality.max_event_time or "" for commit in seen.latest), default=""),
        newest_commit=max((commit.committed_at for commit in seen.latest), default=""),
        newest_load=seen.load.at if seen.load else "",
        dpu_hours=round(sum(commit.dpu_hours or 0.0 for commit in billed), 6) if billed else None,
        dollars=round(sum(commit.cost or 0.0 for commit in billed), 6) if billed else None,
    )  # fmt: skip


def reason_figures(units: Mapping[Unit, Commit]) -> tuple[ReasonFigures, ...]:
    """Reasons for quarantine, the commonest first."""
    counts: Counter[str] = Counter()
    newest: dict[str, Unit] = {}
    lines = 0
    for unit, commit in units.items():  # in the order of time
        counts.update(commit.quality.reasons)
        newest.update(dict.fromkeys((name for name, count in commit.quality.reasons.items() if count), unit))
        lines += commit.quality.lines
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        ReasonFigures(
            reason, count, round(count / lines, 6) if lines else 0.0, str(newest[reason]),
            f"clickctl quarantine show {newest[reason]} --reason {shlex.quote(reason)}",
        )
        for reason, count in ranked[:_MOST_REASONS] if count
    )  # fmt: skip
