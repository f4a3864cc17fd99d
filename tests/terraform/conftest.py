"""Terraform in one worker: its tests are in the group "terraform", which begins with the lives on moto.

They mostly wait, so the tests of the other files are run meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("boto3")
pytest.importorskip("moto.server")

from tests.terraform.harness import NoTerraform, Terraform, installation
from tests.terraform.lives import Lives, packages


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives | NoTerraform]:
    """The module, being applied to moto in all variants; or why not. Waits for nothing."""
    try:
        installation()
    except NoTerraform as missing:
        yield missing
        return
    made = Lives(tmp_path_factory.mktemp("lives"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def lives(begun: Lives | NoTerraform) -> Lives:
    if isinstance(begun, NoTerraform):
        pytest.skip(str(begun))
    return begun


@pytest.fixture(scope="session")
def offline(lives: Lives, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """A copy for what needs no AWS."""
    folder = tmp_path_factory.mktemp("offline")
    packages(folder / "dist", wheels=True)
    return Terraform(folder)
