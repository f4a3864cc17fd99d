"""What --verbose adds to the report: the groups, what is in the facts, what the tables hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from clickctl.plan.dq.results import DqReport, GroupFigures, Verified
from clickctl.render.words import number, plural, printable, query_cost, share, size

_MOST_FILES = 20


def details(report: DqReport) -> Iterator[RenderableType]:
    yield Text()
    yield _groups(report.groups, report.group)
    totals = report.totals
    for name, counts, of in (
        ("action", totals.actions, totals.unit_facts), ("null in", totals.nulls, totals.unit_facts),
        ("field outside of the contract", totals.unknown_fields, totals.unit_lines),
        ("event-day", totals.event_days, totals.unit_facts),
    ):  # fmt: skip
        if counts:
            yield Text()
            yield _counts(name, counts, of)
    yield Text()
    yield Text(
        f"{plural(totals.files_in, 'raw file')}, {size(totals.bytes_in)}; {plural(totals.files_out, 'file')} written, "
        f"{size(totals.bytes_out)}, of {plural(totals.units, 'unit')}; so are the tables above it. "
        f"{plural(report.ledgers_read, 'ledger')} read, {plural(report.history_weeks, 'earlier week')} compared."
    )
    if report.verified:
        yield from _verified(report.verified)


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _groups(groups: Iterable[GroupFigures], group: str) -> RenderableType:
    table = _table(f"{group} (UTC)", "hours", "facts", "expected", "dupl.", "quar.")
    table.add_column("over a limit")
    for one in groups:
        expected = number(round(one.expected.facts)) if one.expected else "-"
        cells = ("-", "-", "-")
        if counts := one.counts:
            cells = (number(counts.facts), share(counts.duplicates, counts.lines),
                     share(counts.quarantined, counts.lines))  # fmt: skip
        table.add_row(one.name, f"{one.committed}/{one.hours}", cells[0], expected, *cells[1:],
                      ", ".join(one.findings))  # fmt: skip
    return table


def _counts(name: str, counts: Mapping[str, int], of: int) -> RenderableType:
    table = _table(name, "count", "share")
    for key, count in counts.items():
        table.add_row(Text(printable(key)), number(count), share(count, of))
    return table


def _verified(verified: Verified) -> Iterator[RenderableType]:
    yield Text()
    cost = query_cost(verified.bytes_scanned, verified.dollars, verified.seconds)
    yield Text(f"In the tables, by event-day ({verified.queries} queries: {cost})")
    table = _table("event-day", "facts", "in the ledger", "users", "in the ledger", "doubled", "nulls")
    for day in verified.days:
        facts, users = (day.facts, day.facts_in_ledger), (day.users, day.users_in_ledger)
        style = "red" if facts[0] != facts[1] or users[0] != users[1] else ""
        counts = (*facts, *users, day.doubled, sum(day.nulls.values()))
        table.add_row(str(day.day), *map(number, counts), style=style)
    yield table
    for said, files in (("No commit has", verified.orphans), ("Lost, or of another size", verified.lost)):
        for key in files[:_MOST_FILES]:
            yield Text(f"{said}: {printable(key)}")
        if len(files) > _MOST_FILES:
            yield Text(f"… and {len(files) - _MOST_FILES} more: --output json")
