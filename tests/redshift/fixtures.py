"""The stand-in as fixtures. conftest.py of this folder has them; others say `from tests.redshift.fixtures import *`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.redshift.server import Standin

__all__ = ["redshift_server", "standin"]


@pytest.fixture(scope="session")
def redshift_server() -> Iterator[Standin]:
    """One for all tests of a worker. Where CI says so, it fails to be there instead of leaving tests out."""
    from tests.redshift.postgres import NoPostgres

    try:
        import pyarrow  # noqa: F401
        import redshift_connector  # noqa: F401

        from tests.redshift.server import Standin

        server = Standin()
    except (ImportError, NoPostgres) as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"the stand-in for Redshift cannot start: {missing}", pytrace=False)
        pytest.skip(f"no stand-in for Redshift: {missing}")
    yield server
    server.close()


@pytest.fixture
def standin(redshift_server: Standin) -> Standin:
    """A new database, nothing recorded, nothing to go wrong. S3 and Glue are those of the environment (`aws`)."""
    redshift_server.reset()
    return redshift_server
