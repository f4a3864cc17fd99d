"""S3 and Glue, for COPY and external schemas: moto's, or whatever the endpoint is."""

from __future__ import annotations

import os
import threading
from typing import Any


class Aws:
    """Clients by the endpoint of the moment: each test may have one of its own."""

    def __init__(self, endpoint: str | None) -> None:
        self._endpoint = endpoint
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        endpoint = self._endpoint or os.environ.get("AWS_ENDPOINT_URL", "")
        with self._lock:
            if found := self._clients.get((service, endpoint)):
                return found
            import boto3
            from botocore.config import Config

            session = boto3.session.Session(
                aws_access_key_id="standin", aws_secret_access_key="standin",
                region_name=os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
            )  # fmt: skip
            config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
            client = session.client(service, endpoint_url=endpoint or None, config=config)
            client.meta.events.register("before-sign.*.*", _quietly)
            self._clients[service, endpoint] = client
            return client


def _quietly(request: Any, **_: Any) -> None:
    """The tests' AWS neither counts the stand-in's calls nor lets them fail: faults are for the code under test."""
    request.headers["x-harness-quiet"] = "1"
