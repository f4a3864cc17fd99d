"""The sections of the configuration that the Lambda needs too, apart from the others: a cold start pays for each.

Every key is shown with its default in config.example.toml.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class LakeRoots:
    """The four roots: folders, or s3:// prefixes, without a slash at the end."""

    raw: str
    processed: str
    quarantine: str
    alerts: str

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if not value.strip("/ ") or "\0" in value:
                raise ValueError(f"{f.name}: {value!r} is no folder and no s3:// prefix")
            rooted = value if value.startswith("s3://") else os.path.abspath(os.path.expanduser(value))
            object.__setattr__(self, f.name, rooted.rstrip("/"))

    def root(self, table: str) -> str:
        """The root a table's keys are relative to."""
        return self.quarantine if table == "quarantine" else self.processed


@dataclass(frozen=True)
class AwsSettings:
    """How AWS is reached. What is empty is left to the SDK's own settings (environment, profile, role)."""

    region: str = ""
    profile: str = ""
    role_arn: str = ""
    endpoint_url: str = ""
    kms_key: str = ""
    read_timeout: int = 60

    def __post_init__(self) -> None:
        if self.read_timeout < 1:
            raise ValueError("read_timeout must be 1 second or more")


_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True)
class AlertSettings:
    """Alerts on one action. `topic` empty: receipts are written and nobody is told; `function` empty: replays run here.

    `max_messages` of one raw object are sent singly; of more a summary is.
    """

    action: str = "purchase"
    topic: str = ""
    function: str = ""
    dead_letters: str = ""
    max_messages: int = 100

    def __post_init__(self) -> None:
        if not self.action:
            raise ValueError("action is empty: an event has to have one to be looked for")
        if self.topic and not _ARN.fullmatch(self.topic):
            raise ValueError(f"topic: {self.topic!r} is not the ARN of a standard SNS topic")
        if self.dead_letters and not self.dead_letters.startswith(("https://", "http://", "arn:")):
            raise ValueError(f"dead_letters: {self.dead_letters!r} is neither the URL nor the ARN of an SQS queue")
        if not 1 <= self.max_messages <= 1000:
            raise ValueError("max_messages must lie between 1 and 1000")
