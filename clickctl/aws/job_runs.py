"""The runs of one Glue job: started, found, followed, stopped. Shapes: botocore's glue model, JobRun."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.exceptions

from clickctl.arguments import units_named
from clickctl.aws.clients import client
from clickctl.aws.errors import THROTTLED, code_of, explained, is_denied
from clickctl.domain.errors import ConfigError, EngineError, UsageError
from clickctl.roots import AwsSettings
from clickctl.settings import DPUS, GlueSettings

LIVE = ("STARTING", "RUNNING", "STOPPING", "WAITING")
"""Every other state is an end: SUCCEEDED, FAILED, ERROR, TIMEOUT, STOPPED, EXPIRED."""

Tell = Callable[..., None]
"""tell(event, text, **fields)"""

_NAMING = ("unit", "scheduled-time", "schedule")
_PAGE = 200  # the most GetJobRuns gives
_MOST_PAGES = 10
_QUEUE = timedelta(hours=24)  # a run may wait in the queue before it starts, then it expires
_PATIENCE = 20
_FULL = ("ConcurrentRunsExceededException", "ResourceNumberLimitExceededException")
_UNSURE = ("InternalServiceException", "OperationTimeoutException", "InternalFailure", "InternalError", "500")


class Interrupted(Exception):
    """Nobody wants to wait any longer."""


@dataclass(frozen=True)
class JobRun:
    """One run as Glue tells it. `seconds` is execution time, without start-up."""

    id: str
    state: str
    arguments: dict[str, str]
    error: str
    seconds: float
    dpu_hours: float

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def units(self) -> frozenset[str]:
        """What it was started for; nothing if its arguments are not those of our job."""
        try:
            unit, scheduled, schedule = (self.arguments.get(f"--{name}") for name in _NAMING)
            named = units_named(unit, scheduled, schedule, datetime.now(UTC))
        except UsageError:
            return frozenset()
        return frozenset(map(str, named))


def _why(error: EngineError) -> str:
    """Why a run was not started: full (try again later), unsure (it may have been), or refused."""
    cause = error.__cause__
    if not isinstance(cause, botocore.exceptions.ClientError):
        return "unsure"  # no answer
    code, status = code_of(cause), cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in (*_FULL, *THROTTLED):
        return "full"
    return "unsure" if code in _UNSURE or status >= 500 else "refused"


class JobRuns:
    """Calls are shared: however many threads follow runs, one page of GetJobRuns serves them all."""

    def __init__(self, aws: AwsSettings, glue: GlueSettings, tell: Tell) -> None:
        self._aws, self._glue, self._tell = aws, glue, tell
        self._lock = threading.Lock()
        self._known: dict[str, JobRun] = {}
        self._at = float("-inf")
        self.interrupted = threading.Event()

    def live(self) -> list[JobRun]:
        """Every run that has not ended. A run older than queue and timeout together has."""
        horizon = datetime.now(UTC) - _QUEUE - timedelta(minutes=self._glue.timeout_minutes)
        return [run for run in self._recent(horizon) if run.live]

    def start(self, arguments: dict[str, str]) -> str:
        """Start a run; its id. Waits while Glue has no room for it. Raises Interrupted.

        StartJobRun has no client token, so the SDK must not repeat it: after a lost reply we look
        for a run with our own --run-id before starting another.
        """
        unsure, told = 0, False
        for delay in self._delays():
            if self.interrupted.is_set():
                raise Interrupted
            try:
                with explained(f"Glue job {self._glue.job}"):
                    return self._start_once(arguments)
            except EngineError as error:
                why = _why(error)
                if why not in ("full", "unsure") or unsure > _PATIENCE:
                    raise
                if why == "full" and not told:
                    told = True
                    self._tell("waiting", f"No room for another run of {self._glue.job} yet; waiting. {error.message}")
                if why == "unsure":
                    unsure += 1
                    if found := self._started(arguments["--run-id"]):
                        return found
            self._pause(delay)
        raise AssertionError("delays never end")

    def follow(self, ids: Iterable[str]) -> dict[str, JobRun]:
        """Wait until all of these runs have ended. Raises Interrupted; bad luck is waited out."""
        wanted, failures = set(ids), 0
        for delay in self._delays():
            try:
                seen = self._see(wanted, delay)
                failures = 0
                if not any(run.live for run in seen.values()):
                    return seen
            except ConfigError:
                raise
            except EngineError as error:
                failures += 1
                if is_denied(error) or failures > _PATIENCE:
                    raise
            self._pause(delay)
        raise AssertionError("delays never end")

    def stop(self, ids: Iterable[str]) -> list[str]:
        """Ask Glue to stop runs; the ids it would not stop."""
        wanted = sorted(ids)
        refused = []
        for start in range(0, len(wanted), 25):  # the most BatchStopJobRun takes
            batch = wanted[start : start + 25]
            with explained(f"Glue job {self._glue.job}"):
                said = client("glue", self._aws).batch_stop_job_run(JobName=self._glue.job, JobRunIds=batch)
            refused += [error.get("JobRunId", "") for error in said.get("Errors", ())]
        return refused

    def _start_once(self, arguments: dict[str, str]) -> str:
        glue = self._glue
        said = client("glue", self._aws, attempts=1).start_job_run(
            JobName=glue.job,
            Arguments=arguments,
            WorkerType=glue.worker_type,
            NumberOfWorkers=glue.workers,
            Timeout=glue.timeout_minutes,
        )
        return str(said["JobRunId"])

    def _started(self, run_id: str) -> str:
        try:
            found = [run.id for run in self.live() if run.arguments.get("--run-id") == run_id]
        except EngineError:
            return ""
        return found[0] if found else ""

    def _see(self, ids: set[str], age: float) -> dict[str, JobRun]:
        """These runs, as they were no longer than `age` seconds ago."""
        with self._lock:
            if time.monotonic() - self._at > age * 0.8 or not ids <= self._known.keys():
                self._known = {run.id: run for run in self._page()[0]}
                for run_id in ids - self._known.keys():
                    self._known[run_id] = self._one(run_id)
                self._at = time.monotonic()
            return {run_id: self._known[run_id] for run_id in ids}

    def _recent(self, horizon: datetime) -> Iterator[JobRun]:
        token = None
        for _ in range(_MOST_PAGES):
            runs, token, oldest = self._page(token)
            yield from runs
            if token is None or oldest < horizon:
                return

    def _page(self, token: str | None = None) -> tuple[list[JobRun], str | None, datetime]:
        more = {"NextToken": token} if token else {}
        with explained(f"Glue job {self._glue.job}"):
            said = client("glue", self._aws).get_job_runs(JobName=self._glue.job, MaxResults=_PAGE, **more)
        runs = said.get("JobRuns", [])
        oldest = min((run["StartedOn"] for run in runs if "StartedOn" in run), default=datetime.now(UTC))
        return [self._read(run) for run in runs], said.get("NextToken") or None, oldest

    def _one(self, run_id: str) -> JobRun:
        with explained(f"job run {run_id}"):
            return self._read(client("glue", self._aws).get_job_run(JobName=self._glue.job, RunId=run_id)["JobRun"])

    def _read(self, found: dict[str, Any]) -> JobRun:
        """Billed by the second, at least a minute (AWS Glue pricing); DPUSeconds is given for runs that scale."""
        seconds = float(found.get("ExecutionTime") or 0)
        dpus = DPUS.get(found.get("WorkerType", ""), 0) * found.get("NumberOfWorkers", 0) or found.get("MaxCapacity", 0)
        billed = found.get("DPUSeconds") or (max(60.0, seconds) * dpus if seconds else 0.0)
        return JobRun(
            id=found["Id"],
            state=found.get("JobRunState", ""),
            arguments=found.get("Arguments") or {},
            error=found.get("ErrorMessage", ""),
            seconds=seconds,
            dpu_hours=billed / 3600,
        )

    def _delays(self) -> Iterator[float]:
        delay = self._glue.poll_seconds / 5
        while True:
            yield delay
            delay = min(delay * 1.4, self._glue.poll_seconds)

    def _pause(self, delay: float) -> None:
        """With jitter, so that many machines do not ask in step."""
        if self.interrupted.wait(delay * random.uniform(0.8, 1.2)):
            raise Interrupted
