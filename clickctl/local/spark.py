"""The Spark engine of one machine: the Glue job's own script, under local PySpark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import clickctl
from clickctl.arguments import JobArguments
from clickctl.domain import errors
from clickctl.domain.errors import ClickctlError, EngineError, RunFailed
from clickctl.packaging import glue_script
from clickctl.plan.groups import UNITS_PER_RUN
from clickctl.plan.unit import UnitOrder
from clickctl.ports import Ended, Outcome
from clickctl.publish import Publisher
from clickctl.roots import AwsSettings


@dataclass(frozen=True)
class SparkEngine:
    """Starts the job for some units and reads the commits it left in the ledgers."""

    publisher: Publisher
    target_file_mb: int
    aws: AwsSettings = field(default_factory=AwsSettings)
    name: str = "spark"
    units_per_run: int = UNITS_PER_RUN

    def run(self, orders: Sequence[UnitOrder]) -> Sequence[Ended]:
        with tempfile.TemporaryFile() as log:
            done = subprocess.run(self._argv(orders), stdout=subprocess.PIPE, stderr=log, env=_environment())
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4000))
            tail = log.read().decode(errors="replace").splitlines()
        said = _said(done.stdout)
        return [self._ended(order, said, done.returncode, tail) for order in orders]

    def interrupt(self) -> None:
        """What runs here is finished."""

    def close(self) -> None:
        """Nothing outlives a run."""

    def _ended(self, order: UnitOrder, said: dict[str, dict[str, str]], code: int, tail: list[str]) -> Ended:
        commit = self.publisher.ledger(order.unit.day).entry(order.unit).commit
        if commit is not None and commit.run_id == order.run_id:
            return Outcome(commit, order.replaces)
        if code:
            return _error(code, said.get(str(order.unit)) or said.get("", {}), tail)
        return RunFailed(f"The Spark job of {order.unit} ended well but committed nothing.", hint="Look at its log.")

    def _argv(self, orders: Sequence[UnitOrder]) -> list[str]:
        arguments = JobArguments(
            units=tuple(order.unit for order in orders),
            roots=self.publisher.roots,
            run_id=orders[0].run_id,
            rules=orders[0].rules,
            force=True,  # it has been decided already
            target_file_mb=self.target_file_mb,
            aws=self.aws,
        )
        return [sys.executable, str(glue_script()), *(f"{name}={value}" for name, value in arguments.named().items())]


def _environment() -> dict[str, str]:
    package = str(Path(clickctl.__file__).parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYSPARK_PYTHON": sys.executable}


def _said(output: bytes) -> dict[str, dict[str, str]]:
    """The job's last line about each unit; under "" the one about all of them."""
    lines = (line for line in output.decode(errors="replace").splitlines() if line.startswith("{"))
    return {said.get("unit", ""): said for said in map(json.loads, lines)}


def _error(code: int, said: dict[str, str], tail: list[str]) -> ClickctlError:
    kinds: dict[int, type[ClickctlError]] = {
        errors.EXIT_FAILED: RunFailed,
        errors.EXIT_CONFIG: errors.ConfigError,
        errors.EXIT_CONFLICT: errors.CommitConflict,
    }
    message = said.get("error") or said.get("reason") or "; ".join(tail[-3:]) or f"exit code {code}"
    return kinds.get(code, EngineError)(message, hint=said.get("hint", ""))
