"""What `doctor` looks at in AWS. Each line asks a handful of things and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from clickctl.aws.doctor_account import account_probes, permission_probes
from clickctl.aws.doctor_asking import Account
from clickctl.aws.doctor_glue import glue_probes
from clickctl.aws.doctor_s3 import s3_probes
from clickctl.config import Config
from clickctl.domain.hours import Day
from clickctl.plan.checks import Probe
from clickctl.publish import Publisher


def aws_probes(account: Account, config: Config, publisher: Publisher, today: Day) -> Iterator[Probe]:
    """The lake in S3, and on the aws backend the job, the catalog and Athena."""
    yield from account_probes(account, config)
    yield from s3_probes(account, config, publisher, today)
    if config.backend == "aws":
        yield from glue_probes(account, config)
    yield from permission_probes(account, config)
