"""clickctl backfill: a range of hours, whatever of it needs to run."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import clickctl
from clickctl.commands.context import Root, now, root, runner_for
from clickctl.config import Config
from clickctl.domain.errors import (
    EXIT_CONFLICT,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    UsageError,
)
from clickctl.domain.hours import HourRange, hour_of, parse_range
from clickctl.domain.structure import StructureError, from_plain, to_plain
from clickctl.plan.backfill import BackfillPlan, Only, PlannedUnit, estimate_seconds, refuse_drift
from clickctl.render.console import Talk, show, show_json

if TYPE_CHECKING:
    from clickctl.execute import UnitResult
    from clickctl.wiring import Backend


@dataclass(frozen=True)
class BackfillReport:
    """How a backfill ended. `units` holds every unit that was to run, in order."""

    first: str
    end: str
    counts: dict[str, int]
    units: tuple[UnitResult, ...]
    next: str


def command(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="First hour or day, UTC.")] = "",
    end: Annotated[str, typer.Argument(help="Hour or day after the last.")] = "",
    only: Annotated[str, typer.Option(help="missing, stale, failed or all; default: whatever is not up to date.")] = "",
    max_parallel: Annotated[int, typer.Option(help="Units side by side; default: one per core.", min=0)] = 0,
    newest_first: Annotated[bool, typer.Option("--newest-first", help="Begin at the end of the range.")] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Start no more after a failure.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; change nothing.")] = False,
    plan_out: Annotated[str, typer.Option(help="Save the plan to FILE; change nothing.", metavar="FILE")] = "",
    plan: Annotated[str, typer.Option(help="Run a saved plan; refused if its input drifted.", metavar="FILE")] = "",
    engine: Annotated[str, typer.Option(help="local or spark; default: job.engine of the config.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Bring a range of hours up to date: whole days as days, the rest as hours.

    Interrupted or killed, the same command carries on where it was. One unit's failure does not
    stop the others.

    Examples: clickctl backfill 2026-01-01 2026-01-08;  clickctl backfill -6h last-hour --only failed
    """
    options = root(context)
    saved = _load_plan(plan) if plan else None
    hours = _range(first, end, saved)
    config = options.load()
    from clickctl.wiring import backend_for

    at_once = max_parallel or config.job.workers or _cores()
    backend = backend_for(config, units_at_once=2)
    made = _make_plan(backend, config, hours, _only(only), newest_first, at_once)
    if saved:
        refuse_drift(saved, {item.unit: item for item in made.items}, config.quality, clickctl.__version__)
        made = _resumed(saved, made)
    if plan_out:
        _save_plan(made, plan_out, options.talk)
    if plan_out or dry_run:
        _show_plan(made, options)
        options.finish(EXIT_OK, changed=bool(made.to_run))
    if not made.to_run:
        _report(made, (), options, interrupted=False)
    _confirm(made, options, yes)
    runs = backend.engine(engine or config.job.engine)
    with _stopping(options.talk, runs.name) as stop:
        try:
            results = _run(made, backend, config, runs, at_once, fail_fast, stop, options.talk)
        finally:
            runs.close()
        interrupted = stop.is_set() and not fail_fast
    _report(made, results, options, interrupted)


def _range(first: str, end: str, saved: BackfillPlan | None) -> HourRange:
    if saved:
        if first or end:
            raise UsageError("Give a range or --plan FILE, not both.")
        return HourRange(saved.first, saved.end)
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


def _make_plan(
    backend: Backend, config: Config, hours: HourRange, only: Only | None, newest_first: bool, at_once: int
) -> BackfillPlan:
    from clickctl.execute import observe_days, plan_range

    days = observe_days(backend.publisher, hours)
    items = plan_range(backend.publisher, days, hours, config.quality, only, hour_of(now()))
    return BackfillPlan(
        first=hours.first,
        end=hours.end,
        items=items[::-1] if newest_first else items,
        transform=config.quality.name,
        code_version=clickctl.__version__,
        force=only is Only.ALL,
        seconds=estimate_seconds(items, (day.ledger for day in days.values()), at_once),
    )


def _resumed(saved: BackfillPlan, present: BackfillPlan) -> BackfillPlan:
    """The saved plan without the units that have been committed since it was begun."""
    fresh = {item.unit: item for item in present.items}
    items = tuple(item if saved.force or not item.runs else fresh[item.unit] for item in saved.items)
    return BackfillPlan(saved.first, saved.end, items, saved.transform, saved.code_version, saved.force, present.seconds)


def _load_plan(path: str) -> BackfillPlan:
    try:
        return from_plain(BackfillPlan, json.loads(Path(path).read_text("utf-8")), strict=True)
    except (OSError, ValueError) as error:
        problem = str(error) if isinstance(error, (OSError, StructureError)) else "it is not JSON"
        raise UsageError(f"{path} is no saved plan: {problem}.", hint="Make one with --plan-out FILE.") from None


def _save_plan(plan: BackfillPlan, path: str, talk: Talk) -> None:
    try:
        Path(path).write_text(json.dumps(to_plain(plan), indent=1) + "\n", "utf-8")
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error}.") from None
    talk.say("plan_saved", f"Saved the plan. Run it with: clickctl backfill --plan {path}", path=path)


def _show_plan(plan: BackfillPlan, options: Root) -> None:
    if options.json:
        show_json(plan)
        return
    from clickctl.render.units import plan_table

    show(plan_table(plan))
    options.talk.say("plan", _summary(plan))


def _summary(plan: BackfillPlan) -> str:
    from clickctl.render.words import number, size, span

    todo = plan.to_run
    took = "unknown, nothing has been run yet" if plan.seconds is None else f"about {span(plan.seconds)}"
    hours = f"[{plan.first}, {plan.end}) UTC"
    return f"{hours}: {number(len(todo))} units to run, {size(sum(item.bytes_in for item in todo))}; time: {took}"


def _confirm(plan: BackfillPlan, options: Root, yes: bool) -> None:
    """On a terminal, show the plan and ask; elsewhere (cron) the command itself is the answer."""
    asks = sys.stdin.isatty() and sys.stderr.isatty() and not yes
    if asks and not options.json:
        _show_plan(plan, options)
    else:
        options.talk.say("plan", _summary(plan), units=len(plan.to_run), bytes=sum(item.bytes_in for item in plan.to_run))
    if asks and not typer.confirm("Run it?", err=True):
        options.talk.say("declined", "Nothing was changed.")
        raise typer.Exit(EXIT_OK)


def _run(
    plan: BackfillPlan,
    backend: Backend,
    config: Config,
    engine: object,
    at_once: int,
    fail_fast: bool,
    stop: threading.Event,
    talk: Talk,
) -> tuple[UnitResult, ...]:
    from clickctl.execute import run_many
    from clickctl.render.progress import progress

    todo: tuple[PlannedUnit, ...] = plan.to_run
    with progress(talk, {str(item.unit): item.bytes_in for item in todo}) as on_done:
        return run_many(
            runner_for(backend, config),
            todo,
            engine,  # type: ignore[arg-type]
            at_once=at_once,
            force=plan.force,
            fail_fast=fail_fast,
            stop=stop,
            on_done=on_done,
        )


@contextmanager
def _stopping(talk: Talk, engine: str) -> Iterator[threading.Event]:
    """The first Ctrl-C (or SIGTERM) starts no more units; the second ends the program."""
    stop = threading.Event()

    def handle(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        talk.say("stopping", f"Starting no more; waiting for the units now running on {engine}. Again to end at once.")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(plan: BackfillPlan, results: tuple[UnitResult, ...], options: Root, interrupted: bool) -> None:
    """The table of every unit, one line of what to do next, and the exit code."""
    counts: dict[str, int] = {}
    for outcome in [*(result.outcome for result in results), *(item.verdict for item in plan.items if not item.runs)]:
        counts[outcome] = counts.get(outcome, 0) + 1
    following = _next(plan, results)
    if options.json:
        show_json(BackfillReport(str(plan.first), str(plan.end), counts, results, following))
    elif results:
        from clickctl.render.units import results_table

        show(results_table(results))
    summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "nothing in range"
    options.talk.say("done", f"{summary}. {following}", counts=counts, next=following)
    code = EXIT_INTERRUPTED if interrupted else _exit_code(plan, results)
    options.finish(code, changed=any(result.changed for result in results))


def _next(plan: BackfillPlan, results: tuple[UnitResult, ...]) -> str:
    hints = [result.hint for result in results if result.exit_code and result.hint]
    if any(result.outcome == "not-started" for result in results):
        return f"Next: clickctl backfill {plan.first} {plan.end}"
    if hints:
        return f"Next: {hints[0]} Then: clickctl backfill {plan.first} {plan.end}"
    if any(result.exit_code for result in results) or _blocked(plan):
        return f"Next: clickctl --verbose status {plan.first} {plan.end}"
    return "Nothing more to do."


def _blocked(plan: BackfillPlan) -> list[PlannedUnit]:
    return [item for item in plan.items if item.verdict in ("busy", "inputs-gone")]


def _exit_code(plan: BackfillPlan, results: tuple[UnitResult, ...]) -> int:
    codes = {result.exit_code for result in results if result.exit_code}
    codes |= {EXIT_CONFLICT if item.verdict == "busy" else EXIT_FAILED for item in _blocked(plan)}
    if not codes:
        return EXIT_OK
    return EXIT_CONFLICT if codes == {EXIT_CONFLICT} else EXIT_FAILED


def _cores() -> int:
    import os

    return os.cpu_count() or 1
