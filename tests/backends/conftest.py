"""The lakes the contract suite runs on: folders, and S3 as moto serves it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import uuid4

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
        return LakeAt(_s3(), request.getfixturevalue("s3_root"))
    return LakeAt(FolderLake(), str(request.getfixturevalue("quick_folder")))


def _s3() -> Lake:
    pytest.importorskip("boto3")
    from clickctl.aws.lake import S3Lake
    from clickctl.settings import AwsSettings

    return S3Lake(AwsSettings())


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    """moto's server: real HTTP, real signatures, no AWS."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_root(moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh bucket, and an environment in which every AWS client finds moto."""
    import boto3

    settings = {
        "AWS_ENDPOINT_URL": moto_endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    bucket = f"lake-{uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return f"s3://{bucket}/root"
