"""The page's calendar of hours: a cell for each, and the figures that are shown when it is chosen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from math import ceil
from typing import Any

from clickctl.plan.dq.results import DqReport, HourFigures, Verdict
from clickctl.plan.status import State
from clickctl.render.status import CELLS
from clickctl.render.words import number, plural, printable, share, size

LEVELS = 5
LABELS = ("state", "verdict", "findings", "held by", "raw", "lines", "facts", "expected", "off by", "duplicates",
          "quarantined")  # fmt: skip
_UNKNOWN = "not known"
_WELL = (State.COMMITTED, State.FUTURE)
_OF_VERDICTS = {Verdict.WARN: "▲", Verdict.FAIL: "◆"}


@dataclass(frozen=True)
class Cell:
    """`look` are its CSS classes, `words` is all of it in a line."""

    hour: str
    look: str
    glyph: str
    words: str


def look(verdict: str) -> str:
    """A verdict as a CSS class."""
    return verdict.replace(" ", "-")


def calendar(report: DqReport) -> dict[str, Any]:
    """Rows of days, the legend, and the figures for the script."""
    most = max((one.counts.facts for one in report.hours if one.counts), default=0)
    rows = []
    for day, hours in groupby(report.hours, key=lambda one: one.hour.day):
        cells = {one.hour.start.hour: _cell(one, most) for one in hours}
        rows.append((str(day), f"{day.date:%a}", [cells.get(hour) for hour in range(24)]))
    figures = {str(one.hour): _figures(one) for one in report.hours}
    return {
        "rows": rows,
        "most": most,
        "legend": _legend(report.hours),
        "data": {"labels": LABELS, "hours": figures},
    }


def _cell(one: HourFigures, most: int) -> Cell:
    """Colour is the verdict's, shade the facts', the sign the state's; where it is committed, the verdict's."""
    level = "none" if one.counts is None else f"l{ceil(LEVELS * one.counts.facts / most) if most else 0}"
    glyph = _OF_VERDICTS.get(one.verdict, "") if one.state in _WELL else _sign(one.state)
    if one.state == State.COMMITTED and one.counts is None:
        glyph = glyph or _sign(one.state)
    facts = "" if one.counts is None else f", {plural(one.counts.facts, 'fact')}"
    bad = "" if one.verdict is Verdict.GOOD else f"; {one.verdict}: {', '.join(one.findings)}"
    words = f"{one.hour}: {one.state}{facts}{bad}"
    return Cell(str(one.hour), f"{look(one.verdict)} {level} {look(one.state)}", glyph, words)


def _sign(state: str) -> str:
    """As in `status`."""
    return CELLS[State(state)][0]


def _figures(one: HourFigures) -> list[str]:
    """In the order of LABELS; what there is nothing to say of is empty."""
    c, e = one.counts, one.expected
    counted = [_UNKNOWN if one.unit else "", "", "", ""]
    if c:
        counted = [number(c.lines), number(c.facts), *(f"{number(n)} ({share(n, c.lines)})"
                                                       for n in (c.duplicates, c.quarantined))]  # fmt: skip
    off = "" if one.deviations is None else f"{one.deviations:+.1f} usual deviations"
    held = f"{one.unit}, a whole day" if one.unit and "T" not in one.unit else one.unit or ""
    return [printable(text) for text in (
        one.state, one.verdict, ", ".join(one.findings), held,
        f"{plural(one.raw_files, 'file')}, {size(one.raw_bytes)}",
        *counted[:2], f"{number(round(e.facts))} ({number(round(e.low))} to {number(round(e.high))})" if e else "",
        off, *counted[2:],
    )]  # fmt: skip


def _legend(hours: tuple[HourFigures, ...]) -> list[tuple[str, str, str]]:
    """What is to be seen in the calendar: classes, sign, words."""
    bad = Counter(one.verdict for one in hours)
    states = Counter(one.state for one in hours if one.state not in _WELL)
    unknown = sum(one.state == State.COMMITTED and one.counts is None for one in hours)
    words = {Verdict.FAIL: "a check fails", Verdict.WARN: "a check warns"}
    found = [(f"{verdict} l3", _OF_VERDICTS[verdict], f"{text}: {plural(bad[verdict], 'hour')}")
             for verdict, text in words.items() if bad[verdict]]  # fmt: skip
    found += [("good none", _sign(state), f"{state}: {plural(states[state], 'hour')}")
              for state in State if states[state]]  # fmt: skip
    if unknown:
        found.append(("good none", _sign(State.COMMITTED), f"committed, counts not known: {plural(unknown, 'hour')}"))
    return found
