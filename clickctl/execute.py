"""Plans to results, over the ports: ordering, concurrency, isolation of failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from clickctl.domain.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    ClickctlError,
    nothing_changed,
)
from clickctl.domain.hours import Day, Unit
from clickctl.domain.layout import raw_prefix
from clickctl.domain.quality import Quality
from clickctl.domain.rules import QualityRules
from clickctl.observe import RawListing, see_unit
from clickctl.plan.backfill import PlannedUnit
from clickctl.plan.partition import Decision, Seen, Verdict, decide
from clickctl.plan.unit import UnitOrder, order_unit
from clickctl.ports import Ended, Engine, Left, Outcome
from clickctl.publish import Publisher


@dataclass(frozen=True)
class UnitResult:
    """What became of one unit.

    `outcome` is committed, failed, not-started, a verdict that does not run, or of a job run that
    goes on without us started, running or stopping. `days` are the event-days its files lie in.
    """

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
    job_run: str = ""
    dpu_hours: float | None = None
    dollars: float | None = None
    days: tuple[Day, ...] = ()

    @property
    def changed(self) -> bool:
        return self.outcome in ("committed", "started")


Attempt = UnitResult | ClickctlError
"""What became of a unit, or why it could not be run."""


@dataclass(frozen=True)
class _Ordered:
    """A unit that is to be run, and what was seen and decided of it."""

    order: UnitOrder
    decision: Decision
    raw: RawListing


@dataclass(frozen=True)
class UnitRunner:
    """Runs units: observe, decide, order, execute. `joins`: the engine can wait for a run that is under way."""

    publisher: Publisher
    rules: QualityRules
    target_bytes: int
    joins: bool = False

    def decide(self, unit: Unit, *, force: bool) -> tuple[Seen, Decision, RawListing]:
        seen, raw = see_unit(self.publisher, unit, joins=self.joins)
        return seen, decide(seen, self.rules, force=force), raw

    def run(self, unit: Unit, engine: Engine, *, force: bool = False) -> UnitResult:
        """Bring one unit up to date; raises what went wrong with it."""
        [attempt] = self.run_together([unit], engine, force=force)
        if isinstance(attempt, ClickctlError):
            raise attempt
        return attempt

    def run_together(self, units: Sequence[Unit], engine: Engine, *, force: bool = False) -> list[Attempt]:
        """Bring units up to date in one call of the engine. What fails all of them is raised."""
        run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
        prepared = [self._prepare(unit, run_id, force) for unit in units]
        # Two hours of a day that was committed meanwhile are one order.
        orders = {item.order.unit: item for item in prepared if isinstance(item, _Ordered)}
        ended = dict(zip(orders, engine.run([item.order for item in orders.values()]), strict=True)) if orders else {}
        return [self._result(item, ended[item.order.unit]) if isinstance(item, _Ordered) else item for item in prepared]

    def _prepare(self, unit: Unit, run_id: str, force: bool) -> _Ordered | Attempt:
        try:
            with nothing_changed():
                seen, decision, raw = self.decide(unit, force=force)
        except ClickctlError as error:
            return error
        if not decision.verdict.runs:
            return self._not_run(seen, decision, raw)
        order = order_unit(seen.unit, run_id, seen.inputs, seen.ledger, self.rules, self.target_bytes, force=force)
        return _Ordered(order, decision, raw)

    def _result(self, item: _Ordered, ended: Ended) -> Attempt:
        if isinstance(ended, ClickctlError):
            return ended
        if isinstance(ended, Left):
            return _left(item.order.unit, ended)
        return self._committed(item, ended)

    def _committed(self, item: _Ordered, outcome: Outcome) -> UnitResult:
        commit, roots = outcome.commit, self.publisher.roots
        return UnitResult(
            unit=item.order.unit,
            outcome="committed",
            reason=item.decision.reason,
            run_id=commit.run_id,
            seconds=commit.seconds,
            quality=commit.quality,
            files=tuple(f"{roots.root(file.table)}/{file.key}" for file in commit.files),
            replaced_files=outcome.replaced_files,
            ignored_objects=item.raw.ignored,
            job_run=outcome.job_run,
            dpu_hours=outcome.dpu_hours,
            dollars=outcome.dollars,
            days=commit.event_days,
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
            days=commit.event_days if commit else (),
        )


def _left(unit: Unit, left: Left) -> UnitResult:
    if left.state == "started":
        hint = f"Look later: clickctl run-partition {unit} waits for it, clickctl status {unit.day} shows its unit."
        return UnitResult(unit, "started", f"job run {left.job_run} runs", hint, job_run=left.job_run)
    if left.state == "not-started":
        return UnitResult(unit, left.state, "stopped before its turn", "", EXIT_FAILED)
    hint = f"Run 'clickctl run-partition {unit}' to wait for it, or the same command again."
    reason = f"job run {left.job_run} is {left.state}"
    return UnitResult(unit, left.state, reason, hint, EXIT_INTERRUPTED, job_run=left.job_run)


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
