"""Many units at once: groups side by side, failures kept apart, a wish to stop noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from clickctl.domain.errors import EXIT_FAILED, ClickctlError, EngineError
from clickctl.domain.hours import Unit
from clickctl.execute import Attempt, UnitResult, UnitRunner
from clickctl.plan.backfill import PlannedUnit
from clickctl.plan.groups import group_units
from clickctl.ports import Engine

Group = tuple[PlannedUnit, ...]


class Stop:
    """A wish to start no more units: made in a signal handler, noticed and told between units."""

    def __init__(self, tell: Callable[[Sequence[Unit]], None] = lambda running: None) -> None:
        self.asked = False
        self._tell, self._told = tell, False

    def noticed(self, running: Iterable[Unit]) -> bool:
        if self.asked and not self._told:
            self._told = True
            self._tell(sorted(running, key=str))
        return self.asked


def run_many(
    runner: UnitRunner,
    items: Sequence[PlannedUnit],
    engine: Engine,
    *,
    at_once: int,
    force: bool,
    fail_fast: bool,
    stop: Stop,
    on_done: Callable[[UnitResult], None],
) -> tuple[UnitResult, ...]:
    """Run every unit of a plan, `at_once` groups side by side; one failure does not touch the others.

    After `stop` no more are started; those running here are waited for, those of a service are
    left. Results are in the order of items.
    """
    # By the unit planned: the one run is another if its day was committed meanwhile.
    results: dict[Unit, UnitResult] = {}
    waiting = group_units(items, engine.units_per_run)
    running: dict[Future[list[UnitResult]], Group] = {}
    failed = False
    with ThreadPoolExecutor(at_once, "unit") as pool:
        while waiting or running:
            if stopped := stop.noticed(item.unit for group in running.values() for item in group):
                engine.interrupt()
            while waiting and len(running) < at_once and not stopped and not (failed and fail_fast):
                group = waiting.pop(0)
                running[pool.submit(_attempt, runner, group, engine, force)] = group
            if not running:
                break
            done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                for item, result in zip(running.pop(future), future.result(), strict=True):
                    results[item.unit] = result
                    on_done(result)
                    failed = failed or bool(result.exit_code)
    return tuple(results.get(item.unit) or _skipped(item) for item in items)


def _skipped(item: PlannedUnit) -> UnitResult:
    return UnitResult(item.unit, "not-started", "stopped before its turn", "", EXIT_FAILED)


def _attempt(runner: UnitRunner, group: Group, engine: Engine, force: bool) -> list[UnitResult]:
    units = [item.unit for item in group]
    attempts: Sequence[Attempt]
    try:
        attempts = runner.run_together(units, engine, force=force)
    except ClickctlError as error:
        attempts = [error] * len(group)
    except Exception as error:  # one unit's surprise must not end the night's backfill
        hint = f"Run 'clickctl --verbose run-partition {units[0]}' to see the trace, and report it."
        attempts = [EngineError(f"unexpected {type(error).__name__}: {error}", hint=hint)] * len(group)
    return [
        UnitResult(unit, "failed", end.message, end.hint, end.exit_code) if isinstance(end, ClickctlError) else end
        for unit, end in zip(units, attempts, strict=True)
    ]
