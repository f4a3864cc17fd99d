"""What became of units, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clickctl.execute import UnitResult
from clickctl.plan.backfill import BackfillPlan, PlannedUnit
from clickctl.render.words import dollars, number, plural, share, size, span

_STYLES = {
    "committed": "green", "unchanged": "dim", "no-raw": "yellow", "busy": "yellow", "failed": "red",
    "not-started": "yellow", "inputs-gone": "red", "blocked": "red", "stale": "yellow", "torn": "red",
    "missing": "cyan",
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
    if not result.changed:
        grid.add_row("last commit", f"run {result.run_id}, which did this:")
    grid.add_row("read", f"{plural(q.files_in, 'file')}, {size(q.bytes_in)}, {plural(q.lines, 'line')}")
    rows = f"{plural(q.facts, 'fact')}, {plural(q.users, 'user')}"
    grid.add_row("wrote", f"{plural(q.files_out, 'file')}, {size(q.bytes_out)}: {rows}")
    grid.add_row("duplicates", f"{number(q.duplicates)} ({share(q.duplicates, q.lines)})")
    grid.add_row("quarantined", f"{number(q.quarantined)} ({share(q.quarantined, q.lines)})")
    for reason, count in sorted(q.reasons.items(), key=lambda item: -item[1]):
        grid.add_row("", f"{number(count):>9}  {reason}")
    if q.unknown_fields:
        grid.add_row("new fields", ", ".join(f"{name} ({number(count)})" for name, count in q.unknown_fields.items()))
    if late := {day: count for day, count in q.days.items() if day != str(result.unit.day)}:
        grid.add_row("other days", ", ".join(f"{day} ({number(count)})" for day, count in sorted(late.items())))
    if result.ignored_objects:
        grid.add_row("passed over", f"{plural(result.ignored_objects, 'object')} not named part-*.json[.gz]")
    if result.changed:
        grid.add_row("replaced", plural(result.replaced_files, "file"))
        grid.add_row("took", span(result.seconds))
        if result.job_run:
            grid.add_row("job run", f"{result.job_run}{_bill(result.dpu_hours, result.dollars)}")
    for n, location in enumerate(result.files[:12]):
        grid.add_row("lies at" if n == 0 else "", location)
    if len(result.files) > 12:
        grid.add_row("", f"and {len(result.files) - 12} more")
    return Group(head, grid)


def _bill(dpu_hours: float | None, spent: float | None) -> str:
    return "" if dpu_hours is None or spent is None else f": {dpu_hours:.2f} DPU-hours, {dollars(spent)}"


def plan_summary(plan: BackfillPlan) -> str:
    todo = plan.to_run
    if not todo:
        return f"[{plan.first}, {plan.end}) UTC: nothing to run"
    took = "unknown, nothing has been run yet" if plan.seconds is None else f"about {span(plan.seconds)}"
    work = f"{plural(len(todo), 'unit')} to run, {size(sum(item.bytes_in for item in todo))}"
    cost = "" if plan.dollars is None else f"; cost: about {dollars(plan.dollars)}"
    return f"[{plan.first}, {plan.end}) UTC: {work}; time: {took}{cost}"


def plan_table(plan: BackfillPlan) -> RenderableType:
    """Every unit that will run or needs help; the others as one line a verdict."""
    shown = [item for item in plan.items if item.runs or item.needs_help]
    rows = [(i.unit, styled(i.verdict), number(i.files_in), size(i.bytes_in), i.reason) for i in shown]
    table = _table(("unit (UTC)", "verdict", "files>", "size>", "why"), rows, wraps="why")
    rest = _other_verdicts([item for item in plan.items if item not in shown])
    return Group(table, *rest) if shown else Group(*rest or [Text("Nothing in range.")])


def _other_verdicts(items: Sequence[PlannedUnit]) -> list[Text]:
    counts: dict[str, int] = {}
    for item in items:
        counts[item.verdict] = counts.get(item.verdict, 0) + 1
    return [Text.assemble(f"{plural(count, 'unit')} ", styled(verdict)) for verdict, count in sorted(counts.items())]


def results_table(results: Sequence[UnitResult]) -> RenderableType:
    """Every unit of a backfill and what became of it."""
    names = ("unit (UTC)", "outcome", "lines>", "facts>", "duplicates>", "quarantined>", "took>")
    table = _table(names, [_outcome(result) for result in results])
    hours = [result.dpu_hours for result in results if result.dpu_hours is not None]
    bill = [Text(f"billed{_bill(sum(hours), sum(result.dollars or 0 for result in results))}")] if hours else []
    troubled = [result for result in results if result.exit_code and result.outcome != "not-started"]
    return Group(table, *bill, *(Text(f"{result.unit}: {result.reason}") for result in troubled))


def _outcome(result: UnitResult) -> tuple[object, ...]:
    q = result.quality
    counts = [number(n) for n in (q.lines, q.facts, q.duplicates, q.quarantined)] if q else ["-"] * 4
    return (result.unit, styled(result.outcome), *counts, span(result.seconds) if result.changed else "-")


def _table(names: Sequence[str], rows: Sequence[Sequence[object]], *, wraps: str = "") -> Table:
    """Columns as wide as what is in them; `>` at a name's end aligns to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for n, name in enumerate(names):
        widest = 0 if name == wraps else max((len(str(row[n])) for row in rows), default=0)
        justify: Literal["left", "right"] = "right" if name.endswith(">") else "left"
        table.add_column(name.rstrip(">"), justify=justify, no_wrap=name != wraps, min_width=widest)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else str(cell) for cell in row))
    return table
