from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.redshift.fixtures import redshift_server, standin

if TYPE_CHECKING:
    from tests.redshift.asking import Client
    from tests.redshift.server import Standin

__all__ = ["redshift_server", "standin"]


@pytest.fixture
def ask(standin: Standin) -> Iterator[Client]:
    from tests.redshift.asking import Client

    client = Client(standin)
    yield client
    client.close()


@pytest.fixture
def other(standin: Standin) -> Iterator[Client]:
    """A second session."""
    from tests.redshift.asking import Client

    client = Client(standin)
    yield client
    client.close()
