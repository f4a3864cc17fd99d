"""The entry of a test, by the test's name, and the places in which its blocks are run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pyarrow")

from clickctl.config import REDSHIFT_PASSWORD
from clickctl.local.lake import FolderLake
from clickctl.roots import LakeRoots
from tests.backends.small_lake import small_lake
from tests.conftest import Shell
from tests.redshift.fixtures import redshift_server, standin
from tests.runbook.page import Entry, entries
from tests.runbook.places import AWS_CLI, Folders, tools

if TYPE_CHECKING:
    from tests.aws.alerts import Alerting
    from tests.aws.harness.account import Aws
    from tests.redshift.server import Standin
    from tests.runbook.clouds import Cloud

__all__ = ["redshift_server", "standin"]

AWSCLI = "1.45.11"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A test that has passed has run every block of its entry."""
    yield
    if entry := getattr(item, "funcargs", {}).get("entry"):
        assert entry.blocks == [], f"not run, of {entry.title!r}"


@pytest.fixture
def entry(request: pytest.FixtureRequest) -> Entry:
    return next(entry for entry in entries() if entry.test == request.node.name)


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tools(tmp_path_factory.mktemp("bin"))


@pytest.fixture
def here(entry: Entry, path: str, shell: Shell, roots: LakeRoots, tmp_path: Path) -> Folders:
    """A lake of folders in `lake/`, beside its configuration."""
    for root in vars(roots).values():
        Path(root).mkdir(parents=True)
    return Folders(entry, shell, path, small_lake(FolderLake(), f"{tmp_path}/lake", tmp_path / "work"))


@pytest.fixture
def cloud(entry: Entry, path: str, aws: Aws, tmp_path: Path) -> Cloud:
    """A lake in S3 in an account of its own."""
    from tests.runbook.clouds import Cloud

    return Cloud(entry, path, aws, tmp_path / "cloud")


@pytest.fixture
def alerting(cloud: Cloud, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Alerting]:
    """A topic, a queue that is subscribed to it, and the function, which runs in this process."""
    from tests.aws.alerts import Alerting

    made = Alerting(aws, monkeypatch)
    cloud.configure(alerts=made.config)
    yield made
    made.close()


@pytest.fixture
def warehouse(cloud: Cloud, standin: Standin, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The same with the stand-in for Redshift, and the dates of the page as yesterday's and today's."""
    monkeypatch.setenv(REDSHIFT_PASSWORD, standin.password)
    return cloud.with_warehouse(standin)


@pytest.fixture(scope="session")
def installed_cli() -> str:
    """The machine's AWS CLI, or one in an environment of its own: it wants another botocore than we do."""
    from tests.environments import NoEnvironment, interpreter

    try:
        return shutil.which("aws") or str(interpreter(f"awscli-{AWSCLI}", f"awscli=={AWSCLI}").with_name("aws"))
    except NoEnvironment as missing:
        pytest.skip(f"no AWS CLI: {missing}")


@pytest.fixture
def aws_cli(installed_cli: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For lines that begin with `aws`."""
    monkeypatch.setenv(AWS_CLI, installed_cli)
