"""What `doctor` looks at in AWS. Each line asks a handful of things and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from clickctl.aws.doctor_account import account_probes
from clickctl.aws.doctor_alerts import alert_probes
from clickctl.aws.doctor_asking import Account
from clickctl.aws.doctor_catalog import NO_ROWS, athena_probes, catalog_probes, recent
from clickctl.aws.doctor_glue import glue_job, glue_probes
from clickctl.aws.doctor_permissions import permission_probes
from clickctl.aws.doctor_s3 import buckets_of, s3_probes
from clickctl.aws.doctor_warehouse import warehouse_probes
from clickctl.config import Config
from clickctl.domain.errors import ClickctlError
from clickctl.domain.hours import Day
from clickctl.hotsql import HotSql
from clickctl.plan.catalog import DaysWithRows
from clickctl.plan.checks import Probe
from clickctl.ports import Catalog
from clickctl.publish import Publisher
from clickctl.registering import observe_days_with_rows


def aws_probes(
    account: Account, config: Config, publisher: Publisher, catalog: Catalog | None, hot: HotSql | None, today: Day
) -> Iterator[Probe]:
    """The lake in S3, and on the aws backend, which has a catalog in AWS, the job, the tables and Athena.

    `hot` is what is to be in Redshift, None where there is none.
    """
    buckets = buckets_of(account, config)
    job = glue_job(account, config.glue.job)

    def rows() -> DaysWithRows:
        """Of recent days. Where they cannot be read, other lines tell why."""
        try:
            buckets.of(config.lake.processed).head()
            return observe_days_with_rows(publisher, recent(today), config.quality).rows
        except ClickctlError:
            return NO_ROWS

    yield from account_probes(account, config)
    yield from s3_probes(account, config, buckets, publisher, today)
    if catalog:
        yield from glue_probes(account, config, job)
        yield from catalog_probes(account, config, catalog, rows, today)
        yield from athena_probes(account, config)
    if hot:
        bucket = buckets.of(config.lake.processed)
        yield from warehouse_probes(account, config, hot, publisher.lake, bucket, today)
    if config.backend == "aws":
        yield from alert_probes(account, config)
    yield from permission_probes(account, config, job)
