"""moto, asked from within: neither counted nor touched by faults."""

from __future__ import annotations

import json
import threading
from contextlib import nullcontext
from functools import lru_cache
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client, run_wsgi_app

from tests.aws.harness.replies import AwsError, Reply
from tests.aws.harness.requests import Request

_TARGETS = {"glue": "AWSGlue", "logs": "Logs_20140328", "athena": "AmazonAthena"}
_WRITES = ("s3.Put", "s3.Copy", "s3.Delete", "s3.Complete")


class Moto:
    """The application behind the server."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        # It would look through its own folder for each request: a third of the time of an answer.
        self._app.get_backend_for_host = lru_cache(self._app.get_backend_for_host)
        self._client = Client(self._app)
        self._one_writer = threading.Lock()

    def answer(self, request: Request) -> Reply:
        """moto's answer. Writes to S3 are done one at a time: moto checks a condition, then writes, as two steps."""
        with self._one_writer if request.name.startswith(_WRITES) else nullcontext():
            chunks, status, headers = run_wsgi_app(self._app, request.environ, buffered=True)
        return Reply(int(status.split()[0]), list(headers), b"".join(chunks))

    def call(self, service: str, operation: str, region: str = "us-east-1", **parameters: Any) -> dict[str, Any]:
        """Ask a JSON service. Raises AwsError."""
        found = self._client.post("/", data=json.dumps(parameters), headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{_TARGETS[service]}.{operation}",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=harness/20260101/{region}/{service}/aws4_request, "
            "SignedHeaders=host, Signature=0",
        })  # fmt: skip
        plain = json.loads(found.data or b"{}")
        if found.status_code >= 400:
            raise AwsError(plain.get("__type", "Unknown"), plain.get("message", plain.get("Message", "")))
        return plain

    def reset(self) -> None:
        assert self._client.post("/moto-api/reset").status_code == 200
