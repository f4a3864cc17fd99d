"""What many tests of AWS begin with. The fixture `aws` itself is of tests/conftest.py."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

pytest.importorskip("moto.server")
pytest.importorskip("duckdb")

from clickctl.domain.hours import Day
from tests.aws.athena import Athena
from tests.aws.harness.account import Aws, environment
from tests.aws.harness.server import AwsServer
from tests.aws.harness.spark_runner import SparkRunner
from tests.aws.registry import Registry
from tests.redshift.fixtures import redshift_server, standin

__all__ = ["redshift_server", "standin"]


@pytest.fixture(scope="session")
def spark_runner(aws_server: AwsServer, java: None) -> Iterator[SparkRunner]:
    """Slow to start, so one for all tests that are in the xdist group "spark"."""
    runner = SparkRunner(environment(aws_server.endpoint))
    yield runner
    runner.close()


@pytest.fixture
def registry(aws: Aws) -> Registry:
    """Five days with rows; nothing is registered."""
    made = Registry(aws)
    for n in range(5):
        made.commit(Day(date(2026, 1, 5)).plus(n))
    return made


@pytest.fixture
def created(registry: Registry) -> Registry:
    """Five days with rows; all is as it should be."""
    registry.create()
    return registry


@pytest.fixture
def athena(aws: Aws) -> Athena:
    return Athena(aws)
