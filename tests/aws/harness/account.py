"""An AWS account for one test: what is in it, what goes wrong in it, and what was asked of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3

from clickctl.aws import clients
from clickctl.roots import LakeRoots
from tests.aws.harness.faults import Faults
from tests.aws.harness.glue_runs import GlueRuns
from tests.aws.harness.partitions import Partitions
from tests.aws.harness.runners import QuickRunner
from tests.aws.harness.server import AwsServer, Calls, Handler
from tests.conftest import Shell

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/clickstream-glue"


def environment(endpoint: str) -> dict[str, str]:
    """In which every AWS client finds the server."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Aws:
    """Made new for each test. Its own helpers are neither counted nor touched by faults."""

    def __init__(self, server: AwsServer, folder: Path) -> None:
        _forget_clients()
        server.reset()
        self.server, self.folder = server, folder
        self._clients: dict[tuple[str, str], Any] = {}
        self.glue = GlueRuns(server.moto, QuickRunner())
        self.partitions = Partitions(server.moto)
        server.emulated = {**self.glue.handlers, "glue.GetPartitions": self.partitions.get}
        self.lake = self._lake()

    @property
    def endpoint(self) -> str:
        return self.server.endpoint

    @property
    def faults(self) -> Faults:
        return self.server.faults

    @property
    def calls(self) -> Calls:
        """Every call since the test began."""
        return self.server.calls

    @property
    def handlers(self) -> dict[str, Handler]:
        """Answers of a test's own, by operation: called with the request; may raise AwsError."""
        return self.server.handlers

    def counting(self) -> AbstractContextManager[Calls]:
        return self.server.counting()

    def boto(self, service: str, region: str = REGION) -> Any:
        """A client for tests to look and arrange with: uncounted, untouched by faults."""
        if found := self._clients.get((service, region)):
            return found
        client = self._clients[service, region] = boto3.client(service, region_name=region)
        client.meta.events.register("before-sign.*.*", _quietly)
        return client

    def create_job(self, name: str = "clickstream", max_concurrent: int = 4, **parameters: Any) -> None:
        """The Glue job, as one sets it up for clickctl."""
        usual = {
            "Role": ROLE,
            "Command": {
                "Name": "glueetl",
                "ScriptLocation": f"{self.lake.processed}/_code/job.py",
                "PythonVersion": "3",
            },
            "DefaultArguments": {"--enable-metrics": "true", "--TempDir": f"{self.lake.processed}/_temp"},
            "ExecutionProperty": {"MaxConcurrentRuns": max_concurrent},
            "GlueVersion": "5.0",
            "WorkerType": "G.1X",
            "NumberOfWorkers": 2,
        }
        self.boto("glue").create_job(Name=name, **{**usual, **parameters})

    def put_raw(self, hour: str, content: bytes | Iterable[dict[str, Any]], name: str = "part-0.json.gz") -> str:
        """A raw file, gzipped when its name says so; its location. `hour` as 2026-01-05T13 or 2026/01/05/13."""
        text = content if isinstance(content, bytes) else b"".join(json.dumps(e).encode() + b"\n" for e in content)
        location = f"{self.lake.raw}/{hour.replace('-', '/').replace('T', '/')}/{name}"
        self.put(location, gzip.compress(text, mtime=0) if name.endswith(".gz") else text)
        return location

    def put(self, location: str, data: bytes) -> None:
        bucket, key = location.removeprefix("s3://").split("/", 1)
        self.boto("s3").put_object(Bucket=bucket, Key=key, Body=data)

    def read(self, location: str) -> bytes:
        bucket, key = location.removeprefix("s3://").split("/", 1)
        return bytes(self.boto("s3").get_object(Bucket=bucket, Key=key)["Body"].read())

    def list(self, prefix: str) -> list[str]:
        """Every location below a prefix."""
        bucket, key = f"{prefix}/".removeprefix("s3://").split("/", 1)
        pages = self.boto("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key.rstrip("/"))
        return [f"s3://{bucket}/{found['Key']}" for page in pages for found in page.get("Contents", ())]

    def config_file(self, folder: Path | None = None, **sections: Any) -> Path:
        """A clickctl.toml of the aws backend; `glue={"workers": 3}` and the like lie over what is usual here."""
        usual: dict[str, Any] = {
            "lake": {name: getattr(self.lake, name) for name in ("raw", "processed", "quarantine", "alerts")},
            "glue": {"poll_seconds": 0.05},
            "job": {"workers": 1},
        }
        lines = [f"backend = {json.dumps(sections.pop('backend', 'aws'))}"]
        for section in dict.fromkeys([*usual, *sections]):
            values = {**usual.get(section, {}), **sections.get(section, {})}
            lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
        path = (folder or self.folder) / "clickctl.toml"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    def shell(self, **sections: Any) -> Shell:
        """Runs clickctl in a process of its own against this account."""
        return Shell(self.folder, self.config_file(**sections))

    def close(self) -> None:
        """Nothing of this test goes on."""
        self.server.let_go()
        self.server.faults.reset()
        self.glue.reset(QuickRunner())
        _forget_clients()

    def _lake(self) -> LakeRoots:
        mark, s3 = uuid4().hex[:12], self.boto("s3")
        for name in ("raw", "processed", "alerts"):
            s3.create_bucket(Bucket=f"{name}-{mark}")
        return LakeRoots(
            f"s3://raw-{mark}/clickstream",
            f"s3://processed-{mark}/clickstream",
            f"s3://processed-{mark}/quarantine",
            f"s3://alerts-{mark}/clickstream",
        )


def _forget_clients() -> None:
    clients._client.cache_clear()
    clients._session.cache_clear()


def _quietly(request: Any, **_: Any) -> None:
    request.headers["x-harness-quiet"] = "1"
