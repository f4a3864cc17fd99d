"""clickctl run-partition: one unit, now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from clickctl.commands.context import (
    ENGINE_HELP,
    NO_WAIT_HELP,
    STOP_HELP,
    Root,
    engine_name,
    manner_for,
    now,
    root,
    runner_for,
)
from clickctl.commands.running import register
from clickctl.domain.errors import EXIT_OK, nothing_changed
from clickctl.domain.hours import Unit, parse_unit
from clickctl.plan.partition import Verdict
from clickctl.render.console import show, show_json

if TYPE_CHECKING:
    from clickctl.execute import UnitResult, UnitRunner


@dataclass(frozen=True)
class Planned:
    """What a dry run shows."""

    unit: Unit
    verdict: str
    reason: str
    engine: str
    files_in: int
    bytes_in: int


def command(
    context: typer.Context,
    unit: Annotated[
        str,
        typer.Argument(help="Hour or day, UTC: 2026-01-05T13, 2026-01-05, last-hour, yesterday, -3h.", metavar="UNIT"),
    ],
    force: Annotated[bool, typer.Option("--force", help="Rerun even if committed from the same input.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the verdict; change nothing.")] = False,
    engine: Annotated[str, typer.Option(help=ENGINE_HELP, metavar="NAME")] = "",
    no_wait: Annotated[bool, typer.Option("--no-wait", help=NO_WAIT_HELP)] = False,
    stop_on_interrupt: Annotated[bool, typer.Option("--stop-on-interrupt", help=STOP_HELP)] = False,
) -> None:
    """Run one hour or one day; its rows are replaced.

    Already committed from the same input: nothing is done, exit 0. An hour of a day that is
    committed as a day reruns the day, and says so.

    \b
    Examples:
      clickctl run-partition 2026-01-05T13
      clickctl run-partition yesterday --dry-run
    """
    options = root(context)
    wanted = parse_unit(unit, now())
    config = options.load()
    name = engine_name(engine, config)
    from clickctl.wiring import backend_for

    manner = manner_for(name, wait=not no_wait, stop_on_interrupt=stop_on_interrupt)
    backend = backend_for(config, manner, options.talk.say)
    runner = runner_for(backend, config, name)
    if dry_run:
        _show_plan(options, runner, wanted, force, name)
    runs = backend.engine(name)
    try:
        result = runner.run(wanted, runs, force=force)
    finally:
        runs.close()
    _show_result(options, wanted, result, register(options, config, result.days))


def _show_plan(options: Root, runner: UnitRunner, wanted: Unit, force: bool, engine: str) -> NoReturn:
    with nothing_changed():
        seen, decision, raw = runner.decide(wanted, force=force)
    size = sum(file.size for file in raw.files)
    planned = Planned(seen.unit, decision.verdict, decision.reason, engine, len(raw.files), size)
    _tell_redirect(options, wanted, seen.unit)
    show_json(planned) if options.json else show(_sentence(planned))
    options.finish(EXIT_OK, changed=decision.verdict.runs)


def _show_result(options: Root, wanted: Unit, result: UnitResult, registered: int) -> NoReturn:
    _tell_redirect(options, wanted, result.unit)
    if options.json_log:
        from clickctl.render.progress import tell

        tell(options.talk, result)
    if options.json:
        show_json(result)
    else:
        from clickctl.render.units import unit_result

        show(unit_result(result))
    if result.hint:
        options.talk.say("next", f" next: {result.hint}", hint=result.hint)
    options.finish(result.exit_code or registered, changed=result.changed)


def _tell_redirect(options: Root, wanted: Unit, unit: Unit) -> None:
    if unit != wanted:
        text = f"{wanted} belongs to a day that is committed as a whole: the unit is {unit}."
        options.talk.say("redirected", text, hour=wanted, unit=unit)


def _sentence(planned: Planned) -> str:
    from clickctl.render.words import plural, size

    verb = f"would run on {planned.engine}" if Verdict(planned.verdict).runs else "would not run"
    read = plural(planned.files_in, "raw file")
    return f"{planned.unit} (UTC) {verb}: {planned.verdict}, {planned.reason}; {read}, {size(planned.bytes_in)}"
