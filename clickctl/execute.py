"""Plans to results, over the ports: ordering, concurrency, isolation of failures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from clickctl.domain.errors import EXIT_CONFLICT, EXIT_FAILED, EXIT_OK, EXIT_SERVICE, ClickctlError
from clickctl.domain.hours import Day, Hour, HourRange, Unit
from clickctl.domain.ledger import Ledger
from clickctl.domain.quality import Quality
from clickctl.domain.rules import QualityRules
from clickctl.observe import DaySeen, RawListing, judge_runs, see_day, see_unit
from clickctl.plan.backfill import Only, PlannedUnit, plan_unit, units_of
from clickctl.plan.partition import Decision, Seen, Verdict, decide
from clickctl.plan.status import HourStatus, StatusReport, hour_status, report
from clickctl.plan.unit import order_unit
from clickctl.ports import Engine
from clickctl.publish import Publisher


@dataclass(frozen=True)
class UnitResult:
    """What became of one unit. `outcome` is committed, unchanged, no-raw, busy, failed or not-started."""

    unit: Unit
    outcome: str
    reason: str = ""
    hint: str = ""
    exit_code: int = EXIT_OK
    run_id: str = ""
    seconds: float = 0.0
    quality: Quality | None = None
    files: tuple[str, ...] = ()
    replaced_files: int = 0
    ignored_objects: int = 0

    @property
    def changed(self) -> bool:
        return self.outcome == "committed"


@dataclass(frozen=True)
class UnitRunner:
    """Runs units one at a time: observe, decide, order, execute."""

    publisher: Publisher
    rules: QualityRules
    target_bytes: int

    def decide(self, unit: Unit, *, force: bool) -> tuple[Seen, Decision, RawListing]:
        seen, raw = see_unit(self.publisher, unit)
        return seen, decide(seen, self.rules, force=force), raw

    def run(self, unit: Unit, engine: Engine, *, force: bool = False) -> UnitResult:
        """Bring a unit up to date. Errors of the unit itself are raised."""
        seen, decision, raw = self.decide(unit, force=force)
        if not decision.verdict.runs:
            return self._not_run(seen, decision, raw)
        run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
        order = order_unit(seen.unit, run_id, seen.inputs, seen.ledger, self.rules, self.target_bytes)
        outcome = engine.run(order)
        commit = outcome.commit
        roots = self.publisher.roots
        return UnitResult(
            unit=seen.unit,
            outcome="committed",
            reason=decision.reason,
            run_id=commit.run_id,
            seconds=commit.seconds,
            quality=commit.quality,
            files=tuple(f"{roots.root(file.table)}/{file.key}" for file in commit.files),
            replaced_files=outcome.replaced_files,
            ignored_objects=raw.ignored,
        )

    def _not_run(self, seen: Seen, decision: Decision, raw: RawListing) -> UnitResult:
        commit = seen.entry.commit
        code, hint = EXIT_OK, ""
        if decision.verdict is Verdict.BUSY:
            code, hint = EXIT_CONFLICT, "Wait for the other run, then run the same command again."
        elif decision.verdict is Verdict.NO_RAW:
            code, hint = EXIT_FAILED, f"Look at 'clickctl status {seen.unit.day} {seen.unit.day.plus(1)}' and ask the producers."
        elif decision.verdict is Verdict.INPUTS_GONE:
            code, hint = EXIT_FAILED, "Put the raw files back; --force reruns without them and drops their rows."
        return UnitResult(
            unit=seen.unit,
            outcome=decision.verdict,
            reason=decision.reason,
            hint=hint,
            exit_code=code,
            run_id=commit.run_id if commit else "",
            quality=commit.quality if commit else None,
            ignored_objects=raw.ignored,
        )


def run_many(
    runner: UnitRunner,
    items: Sequence[PlannedUnit],
    engine: Engine,
    *,
    at_once: int,
    force: bool,
    fail_fast: bool,
    stop: threading.Event,
    on_done: Callable[[UnitResult], None],
) -> tuple[UnitResult, ...]:
    """Run every unit of a plan, `at_once` side by side; one failure does not touch the others.

    Setting `stop` starts no more; those running are waited for. Results are in the order of items.
    """
    results: dict[Unit, UnitResult] = {}
    waiting = list(items)
    running: set[Future[UnitResult]] = set()
    with ThreadPoolExecutor(at_once, "unit") as pool:
        while waiting or running:
            while waiting and len(running) < at_once and not stop.is_set():
                running.add(pool.submit(_attempt, runner, waiting.pop(0), engine, force))
            if not running:
                break
            done, running = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for result in (future.result() for future in done):
                results[result.unit] = result
                on_done(result)
                if fail_fast and result.exit_code:
                    stop.set()
    skipped = {item.unit: UnitResult(item.unit, "not-started", "stopped before its turn", exit_code=EXIT_FAILED) for item in waiting}
    return tuple({**skipped, **results}[item.unit] for item in items)


def _attempt(runner: UnitRunner, item: PlannedUnit, engine: Engine, force: bool) -> UnitResult:
    try:
        return runner.run(item.unit, engine, force=force)
    except ClickctlError as error:
        return UnitResult(item.unit, "failed", error.message, error.hint, error.exit_code)
    except Exception as error:  # one unit's surprise must not end the night's backfill
        reason = f"unexpected {type(error).__name__}: {error}"
        hint = f"Run 'clickctl --verbose run-partition {item.unit}' to see the trace, and report it."
        return UnitResult(item.unit, "failed", reason, hint, EXIT_SERVICE)


def observe_days(publisher: Publisher, hours: HourRange) -> dict[Day, DaySeen]:
    """Ledger and raw files of every day a range touches: two calls a day, several days at once."""
    with ThreadPoolExecutor(16, "observe") as pool:
        return {seen.day: seen for seen in pool.map(lambda day: see_day(publisher, day), hours.days)}


def plan_range(
    publisher: Publisher, days: dict[Day, DaySeen], hours: HourRange, rules: QualityRules, only: Only | None, present: Hour
) -> tuple[PlannedUnit, ...]:
    """The verdict on every unit of a range; hours that are not yet over are left out."""
    ledgers: dict[Day, Ledger] = {day: seen.ledger for day, seen in days.items()}
    planned = []
    for unit in units_of(hours, ledgers, present):
        if unit.hours[0] > present:
            continue
        day = days[unit.day]
        inputs = tuple(file for file in day.raw.files if file.key.startswith(f"{unit.path}/"))
        planned.append(plan_unit(judge_runs(publisher, unit, inputs, day.ledger), rules, only))
    return tuple(planned)


def status_of(publisher: Publisher, hours: HourRange, rules: QualityRules, present: Hour) -> StatusReport:
    """The state of every hour of a range; `present` is the hour that is now filling."""
    days = observe_days(publisher, hours)
    torn = {day: _torn_units(publisher, seen.ledger) for day, seen in days.items()}
    return report(hours, (_hour_status(hour, days[hour.day], torn[hour.day], rules, present) for hour in hours))


def _hour_status(hour: Hour, day: DaySeen, torn: frozenset[str], rules: QualityRules, present: Hour) -> HourStatus:
    raw = tuple(file for file in day.raw.files if file.key.startswith(f"{hour.path}/"))
    return hour_status(hour, day.ledger, raw, torn, rules, present)


def _torn_units(publisher: Publisher, ledger: Ledger) -> frozenset[str]:
    return frozenset(name for name, entry in ledger.units.items() if publisher.torn(entry))
