"""The Glue job: units of raw clickstream to committed Parquet, the kernel spread by Spark.

Runs under Glue 5.x, spark-submit and plain python alike; clickctl/arguments.py tells its arguments.
All units of one run share one Spark job: tasks read files and yield chunks (one binary value
each), Spark shuffles the chunks by output file, tasks write the files, the driver publishes unit
by unit. Should that fail, each unit is run again by itself, so that one cannot spoil the others.
Prints a line of JSON per unit, and under Glue puts metrics of what it committed. Exit codes are
those of clickctl; a unit already committed from the same input is no failure.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from clickctl.arguments import JobArguments, parse_arguments
from clickctl.domain import errors
from clickctl.domain.errors import ClickctlError
from clickctl.domain.ledger import Commit
from clickctl.metrics import commit_metrics
from clickctl.observe import see_unit
from clickctl.plan.partition import decide
from clickctl.plan.unit import UnitOrder, order_unit
from clickctl.publish import Publisher
from clickctl.wiring import metrics_for, publisher_for

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def main(argv: Sequence[str]) -> int:
    started = time.monotonic()
    try:
        arguments = parse_arguments(argv, datetime.now(UTC))
        publisher = publisher_for(arguments.roots, arguments.aws, arguments.job_run)
        orders, worst = _orders(arguments, publisher)
        return max(worst, _run(orders, publisher, arguments, started) if orders else errors.EXIT_OK)
    except ClickctlError as error:
        _say(error=error.message, hint=error.hint, changed=error.changed)
        return error.exit_code


def _orders(arguments: JobArguments, publisher: Publisher) -> tuple[list[UnitOrder], int]:
    """The units that are to run, each once; the others are told, with the worst of their exit codes."""
    orders: dict[str, UnitOrder] = {}
    worst = errors.EXIT_OK
    for unit in arguments.units:
        seen, _ = see_unit(publisher, unit)
        decision = decide(seen, arguments.rules, force=arguments.force)
        if decision.verdict.runs:
            size = arguments.target_file_mb * 1_000_000
            orders[str(seen.unit)] = order_unit(
                seen.unit, arguments.run_id, seen.inputs, seen.ledger, arguments.rules, size
            )
            continue
        _say(unit=str(seen.unit), verdict=decision.verdict, reason=decision.reason)
        worst = max(worst, decision.verdict.exit_code)
    return list(orders.values()), worst


def _run(orders: list[UnitOrder], publisher: Publisher, arguments: JobArguments, started: float) -> int:
    from clickctl import spark
    from clickctl.job import Meter, finish, unit_errors

    try:
        with ExitStack() as all_fail:
            for order in orders:
                all_fail.enter_context(unit_errors(publisher, order))
            transformed = spark.transform(_session(), orders, publisher)
    except ClickctlError:
        if len(orders) == 1:
            raise
        return max(_alone(order, publisher, arguments) for order in orders)
    worst, size = errors.EXIT_OK, sum(order.bytes_in for order in orders)
    commits: list[Commit] = []
    for order, (counted, parts) in zip(orders, transformed, strict=True):
        share = order.bytes_in / size if size else 1 / len(orders)
        meter = Meter(started, share, arguments.dpus, arguments.dollars_per_dpu_hour)
        try:
            with unit_errors(publisher, order):
                outcome = finish(order, publisher, counted, parts, "glue" if arguments.job_run else "spark", meter)
            commits.append(outcome.commit)
            quality = outcome.commit.quality
            counts = {name: getattr(quality, name) for name in ("lines", "facts", "duplicates", "quarantined")}
            _say(unit=str(order.unit), verdict="committed", run_id=order.run_id, **counts)
        except ClickctlError as error:
            worst = max(worst, _failed(order, error))
    _emit(commits, arguments)
    return worst


def _session() -> SparkSession:
    """Glue's own metrics, skewness among them, are of scripts that make a GlueContext alone (Glue Developer Guide,
    "Job monitoring and debugging"); elsewhere there is none."""
    from clickctl import spark

    session = spark.session()
    with suppress(ImportError):
        from awsglue.context import GlueContext

        GlueContext(session.sparkContext)
    return session


def _alone(order: UnitOrder, publisher: Publisher, arguments: JobArguments) -> int:
    try:
        return _run([order], publisher, arguments, time.monotonic())
    except ClickctlError as error:
        return _failed(order, error)


def _failed(order: UnitOrder, error: ClickctlError) -> int:
    _say(unit=str(order.unit), verdict="failed", error=error.message, hint=error.hint)
    return error.exit_code


def _emit(commits: Sequence[Commit], arguments: JobArguments) -> None:
    """Put metrics of what was committed, under Glue alone, and once all units are through: no commit waits for them.

    Whatever goes wrong here is told, and fails nothing: the units are committed.
    """
    if not (commits and arguments.job_run and arguments.roots.processed.startswith("s3://")):
        return
    job = arguments.job_run.partition("/")[0]
    try:
        metrics_for(arguments.aws).put([metric for commit in commits for metric in commit_metrics(commit, job)])
    except ClickctlError as error:
        _say(metrics="not sent", error=error.message, hint=error.hint, changed=error.changed)
    except Exception as error:
        _say(metrics="not sent", error=f"unexpected {type(error).__name__}", hint="", changed="")


def _say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    if code := main(sys.argv[1:]):  # a SystemExit of 0 is one more thing for Glue to misread
        sys.exit(code)
