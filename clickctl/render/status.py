"""The calendar of hours."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clickctl.plan.status import HourStatus, State, StatusReport
from clickctl.render.console import can_show
from clickctl.render.words import number

_CELLS = {
    State.MISSING: ("·", ".", "dim", "no raw files"),
    State.WAITING: ("○", "o", "cyan", "raw files wait to be run"),
    State.COMMITTED: ("●", "#", "green", "committed"),
    State.STALE: ("◐", "~", "yellow", "committed, but input or rules changed"),
    State.TORN: ("!", "!", "bold red", "a run died while publishing"),
    State.PUBLISHING: ("↻", "*", "blue", "being published"),
    State.FAILED: ("x", "x", "bold red", "the last run failed"),
    State.FUTURE: (" ", " ", "", "not yet over"),
}


def status(report: StatusReport, details: bool) -> RenderableType:
    """The grid, its legend, and the commands that mend what can be mended."""
    parts: list[RenderableType] = [Text(f"Arrival hours [{report.first}, {report.end}), UTC"), _grid(report), _legend(report)]
    if details:
        parts.append(_details(report))
    if report.mend:
        parts.append(Text("To mend:"))
        parts += [Text(f"  {mend.command}    # {_count(mend.hours)} {', '.join(mend.states)}") for mend in report.mend[:12]]
        if len(report.mend) > 12:
            parts.append(Text(f"  or all {len(report.mend)} gaps at once: clickctl backfill {report.first} {report.end}"))
    return Group(*parts)


def _count(hours: int) -> str:
    return "1 hour" if hours == 1 else f"{number(hours)} hours"


def _grid(report: StatusReport) -> Table:
    table = Table.grid(padding=0)
    table.add_column()
    table.add_row("            0     6     12    18    ")
    for day, hours in groupby(report.hours, key=lambda status: status.hour.day):
        cells = {status.hour.start.hour: status for status in hours}
        row = Text(f"{day}  ")
        for hour in range(24):
            row.append(*_cell(cells[hour].state) if hour in cells else (" ", ""))
        table.add_row(row)
    return table


def _cell(state: str) -> tuple[str, str]:
    pretty, plain, style, _ = _CELLS[State(state)]
    return (pretty if can_show(pretty) else plain), style


def _legend(report: StatusReport) -> Table:
    table = Table.grid(padding=(0, 1))
    for state in State:
        if count := report.counts.get(state, 0):
            if state is not State.FUTURE:
                table.add_row(Text(*_cell(state)), state.value, f"{_count(count)}: {_CELLS[state][3]}")
    return table


def _details(report: StatusReport) -> Table:
    table = Table.grid(padding=(0, 2))
    for status in _noteworthy(report):
        table.add_row(str(status.hour), status.state, status.reason)
    return table


def _noteworthy(report: StatusReport) -> Iterator[HourStatus]:
    quiet = (State.COMMITTED, State.MISSING, State.FUTURE)
    return (status for status in report.hours if status.state not in quiet)
