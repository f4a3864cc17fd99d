"""The lakes the contract suite runs on: folders, and S3 as moto serves it over HTTP."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from clickctl.hotsql import HotSql
from clickctl.local.lake import FolderLake
from clickctl.ports import Lake
from tests.backends.hot import Hot, Rows
from tests.backends.small_lake import SmallLake


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


@pytest.fixture
def hot_duckdb(small_folder: SmallLake) -> Hot:
    """A DuckDB file beside a lake of folders."""
    from clickctl.local.warehouse import DuckWarehouse

    duckdb = pytest.importorskip("duckdb")
    path, sql = f"{small_folder.roots.processed}/_warehouse.duckdb", HotSql("main", "fact_clicks", "dim_users")

    def ask(text: str) -> Rows:
        with duckdb.connect(path) as database:
            found: Rows = database.execute(text).fetchall()
            return found

    return Hot(small_folder, lambda: DuckWarehouse(path, sql), sql, ask)
