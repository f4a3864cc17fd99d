"""The Glue job: units of raw clickstream to committed Parquet, the kernel spread by Spark.

    --unit 2026-01-05T13[,2026-01-05T14…]        what to run, or
    --scheduled-time 2026-01-05T14:05:00Z        the hour before a scheduler's moment
    --raw --processed --quarantine               the roots: s3:// or folders
    --rules '{"actions": ["*"]}'                 [quality] of the configuration, as JSON
    --force true, --run-id ID, --target-file-mb N

Runs under Glue 5.x, spark-submit and plain python alike. All units of one run share one Spark
job: tasks read files and yield chunks (one binary value each), Spark shuffles the chunks by
output file, tasks write the files, the driver publishes unit by unit. Prints a line of JSON per
unit. Exit codes are those of clickctl; a unit already committed from the same input is no failure.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from clickctl.domain import errors
from clickctl.domain.errors import ClickctlError, UsageError
from clickctl.domain.hours import Unit, hour_of, parse_unit
from clickctl.domain.rules import QualityRules
from clickctl.domain.structure import from_plain
from clickctl.observe import see_unit
from clickctl.plan.partition import decide
from clickctl.plan.unit import UnitOrder, order_unit
from clickctl.publish import Publisher
from clickctl.settings import LakeRoots
from clickctl.wiring import publisher_for


@dataclass(frozen=True)
class Arguments:
    units: tuple[Unit, ...]
    roots: LakeRoots
    rules: QualityRules
    force: bool
    run_id: str
    target_bytes: int


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"Bad arguments: {message}.")


def parse_arguments(argv: Sequence[str], now: datetime) -> Arguments:
    """Glue passes more `--NAME value` pairs than ours; those are passed over."""
    parser = _Parser(allow_abbrev=False, description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("unit", "scheduled-time", "run-id"):
        parser.add_argument(f"--{name}")
    for name in ("raw", "processed", "quarantine"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rules", default="{}")
    parser.add_argument("--force", choices=("true", "false"), default="false")
    parser.add_argument("--target-file-mb", type=int, choices=range(1, 513), default=128, metavar="1..512")
    given, _ = parser.parse_known_args(argv)
    try:
        roots = LakeRoots(given.raw, given.processed, given.quarantine, alerts="unused")
        rules = from_plain(QualityRules, json.loads(given.rules), strict=True)
    except ValueError as error:
        raise UsageError(f"Bad arguments: {error}.") from None
    return Arguments(
        units=_units(given.unit, given.scheduled_time, now),
        roots=roots,
        rules=rules,
        force=given.force == "true",
        run_id=given.run_id or now.strftime("%Y%m%dT%H%M%S%f"),
        target_bytes=given.target_file_mb * 1_000_000,
    )


def _units(unit: str | None, scheduled: str | None, now: datetime) -> tuple[Unit, ...]:
    if (unit is None) == (scheduled is None):
        raise UsageError("Give either --unit or --scheduled-time.")
    if unit is not None:
        return tuple(dict.fromkeys(parse_unit(text, now) for text in unit.split(",")))
    try:
        moment = datetime.fromisoformat(str(scheduled))
    except ValueError:
        raise UsageError(f"--scheduled-time {scheduled!r} is not a time like 2026-01-05T14:05:00Z.") from None
    return (hour_of(moment.replace(tzinfo=moment.tzinfo or UTC)).plus(-1),)


def main(argv: Sequence[str]) -> int:
    try:
        arguments = parse_arguments(argv, datetime.now(UTC))
        return run(arguments)
    except ClickctlError as error:
        _say(error=error.message, hint=error.hint, changed=error.changed)
        return error.exit_code


def run(arguments: Arguments) -> int:
    publisher = publisher_for(arguments.roots)
    started = time.monotonic()
    orders, worst = [], errors.EXIT_OK
    for unit in arguments.units:
        seen, _ = see_unit(publisher, unit)
        decision = decide(seen, arguments.rules, force=arguments.force)
        if decision.verdict.runs:
            orders.append(
                order_unit(
                    seen.unit, arguments.run_id, seen.inputs, seen.ledger, arguments.rules, arguments.target_bytes
                )
            )
            continue
        _say(unit=str(seen.unit), verdict=decision.verdict, reason=decision.reason)
        worst = max(worst, decision.verdict.exit_code)
    orders = list({order.unit: order for order in orders}.values())
    if orders:
        worst = max(worst, _run_orders(orders, publisher, started))
    return worst


def _run_orders(orders: list[UnitOrder], publisher: Publisher, started: float) -> int:
    from clickctl import spark
    from clickctl.job import finish, unit_errors

    with ExitStack() as all_fail:
        for order in orders:  # what the orders share fails all of them
            all_fail.enter_context(unit_errors(publisher, order))
        transformed = spark.transform(spark.session(), orders, publisher)
    worst = errors.EXIT_OK
    for order, (counted, parts) in zip(orders, transformed, strict=True):
        try:
            with unit_errors(publisher, order):
                outcome = finish(order, publisher, counted, parts, "spark", started)
            quality = outcome.commit.quality
            counts = {name: getattr(quality, name) for name in ("lines", "facts", "duplicates", "quarantined")}
            _say(unit=str(order.unit), verdict="committed", run_id=order.run_id, **counts)
        except ClickctlError as error:
            _say(unit=str(order.unit), verdict="failed", error=error.message, hint=error.hint)
            worst = max(worst, error.exit_code)
    return worst


def _say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
