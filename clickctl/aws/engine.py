"""The Glue engine: units run by the job, one run for several, joined where one is under way already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clickctl.arguments import JobArguments
from clickctl.aws.errors import shown
from clickctl.aws.job_logs import console_link, last_lines
from clickctl.aws.job_runs import Interrupted, JobRun, JobRuns, Tell
from clickctl.config import Config
from clickctl.domain.errors import NOTHING, ClickctlError, EngineError, RunFailed
from clickctl.domain.hours import Hour, Unit
from clickctl.domain.ledger import Commit
from clickctl.plan.groups import UNITS_PER_RUN
from clickctl.plan.unit import UnitOrder
from clickctl.ports import Ended, Left, Outcome
from clickctl.publish import Publisher
from clickctl.roots import AwsSettings

_ROUNDS = 3
"""Times a unit's run is begun: one that was joined can fail, and one that was started can meet an accident."""

_LEFT = "The unit is as before, or torn until it is run again."

_ADVICE = {
    "TIMEOUT": "Raise glue.timeout_minutes, or run fewer units at once.",
    "STOPPED": "Somebody stopped it.",
    "EXPIRED": "It waited in the queue for too long: raise the job's concurrency or the account's quota.",
    "ERROR": "Glue could not start it: check the job's script, role and connections.",
}


@dataclass(frozen=True)
class _Held:
    """A unit's place in a job run: `share` of its bytes, if it was started for us."""

    run_id: str
    share: float | None


class GlueEngine:
    """Starts job runs, or joins those that have the same unit, and reads the commits they leave."""

    name = "glue"
    units_per_run = UNITS_PER_RUN

    def __init__(
        self, publisher: Publisher, config: Config, tell: Tell, *, wait: bool = True, stop_on_interrupt: bool = False
    ) -> None:
        self._publisher, self._config, self._tell = publisher, config, tell
        self._waits, self._stops = wait, stop_on_interrupt
        self._runs = JobRuns(config.aws, config.glue, tell)

    def run(self, orders: Sequence[UnitOrder]) -> Sequence[Ended]:
        ended: dict[Unit, Ended] = {}
        pending, held = list(orders), dict[Unit, _Held]()
        try:
            for rounds_left in reversed(range(_ROUNDS)):
                held = {}
                self._join_or_start(pending, held)
                if not self._waits:
                    return [Left(held[order.unit].run_id, "started") for order in orders]
                ended |= self._wait(pending, held, final=rounds_left == 0)
                pending = [order for order in pending if order.unit not in ended]
                if not pending:
                    break
        except (Interrupted, KeyboardInterrupt):
            ended |= self._leave(pending, held)
        except ClickctlError as error:
            going = _names({item.run_id for item in held.values()})
            error.changed = f"Job run {going} may go on; the same command joins it." if going else NOTHING
            raise
        return [ended[order.unit] for order in orders]

    def interrupt(self) -> None:
        self._runs.interrupted.set()

    def close(self) -> None:
        """Job runs outlive us."""

    def _join_or_start(self, orders: Sequence[UnitOrder], held: dict[Unit, _Held]) -> None:
        live = [run for run in self._runs.live() if self._of_this_lake(run)]
        for order in orders:
            if run := next((run for run in live if str(order.unit) in run.units), None):
                held[order.unit] = _Held(run.id, None)
                self._say("joined", f"{order.unit}: joined job run {run.id}, which is {run.state}.", run.id, [order])
        if fresh := [order for order in orders if order.unit not in held]:
            run_id = self._runs.start(self._arguments(fresh))
            size = sum(order.bytes_in for order in fresh)
            for order in fresh:
                held[order.unit] = _Held(run_id, order.bytes_in / size if size else 1 / len(fresh))
            names = _names(str(order.unit) for order in fresh)
            self._say("started", f"Started job run {run_id} for {names}.", run_id, fresh)

    def _of_this_lake(self, run: JobRun) -> bool:
        """What a run does not say is said by the job's default arguments."""
        ours = self._publisher.roots.processed
        return run.arguments.get("--processed", ours) == ours

    def _arguments(self, orders: Sequence[UnitOrder]) -> dict[str, str]:
        glue = self._config.glue
        return JobArguments(
            units=tuple(order.unit for order in orders),
            roots=self._publisher.roots,
            run_id=orders[0].run_id,
            rules=orders[0].rules,
            force=orders[0].force,
            target_file_mb=self._config.job.target_file_mb,
            aws=AwsSettings(kms_key=self._config.aws.kms_key),  # the job has a role and a region of its own
            dpus=glue.dpus,
            dollars_per_dpu_hour=glue.dollars_per_dpu_hour,
        ).named()

    def _wait(self, orders: Sequence[UnitOrder], held: dict[Unit, _Held], *, final: bool) -> dict[Unit, Ended]:
        """What became of the units whose end is known. The others are worth another run."""
        runs = self._runs.follow({item.run_id for item in held.values()})
        for run in runs.values():
            cost = f"{run.dpu_hours:.2f} DPU-hours, ${self._dollars(run.dpu_hours):.2f}"
            text = f"Job run {run.id} {run.state} after {run.seconds:.0f} s: {cost}"
            mine = [order for order in orders if held[order.unit].run_id == run.id]
            self._say("job_run", text, run.id, mine, state=run.state, dpu_hours=run.dpu_hours)
        judged = (
            (order.unit, self._judge(order, held[order.unit], runs[held[order.unit].run_id], final)) for order in orders
        )
        return {unit: found for unit, found in judged if found is not None}

    def _judge(self, order: UnitOrder, held: _Held, run: JobRun, final: bool) -> Ended | None:
        """By the ledger: the state of a run tells nothing about one of its units."""
        ledger = self._publisher.ledger(order.unit.day)
        entry = ledger.entry(ledger.unit_of(order.unit) if isinstance(order.unit, Hour) else order.unit)
        by = run.arguments.get("--run-id", "")
        if entry.commit and (_is(entry.commit.run_id, by) or (not order.force and _current(entry.commit, order))):
            return self._outcome(order, held, run, entry.commit)
        if entry.failure and _is(entry.failure.run_id, by):
            return RunFailed(f"{order.unit}: {entry.failure.error}", hint=entry.failure.hint, changed=_LEFT)
        joined = held.share is None
        if not final and (joined or run.state == "FAILED"):  # an accident, or not our run
            return None
        return self._accident(order, run)

    def _outcome(self, order: UnitOrder, held: _Held, run: JobRun, commit: Commit) -> Outcome:
        """The run's bill is shared among the units it was started for; a joined one's share is as it reckoned."""
        hours = commit.dpu_hours if held.share is None else run.dpu_hours * held.share
        dollars = None if hours is None else self._dollars(hours)
        return Outcome(commit, order.replaces, run.id, hours, dollars)

    def _accident(self, order: UnitOrder, run: JobRun) -> ClickctlError:
        link = console_link(self._config.aws, self._config.glue.job, run.id)
        if run.state == "SUCCEEDED":
            return RunFailed(
                f"{order.unit}: job run {run.id} SUCCEEDED, but the ledger holds no commit of it.",
                hint=f"Is the job's script that of this clickctl ('clickctl doctor')? Its log: {link}",
                changed=_LEFT,
            )
        lines = "".join(f"\n    {line}" for line in last_lines(self._config.aws, run.id))
        what = f"{order.unit}: job run {run.id} {run.state} after {run.seconds:.0f} s"
        return EngineError(
            f"{what}: {shown(run.error) or 'no reason given'}{lines}",
            hint=f"{_ADVICE.get(run.state, '')} Look at {link} and run the same command again.".strip(),
            changed=_LEFT,
        )

    def _leave(self, orders: Sequence[UnitOrder], held: dict[Unit, _Held]) -> dict[Unit, Ended]:
        """Runs that were joined are somebody else's to stop."""
        ours = {item.run_id for item in held.values() if item.share is not None}
        stopping = ours - set(self._runs.stop(ours)) if ours and self._stops else set()
        left: dict[Unit, Ended] = {}
        for order in orders:
            run_id = held[order.unit].run_id if order.unit in held else ""
            state = "stopping" if run_id in stopping else "running" if run_id else "not-started"
            left[order.unit] = Left(run_id, state)
        return left

    def _dollars(self, dpu_hours: float) -> float:
        return dpu_hours * self._config.glue.dollars_per_dpu_hour

    def _say(self, event: str, text: str, run_id: str, orders: Iterable[UnitOrder], **fields: object) -> None:
        self._tell(event, text, job_run=run_id, units=[str(order.unit) for order in orders], **fields)


def _is(run_id: str, started_as: str) -> bool:
    """Glue's own retries of a run add to its id (clickctl.arguments)."""
    return bool(started_as) and (run_id == started_as or run_id.startswith(f"{started_as}-attempt"))


def _current(commit: Commit, order: UnitOrder) -> bool:
    return commit.fingerprint == order.fingerprint and commit.transform == order.rules.name


def _names(words: Iterable[str]) -> str:
    found = sorted(words)
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
