"""Freshness, alerts, files and cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

from clickctl.domain.hours import Day, Hour, HourRange, Unit
from clickctl.domain.layout import TABLES, owner_of
from clickctl.domain.ledger import OutputFile
from clickctl.plan.dq.judging import Judged, counted, judged, since, unjudged, verdict_of
from clickctl.plan.dq.results import ORDER, Totals, Verdict
from clickctl.plan.dq.seen import QualitySeen, reaches_present

_ONE_HOUR = timedelta(hours=1)
_SMALL = 1_000_000
"""Bytes: how evenly the rows of smaller files are spread is of no matter."""


def freshness(seen: QualitySeen, totals: Totals) -> list[Judged]:
    """How old the newest of everything is, in a range that reaches the present."""
    limits = seen.limits
    if not reaches_present(seen.hours, seen.present):
        why = "the range does not reach the present"
        return [unjudged(name, why, limits.of(name)) for name in ("newest_event", "newest_commit", "newest_load")]
    return [
        _age(seen, "newest_event", totals.newest_event, "event in the lake"),
        _age(seen, "newest_commit", totals.newest_commit, "commit"),
        _load(seen, totals),
    ]


def _age(seen: QualitySeen, name: str, at: str, what: str) -> Judged:
    """Where the ledgers that were read have none, it is known for how long nothing came at least."""
    limits = seen.limits.of(name)
    if at:
        hours = max(0.0, (seen.now - _moment(at)) / _ONE_HOUR)
        text = f"the newest {what} is {hours:.3g} hours old ({at[:19]}Z)"
        return judged(name, hours, limits, text, since=at[:13], command="clickctl status")
    if seen.began is None:
        return unjudged(name, "nothing is committed", limits)
    hours = (seen.now - seen.told_from.first_hour.start) / _ONE_HOUR
    text = f"nothing is committed of the last {hours:.3g} hours, since {seen.told_from}"
    if verdict_of(hours, limits) == Verdict.GOOD:
        return unjudged(name, f"{text}, and no further was looked", limits)
    return judged(name, hours, limits, text, since=str(seen.told_from), command="clickctl status")


def _load(seen: QualitySeen, totals: Totals) -> Judged:
    """How far the warehouse is behind the lake, by the note of the last load that changed it."""
    limits = seen.limits.of("newest_load")
    if seen.load is None:
        return unjudged("newest_load", "no load is noted in this lake", limits)
    if not seen.load.newest_event or not totals.newest_event:
        lacking = "warehouse" if totals.newest_event else "last days of the lake"
        return unjudged("newest_load", f"there is no event in the {lacking} to compare", limits)
    behind = max(0.0, (_moment(totals.newest_event) - _moment(seen.load.newest_event)) / _ONE_HOUR)
    text = f"the newest event loaded is {behind:.3g} hours behind the lake's (load of {seen.load.at})"
    return judged("newest_load", behind, limits, text, since=seen.load.newest_event[:13],
                  command="clickctl load-hot --dry-run")  # fmt: skip


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def alerts(seen: QualitySeen) -> Judged:
    """Raw files of units with purchases that have no receipt, from when alerts began."""
    limits, found = seen.limits.of("alerts"), seen.alerts
    wanted = sum(commit.quality.actions.get(found.action, 0) for commit in seen.units.values())
    if found.problem:
        return unjudged("alerts", f"no topic is configured, and receipts cannot be seen: {found.problem}", limits)
    if found.since is None and not found.expected:
        return unjudged("alerts", "there is no receipt: alerts are not in use", limits)
    unsent = {file.key for file in found.unsent}
    files = {
        file.key: unit
        for unit, commit in seen.units.items()
        if commit.quality.actions.get(found.action)
        for file in commit.inputs
        if file.key in unsent
    }
    over = {str(unit): verdict_of(len(files), limits) for unit in files.values()}
    text = (
        f"{wanted:,} {found.action} events; {len(files) or 'no'} raw file{'' if len(files) == 1 else 's'} of such units"
    )
    units = list(seen.units)
    return judged("alerts", len(files), limits, f"{text} without a receipt",
                  over=over if ORDER[verdict_of(len(files), limits)] > 0 else {},
                  since=since(over, [str(unit) for unit in units]),
                  command=f"clickctl alerts-replay {_span(list(files.values()))} --dry-run")  # fmt: skip


def _span(units: Sequence[Unit]) -> str:
    if not units:
        return ""
    return HourRange(min(u.hours[0] for u in units), max(u.hours[-1] for u in units).plus(1)).words


def files(seen: QualitySeen) -> list[Judged]:
    """How many files, how large, how even."""
    names = ("small_files", "large_files", "file_skew")
    groups: dict[tuple[str, Day], list[OutputFile]] = {}
    owned: dict[tuple[Unit, str, Day], list[OutputFile]] = {}
    for unit, commit in seen.units.items():
        for file in commit.files:
            if file.table in TABLES:
                groups.setdefault((file.table, file.day), []).append(file)
                owned.setdefault((unit, file.table, file.day), []).append(file)
    if not groups:
        return [unjudged(name, "nothing is committed", seen.limits.of(name)) for name in names]
    return [_small(seen, groups), _large(seen, groups), _skewed(seen, owned)]


def _small(seen: QualitySeen, groups: dict[tuple[str, Day], list[OutputFile]]) -> Judged:
    """Files of an event-day that is over beyond what its bytes need, of those that units of the range own."""
    excess = {
        place: len(found) - math.ceil(sum(file.size for file in found) / seen.target_bytes)
        for place, found in groups.items()
        if place[1] < seen.present.day
    } or {(TABLES[0], seen.present.day): 0}
    (table, day), value = max(excess.items(), key=lambda item: (item[1], str(item[0][1])))
    limits = seen.limits.of("small_files")
    days = sorted({str(d) for (_, d), count in excess.items() if ORDER[verdict_of(count, limits)] > 0})
    text = (
        f"{counted(value, 'file')} more than needed in {table} of {day}" if value > 0 else "no more files than needed"
    )
    hours = sorted(
        {owner.day for file in groups.get((table, day), ()) if isinstance(owner := owner_of(file.key), Hour)}
    )
    command = f"clickctl backfill {hours[0]} {hours[-1].plus(1)} --dry-run" if hours else f"clickctl status {day}"
    return judged("small_files", max(0, value), limits, text, since=days[0] if days else "", command=command)


def _large(seen: QualitySeen, groups: dict[tuple[str, Day], list[OutputFile]]) -> Judged:
    largest = max((file for found in groups.values() for file in found), key=lambda file: file.size)
    times = largest.size / seen.target_bytes
    text = f"the largest is {largest.size / 1e6:,.1f} MB, {times:.2g} times the target ({largest.key})"
    return judged("large_files", times, seen.limits.of("large_files"), text, since=str(largest.day),
                  command=f"clickctl status {largest.day} {largest.day.plus(1)}")  # fmt: skip


def _skewed(seen: QualitySeen, owned: dict[tuple[Unit, str, Day], list[OutputFile]]) -> Judged:
    """The largest file of a unit beside its middle one: rows are spread by hash."""
    limits = seen.limits.of("file_skew")
    skews = {
        place: max(file.size for file in found) / middle
        for place, found in owned.items()
        if len(found) > 1 and (middle := median(file.size for file in found)) >= _SMALL
    }
    if not skews:
        return unjudged("file_skew", "no unit has several files of 1 MB or more", limits)
    (unit, table, day), value = max(skews.items(), key=lambda item: item[1])
    text = f"at most {value:.1f} times the middle one ({table} of {day}, unit {unit})"
    return judged("file_skew", value, limits, text, since=str(unit), command=f"clickctl status {day} {day.plus(1)}")


def cost(seen: QualitySeen, totals: Totals) -> Judged:
    """Dollars for a million lines, of the commits that cost any."""
    limits = seen.limits.of("cost")
    lines = sum(commit.quality.lines for commit in seen.units.values() if commit.cost is not None)
    if totals.dollars is None or not lines:
        return unjudged("cost", "nothing was billed", limits)
    dollars, hours = totals.dollars / (lines / 1e6), (totals.dpu_hours or 0) / (lines / 1e6)
    text = f"${dollars:,.4f} and {hours:.4f} DPU-hours for a million events"
    first = next(iter(seen.units))
    return judged("cost", dollars, limits, text, since=str(first), command=f"clickctl status {first.day}")
