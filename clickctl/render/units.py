"""What became of units, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clickctl.execute import UnitResult
from clickctl.plan.backfill import BackfillPlan, PlannedUnit
from clickctl.render.words import number, share, size, span

_STYLES = {
    "committed": "green", "unchanged": "dim", "no-raw": "yellow", "busy": "yellow", "failed": "red",
    "not-started": "yellow", "inputs-gone": "red", "stale": "yellow", "torn": "red", "missing": "cyan",
}  # fmt: skip


def styled(word: str) -> Text:
    return Text(word, style=_STYLES.get(word, ""))


def unit_result(result: UnitResult) -> RenderableType:
    """One unit in full: what it read, wrote, replaced and rejected, and where it lies."""
    head = Text.assemble(str(result.unit), " (UTC) ", styled(result.outcome), f": {result.reason}")
    if result.quality is None:
        return head
    q = result.quality
    grid = Table.grid(padding=(0, 2))
    grid.add_row("read", f"{number(q.files_in)} files, {size(q.bytes_in)}, {number(q.lines)} lines")
    grid.add_row("wrote", f"{number(q.files_out)} files, {size(q.bytes_out)}: {number(q.facts)} facts, {number(q.users)} users")
    grid.add_row("duplicates", f"{number(q.duplicates)} ({share(q.duplicates, q.lines)})")
    grid.add_row("quarantined", f"{number(q.quarantined)} ({share(q.quarantined, q.lines)})")
    for reason, count in sorted(q.reasons.items(), key=lambda item: -item[1]):
        grid.add_row("", f"{number(count):>9}  {reason}")
    if q.unknown_fields:
        grid.add_row("new fields", ", ".join(f"{name} ({number(count)})" for name, count in q.unknown_fields.items()))
    if late := {day: count for day, count in q.days.items() if day != str(result.unit.day)}:
        grid.add_row("other days", ", ".join(f"{day} ({number(count)})" for day, count in sorted(late.items())))
    if result.ignored_objects:
        grid.add_row("passed over", f"{number(result.ignored_objects)} objects that are not part-*.json[.gz]")
    if result.changed:
        grid.add_row("replaced", f"{number(result.replaced_files)} files")
        grid.add_row("took", span(result.seconds))
    for n, location in enumerate(result.files[:12]):
        grid.add_row("lies at" if n == 0 else "", location)
    if len(result.files) > 12:
        grid.add_row("", f"and {len(result.files) - 12} more")
    return Group(head, grid)


def plan_table(plan: BackfillPlan) -> RenderableType:
    """Every unit that will run; the others as one line a verdict."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("unit (UTC)", "left"), ("verdict", "left"), ("files", "right"), ("size", "right"), ("why", "left")):
        table.add_column(name, justify=justify, no_wrap=name != "why")  # type: ignore[arg-type]
    for item in plan.to_run:
        table.add_row(str(item.unit), styled(item.verdict), number(item.files_in), size(item.bytes_in), item.reason)
    rest = [item for item in plan.items if not item.runs]
    return Group(table, *_other_verdicts(rest)) if plan.to_run else Group(*_other_verdicts(rest))


def _other_verdicts(items: Sequence[PlannedUnit]) -> list[Text]:
    counts: dict[str, int] = {}
    for item in items:
        counts[item.verdict] = counts.get(item.verdict, 0) + 1
    return [Text.assemble(f"{number(count)} units ", styled(verdict)) for verdict, count in sorted(counts.items())]


def results_table(results: Sequence[UnitResult]) -> RenderableType:
    """Every unit of a backfill and what became of it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    names = ("unit (UTC)", "outcome", "lines", "facts", "duplicates", "quarantined", "took")
    for name in names:
        table.add_column(name, justify="left" if name in names[:2] else "right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for result in results:
        q = result.quality
        counts = [number(n) for n in (q.lines, q.facts, q.duplicates, q.quarantined)] if q else ["-"] * 4
        why = "" if result.changed else result.reason
        table.add_row(str(result.unit), styled(result.outcome), *counts, span(result.seconds) if result.changed else "-", why)
    return table
