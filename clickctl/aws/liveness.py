"""Whether a run still lives: a job run by asking Glue, any other as on one machine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from clickctl.aws.clients import client
from clickctl.aws.errors import explained
from clickctl.aws.job_runs import LIVE
from clickctl.domain.errors import ClickctlError
from clickctl.domain.ledger import Owner
from clickctl.liveness import ProcessLiveness
from clickctl.roots import AwsSettings


@dataclass(frozen=True)
class GlueLiveness:
    """`job_run` is what we ourselves run in, as `job/run id`, if that is a Glue job run."""

    aws: AwsSettings
    job_run: str = ""
    process: ProcessLiveness = field(default_factory=ProcessLiveness)

    def me(self) -> Owner:
        return replace(self.process.me(), job_run=self.job_run or None)

    def alive(self, owner: Owner) -> bool:
        """A job run that cannot be asked about (no permission, deleted job) is judged by its lease."""
        if not owner.job_run:
            return self.process.alive(owner)
        job, _, run = owner.job_run.partition("/")
        try:
            with explained(f"job run {run}"):
                found = client("glue", self.aws).get_job_run(JobName=job, RunId=run)
        except ClickctlError:
            return self.process.in_lease(owner)
        return found["JobRun"]["JobRunState"] in LIVE
