"""What every test may use: a lake of folders in a temporary place, and the command line in-process."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from clickctl.config import Config
from clickctl.domain.rules import QualityRules
from clickctl.liveness import ProcessLiveness
from clickctl.local.lake import FolderLake
from clickctl.publish import Publisher
from clickctl.roots import AwsSettings, LakeRoots
from tests.backends.small_lake import SmallLake, small_lake

if TYPE_CHECKING:
    from tests.aws.harness.account import Aws
    from tests.aws.harness.server import AwsServer

# A shared machine is slow at times, which is nobody's fault.
settings.register_profile("clickctl", deadline=None)
settings.load_profile("clickctl")

SHARED = Path(__file__).parents[2] / "shared"
REPO = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("CLICKCTL_", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one: hundreds of fsyncs cost nothing there."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="clickctl-test-", dir=memory) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def aws_server() -> Iterator[AwsServer]:
    pytest.importorskip("moto.server")
    from tests.aws.harness.server import AwsServer

    server = AwsServer()
    yield server
    server.stop()


@pytest.fixture
def aws(
    aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, _clean_environment: None
) -> Iterator[Aws]:
    """A new AWS for each test, served over HTTP by one server for all, and an environment in which clients find it."""
    from tests.aws.harness.account import Aws, environment

    for name, value in environment(aws_server.endpoint).items():
        monkeypatch.setenv(name, value)
    made = Aws(aws_server, tmp_path)
    yield made
    made.close()


@pytest.fixture
def small_folder(quick_folder: Path) -> SmallLake:
    """A lake of folders to run tiny units in."""
    return small_lake(FolderLake(), str(quick_folder), quick_folder)


@pytest.fixture
def small_s3(aws: Aws, quick_folder: Path) -> SmallLake:
    """The same in S3."""
    from clickctl.aws.lake import S3Lake

    return small_lake(S3Lake(AwsSettings()), aws.lake.processed, quick_folder)


@pytest.fixture(params=["folder", "s3"])
def small(request: pytest.FixtureRequest) -> SmallLake:
    """Both, one after the other: what is promised is promised of every lake."""
    found: SmallLake = request.getfixturevalue(f"small_{request.param}")
    return found


@pytest.fixture
def roots(tmp_path: Path) -> LakeRoots:
    lake = tmp_path / "lake"
    return LakeRoots(*(str(lake / name) for name in ("raw", "processed", "quarantine", "alerts")))


@pytest.fixture
def publisher(roots: LakeRoots) -> Publisher:
    return Publisher(FolderLake(), roots, ProcessLiveness())


@pytest.fixture
def config(roots: LakeRoots) -> Config:
    return Config(lake=roots, quality=QualityRules())


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Runs clickctl as people do: its own process, its own config file."""

    folder: Path
    config: Path

    def __call__(self, *words: str, env: dict[str, str] | None = None, code: int | None = 0) -> Ran:
        """Run; fail the test unless it ends with `code` (None: any)."""
        argv = [sys.executable, "-m", "clickctl", *words]
        settings = {"PYTHONPATH": str(REPO), "CLICKCTL_CONFIG": str(self.config), **(env or {})}
        done = subprocess.run(argv, cwd=self.folder, env={**os.environ, **settings},
                              capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)  # fmt: skip
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert code is None or ran.code == code, f"exit {ran.code}\n{ran.out}\n{ran.err}"
        assert "Traceback" not in ran.err, ran.err
        return ran


@pytest.fixture
def shell(tmp_path: Path, roots: LakeRoots) -> Shell:
    config = tmp_path / "clickctl.toml"
    lines = [f'{name} = "{getattr(roots, name)}"' for name in ("raw", "processed", "quarantine", "alerts")]
    config.write_text('backend = "local"\n[lake]\n' + "\n".join(lines) + "\n")
    return Shell(tmp_path, config)


@pytest.fixture
def put_raw(roots: LakeRoots) -> Callable[..., Path]:
    """put_raw("2026/01/05/13", events_or_bytes, name=…): a raw file, gzipped when its name says so."""

    def put(hour: str, content: bytes | list[dict[str, Any]], name: str = "part-0.json.gz") -> Path:
        text = content if isinstance(content, bytes) else b"".join(json.dumps(e).encode() + b"\n" for e in content)
        path = Path(roots.raw, hour, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text, mtime=0) if name.endswith(".gz") else text)
        return path

    return put


def event(time: str = "2026-01-05T13:00:00Z", user: Any = "u1", **fields: Any) -> dict[str, Any]:
    """A good event, changed by keywords."""
    base = {"event_time": time, "user_id": user, "session_id": "s1", "action": "click", "page_url": "/p",
            "user_agent": "agent", "ip": "10.0.0.1", "attributes": {"k": 1}}  # fmt: skip
    return {**base, **fields}


@pytest.fixture(scope="session")
def java() -> Iterator[None]:
    """Spark can start here, with the machine's Java or the one from PyPI."""
    pytest.importorskip("pyspark")
    from clickctl.java import ensure_java

    ensure_java()
    yield
