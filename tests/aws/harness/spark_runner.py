"""The runner nearest to Glue: the job's own script on local PySpark, in a process that can be killed."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress

from tests.aws.harness.job_runs import JobRun
from tests.conftest import REPO

_TAIL = 50  # lines of the error log


class SparkRunner:
    """One process and one Spark session for all runs, one run at a time: a JVM takes seconds to start.

    `environment` lies over this process's own. A process that died is replaced at the next run.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._waiting: queue.SimpleQueue[JobRun | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._current: JobRun | None = None
        self._child: subprocess.Popen[str] | None = None
        # The child has it open by itself: with a shared position, reading here would move its writing.
        self._errors = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed with the runner
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def start(self, run: JobRun) -> None:
        self._waiting.put(run)

    def stop(self, run: JobRun) -> None:
        """Kill -9 the process if it is this run's; one that waits is stopped at once."""
        with self._lock:
            if self._current is run:
                self._kill()
            else:
                run.become("STOPPED")

    def kill(self) -> None:
        """The process dies, with whatever it runs."""
        with self._lock:
            self._kill()

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()
        self.kill()
        self._errors.close()

    def _serve(self) -> None:
        for run in iter(self._waiting.get, None):
            with self._lock:
                if run.ended.is_set():
                    continue
                self._current, child = run, self._living()
            run.become("RUNNING")
            begin = os.path.getsize(self._errors.name)
            printed, outcome = _ask(child, run)
            with self._lock:
                self._current = None
            run.log(printed)
            self._errors.seek(begin)
            run.log(self._errors.read().decode("utf-8", "replace").splitlines()[-_TAIL:], error=True)
            run.become("STOPPED" if run.stopping.is_set() else outcome)

    def _living(self) -> subprocess.Popen[str]:
        if self._child is None or self._child.poll() is not None:
            with open(self._errors.name, "ab") as errors:
                self._child = subprocess.Popen(
                    [sys.executable, "-m", "tests.aws.harness.glue_worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    bufsize=1,
                    cwd=REPO,
                    env={**os.environ, "PYTHONPATH": str(REPO), "PYSPARK_PYTHON": sys.executable, **self._environment},
                    start_new_session=True,  # so that its JVM is killed with it
                )
        return self._child

    def _kill(self) -> None:
        if self._child is not None and self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()


def _ask(child: subprocess.Popen[str], run: JobRun) -> tuple[list[str], str]:
    """What the run printed and how it ended."""
    assert child.stdin is not None and child.stdout is not None
    printed: list[str] = []
    with suppress(BrokenPipeError):  # it has died, as the next lines find
        child.stdin.write(json.dumps({"argv": run.argv, "dies_after": run.dies_after}) + "\n")
    for line in child.stdout:
        said = json.loads(line)
        if "code" in said:
            return printed, f"FAILED: SystemExit: {said['code']}" if said["code"] else "SUCCEEDED"
        printed.append(said["out"])
    return printed, f"FAILED: ExecutorLostFailure: the driver's process ended with {child.wait()}"
