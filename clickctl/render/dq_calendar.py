"""The heat-map of hours and the lines of small bars, sized to the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from clickctl.plan.dq.judging import percent
from clickctl.plan.dq.results import DqReport, GroupFigures, HourFigures, Verdict
from clickctl.plan.status import State
from clickctl.render.console import can_show
from clickctl.render.status import CELLS, cell
from clickctl.render.words import number

_DAY_WIDTH = 36  # of a date and 24 hours; two columns of space between days
_ROWS = 16
_SHADES, _PLAIN_SHADES = "░▒▓█", ".-+#"
_BARS, _PLAIN_BARS = "▁▂▃▄▅▆▇█", "._-=+*%#"
_MARKS = {Verdict.FAIL: ("F", "bold red"), Verdict.WARN: ("W", "yellow")}


def calendar(report: DqReport, width: int, *, whole: bool) -> list[RenderableType]:
    """A row for each day, as many side by side as fit; the last days alone unless `whole`."""
    days = [list(hours) for _, hours in groupby(report.hours, key=lambda figures: figures.hour.day)]
    across = max(1, (width + 2) // (_DAY_WIDTH + 2))
    across = min(across, math.ceil(len(days) / 4))
    shown = days if whole else days[-_ROWS * across :]
    rows = math.ceil(len(shown) / across)
    most = max((figures.counts.facts for figures in report.hours if figures.counts), default=0)
    table = Table.grid(padding=(0, 2, 0, 0))
    columns = [shown[n : n + rows] for n in range(0, len(shown), rows)]
    for _ in columns:
        table.add_column(no_wrap=True)
    table.add_row(*("           0     6     12    18" for _ in columns))
    for row in range(rows):
        table.add_row(*(_day(column[row], most) for column in columns if row < len(column)))
    hidden = [Text(f"{len(days) - len(shown)} earlier days: --verbose")] if len(shown) < len(days) else []
    return [*hidden, table, _legend(report.hours, most)]


def _day(hours: Sequence[HourFigures], most: int) -> Text:
    row = Text(f"{hours[0].hour.day} ")
    by_hour = {figures.hour.start.hour: figures for figures in hours}
    for hour in range(24):
        row.append(*(_cell(by_hour[hour], most) if hour in by_hour else (" ", "")))
    return row


def _cell(figures: HourFigures, most: int) -> tuple[str, str]:
    """The verdict's mark or the facts' shade of an hour that is committed, the mark of its state of any other."""
    if figures.state != State.COMMITTED:
        return cell(figures.state)
    if figures.verdict in _MARKS:
        return _MARKS[figures.verdict]
    if not figures.counts:
        return cell(figures.state)
    shades = _SHADES if can_show(_SHADES) else _PLAIN_SHADES
    return shades[_level(figures.counts.facts, most, len(shades))], "green"


def _level(value: float, most: float, levels: int) -> int:
    return min(levels - 1, int(levels * value / most)) if most > 0 else 0


def _legend(hours: Iterable[HourFigures], most: int) -> Text:
    """What the marks that are there stand for."""
    seen = {_cell(figures, most)[0] for figures in hours}
    shades = _SHADES if can_show(_SHADES) else _PLAIN_SHADES
    parts = [f"{shades} facts, at most {number(most)} an hour"] if seen & set(shades) else []
    parts += [f"{mark} a check {verdict}s" for verdict, (mark, _) in _MARKS.items() if mark in seen]
    parts += [f"{cell(state)[0]} {state}" for state in CELLS if cell(state)[0] in seen - set(shades) - {" "}]
    return Text("   ".join(parts), style="dim")


def sparklines(report: DqReport, width: int) -> RenderableType:
    """Facts and the share of quarantined lines, a bar for each group or for several."""
    room = max(10, width - 34)
    each = max(1, math.ceil(len(report.groups) / room))
    parts = [report.groups[n : n + each] for n in range(0, len(report.groups), each)]
    facts = [sum(group.counted.facts for group in part) for part in parts]
    shares = [_share(part) for part in parts]
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(no_wrap=True)
    by = {"hour": "an hour", "day": "a day"}[report.group] if each == 1 else f"in {each} {report.group}s"
    known = [any(group.counts for group in part) for part in parts]
    table.add_row("facts", _bars(facts, known), f"at most {number(max(facts, default=0))} {by}")
    limit = next((check.warn for check in report.checks if check.name == "quarantined"), None) or 0.0
    table.add_row("rejects", _bars(shares, known, limit), f"at most {percent(max(shares, default=0))} of lines")
    return table


def _share(part: Sequence[GroupFigures]) -> float:
    lines = sum(group.counted.lines for group in part)
    return sum(group.counted.quarantined for group in part) / lines if lines else 0.0


def _bars(values: Sequence[float], known: Sequence[bool], full: float = 0.0) -> Text:
    """A full bar is the greatest value, or `full` if that is more. Where nothing is known there is no bar."""
    bars = _BARS if can_show(_BARS) else _PLAIN_BARS
    most = max([*values, full])
    return Text("".join(
        bars[_level(value, most, len(bars))] if told else " "
        for value, told in zip(values, known, strict=True)
    ))  # fmt: skip
