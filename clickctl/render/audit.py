"""An audit of alerts as text: a row for each hour of event time."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clickctl.plan.audit import AuditReport
from clickctl.render.words import number, plural, query_cost


def audited(report: AuditReport) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("hour (UTC)", no_wrap=True)
    for name in ("facts", "alerted", "missed", "not in the tables"):
        table.add_column(name, justify="right", no_wrap=True)
    for hour in report.hours:
        style = "red" if hour.missed else ""
        counts = (hour.facts, hour.alerted, hour.missed, hour.uncommitted)
        table.add_row(str(hour.hour), *map(number, counts), style=style)
    parts: list[RenderableType] = [
        Text(f"Events with action {report.action!r} of the hours [{report.first}, {report.end}), UTC, and their alerts")
    ]
    parts.append(table if report.hours else Text("There are none."))
    if report.without_receipt:
        parts.append(Text(f"{plural(report.without_receipt, 'raw file')} of that time without a receipt."))
    if report.missed:
        parts.append(Text(f"Missed, by click_id: {', '.join(report.missed)}"))
    if report.bytes_scanned or report.dollars:
        parts.append(Text(f"The query: {query_cost(report.bytes_scanned, report.dollars, 0)}."))
    return Group(*parts)
