"""The lakes the contract suite runs on: folders, and S3 as moto serves it over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from clickctl.hotsql import HotSql
from clickctl.lakes import Lake
from clickctl.local.lake import FolderLake
from tests.backends.hot import Hot, Rows, redshift_beside
from tests.backends.small_lake import SmallLake
from tests.redshift.fixtures import redshift_server, standin

if TYPE_CHECKING:
    from tests.redshift.server import Standin

__all__ = ["redshift_server", "standin"]


class LakeAt(NamedTuple):
    """A lake and an empty place in it."""

    lake: Lake
    root: str


@pytest.fixture(params=["folder", "s3"])
def lake_at(request: pytest.FixtureRequest) -> LakeAt:
    if request.param == "s3":
        pytest.importorskip("boto3")
        from clickctl.aws.lake import S3Lake
        from clickctl.roots import AwsSettings

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


@pytest.fixture
def hot_redshift(small_s3: SmallLake, standin: Standin, monkeypatch: pytest.MonkeyPatch) -> Hot:
    """The stand-in for Redshift beside a lake in S3."""
    return redshift_beside(small_s3, standin, monkeypatch)
