"""The lakes the contract suite runs on: folders, and S3 as moto serves it over HTTP."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from clickctl.local.lake import FolderLake
from clickctl.ports import Lake


class LakeAt(NamedTuple):
    """A lake and an empty place in it."""

    lake: Lake
    root: str


@pytest.fixture(params=["folder", "s3"])
def lake_at(request: pytest.FixtureRequest) -> LakeAt:
    if request.param == "s3":
        pytest.importorskip("boto3")
        from clickctl.aws.lake import S3Lake
        from clickctl.settings import AwsSettings

        return LakeAt(S3Lake(AwsSettings()), request.getfixturevalue("aws").lake.processed)
    return LakeAt(FolderLake(), str(request.getfixturevalue("quick_folder")))
