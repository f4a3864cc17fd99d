"""Runs units on an engine and looks at all that came out, to compare one run with another."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickctl.domain.hours import Unit, unit_from_name
from clickctl.domain.ledger import Commit
from clickctl.domain.quality import Quality
from clickctl.domain.rules import QualityRules
from clickctl.liveness import ProcessLiveness
from clickctl.local.engine import LocalEngine
from clickctl.local.lake import FolderLake
from clickctl.observe import see_unit
from clickctl.packaging import glue_script
from clickctl.plan.unit import UnitOrder, order_unit
from clickctl.ports import Engine
from clickctl.publish import Publisher
from clickctl.roots import LakeRoots
from tests.conftest import REPO, SHARED

ANY = QualityRules(actions=("*",), max_lateness="9d", max_skew="2d")


@dataclass(frozen=True)
class Place:
    """A folder with a lake in it. Its raw root may be another's."""

    folder: Path
    raw: str = ""

    @property
    def roots(self) -> LakeRoots:
        return LakeRoots(
            self.raw or str(self.folder / "raw"), *(str(self.folder / n) for n in ("processed", "bad", "alerts"))
        )

    @property
    def publisher(self) -> Publisher:
        return Publisher(FolderLake(), self.roots, ProcessLiveness())

    def order(self, unit: str, rules: QualityRules = ANY, target: int = 128_000_000, run_id: str = "run") -> UnitOrder:
        seen, _ = see_unit(self.publisher, unit_from_name(unit))
        return order_unit(seen.unit, run_id, seen.inputs, seen.ledger, rules, target)

    def local(self, workers: int = 1, units_at_once: int = 1) -> LocalEngine:
        scratch = self.folder / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        return LocalEngine(self.publisher, workers, str(scratch), units_at_once=units_at_once)

    def run(self, *units: str, workers: int = 1, rules: QualityRules = ANY, target: int = 128_000_000) -> list[Quality]:
        engine: Engine = self.local(workers)
        try:
            return [engine.run([self.order(unit, rules, target)])[0].commit.quality for unit in units]
        finally:
            engine.close()

    def commit(self, unit: str) -> Commit:
        found: Unit = unit_from_name(unit)
        commit = self.publisher.ledger(found.day).entry(found).commit
        assert commit is not None
        return commit

    def parquet(self) -> dict[str, bytes]:
        """Every file of the tables, by its key."""
        root = Path(self.roots.processed)
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.parquet")}

    def table(self, name: str) -> pa.Table:
        """All rows of one table, sorted by all columns."""
        files = sorted(Path(self.roots.processed, name).rglob("*.parquet"))
        rows = pa.concat_tables(
            pq.read_table(path, coerce_int96_timestamp_unit="us", partitioning=None) for path in files
        )
        return rows.sort_by([(column, "ascending") for column in rows.column_names])

    def records(self) -> list[dict[str, Any]]:
        """Every quarantine record, in the order of files and lines."""
        return [
            json.loads(line) for path in sorted(Path(self.roots.quarantine).rglob("*.gz")) for line in gzip.open(path)
        ]

    def litter(self) -> list[Path]:
        """What a run should not leave behind."""
        staged, scratch = Path(self.roots.processed, "_staging"), self.folder / "scratch"
        return [*staged.rglob("*"), *scratch.rglob("*")]


def comparable(quality: Quality) -> Quality:
    """Without the size of the output, in which the names of quarantined files show."""
    return replace(quality, bytes_out=0)


def unpack(name: str, raw: Path, *hours: str) -> None:
    """Some hours of the real data, or the test is skipped where there is none."""
    path = SHARED / "data" / f"{name}.tar"
    if not path.is_file():
        pytest.skip(f"no {path}")
    with tarfile.open(path) as archive:
        for member in _of_hours(archive, hours):
            target = raw / member.name.removeprefix("clickstream/")
            target.parent.mkdir(parents=True, exist_ok=True)
            content = archive.extractfile(member)
            assert content is not None
            target.write_bytes(content.read())


def _of_hours(archive: tarfile.TarFile, hours: tuple[str, ...]) -> Iterator[tarfile.TarInfo]:
    prefixes = tuple(f"clickstream/{hour}" for hour in hours)
    return (member for member in archive.getmembers() if member.isfile() and member.name.startswith(prefixes))


RULES_GIVEN = ["--rules", '{"actions": ["*"], "max_lateness": "9d", "max_skew": "2d"}']
"""ANY, as the job takes it."""


@dataclass(frozen=True)
class JobRan:
    """How the Spark job ended; `said` is what it printed, a line of JSON each."""

    code: int
    said: list[dict[str, Any]]
    err: str


def run_job(place: Place, *words: str) -> JobRan:
    roots = place.roots
    where = ["--raw", roots.raw, "--processed", roots.processed, "--quarantine", roots.quarantine]
    return run_script(*where, *RULES_GIVEN, *words)


def run_script(*words: str) -> JobRan:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{REPO}{os.pathsep}{REPO / 'tests/glue_image'}",
        "PYSPARK_PYTHON": sys.executable,
    }
    argv = [sys.executable, str(glue_script()), *words]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=300)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    assert all(line.startswith("{") for line in lines), done.stdout
    return JobRan(done.returncode, [json.loads(line) for line in lines], done.stderr)
