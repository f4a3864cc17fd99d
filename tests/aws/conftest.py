"""The fixture `aws`: a new AWS for each test, served over HTTP by one server for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("moto.server")

from tests.aws.harness.account import Aws, environment
from tests.aws.harness.server import AwsServer
from tests.aws.harness.spark_runner import SparkRunner


@pytest.fixture(scope="session")
def aws_server() -> Iterator[AwsServer]:
    server = AwsServer()
    yield server
    server.stop()


@pytest.fixture
def aws(
    aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, _clean_environment: None
) -> Iterator[Aws]:
    for name, value in environment(aws_server.endpoint).items():
        monkeypatch.setenv(name, value)
    made = Aws(aws_server, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def spark_runner(aws_server: AwsServer, java: None) -> Iterator[SparkRunner]:
    """Slow to start, so one for all tests that are in the xdist group "spark"."""
    runner = SparkRunner(environment(aws_server.endpoint))
    yield runner
    runner.close()
