"""clickctl backfill: a range of hours, whatever of it needs to run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from clickctl.commands.context import (
    ENGINE_HELP,
    NO_WAIT_HELP,
    STOP_HELP,
    Root,
    engine_name,
    lanes,
    manner_for,
    now,
    root,
)
from clickctl.commands.running import register, run_units
from clickctl.commands.saved import load_plan, save_plan
from clickctl.domain.errors import EXIT_CONFLICT, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, UsageError, nothing_changed
from clickctl.domain.hours import HourRange, parse_range
from clickctl.plan.backfill import BackfillPlan, Only
from clickctl.render.console import show, show_json

if TYPE_CHECKING:
    from clickctl.execute import UnitResult


@dataclass(frozen=True)
class BackfillReport:
    """How a backfill ended: the units that were to run or need help, in order; all others are counted."""

    first: str
    end: str
    counts: dict[str, int]
    units: tuple[UnitResult, ...]
    next: str


def command(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="First hour or day, UTC.", metavar="FIRST")] = "",
    end: Annotated[str, typer.Argument(help="Hour or day after the last.", metavar="END")] = "",
    only: Annotated[
        str, typer.Option(help="missing, stale, failed or all; default: what is not up to date.", metavar="WHICH")
    ] = "",
    max_parallel: Annotated[
        int, typer.Option(help="Units, or job runs of the engine glue, side by side.", min=0, metavar="N")
    ] = 0,
    newest_first: Annotated[bool, typer.Option("--newest-first", help="Begin at the end of the range.")] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Start no more after a failure.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; change nothing.")] = False,
    plan_out: Annotated[str, typer.Option(help="Save the plan to FILE; change nothing.", metavar="FILE")] = "",
    plan: Annotated[str, typer.Option(help="Run a saved plan; refused if its input drifted.", metavar="FILE")] = "",
    engine: Annotated[str, typer.Option(help=ENGINE_HELP, metavar="NAME")] = "",
    no_wait: Annotated[bool, typer.Option("--no-wait", help=NO_WAIT_HELP)] = False,
    stop_on_interrupt: Annotated[bool, typer.Option("--stop-on-interrupt", help=STOP_HELP)] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Bring a range of hours up to date.

    Whole days are run as days, other hours as hours; what is up to date is left alone. Interrupted
    or killed, the same command carries on where it was. One unit's failure does not stop the others.

    \b
    Examples:
      clickctl backfill 2026-01-01 2026-01-08
      clickctl backfill -6h last-hour --only failed
      clickctl backfill 2026-01-01 2026-02-01 --plan-out january.json
      clickctl backfill --plan january.json
    """
    options = root(context)
    saved = load_plan(plan) if plan else None
    if saved and (first or end or only or newest_first):
        raise UsageError("--plan FILE says what is run and in which order: give nothing else of that kind.")
    wanted = saved or _range(first, end)
    config = options.load()
    name = engine_name(engine, config)
    manner = manner_for(name, wait=not no_wait, stop_on_interrupt=stop_on_interrupt, units_at_once=2)
    from clickctl.commands.planning import Planner
    from clickctl.wiring import backend_for

    at_once = lanes(max_parallel, config, name)
    backend = backend_for(config, manner, options.talk.say)
    planner = Planner(backend, config, name, at_once)
    with nothing_changed():
        if isinstance(wanted, BackfillPlan):
            made, held = planner.replan(wanted)
        else:
            made, held = planner.plan(wanted, _only(only), newest_first)
    if plan_out:
        save_plan(made, plan_out, options.talk)
    if plan_out or dry_run:
        _show_plan(made, options)
        options.finish(EXIT_OK, changed=bool(made.to_run))
    _confirm(made, options, yes)
    results: tuple[UnitResult, ...] = ()
    interrupted = False
    if made.to_run:
        results, interrupted = run_units(
            options, backend, config, made.to_run, name, at_once=at_once, force=made.force, fail_fast=fail_fast
        )
    # Also what was committed before: a run that outlived its command could not register its days.
    registered = register(options, config, held.union(*(result.days for result in results)))
    _report(made, results, options, interrupted, registered)


def _range(first: str, end: str) -> HourRange:
    if not first or not end:
        raise UsageError("Give FIRST and END, or --plan FILE.", hint="clickctl backfill 2026-01-01 2026-01-08")
    return parse_range(first, end, now())


def _only(text: str) -> Only | None:
    if not text:
        return None
    try:
        return Only(text)
    except ValueError:
        raise UsageError(f"--only {text!r} is not one of {', '.join(Only)}.") from None


def _show_plan(plan: BackfillPlan, options: Root) -> None:
    if options.json:
        show_json(plan)
        return
    from clickctl.render.units import plan_summary, plan_table

    show(plan_table(plan))
    options.talk.say("plan", plan_summary(plan))


def _confirm(plan: BackfillPlan, options: Root, yes: bool) -> None:
    """On a terminal, show the plan and ask; elsewhere (cron) the command itself is the answer."""
    if not plan.to_run:
        return
    asks = sys.stdin.isatty() and sys.stderr.isatty() and not yes
    if asks and not options.json:
        _show_plan(plan, options)
    else:
        from clickctl.render.units import plan_summary

        size = sum(item.bytes_in for item in plan.to_run)
        options.talk.say("plan", plan_summary(plan), units=len(plan.to_run), bytes=size, seconds=plan.seconds)
    if asks and not typer.confirm("Run it?", err=True):
        options.talk.say("declined", "Nothing was changed.")
        raise typer.Exit(EXIT_FAILED)


def _report(plan: BackfillPlan, ran: Sequence[UnitResult], options: Root, interrupted: bool, registered: int) -> None:
    """The table of every unit that ran or needs help, one line of what to do next, the exit code."""
    from clickctl.execute import not_run

    helpless = [not_run(item) for item in plan.items if item.needs_help]
    results = (*ran, *helpless)
    quiet = [item.verdict for item in plan.items if not item.runs and not item.needs_help]
    counts: dict[str, int] = {}
    for outcome in [*(result.outcome for result in results), *quiet]:
        counts[outcome] = counts.get(outcome, 0) + 1
    following = _next(plan, results)
    if options.json:
        show_json(BackfillReport(str(plan.first), str(plan.end), counts, results, following))
    elif results:
        from clickctl.render.units import results_table

        show(results_table(results))
    summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "nothing in range"
    options.talk.say("done", f"{summary}. {following}", counts=counts, next=following)
    code = EXIT_INTERRUPTED if interrupted else _exit_code(results)
    options.finish(code or registered, changed=any(result.changed for result in results))


def _next(plan: BackfillPlan, results: Sequence[UnitResult]) -> str:
    """One line: what helps the first unit in trouble, or the same range again, or nothing."""
    again = f"clickctl backfill {plan.hours.words}"
    troubled = [result for result in results if result.exit_code and result.outcome != "not-started"]
    if hints := [result.hint for result in troubled if result.hint]:
        return f"Next: {hints[0]} Then: {again}"
    if troubled:
        return f"Next: clickctl --verbose status {plan.hours.words}"
    return f"Next: {again}" if any(result.exit_code for result in results) else "Nothing more to do."


def _exit_code(results: Sequence[UnitResult]) -> int:
    codes = {result.exit_code for result in results if result.exit_code}
    if not codes:
        return EXIT_OK
    return EXIT_CONFLICT if codes == {EXIT_CONFLICT} else EXIT_FAILED
