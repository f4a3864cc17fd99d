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
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from clickctl.config import LakeRoots
from clickctl.domain import errors
from clickctl.domain.errors import ClickctlError, RunFailed, UsageError
from clickctl.domain.hours import Day, Unit, hour_of, parse_unit
from clickctl.domain.ledger import InputFile
from clickctl.domain.quality import Quality
from clickctl.domain.rules import QualityRules
from clickctl.domain.structure import from_plain, to_plain
from clickctl.java import ensure_java
from clickctl.observe import see_unit
from clickctl.plan.partition import Verdict, decide
from clickctl.plan.spread import group_inputs, slot_of, slot_salts
from clickctl.plan.unit import UnitOrder, order_unit
from clickctl.publish import Publisher
from clickctl.wiring import publisher_for

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

CHUNK_SCHEMA = "slot int, unit int, target string, source string, number int, data binary"
RESULT_SCHEMA = "unit int, kind string, value string"
_ARROW_ROWS = 4
"""Chunks to an Arrow batch between JVM and Python: each can be some 10 MB."""


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
            run_id = f"{arguments.run_id}-{seen.unit.compact}"
            orders.append(order_unit(seen.unit, run_id, seen.inputs, seen.ledger, arguments.rules, arguments.target_bytes))
            continue
        _say(unit=str(seen.unit), verdict=decision.verdict, reason=decision.reason)
        worst = max(worst, errors.EXIT_OK if decision.verdict is Verdict.UNCHANGED else errors.EXIT_FAILED)
    orders = list({order.unit: order for order in orders}.values())
    if orders:
        worst = max(worst, _run_orders(orders, publisher, started))
    return worst


def _run_orders(orders: list[UnitOrder], publisher: Publisher, started: float) -> int:
    from clickctl.job import Part, finish, unit_errors

    ensure_java()
    with ExitStack() as all_fail:
        for order in orders:  # what the orders share fails all of them
            all_fail.enter_context(unit_errors(publisher, order))
        rows = _transform(_session(), orders, publisher)
    counted: dict[int, list[Quality]] = {n: [] for n in range(len(orders))}
    parts: dict[int, list[Part]] = {n: [] for n in range(len(orders))}
    for row in rows:
        if row["kind"] == "read":
            counted[row["unit"]].append(from_plain(Quality, json.loads(row["value"])))
        else:
            parts[row["unit"]].append(from_plain(Part, json.loads(row["value"])))
    worst = errors.EXIT_OK
    for n, order in enumerate(orders):
        try:
            with unit_errors(publisher, order):
                outcome = finish(order, publisher, counted[n], parts[n], "spark", started)
            quality = outcome.commit.quality
            _say(unit=str(order.unit), verdict="committed", run_id=order.run_id, lines=quality.lines,
                 facts=quality.facts, duplicates=quality.duplicates, quarantined=quality.quarantined)  # fmt: skip
        except ClickctlError as error:
            _say(unit=str(order.unit), verdict="failed", error=error.message, hint=error.hint)
            worst = max(worst, error.exit_code)
    return worst


def _session() -> SparkSession:
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

    conf = SparkConf()
    if not conf.contains("spark.master"):
        # Plain python: one machine, where the JVM only schedules and the work is in Python.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        conf.setMaster("local[*]").set("spark.ui.enabled", "false").set("spark.ui.showConsoleProgress", "false")
        conf.set("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        conf.set("spark.driver.host", "127.0.0.1").set("spark.driver.bindAddress", "127.0.0.1")
    conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(_ARROW_ROWS))
    conf.set("spark.sql.adaptive.enabled", "false")  # the partitions below are laid out by hand
    return SparkSession.builder.appName("clickstream").config(conf=conf).getOrCreate()


def _transform(spark: SparkSession, orders: list[UnitOrder], publisher: Publisher) -> list[Any]:
    """Read, shuffle, write: one Spark job for all orders. Rows of RESULT_SCHEMA."""
    parallel = spark.sparkContext.defaultParallelism
    groups = group_inputs(orders, parallel * 3)
    slots = max(2 * parallel, sum(1 + sum(n for *_, n in order.shards.counts) for order in orders))
    salts = slot_salts(slots)
    read = _reader(orders, publisher, groups, salts)
    chunks = spark.range(0, len(groups), 1, len(groups)).mapInArrow(read, CHUNK_SCHEMA)  # type: ignore[arg-type]
    try:
        return chunks.repartition(slots, "slot").mapInArrow(_writer(orders, publisher), RESULT_SCHEMA).collect()  # type: ignore[arg-type]
    except Exception as error:
        raise _from_worker(error) from error


Batches = Iterator["pa.RecordBatch"]


def _reader(
    orders: list[UnitOrder], publisher: Publisher, groups: list[list[tuple[int, InputFile]]], salts: list[int]
) -> Callable[[Batches], Batches]:
    def read(batches: Batches) -> Batches:
        import pyarrow as pa

        from clickctl.job import UnitWork
        from clickctl.transform.chunks import read_chunks

        for group in (groups[n] for batch in batches for n in batch.column(0).to_pylist()):
            for unit, source in group:
                with tempfile.TemporaryDirectory(prefix="clickctl-spark-") as folder:
                    result = UnitWork(orders[unit], publisher, Path(folder)).read(source)
                    for chunk, data in zip(result.chunks, read_chunks(result.spill, result.chunks), strict=True):
                        slot = salts[slot_of(unit, *chunk.target, len(salts))]
                        target = json.dumps([chunk.target.table, str(chunk.target.day), chunk.target.bucket])
                        yield _batch(pa, slot, unit, target, chunk.source, chunk.number, data)
                    counted = json.dumps(to_plain(result.quality)).encode()
                    yield _batch(pa, salts[0], unit, "read", source.key, 0, counted)

    return read


def _batch(pa: Any, slot: int, unit: int, target: str, source: str, number: int, data: Any) -> pa.RecordBatch:
    """One chunk as a batch of one row; `data` is not copied."""
    ends = pa.array([0, len(data)], pa.int32()).buffers()[1]
    ints = [pa.array([value], pa.int32()) for value in (slot, unit, number)]
    payload = pa.Array.from_buffers(pa.binary(), 1, [None, ends, pa.py_buffer(data)])
    columns = [ints[0], ints[1], pa.array([target]), pa.array([source]), ints[2], payload]
    return pa.RecordBatch.from_arrays(columns, [column.split()[0] for column in CHUNK_SCHEMA.split(", ")])


def _writer(orders: list[UnitOrder], publisher: Publisher) -> Callable[[Batches], Batches]:
    def write(batches: Batches) -> Batches:
        import pyarrow as pa

        from clickctl.job import UnitWork
        from clickctl.transform.chunks import Target, read_chunks, spill_to

        def result(unit: int, kind: str, value: str) -> pa.RecordBatch:
            columns = [pa.array([unit], pa.int32()), pa.array([kind]), pa.array([value])]
            return pa.RecordBatch.from_arrays(columns, ["unit", "kind", "value"])

        with tempfile.TemporaryDirectory(prefix="clickctl-spark-") as folder:
            found: dict[tuple[int, str], list[tuple[str, int, Any]]] = {}
            with spill_to(Path(folder, "chunks.spill"), "") as spill:
                for batch in batches:
                    for unit, target, source, number, data in zip(*batch.columns[1:], strict=True):
                        if target.as_py() == "read":
                            yield result(unit.as_py(), "read", data.as_py().decode())
                            continue
                        table, day, bucket = json.loads(target.as_py())
                        spill.add(Target(table, from_plain(Day, day), bucket), data.as_buffer())
                        place = (source.as_py(), number.as_py(), spill.chunks[-1])
                        found.setdefault((unit.as_py(), target.as_py()), []).append(place)
            for (unit, _), places in sorted(found.items()):
                chunks = [chunk for *_, chunk in sorted(places, key=lambda place: place[:2])]
                work = UnitWork(orders[unit], publisher, Path(folder))
                part = work.write(chunks[0].target, read_chunks(spill.path, chunks))
                yield result(unit, "part", json.dumps(to_plain(part)))

    return write


def _from_worker(error: Exception) -> ClickctlError:
    """The error a worker raised, out of the traceback Spark wraps it in."""
    found = re.findall(r"^clickctl\.domain\.errors\.(\w+): (.+)$", str(error), re.MULTILINE)
    if found:
        kind, message = found[-1]
        return getattr(errors, kind, RunFailed)(message)  # type: ignore[no-any-return]
    last = [line for line in str(error).splitlines() if line.strip() and not line.startswith(("\tat", " "))]
    return errors.EngineError(f"Spark failed: {last[-1] if last else error}", hint="The whole trace is in the job's log.")


def _say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
