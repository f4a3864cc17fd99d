"""Where to look when a job run has failed: its last log lines, and its page in the console."""

from __future__ import annotations

from clickctl.aws.clients import client
from clickctl.aws.errors import explained
from clickctl.domain.errors import ClickctlError
from clickctl.domain.secrets import one_line
from clickctl.roots import AwsSettings

_GROUPS = ("/aws-glue/jobs/error", "/aws-glue/jobs/output")
"""A run's stream is named after its id (Glue developer guide, "Logging behavior")."""


def last_lines(aws: AwsSettings, run_id: str, most: int = 5) -> list[str]:
    """The run's last lines on stderr, else on stdout; none where they cannot be read."""
    for group in _GROUPS:
        try:
            with explained(f"log group {group}"):
                said = client("logs", aws, attempts=2).get_log_events(
                    logGroupName=group, logStreamName=run_id, limit=50, startFromHead=False
                )
        except ClickctlError:
            continue
        lines = [line for event in said["events"] for line in event["message"].splitlines() if line.strip()]
        if lines:
            return [one_line(line) for line in lines[-most:]]
    return []


def console_link(aws: AwsSettings, job: str, run_id: str) -> str:
    with explained("Glue"):
        region = client("glue", aws).meta.region_name
    return f"https://{region}.console.aws.amazon.com/gluestudio/home?region={region}#/job/{job}/run/{run_id}"
