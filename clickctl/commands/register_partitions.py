"""clickctl register-partitions: what query engines know of the tables, made right."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import typer

from clickctl.commands.context import Root, now, root
from clickctl.domain.errors import EXIT_CHANGED, EXIT_FAILED, EXIT_OK, UsageError, nothing_changed
from clickctl.domain.hours import HourRange, parse_range
from clickctl.plan.catalog import CREATE_TABLES, PRUNE
from clickctl.plan.registered import MADE, PLANNED, CatalogReport, catalog_report
from clickctl.render.console import show, show_json

_MANY = 500  # ledgers, which take a second or more


def command(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="First hour or event-day, UTC.", metavar="FIRST")] = "",
    end: Annotated[str, typer.Argument(help="Hour or event-day after the last.", metavar="END")] = "",
    prune: Annotated[bool, typer.Option("--prune", help="Remove partitions of days that have no rows.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit 10 if anything differs.")] = False,
    create_tables: Annotated[
        bool, typer.Option("--create-tables", help="Make database, tables and the users view, where missing.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")] = False,
) -> None:
    """Tell query engines what the lake holds.

    Compares the ledgers with the catalog: adds and repairs partitions and what Athena projects. A
    range limits it to the event-days it touches. Locally: DuckDB views over the same folders.

    \b
    Examples:
      clickctl register-partitions
      clickctl register-partitions --check
      clickctl register-partitions 2026-01-01 2026-02-01 --prune
    """
    options = root(context)
    flags = [flag for flag, given in ((PRUNE, prune), (CREATE_TABLES, create_tables)) if given]
    if check and (flags or dry_run):
        raise UsageError(
            "--check changes nothing: give no other flag with it.", hint="clickctl register-partitions --check"
        )
    hours = _range(first, end)
    report = _report(options, hours, flags, changing=not (check or dry_run), refusing=not check)
    _show(options, report)
    if not report.applied:
        code = EXIT_FAILED if report.problems else EXIT_CHANGED if check and report.drift else EXIT_OK
        options.finish(code, changed=any(change.outcome == PLANNED for change in report.changes))
    options.finish(report.exit_code, changed=any(change.outcome == MADE for change in report.changes))


def _range(first: str, end: str) -> HourRange | None:
    if bool(first) != bool(end):
        raise UsageError("Give FIRST and END, or neither.", hint="clickctl register-partitions 2026-01-01 2026-02-01")
    return parse_range(first, end, now()) if first else None


def _report(
    options: Root, hours: HourRange | None, flags: Collection[str], *, changing: bool, refusing: bool
) -> CatalogReport:
    config = options.load()
    from clickctl.registering import apply_changes, compare, observe_days_with_rows, refuse_unready
    from clickctl.wiring import catalog_for, publisher_for

    publisher = publisher_for(config.lake, config.aws)
    catalog = catalog_for(config)

    def tell(count: int) -> None:
        if count >= _MANY:
            options.talk.say("reading", f"Reading {count:,} ledgers.", ledgers=count)

    with nothing_changed():
        seen = observe_days_with_rows(publisher, hours, config.quality, tell)
        compared = compare(catalog, publisher.lake, seen.rows, hours, now().year)
    if refusing:
        refuse_unready(compared.plan, flags)
    applied = apply_changes(catalog, publisher.lake, compared, flags) if changing else None
    return catalog_report(
        compared.wanted, compared.plan, applied, len(seen.days), seen.problems, flags=flags, hours=hours
    )


def _show(options: Root, report: CatalogReport) -> None:
    from clickctl.render.catalog import catalog, summary

    show_json(report) if options.json else show(catalog(report))
    event = "registered" if report.applied else "compared"
    options.talk.say(event, f"{summary(report)}. {report.next}", drift=report.drift, next=report.next)
