"""Run many units from a command: the engine, Ctrl-C, and progress around `execute.run_many`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clickctl.commands.context import Root, runner_for, stopping
from clickctl.config import Config

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
    from clickctl.execute import run_many
    from clickctl.render.progress import progress

    runs = backend.engine(engine)
    try:
        sizes = {str(item.unit): item.bytes_in for item in items}
        with stopping(options.talk) as stop, progress(options.talk, sizes) as on_done:
            results = run_many(
                runner_for(backend, config), items, runs,
                at_once=at_once, force=force, fail_fast=fail_fast, stop=stop, on_done=on_done,
            )  # fmt: skip
        return results, stop.asked
    finally:
        runs.close()
