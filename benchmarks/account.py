"""An imitated AWS account whose every call takes a while, and what processes asked of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the tests are not written for mypy's strict mode
    Aws = Any
    AwsServer = Any
    ScriptedRunner = Any
    QUIET = ""

    def environment(endpoint: str) -> dict[str, str]: ...
else:
    from tests.aws.harness.account import Aws, environment
    from tests.aws.harness.runners import ScriptedRunner  # noqa: F401 - for polling
    from tests.aws.harness.server import QUIET, AwsServer

BENCHMARKS = Path(__file__).parent
_WRITES = ("Create", "Update", "Delete", "Put", "Copy", "Start", "Stop")


class SlowServer(AwsServer):  # type: ignore[misc]
    """Each call waits for `latency` seconds on a thread of its own before it is answered."""

    latency = 0.0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if QUIET not in environ:  # that is this benchmark, arranging and looking
            time.sleep(self.latency)
        return super().__call__(environ, start_response)


@dataclass(frozen=True)
class Spent:
    """One process: seconds from its start to its end, those it tells of its work without start-up, its calls."""

    wall: float
    work: float | None
    reads: int
    writes: int
    out: str = ""

    @property
    def calls(self) -> int:
        return self.reads + self.writes

    def times(self, factor: int) -> Spent:
        """So many times the work, after one start-up."""
        assert self.work is not None
        more = self.work * (factor - 1)
        return Spent(self.wall + more, self.work + more, self.reads * factor, self.writes * factor)


@contextmanager
def account(latency: float) -> Iterator[Aws]:
    """A new account; the environment of this process and of what it starts points at it."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "CLICKCTL_"))]:
        del os.environ[name]
    server = SlowServer()
    server.latency = latency
    os.environ.update(environment(server.endpoint))
    with tempfile.TemporaryDirectory() as folder:
        made = Aws(server, Path(folder))
        try:
            yield made
        finally:
            made.close()
            server.stop()


def peer(aws: Aws, script: str, *words: str, begun: Callable[[], None] = lambda: None) -> Spent:
    """Run a script, named from this folder on. Its last line is the seconds its work took.

    `begun` is called at its first call.
    """
    return _run(aws, [str(BENCHMARKS / script), *words], begun, told=True)


def clickctl(aws: Aws, *words: str, **sections: Any) -> Spent:
    """Run a command as people do, with `sections` of a configuration over what is usual here."""
    config = str(aws.config_file(**sections))
    return _run(aws, ["-m", "clickctl", "--config", config, *words], lambda: None, told=False)


def _run(aws: Aws, argv: list[str], begun: Callable[[], None], *, told: bool) -> Spent:
    """Everything in a process of its own, so that none waits for the lock of this Python, which is the server's."""
    settings = {**os.environ, "PYTHONPATH": str(BENCHMARKS.parent)}
    with aws.counting() as calls:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *argv], env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        while not calls and process.poll() is None:
            time.sleep(0.01)
        begun()
        out, err = process.communicate()
        wall = time.perf_counter() - began
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(argv)}: exit code {process.returncode}\n{out}{err}")
    writes = sum(map(_is_write, calls))
    return Spent(wall, float(out.split()[-1]) if told else None, len(calls) - writes, writes, out)


def _is_write(call: Any) -> bool:
    return str(call.name).partition(".")[2].removeprefix("Batch").startswith(_WRITES)


def packages(*more: str) -> str:
    """The versions of what a benchmark stands on."""
    try:
        return ", ".join(f"{package} {version(package)}" for package in ("moto", "botocore", "awswrangler", *more))
    except PackageNotFoundError as error:
        raise SystemExit(f"{error.name} is missing: pip install -e '.[dev]'") from None


def talk(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def fail_unless(found: object, expected: object, what: str) -> None:
    """A benchmark of what does not work says nothing."""
    if found != expected:
        raise SystemExit(f"WRONG: {what}: {json.dumps(found, default=str)}, not {json.dumps(expected, default=str)}")
