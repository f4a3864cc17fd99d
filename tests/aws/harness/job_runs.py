"""One run of a Glue job: its states, what it was given and what it printed."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from clickctl.settings import DPUS
from tests.aws.harness.moto import Moto
from tests.aws.harness.replies import AwsError

ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED", "TIMEOUT", "ERROR", "EXPIRED"})
_EXECUTED = ENDED - {"ERROR", "EXPIRED"}
"""Ends of runs that began, so that they took a second at least; an ERROR is a run that could not be started."""
_OUTPUT, _ERROR = "/aws-glue/jobs/output", "/aws-glue/jobs/error"


@dataclass(eq=False)
class JobRun:
    """What a runner is given. Safe to be used by several threads.

    `state` is changed by `become` alone, which ended runs ignore.
    """

    job: Mapping[str, Any]
    request: Mapping[str, Any]
    moto: Moto
    region: str
    id: str = field(default_factory=lambda: f"jr_{uuid4().hex}{uuid4().hex}")
    state: str = "STARTING"
    error: str = ""
    polls: int = 0
    dies_after: int | None = None
    """The script is killed before this many operations on the lake plus one, counted in its driver."""
    stopping: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.started = self.modified = time.time()
        self._lock = threading.RLock()
        self._later: list[str] = []

    @property
    def name(self) -> str:
        return str(self.job["Name"])

    @property
    def arguments(self) -> dict[str, str]:
        return dict(self.request.get("Arguments") or {})

    @property
    def units(self) -> tuple[str, ...]:
        """The units the run was asked for."""
        return tuple(unit for unit in self.arguments.get("--unit", "").split(",") if unit)

    @property
    def argv(self) -> list[str]:
        """What the script is called with: arguments over the job's defaults, and what Glue adds of its own."""
        given = {**(self.job.get("DefaultArguments") or {}), **self.arguments}
        of_glue = {"--JOB_ID": "j_0", "--JOB_NAME": self.name, "--JOB_RUN_ID": self.id, "--job-language": "python"}
        return [word for pair in {**given, **of_glue}.items() for word in pair]

    def become(self, *states: str, error: str = "") -> None:
        """Be in the first state now, and in each next one once the last was seen by a poll.

        A state may be told with a message: `FAILED: the message`.
        """
        with self._lock:
            first, *later = states
            state, _, message = first.partition(": ")
            if self.state in ENDED or (self.stopping.is_set() and state not in ENDED):
                return
            self.state, self._later = state, later
            self.error, self.modified = error or message, time.time()
            if self.state in ENDED:
                self.ended.set()

    def stop(self) -> None:
        """As BatchStopJobRun does it; the runner says when it has stopped."""
        with self._lock:
            self.become("STOPPING")
            self.stopping.set()

    def stopped_after_poll(self) -> None:
        """STOPPING once more, then STOPPED."""
        with self._lock:
            if self.state not in ENDED:
                self._later = ["STOPPED"]

    def poll(self) -> dict[str, Any]:
        """The run as GetJobRun shows it."""
        with self._lock:
            shown = self._shown()
            self.polls += 1
            if self._later:
                self.become(*self._later)
        return shown

    def _shown(self) -> dict[str, Any]:
        wanted = {**self.job, **{name: value for name, value in self.request.items() if value is not None}}
        sized = {name: wanted[name] for name in ("WorkerType", "NumberOfWorkers", "GlueVersion") if wanted.get(name)}
        ended = self.state in ENDED
        return {
            "Id": self.id,
            "Attempt": 0,
            "JobName": self.name,
            "StartedOn": self.started,
            "LastModifiedOn": self.modified,
            "JobRunState": self.state,
            "Arguments": self.arguments,
            "PredecessorRuns": [],
            "ExecutionTime": math.ceil(self.modified - self.started) if self.state in _EXECUTED else 0,
            "Timeout": wanted.get("Timeout") or 480,
            "MaxCapacity": float(DPUS.get(sized.get("WorkerType", ""), 1) * sized.get("NumberOfWorkers", 10)),
            "ExecutionClass": wanted.get("ExecutionClass") or "STANDARD",
            "LogGroupName": "/aws-glue/jobs",
            **sized,
            **({"CompletedOn": self.modified} if ended else {}),
            **({"ErrorMessage": self.error} if self.error else {}),
        }

    def log(self, lines: Sequence[str], *, error: bool = False) -> None:
        """Lines of the script, into CloudWatch as Glue puts them: a stream named by the run."""
        where = {"logGroupName": _ERROR if error else _OUTPUT, "logStreamName": self.id}
        with suppress(AwsError):  # the group or stream exists
            self.moto.call("logs", "CreateLogGroup", self.region, logGroupName=where["logGroupName"])
        with suppress(AwsError):
            self.moto.call("logs", "CreateLogStream", self.region, **where)
        now = round(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines if line.strip()]
        if events:
            self.moto.call("logs", "PutLogEvents", self.region, **where, logEvents=events)
