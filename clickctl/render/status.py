"""The calendar of hours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clickctl.domain.hours import HourRange
from clickctl.plan.status import HourStatus, Mend, State, StatusReport
from clickctl.render.console import can_show
from clickctl.render.words import number, plural

CELLS = {
    State.MISSING: ("·", ".", "dim", "no raw files"),
    State.WAITING: ("○", "o", "cyan", "raw files wait to be run"),
    State.COMMITTED: ("●", "#", "green", "committed"),
    State.STALE: ("◐", "~", "yellow", "committed, but input or rules changed"),
    State.TORN: ("!", "!", "bold red", "a run died while publishing it"),
    State.PUBLISHING: ("↻", "*", "blue", "being published"),
    State.FAILED: ("x", "x", "bold red", "the last run failed"),
    State.BLOCKED: ("?", "?", "bold red", "a folder where a raw file should be, or a damaged ledger"),
    State.FUTURE: (" ", " ", "", "not yet over"),
}


def status(report: StatusReport, details: bool, again: Callable[[str], str] = str) -> RenderableType:
    """The grid, its legend, and the commands that mend what can be mended.

    `again` completes a command so that it can be typed as it stands.
    """
    parts: list[RenderableType] = [
        Text(f"Arrival hours [{report.first}, {report.end}), UTC"),
        _grid(report),
        _legend(report),
    ]
    if details:
        parts += _details(report)
    if report.mend:
        parts.append(Text("To mend:"))
        parts += [_command(again(f"{mend.command}  # {_what(mend)}")) for mend in report.mend[:12]]
    if len(report.mend) > 12:
        whole = f"clickctl backfill {HourRange(report.first, report.end).words}"
        parts.append(_command(again(f"{whole}  # all {number(len(report.mend))} of these at once")))
    return Group(*parts)


def _what(mend: Mend) -> str:
    return f"{plural(mend.hours, 'hour')} {', '.join(mend.states)}"


def _command(text: str) -> Text:
    """Never broken into lines by us: it is there to be copied."""
    return Text(f"  {text}", no_wrap=True, overflow="ignore")


def _grid(report: StatusReport) -> Table:
    table = Table.grid(padding=0)
    table.add_column()
    table.add_row("            0     6     12    18    ")
    for day, hours in groupby(report.hours, key=lambda status: status.hour.day):
        cells = {status.hour.start.hour: status for status in hours}
        row = Text(f"{day}  ")
        for hour in range(24):
            row.append(*cell(cells[hour].state) if hour in cells else (" ", ""))
        table.add_row(row)
    return table


def cell(state: str) -> tuple[str, str]:
    """The mark of a state, and its style."""
    pretty, plain, style, _ = CELLS[State(state)]
    return (pretty if can_show(pretty) else plain), style


def _legend(report: StatusReport) -> Table:
    table = Table.grid(padding=(0, 1))
    for state in State:
        count = report.counts.get(state, 0)
        if count and state is not State.FUTURE:
            table.add_row(Text(*cell(state)), state.value, f"{plural(count, 'hour')}: {CELLS[state][3]}")
    return table


def _details(report: StatusReport) -> list[RenderableType]:
    """Why each hour is as it is, of those that are not well."""
    table = Table.grid(padding=(0, 2))
    for status in _noteworthy(report):
        table.add_row(str(status.hour), status.state, status.reason)
    return [table] if table.row_count else []


def _noteworthy(report: StatusReport) -> Iterator[HourStatus]:
    quiet = (State.COMMITTED, State.MISSING, State.FUTURE)
    return (status for status in report.hours if status.state not in quiet)
