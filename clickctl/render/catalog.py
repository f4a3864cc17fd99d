"""How the catalog compares with the lake, as text: counts by table, and each kind of change with its days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clickctl.domain.hours import Day
from clickctl.plan.registered import FAILED, LEFT, MADE, PLANNED, CatalogReport, ChangeReport
from clickctl.render.words import number, plural

_HEADS = {MADE: ("Done", "green"), PLANNED: ("To do", "cyan"), LEFT: ("Left", "yellow"), FAILED: ("Failed", "red")}
_RANGES = 3


def catalog(report: CatalogReport) -> RenderableType:
    parts: list[RenderableType] = [Text(f"{report.catalog}: {plural(report.days, 'event-day')} with rows")]
    if report.tables:
        parts.append(_counts(report))
    for outcome, (head, style) in _HEADS.items():
        if found := [change for change in report.changes if change.outcome == outcome]:
            parts.append(Text(f"{head}:", style=style))
            parts += [Text(f"  {line}") for line in _lines(found)]
    if report.problems:
        parts.append(Text("Could not be read:", style="red"))
        parts += [Text(f"  {problem}") for problem in _some(report.problems)]
    return Group(*parts)


def _counts(report: CatalogReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("partitions of", no_wrap=True)
    names = ("kept", "added", "updated", "pruned", "failed", "left")
    for name in names if report.applied else ("kept", "to add", "to update", "to prune", "failed", "left"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in report.tables:
        table.add_row(row.name, *(number(getattr(row, name)) for name in names))
    return table


def _lines(changes: Iterable[ChangeReport]) -> list[str]:
    """A line for each kind of change and cause. Of causes that differ from day to day, the first."""
    groups: dict[tuple[str, ...], list[ChangeReport]] = {}
    for change in changes:
        cause = change.reason.split(":")[0] if change.kind == "partition" else change.reason
        groups.setdefault((change.action, change.kind, change.name, cause, change.needs, change.error), []).append(
            change
        )
    return [_line(group) for group in groups.values()]


def _line(group: Sequence[ChangeReport]) -> str:
    change = group[0]
    what = f"{change.kind} {change.name}"
    if change.kind == "partition":
        what = f"{plural(len(group), 'partition')} of {change.name}"
    days = _days([one.day for one in group if one.day])
    text = f"{change.action} {what}: {change.reason}{f' ({days})' if days else ''}"
    if change.error:
        text += f". {change.error}"
    return f"{text}; needs {change.needs}" if change.outcome == LEFT else text


def _days(days: Sequence[Day]) -> str:
    """`2026-01-05 to 2026-01-09, 2026-02-01 and 12 days more`."""
    ranges: list[list[Day]] = []
    for day in sorted(days):
        if ranges and day.date - ranges[-1][-1].date == timedelta(days=1):
            ranges[-1].append(day)
        else:
            ranges.append([day])
    shown = [str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}" for found in ranges[:_RANGES]]
    more = sum(map(len, ranges[_RANGES:]))
    return ", ".join(shown) + (f" and {plural(more, 'day')} more" if more else "")


def _some(texts: Sequence[str]) -> list[str]:
    shown = list(texts[:5])
    return shown if len(texts) == len(shown) else [*shown, f"and {len(texts) - len(shown)} more"]


def summary(report: CatalogReport) -> str:
    """One line: what became of everything."""
    counts = {outcome: sum(change.outcome == outcome for change in report.changes) for outcome in _HEADS}
    words = {MADE: "made", PLANNED: "to make", LEFT: "left", FAILED: "failed"}
    told = [f"{plural(count, 'change')} {words[outcome]}" for outcome, count in counts.items() if count]
    as_it_is = "The catalog is as it should be" if report.days else "No rows are committed here"
    return ", ".join(told) or as_it_is
