"""What load-hot did, or would do, as text: a row for each event-day."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clickctl.plan.hot import EMPTY, EXPIRE
from clickctl.plan.hot_report import DONE, FAILED, LEFT, PLANNED, DayDone, DayReport, HotReport, told
from clickctl.render.words import number, plural, size, span

_STYLES = {"load": "cyan", "reload": "yellow", "unchanged": "dim", "expire": "magenta", "held": "red", "empty": "dim"}


def hot(report: HotReport) -> RenderableType:
    """The table, and below it what stands in the way."""
    parts: list[RenderableType] = [
        Text(f"{report.warehouse}: event-days from {report.first} on ({report.hot_days} days, UTC)")
    ]
    if report.tables and not report.applied:
        parts.append(Text(f"Tables to make: {', '.join(report.tables)}"))
    if report.days:
        parts.append(_table(report))
    if errors := [day for day in report.days if day.error]:
        parts.append(Text("Failed:", style="red"))
        parts += [Text(f"  {day.day}: {day.error}") for day in errors]
    return Group(*parts)


def _table(report: HotReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("day", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for name in ("files", "rows", "bytes", *(("duplicates", "took") if report.applied else ())):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for day in report.days:
        row = [number(day.files), number(day.rows), size(day.bytes)]
        row += _result(day) if report.applied else []
        table.add_row(str(day.day), Text(day.verdict, style=_STYLES[day.verdict]), *row, _remark(day))
    return table


def _result(day: DayReport) -> list[str]:
    return [number(day.duplicates), span(day.seconds) if day.seconds else ""]


def _remark(day: DayReport) -> str:
    words = {FAILED: "failed", LEFT: "left"}.get(day.outcome, "")
    cut = f"{plural(day.cut, 'value')} shortened" if day.cut and day.verdict != EXPIRE else ""
    reason = "" if day.verdict == EMPTY else day.reason
    return "; ".join(part for part in (words, reason, cut) if part)


def day_line(done: DayDone) -> str:
    """One day as it ends, for the log."""
    day, took = done.plan.day, span(done.seconds)
    if done.error:
        return f"{day} failed: {told(done.error)}"
    if not done.plan.changes:
        return f"{day} unchanged: another load was quicker"
    if not done.load:
        return f"{day} given up: {done.plan.reason}, in {took}"
    rows = f"{plural(done.load.facts, 'fact')} of {plural(done.load.files, 'file')}"
    more = f", {plural(done.load.duplicates, 'duplicate')} removed" if done.load.duplicates else ""
    return f"{day} loaded: {rows}{more}, in {took}"


def summary(report: HotReport) -> str:
    """One line: what became of the days, and how fresh the warehouse is."""
    counts: dict[str, int] = {}
    for day in report.days:
        word = _word(day)
        counts[word] = counts.get(word, 0) + 1
    told = [f"{plural(count, 'day')} {word}" for word, count in counts.items() if word]
    users = [f"{plural(report.users, 'user')} rebuilt"] if report.users is not None else []
    users += ["users to rebuild"] if report.rebuild_users and not report.applied else []
    return f"{', '.join([*told, *users]) or 'No days with rows'}. {freshness(report)}"


def _word(day: DayReport) -> str:
    planned = {"load": "to load", "reload": "to load again", "expire": "to give up"}
    done = {"load": "loaded", "reload": "loaded again", "expire": "given up"}
    if day.outcome == PLANNED:
        return planned[day.verdict]
    if day.outcome == DONE:
        return done[day.verdict]
    return {"empty": "without rows"}.get(day.verdict, day.outcome or day.verdict)


def freshness(report: HotReport) -> str:
    """`Newest event 2026-01-05T13:59:59Z, 12 min 3 s old.`"""
    if report.age_seconds is None:
        return "The warehouse is empty."
    return f"Newest event {report.newest_event}, {span(report.age_seconds)} old."
