"""Config to Backend: the only importer of `local/` and `aws/`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clickctl.config import Config
from clickctl.domain.errors import ConfigError
from clickctl.domain.hours import Day
from clickctl.lakes import Lake
from clickctl.ports import Catalog, Engine, Liveness, Query
from clickctl.publish import Publisher
from clickctl.roots import AwsSettings, LakeRoots

if TYPE_CHECKING:  # loaded by the commands that need them
    from clickctl.alerting import Alerter
    from clickctl.alerts import DeadLetters, Function, Topic
    from clickctl.hotsql import HotSql
    from clickctl.metrics import Metrics
    from clickctl.plan.checks import Examination
    from clickctl.warehouse import Warehouse

Tell = Callable[..., None]
"""tell(event, text, **fields): what an engine says while it waits."""


@dataclass(frozen=True)
class Backend:
    """The ports a command may use. `engine` makes the named one, or raises ConfigError if it is not installed."""

    publisher: Publisher
    engine: Callable[[str], Engine]


@dataclass(frozen=True)
class Manner:
    """How engines are to run: how many units side by side here, and whether job runs elsewhere are waited for."""

    units_at_once: int = 1
    wait: bool = True
    stop_on_interrupt: bool = False


def lake_for(roots: LakeRoots, aws: AwsSettings) -> Lake:
    """S3 if the roots are s3:// prefixes, else folders; a mixture is refused."""
    schemes = {value.startswith("s3://") for value in (roots.raw, roots.processed, roots.quarantine)}
    if schemes == {True, False}:
        raise ConfigError("[lake] mixes s3:// and folders.", hint="Use the one or the other for every root.")
    if schemes == {True}:
        _require("boto3", extra="aws")
        from clickctl.aws.lake import S3Lake

        return S3Lake(aws)
    from clickctl.local.lake import FolderLake

    return FolderLake()


def publisher_for(roots: LakeRoots, aws: AwsSettings, job_run: str = "") -> Publisher:
    """`job_run` names the Glue job run that this process is part of, as `job/run id`."""
    return Publisher(lake_for(roots, aws), roots, _liveness(roots, aws, job_run))


def _liveness(roots: LakeRoots, aws: AwsSettings, job_run: str) -> Liveness:
    if roots.processed.startswith("s3://"):
        from clickctl.aws.liveness import GlueLiveness

        return GlueLiveness(aws, job_run)
    from clickctl.liveness import ProcessLiveness

    return ProcessLiveness()


def backend_for(config: Config, manner: Manner, tell: Tell) -> Backend:
    """The ports of the configured backend."""
    publisher = publisher_for(config.lake, config.aws)
    return Backend(publisher, lambda name: _engine(name, config, publisher, manner, tell))


def query_for(config: Config) -> Query:
    if config.backend == "aws":
        from clickctl.aws.query import AthenaQuery

        return AthenaQuery(config.aws, config.athena, config.catalog)
    from clickctl.local.query import DuckQuery

    return DuckQuery(lake_for(config.lake, config.aws), config.lake, config.catalog)


def catalog_for(config: Config) -> Catalog:
    """The catalog of the configured backend."""
    if config.backend == "aws":
        from clickctl.aws.catalog import GlueCatalog

        return GlueCatalog(config.aws, config.catalog, config.lake.processed, lambda: query_for(config))
    _require("duckdb", extra="local")
    from clickctl.local.catalog import DuckCatalog

    return DuckCatalog(lake_for(config.lake, config.aws), config.lake, config.catalog)


def hot_sql(config: Config) -> HotSql:
    """The statements of the warehouse, with the configured names in them."""
    from clickctl.hotsql import HotSql

    schema = config.redshift.schema if config.backend == "aws" else "main"
    return HotSql(schema, config.catalog.facts, config.catalog.users)


def warehouse_for(config: Config, waiting: Callable[[], None] | None = None) -> Warehouse:
    """The warehouse of the configured backend. With `waiting`, which hears of it, another load is waited for."""
    sql = hot_sql(config)
    if config.backend == "aws":
        _require("redshift_connector", "pyarrow", extra="redshift")
        from clickctl.aws.warehouse import RedshiftWarehouse

        return RedshiftWarehouse(config, sql, lake_for(config.lake, config.aws), waiting)
    if config.lake.processed.startswith("s3://"):
        hint = 'Set backend = "aws" and [redshift].'
        raise ConfigError("The local backend's warehouse copies from folders, not from s3://.", hint=hint)
    _require("duckdb", "pyarrow", extra="local")
    from clickctl.local.warehouse import DuckWarehouse, warehouse_file

    return DuckWarehouse(warehouse_file(config.lake, config.redshift.path), sql, waiting)


def alerter_for(config: Config, owner: str, tell: Tell) -> Alerter:
    """What scans and sends in this process. On the local backend alerts are told by `tell`."""
    from clickctl.alerting import Alerter
    from clickctl.receipts import Receipts

    roots, alerts = config.lake, config.alerts
    if roots.alerts.startswith("s3://") != roots.raw.startswith("s3://"):
        raise ConfigError("[lake] mixes s3:// and folders.", hint="Use the one or the other for every root.")
    if not config.quality.permits(alerts.action):
        hint = "Add it to quality.actions, or correct alerts.action."
        raise ConfigError(
            f"[alerts] action {alerts.action!r} is none of quality.actions: it is never a fact.", hint=hint
        )
    lake = lake_for(roots, config.aws)
    receipts = Receipts(lake, roots.alerts, owner)
    return Alerter(lake, roots.raw, receipts, config.quality, alerts.action, _topic(config, tell), alerts.max_messages)


def _topic(config: Config, tell: Tell) -> Topic:
    if config.backend == "local":
        from clickctl.local.alerts import TerminalTopic

        return TerminalTopic(tell)
    if not config.alerts.topic:
        raise ConfigError(
            "[alerts] topic is not set: nobody would be told.", hint="Set it to the ARN of the SNS topic."
        )
    from clickctl.aws.alerts import SnsTopic

    return SnsTopic(config.alerts.topic, config.aws)


def function_for(config: Config) -> Function | None:
    """The configured Lambda function, None where there is none and alerts are replayed in this process."""
    if config.backend == "local" or not config.alerts.function:
        return None
    from clickctl.aws.replays import LambdaFunction

    return LambdaFunction(config.alerts.function, config.aws)


def dead_letters_for(config: Config) -> DeadLetters:
    if config.backend == "local" or not config.alerts.dead_letters:
        hint = 'Set backend = "aws" and [alerts] dead_letters to the URL or the ARN of the SQS queue.'
        raise ConfigError("There is no dead-letter queue in the configuration.", hint=hint)
    from clickctl.aws.replays import SqsLetters

    return SqsLetters(config.alerts.dead_letters, config.aws)


def metrics_for(aws: AwsSettings) -> Metrics:
    """CloudWatch: for the job, which has no Config, and for `emitter_for`."""
    _require("boto3", extra="aws")
    from clickctl.aws.metrics import CloudWatchMetrics

    return CloudWatchMetrics(aws)


def emitter_for(config: Config) -> Metrics:
    """Where `--emit cloudwatch` puts metrics; ConfigError on a backend that has no such place."""
    if config.backend != "aws":
        raise ConfigError('--emit cloudwatch needs backend = "aws".', hint="Set it, or leave --emit out.")
    return metrics_for(config.aws)


def _engine(name: str, config: Config, publisher: Publisher, manner: Manner, tell: Tell) -> Engine:
    """One of settings.ENGINES."""
    if name == "glue":
        if config.backend != "aws":
            raise ConfigError('The engine "glue" needs backend = "aws".', hint="Set it, or use --engine local.")
        from clickctl.aws.engine import GlueEngine

        return GlueEngine(publisher, config, tell, wait=manner.wait, stop_on_interrupt=manner.stop_on_interrupt)
    if name == "spark":
        _require("pyspark", "pyarrow", "msgspec", "zlib_ng", extra="spark")
        from clickctl.local.spark import SparkEngine

        return SparkEngine(publisher, config.job.target_file_mb, config.aws)
    _require("pyarrow", "msgspec", "zlib_ng", extra="local")
    from clickctl.local.engine import LocalEngine

    return LocalEngine(publisher, config.job.workers, config.job.spill_dir, units_at_once=manner.units_at_once)


def doctor_for(config: Config, today: Day) -> Examination:
    """What `doctor` looks at: everything the configuration names."""
    from clickctl.local.doctor import folder_probes, machine_probes
    from clickctl.plan.checks import Examination

    def ports() -> tuple[Catalog, Query]:
        return catalog_for(config), query_for(config)

    publisher, sql = publisher_for(config.lake, config.aws), hot_sql(config)
    place = config.redshift
    hot = config.backend == "aws" and any((place.cluster, place.workgroup, place.host, place.secret))
    machine = machine_probes(config, redshift=hot)
    if not config.lake.processed.startswith("s3://"):
        folders = folder_probes(config, publisher, ports, lambda: warehouse_for(config), sql, today)
        return Examination([*machine, *folders])
    from clickctl.aws.doctor import aws_probes
    from clickctl.aws.doctor_asking import Account

    account, catalog = Account(config.aws), catalog_for(config) if config.backend == "aws" else None
    probes = aws_probes(account, config, publisher, catalog, sql if hot else None, today)
    return Examination([*machine, *probes], account.secrets)


def _require(*modules: str, extra: str) -> None:
    from importlib.util import find_spec

    if missing := [module for module in modules if find_spec(module) is None]:
        raise ConfigError(f"Not installed: {', '.join(missing)}.", hint=f"pip install 'clickctl[{extra}]'")
