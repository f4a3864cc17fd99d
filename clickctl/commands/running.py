"""Run many units from a command: the engine, Ctrl-C, and progress around `execute.run_many`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from clickctl.commands.context import Root, runner_for, stopping
from clickctl.config import Config
from clickctl.domain.errors import EXIT_OK, ClickctlError
from clickctl.domain.hours import Day

if TYPE_CHECKING:
    from clickctl.execute import UnitResult
    from clickctl.plan.backfill import PlannedUnit
    from clickctl.wiring import Backend


def run_units(
    options: Root,
    backend: Backend,
    config: Config,
    items: Sequence[PlannedUnit],
    engine: str,
    *,
    at_once: int,
    force: bool = False,
    fail_fast: bool = False,
) -> tuple[tuple[UnitResult, ...], bool]:
    """What became of every unit, and whether Ctrl-C was pressed."""
    from clickctl.many import run_many
    from clickctl.render.progress import progress

    runs = backend.engine(engine)
    try:
        sizes = {str(item.unit): item.bytes_in for item in items}
        with stopping(options.talk) as stop, progress(options.talk, sizes) as on_done:
            results = run_many(
                runner_for(backend, config, engine), items, runs,
                at_once=at_once, force=force, fail_fast=fail_fast, stop=stop, on_done=on_done,
            )  # fmt: skip
        return results, stop.asked
    finally:
        runs.close()


def register(options: Root, config: Config, days: Collection[Day]) -> int:
    """Make days that have rows known to the query engines: an exit code. Rows are safe if that fails."""
    if not days or config.backend == "local":
        return EXIT_OK  # DuckDB need not be loaded: a local catalog's views see new files by themselves
    from clickctl.registering import register_days
    from clickctl.wiring import catalog_for

    try:
        register_days(catalog_for(config), sorted(days))
    except ClickctlError as error:
        error.changed = "The rows are committed; only the catalog does not know of all their days yet."
        options.talk.error(error)
        return error.exit_code
    return EXIT_OK
