"""Plans to results, over the ports: ordering, concurrency, isolation of failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from clickctl.domain.errors import EXIT_FAILED, EXIT_OK, EXIT_SERVICE, ClickctlError
from clickctl.domain.hours import Day, Hour, HourRange, Unit
from clickctl.domain.layout import raw_prefix
from clickctl.domain.ledger import Ledger, UnitEntry
from clickctl.domain.quality import Quality
from clickctl.domain.rules import QualityRules
from clickctl.observe import DaySeen, RawListing, judge_runs, see_day, see_unit
from clickctl.plan.backfill import Only, PlannedUnit, plan_unit, units_of
from clickctl.plan.partition import Decision, Seen, Verdict, decide
from clickctl.plan.status import HourSeen, HourStatus, StatusReport, hour_status, report
from clickctl.plan.unit import order_unit
from clickctl.ports import Engine
from clickctl.publish import Publisher


@dataclass(frozen=True)
class UnitResult:
    """What became of one unit. `outcome` is committed, failed, not-started or a verdict that does not run."""

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
        hint = _ADVICE.get(decision.verdict, "")
        if decision.verdict is Verdict.NO_RAW:
            hint = f"Nothing lies in {self.publisher.roots.raw}/{raw_prefix(seen.unit)}: {hint}"
        if decision.verdict is Verdict.INPUTS_GONE and seen.inputs:
            hint += " --force reruns without them and drops their rows."
        return UnitResult(
            unit=seen.unit,
            outcome=decision.verdict,
            reason=decision.reason,
            hint=hint,
            exit_code=decision.verdict.exit_code,
            run_id=commit.run_id if commit else "",
            quality=commit.quality if commit else None,
            ignored_objects=raw.ignored,
        )


_ADVICE = {
    Verdict.BUSY: "Wait for the other run, then run the same command again.",
    Verdict.NO_RAW: "check the date, or ask the producers.",
    Verdict.BLOCKED: "Clear what is in the way (docs/runbook.md), then run the same command again.",
    Verdict.INPUTS_GONE: "Put the raw files back, then run the same command again.",
}


def not_run(item: PlannedUnit) -> UnitResult:
    """The result of a planned unit that cannot be run as things are."""
    verdict = Verdict(item.verdict)
    return UnitResult(item.unit, verdict, item.reason, _ADVICE[verdict], verdict.exit_code)


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
    """Run every unit of a plan, `at_once` side by side; one failure does not touch the others.

    After `stop` no more are started; those running are waited for. Results are in the order of items.
    """
    results: dict[Unit, UnitResult] = {}
    waiting = list(items)
    running: dict[Future[UnitResult], Unit] = {}
    failed = False
    with ThreadPoolExecutor(at_once, "unit") as pool:
        while waiting or running:
            ended = stop.noticed(running.values()) or (failed and fail_fast)
            while waiting and len(running) < at_once and not ended:
                item = waiting.pop(0)
                running[pool.submit(_attempt, runner, item, engine, force)] = item.unit
            if not running:
                break
            done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                # By the unit planned: the one run is another if its day was committed meanwhile.
                result = results[running.pop(future)] = future.result()
                on_done(result)
                failed = failed or bool(result.exit_code)
    skipped = {
        item.unit: UnitResult(item.unit, "not-started", "stopped before its turn", "", EXIT_FAILED) for item in waiting
    }
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


def observe_days(publisher: Publisher, days: Iterable[Day]) -> dict[Day, DaySeen]:
    """Ledger and raw files of every day: two calls a day, several days at once."""
    with ThreadPoolExecutor(16, "observe") as pool:
        return {seen.day: seen for seen in pool.map(lambda day: see_day(publisher, day), days)}


def units_in(days: dict[Day, DaySeen], hours: HourRange, present: Hour) -> tuple[Unit, ...]:
    """The units of a range, without the hours that are not over and that nobody has run yet."""
    ledgers = {day: seen.ledger for day, seen in days.items()}
    units = units_of(hours, ledgers, present)
    return tuple(unit for unit in units if unit.hours[0] < present or ledgers[unit.day].entry(unit) != UnitEntry())


def plan_units(
    publisher: Publisher, days: dict[Day, DaySeen], units: Iterable[Unit], rules: QualityRules, only: Only | None
) -> tuple[PlannedUnit, ...]:
    """The verdict on each unit; an hour that is held by its day is seen as that day."""
    planned = []
    for wanted in units:
        day = days[wanted.day]
        unit = day.ledger.unit_of(wanted) if isinstance(wanted, Hour) else wanted
        seen = replace(judge_runs(publisher, unit, day.raw.of(unit), day.ledger), problem=day.problem)
        planned.append(plan_unit(seen, rules, only))
    return tuple(planned)


def status_of(publisher: Publisher, hours: HourRange, rules: QualityRules, present: Hour) -> StatusReport:
    """The state of every hour of a range; `present` is the hour that is now filling."""
    days = observe_days(publisher, hours.days)
    torn = {day: _torn_units(publisher, seen.ledger) for day, seen in days.items()}
    return report(hours, (_hour_status(hour, days[hour.day], torn[hour.day], rules, present) for hour in hours))


def _hour_status(hour: Hour, day: DaySeen, torn: frozenset[str], rules: QualityRules, present: Hour) -> HourStatus:
    raw = day.raw.of(hour)
    return hour_status(HourSeen(hour, day.ledger, raw.files, torn, bool(raw.obstacles), day.problem), rules, present)


def _torn_units(publisher: Publisher, ledger: Ledger) -> frozenset[str]:
    return frozenset(name for name, entry in ledger.units.items() if publisher.torn(entry))
