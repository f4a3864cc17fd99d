"""The kernel spread by Spark: tasks read, Spark shuffles chunks by output file, tasks write.

What is shuffled is one binary value for each chunk, not rows, and where each goes is laid out by
hand, so that no two large files meet in one task by accident of hashing.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from clickctl.domain import errors
from clickctl.domain.errors import ClickctlError, RunFailed
from clickctl.domain.hours import Day
from clickctl.domain.ledger import InputFile
from clickctl.domain.quality import Quality
from clickctl.domain.structure import from_plain, to_plain
from clickctl.java import ensure_java
from clickctl.job import Part, UnitWork
from clickctl.plan.spread import group_inputs, slot_of, slot_salts
from clickctl.plan.unit import UnitOrder
from clickctl.publish import Publisher
from clickctl.transform.chunks import Chunk, Target, read_chunks, spill_to

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CHUNK_SCHEMA = "slot int, unit int, target string, source string, number int, data binary"
RESULT_SCHEMA = "unit int, kind string, value string"
_COUNTED = "counted"
_ARROW_ROWS = 4
"""Chunks to an Arrow batch between JVM and Python: each can be some 10 MB."""

_ONE_MACHINE = {
    # Plain python: the JVM only schedules, the work is in Python, and no network lies between.
    "spark.master": "local[*]",
    # Not to verify byte code that came with Spark itself saves a second of its start.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    " -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote",
    "spark.driver.memory": "2g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.shuffle.compress": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}

Batches = Iterator[pa.RecordBatch]


def session() -> SparkSession:
    """The running session, or one of this machine."""
    ensure_java()
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

    conf = SparkConf()
    if not conf.contains("spark.master"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        for name, value in _ONE_MACHINE.items():
            conf.setIfMissing(name, value)
    conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(_ARROW_ROWS))
    conf.set("spark.sql.adaptive.enabled", "false")  # the partitions below are laid out by hand
    conf.set("spark.sql.codegen.wholeStage", "false")  # SQL computes nothing here: chunks only pass through
    return SparkSession.builder.appName("clickstream").config(conf=conf).getOrCreate()


def transform(
    spark: SparkSession, orders: list[UnitOrder], publisher: Publisher
) -> list[tuple[list[Quality], list[Part]]]:
    """Read, shuffle, write: one Spark job for all orders. For each, what was counted and staged."""
    groups = group_inputs(orders, spark.sparkContext.defaultParallelism * 3)
    slots = sum(1 + sum(n for *_, n in order.shards.counts) for order in orders)
    salts = slot_salts(max(2 * spark.sparkContext.defaultParallelism, slots))
    reads = spark.range(0, len(groups), 1, len(groups))
    chunks = reads.mapInArrow(_reader(orders, publisher, groups, salts), CHUNK_SCHEMA)
    placed = chunks.repartition(len(salts), "slot")
    try:
        rows = placed.mapInArrow(_writer(orders, publisher), RESULT_SCHEMA).collect()
    except Exception as error:
        raise _from_worker(error) from error
    results: list[tuple[list[Quality], list[Part]]] = [([], []) for _ in orders]
    for row in rows:
        counted, parts = results[row["unit"]]
        if row["kind"] == _COUNTED:
            counted.append(from_plain(Quality, json.loads(row["value"])))
        else:
            parts.append(from_plain(Part, json.loads(row["value"])))
    return results


def _reader(
    orders: list[UnitOrder], publisher: Publisher, groups: list[list[tuple[int, InputFile]]], salts: list[int]
) -> Callable[[Batches], Batches]:
    def read(batches: Batches) -> Batches:
        for unit, source in (item for batch in batches for n in batch.column(0).to_pylist() for item in groups[n]):
            with tempfile.TemporaryDirectory(prefix="clickctl-spark-") as folder:
                result = UnitWork(orders[unit], publisher, Path(folder)).read(source)
                for chunk, data in zip(result.chunks, read_chunks(result.spill, result.chunks), strict=True):
                    slot = salts[slot_of(unit, *chunk.target, len(salts))]
                    yield _chunk(slot, unit, json.dumps(to_plain(chunk.target)), chunk.source, chunk.number, data)
                counted = json.dumps(to_plain(result.quality)).encode()
                yield _chunk(salts[0], unit, _COUNTED, source.key, 0, pa.py_buffer(counted))

    return read


def _writer(orders: list[UnitOrder], publisher: Publisher) -> Callable[[Batches], Batches]:
    def write(batches: Batches) -> Batches:
        with tempfile.TemporaryDirectory(prefix="clickctl-spark-") as folder:
            spilled = Path(folder, "chunks.spill")
            counted, found = _receive(batches, spilled)
            yield from counted
            for (unit, _), places in sorted(found.items()):
                ordered = sorted(places)
                chunks = [place.chunk for place in ordered]
                work = UnitWork(orders[unit], publisher, Path(folder))
                sources = [place.source for place in ordered]
                part = work.write(chunks[0].target, read_chunks(spilled, chunks), sources)
                yield _result(unit, "part", json.dumps(to_plain(part)))

    return write


class _Place(NamedTuple):
    """A received chunk, in the order its target wants: by source file and place in it."""

    source: str
    number: int
    chunk: Chunk


def _receive(batches: Batches, spilled: Path) -> tuple[list[pa.RecordBatch], dict[tuple[int, str], list[_Place]]]:
    """Put the chunks of a task on disk, by unit and target; pass on what readers counted."""
    counted: list[pa.RecordBatch] = []
    found: dict[tuple[int, str], list[_Place]] = {}
    with spill_to(spilled, "") as spill:
        for batch in batches:
            for row in zip(*batch.columns[1:], strict=True):
                unit, target, source, number = (value.as_py() for value in row[:4])
                if target == _COUNTED:
                    counted.append(_result(unit, _COUNTED, row[4].as_py().decode()))
                    continue
                table, day, bucket = json.loads(target)
                spill.add(Target(table, from_plain(Day, day), bucket), row[4].as_buffer())
                found.setdefault((unit, target), []).append(_Place(source, number, spill.chunks[-1]))
    return counted, found


def _chunk(slot: int, unit: int, target: str, source: str, number: int, data: pa.Buffer) -> pa.RecordBatch:
    """One chunk as a batch of one row; `data` is not copied."""
    ends = pa.array([0, len(data)], pa.int32()).buffers()[1]
    payload = pa.Array.from_buffers(pa.binary(), 1, [None, ends, data])
    places = [pa.array([value], pa.int32()) for value in (slot, unit, number)]
    columns = [places[0], places[1], pa.array([target]), pa.array([source]), places[2], payload]
    return pa.RecordBatch.from_arrays(columns, _names(CHUNK_SCHEMA))


def _result(unit: int, kind: str, value: str) -> pa.RecordBatch:
    columns = [pa.array([unit], pa.int32()), pa.array([kind]), pa.array([value])]
    return pa.RecordBatch.from_arrays(columns, _names(RESULT_SCHEMA))


def _names(schema: str) -> list[str]:
    return [column.split()[0] for column in schema.split(", ")]


def _from_worker(error: Exception) -> ClickctlError:
    """The error a worker raised, out of the traceback Spark wraps it in."""
    found = re.findall(r"^clickctl\.domain\.errors\.(\w+): (.+)$", str(error), re.MULTILINE)
    if found:
        kind, message = found[-1]
        return getattr(errors, kind, RunFailed)(message)
    last = [line for line in str(error).splitlines() if line.strip() and not line.startswith(("\tat", " "))]
    return errors.EngineError(
        f"Spark failed: {last[-1] if last else error}", hint="The whole trace is in the job's log."
    )
