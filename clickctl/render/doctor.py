"""What doctor found: one line a resource, and below those in trouble what to do."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clickctl.plan.checks import Report, Verdict

_STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red", Verdict.SKIPPED: "dim"}


def doctor(report: Report, again: Callable[[str], str] = str) -> RenderableType:
    """The lines and their count. `again` completes a command so that it can be typed as it stands."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in report.checks:
        mark = Text(check.verdict, style=_STYLES[check.verdict])
        table.add_row(mark, check.name, f"{check.resource}: {check.seen}")
        if check.hint:
            table.add_row("", "", f"next: {again(check.hint)}")
    counts = ", ".join(f"{getattr(report, verdict)} {verdict}" for verdict in Verdict if getattr(report, verdict))
    return Group(table, Text(counts))
