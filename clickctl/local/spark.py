"""The Spark engine of one machine: the Glue job's own script, under local PySpark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import clickctl
from clickctl.domain import errors
from clickctl.domain.errors import ClickctlError, EngineError, RunFailed
from clickctl.domain.structure import to_plain
from clickctl.plan.unit import UnitOrder
from clickctl.ports import Outcome
from clickctl.publish import Publisher


@dataclass(frozen=True)
class SparkEngine:
    """Starts the job for one unit and reads the commit it left in the ledger."""

    publisher: Publisher
    target_file_mb: int
    name: str = "spark"

    def run(self, order: UnitOrder) -> Outcome:
        before = self.publisher.ledger(order.unit.day).entry(order.unit).commit
        with tempfile.TemporaryFile() as log:
            done = subprocess.run(self._argv(order), stdout=subprocess.PIPE, stderr=log, env=_environment())
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4000))
            tail = log.read().decode(errors="replace").splitlines()
        said = _last_json(done.stdout)
        if done.returncode:
            raise _error(done.returncode, said, tail)
        commit = self.publisher.ledger(order.unit.day).entry(order.unit).commit
        if commit is None or commit.run_id != order.run_id:
            raise RunFailed(f"The Spark job of {order.unit} ended well but committed nothing.", hint="Look at its log.")
        return Outcome(commit, len(before.files) if before else 0)

    def close(self) -> None:
        """Nothing outlives a run."""

    def _argv(self, order: UnitOrder) -> list[str]:
        roots = self.publisher.roots
        named = {
            "unit": str(order.unit),
            "raw": roots.raw,
            "processed": roots.processed,
            "quarantine": roots.quarantine,
            "rules": json.dumps(to_plain(order.rules)),
            "force": "true",
            "run-id": order.run_id,
            "target-file-mb": str(self.target_file_mb),
        }
        return [sys.executable, str(job_script()), *(f"--{name}={value}" for name, value in named.items())]


def job_script() -> Path:
    """The script as installed with the package, or as it lies in a checkout."""
    package = Path(clickctl.__file__).parent
    for folder in (package, package.parent):
        if (script := folder / "glue_scripts" / "clickstream_job.py").is_file():
            return script
    raise EngineError(
        "glue_scripts/clickstream_job.py is missing from this installation.", hint="Install clickctl again."
    )


def _environment() -> dict[str, str]:
    package = str(Path(clickctl.__file__).parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYSPARK_PYTHON": sys.executable}


def _last_json(output: bytes) -> dict[str, str]:
    for line in reversed(output.decode(errors="replace").splitlines()):
        if line.startswith("{"):
            return dict(json.loads(line))
    return {}


def _error(code: int, said: dict[str, str], tail: list[str]) -> ClickctlError:
    kinds: dict[int, type[ClickctlError]] = {
        errors.EXIT_FAILED: RunFailed,
        errors.EXIT_CONFIG: errors.ConfigError,
        errors.EXIT_CONFLICT: errors.CommitConflict,
    }
    message = said.get("error") or said.get("reason") or "; ".join(tail[-3:]) or f"exit code {code}"
    return kinds.get(code, EngineError)(message, hint=said.get("hint", ""))
