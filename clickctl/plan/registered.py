"""What became of a comparison of the catalog with the lake, as it is reported: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from clickctl.domain.errors import EXIT_FAILED, EXIT_OK
from clickctl.domain.hours import Day, HourRange
from clickctl.plan.catalog import CREATE_TABLES, PERSON, PRUNE, Applied, CatalogPlan, CatalogWanted, Change

MADE, FAILED, PLANNED, LEFT = "made", "failed", "planned", "left"


@dataclass(frozen=True)
class ChangeReport:
    """One difference. `outcome` is made, failed (see `error`), planned (nothing was to be changed) or left.

    What is left needs a flag or a person: `needs`. `day` is that of a partition.
    """

    action: str
    kind: str
    name: str
    day: Day | None
    reason: str
    needs: str
    outcome: str
    error: str = ""
    exit_code: int = EXIT_OK


@dataclass(frozen=True)
class TableReport:
    """The partitions of one table: right before (`kept`), and what became or would become of the others."""

    name: str
    kept: int
    added: int
    updated: int
    pruned: int
    failed: int
    left: int


@dataclass(frozen=True)
class CatalogReport:
    """How the catalog compares with the lake. `drift`: something is not as it should be, now.

    `days` are the event-days with rows, `applied` is False where nothing was to be changed,
    `problems` are ledgers that could not be read.
    """

    catalog: str
    days: int
    applied: bool
    drift: bool
    tables: tuple[TableReport, ...]
    changes: tuple[ChangeReport, ...]
    problems: tuple[str, ...]
    next: str

    @property
    def exit_code(self) -> int:
        """Of a command that applied it. All failed of one cause: that cause's code; some failed: EXIT_FAILED."""
        outcomes = {change.outcome for change in self.changes}
        codes = {change.exit_code for change in self.changes if change.outcome == FAILED}
        if codes:
            return codes.pop() if len(codes) == 1 and MADE not in outcomes else EXIT_FAILED
        person = any(change.outcome == LEFT and change.needs == PERSON for change in self.changes)
        return EXIT_FAILED if person or self.problems else EXIT_OK


def catalog_report(
    wanted: CatalogWanted,
    plan: CatalogPlan,
    applied: Iterable[Applied] | None,
    days: int,
    problems: Sequence[str],
    *,
    flags: Collection[str],
    hours: HourRange | None,
) -> CatalogReport:
    """`applied` is None where nothing was to be changed; `flags` and `hours` are what was asked for."""
    results = None if applied is None else {one.change: one for one in applied}
    changes = tuple(_changes(plan, results, flags))
    report = CatalogReport(
        catalog=wanted.database,
        days=days,
        applied=applied is not None,
        drift=any(change.outcome != MADE for change in changes),
        tables=tuple(_table(table.name, plan.kept[table.name], changes) for table in wanted.tables),
        changes=changes,
        problems=tuple(problems),
        next="",
    )
    return replace(report, next=_next(report, flags, hours))


def _changes(
    plan: CatalogPlan, results: dict[Change, Applied] | None, flags: Collection[str]
) -> Iterable[ChangeReport]:
    for change in plan.changes:
        outcome, result = LEFT if change.needs and change.needs not in flags else PLANNED, Applied(change)
        if results is not None and change in results:
            result = results[change]
            outcome = FAILED if result.error else MADE
        yield ChangeReport(
            change.action, change.kind, change.name, change.day, change.reason, change.needs,
            outcome, result.error, result.exit_code,
        )  # fmt: skip


def _table(name: str, kept: int, changes: Iterable[ChangeReport]) -> TableReport:
    counts = dict.fromkeys(("add", "update", "prune", FAILED, LEFT), 0)
    for change in changes:
        if change.kind == "partition" and change.name == name:
            counts[change.outcome if change.outcome in (FAILED, LEFT) else change.action] += 1
    return TableReport(name, kept, *counts.values())


def _next(report: CatalogReport, flags: Collection[str], hours: HourRange | None) -> str:
    """One line: the command that comes next, or what a person has to do."""
    words = f" {hours.words}" if hours else ""
    open_ = [change for change in report.changes if change.outcome != MADE]
    wished = {change.needs for change in open_ if change.outcome == LEFT} | {*flags}
    again = " ".join([f"clickctl register-partitions{words}", *(f for f in (PRUNE, CREATE_TABLES) if f in wished)])
    if report.problems:
        return f"Next: mend the ledger (docs/runbook.md, 'ledger damaged'), then: {again}"
    if any(change.needs != PERSON for change in open_):
        return f"Next: {again}"
    if open_:
        return f"Next: put right what needs a person, then: clickctl register-partitions{words} --check"
    if not report.days:
        return f"Next: clickctl status{words}"
    return "Nothing more to do."
