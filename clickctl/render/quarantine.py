"""Bad records as text: what they are, where they came from, and their bytes so that they command no terminal."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.text import Text

from clickctl.domain.hours import HourRange
from clickctl.plan.quarantine import QuarantineView, ShownRecord, decoded
from clickctl.render.console import can_show
from clickctl.render.words import number, plural, printable


def looked_at(view: QuarantineView, width: int | None, again: Callable[[str], str] = str) -> RenderableType:
    """The counts, the next command, and two lines for each record: its bytes cut to `width` cells, None for all."""
    lines = [Text(_heading(view))]
    if view.quarantined:
        lines.append(_line(_shown(view, again)))
    for record in view.records:
        where = "the whole file" if record.line is None else f"line {record.line}"
        head = f"{record.source}, {where}, {plural(record.bytes, 'byte')}: {', '.join(record.reasons)}"
        lines += [_line(printable(head), "bold"), _line(f"  {_bytes(record, width and width - 2)}")]
    return Group(*lines)


def _line(text: str, style: str = "") -> Text:
    """Never broken into lines by us: the terminal wraps what is too wide."""
    return Text(text, style, no_wrap=True, overflow="ignore")


def _heading(view: QuarantineView) -> str:
    if not view.quarantined:
        return f"{view.unit} (UTC): nothing is in quarantine."
    counts = sorted(view.reasons.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{number(count)} {printable(reason)}" for reason, count in counts)
    return f"{view.unit} (UTC): {plural(view.quarantined, 'record')} in quarantine: {told}"


def _shown(view: QuarantineView, again: Callable[[str], str]) -> str:
    those = "" if view.reason is None else f" with the reason {printable(view.reason)}"
    if not view.matching:
        return f"There is none{those}."
    hours = HourRange(view.unit.hours[0], view.unit.hours[-1].plus(1))
    option = "" if view.reason is None else f" --reason {shlex.quote(view.reason)}"
    command = again(f"clickctl quarantine export {hours.words}{option}")
    return f"Shown: {number(len(view.records))} of {number(view.matching)}{those}. To have them: {command}"


def _bytes(record: ShownRecord, width: int | None) -> str:
    """The record's bytes: what is no text, or would command a terminal, as `\\x1b`."""
    text = printable(decoded(record))
    mark = "…" if can_show("…") else "..."
    if width is None:
        return f"{text}{mark} (its first bytes)" if record.cut else text
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width - len(mark) * record.cut:
        return text + mark * record.cut
    return set_cell_size(text, max(0, width - len(mark))) + mark
