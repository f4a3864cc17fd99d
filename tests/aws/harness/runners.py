"""Runners without Spark: outcomes as told by a test, the local engine in the job's place, runs that fail once."""

from __future__ import annotations

import json
import random
import threading
import time
from typing import Any

from clickctl.domain.errors import EXIT_OK, ClickctlError
from clickctl.job import Meter, UnitWork, finish, unit_errors
from clickctl.local.engine import scratch, transform
from tests.aws.harness.glue_runs import Runner
from tests.aws.harness.job_runs import JobRun
from tests.aws.harness.script import load_script
from tests.backends.faults import Killed

LOST = "FAILED: ExecutorLostFailure: the driver's process was killed"


class ScriptedRunner:
    """Each run takes the next outcome; the last one serves all further runs.

    An outcome is a state or several, each shown by one poll: `"TIMEOUT"`, `"FAILED: message"`,
    `("WAITING", "RUNNING", "SUCCEEDED")`. A run whose last state is no end stays so until it is
    released or stopped. Nothing is done to the lake.
    """

    def __init__(self, *outcomes: str | tuple[str, ...]) -> None:
        self._outcomes = [*outcomes] or ["SUCCEEDED"]

    def start(self, run: JobRun) -> None:
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        run.become(*((outcome,) if isinstance(outcome, str) else outcome))

    def stop(self, run: JobRun) -> None:
        """Once more STOPPING, then STOPPED."""
        run.stopped_after_poll()


class QuickRunner:
    """The real script in a thread of this process, with the local engine's transform in place of Spark's."""

    def start(self, run: JobRun) -> None:
        threading.Thread(target=self._work, args=(run,), name=run.id[:8], daemon=True).start()

    def stop(self, run: JobRun) -> None:
        """It dies at its next operation on the lake."""

    def _work(self, run: JobRun) -> None:
        run.become("RUNNING")

        def before(operation: int) -> None:
            if run.stopping.is_set() or (run.dies_after is not None and operation > run.dies_after):
                raise Killed

        script, printed = load_script(before), []
        script._say = lambda **fields: printed.append(json.dumps(fields))
        script._run = lambda *words: _run_here(script, *words)
        try:
            code = script.main(run.argv)
            outcome = f"FAILED: SystemExit: {code}" if code else "SUCCEEDED"
        except Killed:
            outcome = LOST
        except BaseException as error:
            outcome = f"FAILED: {type(error).__name__}: {error}"
        run.log(printed)
        run.become("STOPPED" if run.stopping.is_set() else outcome)


def _run_here(script: Any, orders: Any, publisher: Any, arguments: Any, started: float) -> int:
    """What `_run` of the script does, unit by unit and without Spark."""
    worst = EXIT_OK
    for order in orders:
        meter = Meter(time.monotonic(), 1.0, arguments.dpus, arguments.dollars_per_dpu_hour)
        try:
            with unit_errors(publisher, order), scratch("") as folder:
                counted, parts = transform(UnitWork(order, publisher, folder), map)
                outcome = finish(order, publisher, counted, parts, "glue", meter)
            script._say(unit=str(order.unit), verdict="committed", lines=outcome.commit.quality.lines)
        except ClickctlError as error:
            worst = max(worst, script._failed(order, error))
    return worst


class FailingOnce:
    """Lets a share of the runs fail, and none of their units fail twice.

    `midway`: the script is killed after some operations on the lake; else it never begins.
    """

    def __init__(self, inner: Runner, share: float = 0.1, seed: int = 0, *, midway: bool = False) -> None:
        self._inner, self._share, self._midway = inner, share, midway
        self._draw, self._lock = random.Random(seed), threading.Lock()
        self._spared: set[str] = set()
        self.failed: list[JobRun] = []

    def start(self, run: JobRun) -> None:
        with self._lock:
            chosen = self._draw.random() < self._share and self._spared.isdisjoint(run.units)
            at = self._draw.randint(2, 20)
            if chosen:
                self._spared.update(run.units)
                self.failed.append(run)
        if chosen and not self._midway:
            run.become("FAILED: An error occurred while calling o1.run. Worker could not be started.")
            return
        run.dies_after = at if chosen else None
        self._inner.start(run)

    def stop(self, run: JobRun) -> None:
        self._inner.stop(run)
