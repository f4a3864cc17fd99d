"""The Spark job: the same kernel, the same output (P5), started as Glue starts it.

A JVM takes seconds to start, so one run of several units serves most tests.
"""

from __future__ import annotations

import json
import os
import random
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from clickctl.domain.errors import LakeError
from clickctl.domain.hours import unit_from_name
from clickctl.job import UnitWork
from clickctl.local.spark import SparkEngine
from clickctl.plan.spread import slot_salts
from clickctl.sample import Sample, write_sample
from clickctl.transform.chunks import read_chunks
from clickctl.transform.schemas import USER_CHUNK
from tests.conftest import REPO, SHARED, event
from tests.engine_runs import JobRan, Place, run_job, unpack

pytestmark = pytest.mark.xdist_group("spark")

HOURS = ["2026-01-05T11", "2026-01-05T12"]
SKEWED = "2026-01-06T10"
REAL = {"apache_semicomplete": "2015-05-17T10", "online_retail": "2010-12-01T08"}
UNITS = [*HOURS, SKEWED, *(REAL.values() if SHARED.is_dir() else ())]
TARGET_MB = 1
OF_GLUE = [
    *("--dpus", "4", "--JOB_NAME", "clickstream", "--TempDir", "s3://temp/x"),
    *("--enable-metrics", "true", "--JOB_RUN_ID", "jr_1"),
]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, java: None) -> tuple[Place, JobRan]:
    """A run over hostile hours with late events, an hour of one busy user, and real hours if there are any."""
    place = Place(tmp_path_factory.mktemp("spark"))
    raw = Path(place.roots.raw)
    write_sample(raw, datetime(2026, 1, 5, 11, tzinfo=UTC), Sample(hours=2, events=16_000))
    some = raw / "2026/01/05/12/part-00000.json.gz"
    (some.parent / "part-cut.json.gz").write_bytes(some.read_bytes()[:-20])
    put_skewed(raw / "2026/01/06/10")
    for name, hour in REAL.items() if SHARED.is_dir() else ():
        unpack(name, raw, hour.replace("-", "/").replace("T", "/"))
    units = ",".join([*UNITS, HOURS[0]])  # one of them twice
    return place, run_job(place, *OF_GLUE, "--unit", units, "--target-file-mb", str(TARGET_MB), "--run-id", "first")


def put_skewed(folder: Path) -> None:
    """95 of 100 events are one user's."""
    noise = random.Random(5)
    folder.mkdir(parents=True)
    for part in range(4):
        with (folder / f"part-{part}.json").open("w") as out:
            for n in range(3000):
                user = "bot" if n % 20 else f"u{noise.randrange(50)}"
                time = f"2026-01-06T10:{n // 60:02}:{n % 60:02}.{part}Z"
                out.write(json.dumps(event(time, user, attributes={"noise": noise.randbytes(900).hex()})) + "\n")


@pytest.fixture(scope="module")
def local(ran: tuple[Place, JobRan], tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The same units, run by the local engine."""
    place = Place(tmp_path_factory.mktemp("local"), ran[0].roots.raw)
    place.run(*UNITS, target=TARGET_MB * 1_000_000)
    return place


def test_every_unit_is_committed_once_and_said_so(ran: tuple[Place, JobRan]) -> None:
    place, done = ran
    assert done.code == 0, done.err
    assert [(said["unit"], said["verdict"]) for said in done.said] == [(unit, "committed") for unit in UNITS]
    for said in done.said:
        quality = place.commit(said["unit"]).quality
        assert quality.balances
        assert [said[name] for name in ("lines", "facts", "duplicates", "quarantined")] == [
            quality.lines, quality.facts, quality.duplicates, quality.quarantined
        ]  # fmt: skip
    assert {place.commit(unit).engine for unit in UNITS} == {"glue"}, "it was told a JOB_RUN_ID"
    assert sum(place.commit(unit).dpu_hours for unit in UNITS) > 0
    assert place.commit(HOURS[1]).quality.reasons["corrupt_file"] == 1
    assert place.litter() == []


def test_a_run_makes_the_context_that_glue_measures(ran: tuple[Place, JobRan]) -> None:
    assert "GlueContext of clickstream" in ran[1].err


def test_the_tables_are_those_of_the_local_engine_to_the_byte(ran: tuple[Place, JobRan], local: Place) -> None:
    ours, theirs = ran[0].parquet(), local.parquet()
    assert sorted(ours) == sorted(theirs)
    assert [key for key in ours if ours[key] != theirs[key]] == []
    assert any("day=03" in key for key in ours), "late events are among them"
    for table in ("fact_clicks", "dim_users"):
        assert ran[0].table(table).equals(local.table(table))


def test_counts_and_quarantine_are_those_of_the_local_engine(ran: tuple[Place, JobRan], local: Place) -> None:
    for unit in UNITS:
        ours, theirs = ran[0].commit(unit), local.commit(unit)
        assert ours.quality == theirs.quality
        assert (ours.files, ours.transform) == (theirs.files, theirs.transform)
    assert ran[0].records() == local.records()


def test_a_user_with_nearly_all_events_makes_no_file_larger_than_the_others(ran: tuple[Place, JobRan]) -> None:
    place, _ = ran
    facts = [file.rows for file in place.commit(SKEWED).files if file.table == "fact_clicks"]
    assert len(facts) >= 3 and sum(facts) == 12_000
    assert max(facts) <= 1.1 * sum(facts) / len(facts)
    users = [file.rows for file in place.commit(SKEWED).files if file.table == "dim_users"]
    assert users == [51]


def test_what_a_worker_could_not_read_is_one_message_and_spoils_no_other_unit(java: None, tmp_path: Path) -> None:
    place = Place(tmp_path)
    raw = Path(place.roots.raw)
    write_sample(raw, datetime(2026, 1, 5, 11, tzinfo=UTC), Sample(hours=2, events=100))
    os.mknod(raw / "2026/01/05/12/part-9.json", stat.S_IFSOCK | 0o600)  # a file by its listing, but not to be opened
    done = run_job(place, "--unit", ",".join(HOURS))
    assert done.code == LakeError.exit_code
    told = f"{raw}/2026/01/05/12/part-9.json: No such device or address."
    assert [(said["verdict"], said.get("error")) for said in done.said] == [("committed", None), ("failed", told)]
    assert place.litter() == [] and not [key for key in place.parquet() if "2026010512" in key]
    good, bad = (place.publisher.ledger(unit.day).entry(unit) for unit in map(unit_from_name, HOURS))
    assert good.commit is not None and good.failure is None, "one unit's trouble is not the other's"
    assert bad.failure is not None and "part-9.json" in bad.failure.error


def test_the_engine_of_this_machine_runs_the_job_and_forces_it_again(java: None, tmp_path: Path) -> None:
    place = Place(tmp_path)
    write_sample(Path(place.roots.raw), datetime(2026, 1, 5, 11, tzinfo=UTC), Sample(hours=1, events=100))
    place.run(HOURS[0])
    before = place.parquet()
    order = place.order(HOURS[0], run_id="second")
    [outcome] = SparkEngine(place.publisher, 128).run([order])
    assert (outcome.commit.engine, outcome.replaced_files) == ("spark", len(place.commit(HOURS[0]).files))
    assert outcome.commit.run_id.startswith("second") and outcome.commit.transform == order.rules.name
    assert place.parquet() == before


PLACE_BY_SPARK = """
from pyspark.sql import SparkSession
from pyspark.sql.functions import hash, pmod, lit, spark_partition_id
from clickctl.java import ensure_java
import json, sys
ensure_java()
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
found = {}
for slots, salts in json.loads(sys.argv[1]).items():
    rows = spark.createDataFrame([(salt,) for salt in salts], "slot int").repartition(int(slots), "slot")
    rows = rows.select("slot", pmod(hash("slot"), lit(int(slots))), spark_partition_id()).collect()
    found[slots] = {row[0]: [row[1], row[2]] for row in rows}
print(json.dumps(found))
"""


def test_slots_are_where_sparks_own_hash_puts_their_salts(java: None) -> None:
    salts = {slots: slot_salts(slots) for slots in (1, 4, 7, 200)}
    environment = {**os.environ, "PYTHONPATH": str(REPO), "PYSPARK_PYTHON": sys.executable}
    argv = [sys.executable, "-c", PLACE_BY_SPARK, json.dumps(salts)]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for slots, of_slots in salts.items():
        assert [found[str(slots)][str(salt)] for salt in of_slots] == [[slot, slot] for slot in range(slots)]


def test_a_skewed_users_rows_are_reduced_where_they_are_read(ran: tuple[Place, JobRan], tmp_path: Path) -> None:
    place, _ = ran
    order = place.order(SKEWED)
    result = UnitWork(order, place.publisher, tmp_path).read(order.inputs[0])
    chunks = read_chunks(result.spill, [chunk for chunk in result.chunks if chunk.target.table == "dim_users"])
    assert sum(pa.ipc.read_record_batch(chunk, USER_CHUNK).num_rows for chunk in chunks) <= 51, "of 3,000 events"
