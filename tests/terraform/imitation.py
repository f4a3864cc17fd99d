"""An AWS for Terraform: moto with what it lacks, in a process of its own.

Not the server of the other tests, which begin with an empty account each: what Terraform has made is to stay.
Run as a program it prints where it listens, and ends when its stdin does.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import xform_name
from moto.athena.models import athena_backends
from moto.cloudtrail.models import cloudtrail_backends
from moto.glue.models import glue_backends
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker

from tests.aws.harness.replies import AwsError
from tests.aws.harness.requests import Request
from tests.aws.harness.server import AwsServer
from tests.conftest import REPO
from tests.terraform.redshift_serverless import ACCOUNT, RedshiftServerless


@contextmanager
def imitation() -> Iterator[str]:
    """The address of a new, empty account."""
    argv = [sys.executable, "-m", __name__]
    with subprocess.Popen(argv, cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdin
        endpoint = process.stdout.readline().strip()
        assert endpoint, "moto's server does not start"
        yield endpoint
        process.stdin.close()


class OneAtATime(AwsServer):
    """moto's accounts are no place for threads: two rules of one security group that come at once lose one of them."""

    _turn = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with self._turn:
            return super().__call__(environ, start_response)


def serve() -> None:
    server = OneAtATime()
    server.emulated = {
        "cloudtrail.DeleteTrail": _delete_trail,
        "glue.DeleteConnection": _delete_connection,
        "glue.UpdateJob": _update_job,
        "athena.UpdateWorkGroup": _update_workgroup,
        **RedshiftServerless().handlers,
    }
    # moto reads a bucket's policy without its conditions: "no plain HTTP" would be "nobody". It is kept, and not asked.
    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL  # type: ignore[method-assign]
    # A bucket that is about to go keeps no versions any more: moto disposes of what was deleted, and markers lack that.
    FakeDeleteMarker.dispose = lambda _: None  # type: ignore[attr-defined]
    print(server.endpoint, flush=True)
    sys.stdin.read()


def _delete_trail(request: Request) -> dict[str, Any]:
    """moto takes a name alone, and says of an ARN that it is done."""
    cloudtrail_backends[ACCOUNT][request.region].trails.pop(request.json["Name"].split("/")[-1], None)
    return {}


def _delete_connection(request: Request) -> dict[str, Any]:
    connections = glue_backends[ACCOUNT][request.region].connections
    if connections.pop(request.json["ConnectionName"], None) is None:
        raise AwsError("EntityNotFoundException", f"Connection {request.json['ConnectionName']} not found.")
    return {}


def _update_job(request: Request) -> dict[str, Any]:
    job = glue_backends[ACCOUNT][request.region].get_job(request.json["JobName"])
    for name, value in request.json["JobUpdate"].items():
        setattr(job, xform_name(name), value)
    return {"JobName": job.name}


def _update_workgroup(request: Request) -> dict[str, Any]:
    settings = athena_backends[ACCOUNT][request.region].work_groups[request.json["WorkGroup"]].configuration
    updates = request.json["ConfigurationUpdates"]
    results = updates.pop("ResultConfigurationUpdates", {})
    settings |= {**updates, "ResultConfiguration": {**settings.get("ResultConfiguration", {}), **results}}
    return {}


if __name__ == "__main__":
    serve()
