"""The lakes the contract suite runs on."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from clickctl.local.lake import FolderLake
from clickctl.ports import Lake


class LakeAt(NamedTuple):
    """A lake and an empty place in it."""

    lake: Lake
    root: str


@pytest.fixture(params=["folder"])
def lake_at(request: pytest.FixtureRequest, quick_folder: Path) -> LakeAt:
    return LakeAt(FolderLake(), str(quick_folder))
