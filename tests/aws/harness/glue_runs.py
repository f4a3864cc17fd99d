"""Glue's job runs. moto keeps the jobs and runs nothing; here a runner decides what becomes of a run."""

from __future__ import annotations

import threading
from typing import Any, Protocol

from tests.aws.harness.job_runs import ENDED, JobRun
from tests.aws.harness.moto import Moto
from tests.aws.harness.replies import AwsError
from tests.aws.harness.requests import Request

_PAGE = 200  # the most GetJobRuns gives (botocore's model, OrchestrationPageSize200)


class Runner(Protocol):
    """Brings runs to their end."""

    def start(self, run: JobRun) -> None:
        """Begin; must not wait for the end. The run becomes what the runner makes of it."""
        ...

    def stop(self, run: JobRun) -> None:
        """The run is STOPPING: see to it that it becomes STOPPED."""
        ...


class GlueRuns:
    """All runs, oldest first, and the operations on them. `runner` serves the runs that start from now on."""

    def __init__(self, moto: Moto, runner: Runner) -> None:
        self._moto, self._lock = moto, threading.RLock()
        self.runs: list[JobRun] = []
        self.runner = runner
        self._runner_of: dict[str, Runner] = {}

    @property
    def handlers(self) -> dict[str, Any]:
        return {
            "glue.StartJobRun": self._start,
            "glue.GetJobRun": self._get,
            "glue.GetJobRuns": self._list,
            "glue.BatchStopJobRun": self._stop,
        }

    @property
    def live(self) -> list[JobRun]:
        return [run for run in self.runs if run.state not in ENDED]

    def run(self, run_id: str) -> JobRun:
        """One run by its id; KeyError if there is none."""
        return {run.id: run for run in self.runs}[run_id]

    def release(self, *states: str, run: JobRun | None = None) -> None:
        """What waits goes on: one run, or all that live, pass through these states (none: SUCCEEDED)."""
        for one in [run] if run else self.live:
            one.become(*(states or ("SUCCEEDED",)))

    def reset(self, runner: Runner) -> None:
        """Stop what lives, wait for it, and forget all runs."""
        for run in self.live:
            self._stop_one(run)
            run.poll()
        for run in self.runs:
            run.ended.wait(60)
        self.runs, self.runner, self._runner_of = [], runner, {}

    def start(self, name: str = "clickstream", region: str = "us-east-1", **parameters: Any) -> JobRun:
        """Start a run as somebody else would."""
        job = self._job(name, region)
        with self._lock:
            most = (job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns", 1)
            if sum(run.name == name and run.state != "WAITING" for run in self.live) >= most:
                raise AwsError("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}")
            run = JobRun(job, parameters, self._moto, region)
            self.runs.append(run)
            self._runner_of[run.id] = self.runner
        self._runner_of[run.id].start(run)
        return run

    def _job(self, name: str, region: str) -> dict[str, Any]:
        try:
            return dict(self._moto.call("glue", "GetJob", region, JobName=name)["Job"])
        except AwsError:
            raise _missing(f"Failed to start job run due to missing metadata: {name}") from None

    def _start(self, request: Request) -> dict[str, Any]:
        parameters = {name: value for name, value in request.json.items() if name != "JobName"}
        return {"JobRunId": self.start(request.json["JobName"], request.region, **parameters).id}

    def _get(self, request: Request) -> dict[str, Any]:
        for run in self._of(request):
            if run.id == request.json["RunId"]:
                return {"JobRun": run.poll()}
        raise _missing(f"Job run {request.json['RunId']} not found.")

    def _list(self, request: Request) -> dict[str, Any]:
        """Newest first. The token is the last id shown, so that runs which start meanwhile shift no page."""
        runs = self._of(request)[::-1]
        if token := request.json.get("NextToken"):
            runs = runs[[run.id for run in runs].index(token) + 1 :]
        size = request.json.get("MaxResults") or _PAGE
        page = runs[:size]
        more = {"NextToken": page[-1].id} if len(runs) > size else {}
        return {"JobRuns": [run.poll() for run in page], **more}

    def _stop(self, request: Request) -> dict[str, Any]:
        """Error codes of single runs are not documented by AWS; these are of its list of exceptions."""
        name, done, errors = request.json["JobName"], [], []
        runs = {run.id: run for run in self._of(request)}
        for run_id in request.json["JobRunIds"]:
            item = {"JobName": name, "JobRunId": run_id}
            run = runs.get(run_id)
            if run and run.state not in ENDED:
                self._stop_one(run)
                done.append(item)
                continue
            code = "JobRunInvalidStateTransitionException" if run else "EntityNotFoundException"
            message = f"The job run is {run.state}." if run else f"Job run {run_id} not found."
            errors.append({**item, "ErrorDetail": {"ErrorCode": code, "ErrorMessage": message}})
        return {"SuccessfulSubmissions": done, "Errors": errors}

    def _stop_one(self, run: JobRun) -> None:
        run.stop()
        self._runner_of[run.id].stop(run)

    def _of(self, request: Request) -> list[JobRun]:
        self._job(request.json["JobName"], request.region)
        return [run for run in self.runs if run.name == request.json["JobName"]]


def _missing(message: str) -> AwsError:
    return AwsError("EntityNotFoundException", message)
