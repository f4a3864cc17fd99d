"""The module on moto from its first apply to its end, in several variants at once: Terraform mostly waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from clickctl.packaging import JOB_MODULES, write_packages
from tests.aws.harness.account import environment
from tests.terraform.harness import Terraform
from tests.terraform.imitation import imitation

OVERRIDE = Path(__file__).with_name("moto_override.tf")
_USERS = "arn:aws:iam::123456789012:user/"
VARIANTS: dict[str, dict[str, Any]] = {
    "usual": {"region": "eu-central-1", "force_destroy": True},
    "whole": {
        "region": "us-east-1", "name": "shop-clicks", "force_destroy": True, "trigger": "s3", "audit": False,
        "vpc": {"clients": ["10.0.0.0/8"]}, "crawler": True, "workflow": True,
        "warehouse": {"kind": "serverless", "database": "shop", "schema": "clicks", "hot_days": 10},
        "quality": {
            "actions": ["page_view", "purchase", "refund"], "null_tokens": ["", "-", "null"], "max_lateness": "3d",
            "max_skew": "10m", "max_line_bytes": 65536,
        },
        "alerts": {"emails": ["shop@example.com"], "action": "refund", "max_messages": 50},
        "glue": {
            "worker_type": "G.2X", "workers": 5, "max_concurrent_runs": 3, "timeout_minutes": 90, "target_file_mb": 64,
            "dollars_per_dpu_hour": 0.29,
        },
        "catalog": {"database": "shop", "view": "people"},
        "athena": {"cutoff_gb": 50},
        "alarms": {
            "emails": ["oncall@example.com"], "job_minutes": 30, "job_skew": 10, "function_seconds": 60,
            "athena_gb_a_day": 500, "load_hours": 12, "report_every_hours": 2,
        },
        "principals": {
            "operators": [f"{_USERS}ada"], "loaders": [f"{_USERS}cron"], "producers": [f"{_USERS}web"],
            "analysts": [f"{_USERS}grace", f"{_USERS}joan"],
        },
    },
}  # fmt: skip
"""By name, what is applied. `whole` has all that moto, and what imitation.py adds to it, can make, and of settings none
that is the usual one: what is compared with the usual would be so wherever it came from."""

CHANGED = {"glue": {"workers": 6}, "athena": {"cutoff_gb": 50}}
"""Of `usual`, what a later apply changes."""


@dataclass(frozen=True)
class Applied:
    """What was there after the first apply, and what a second would change. `made`: values of resources by address."""

    outputs: dict[str, Any]
    made: dict[str, dict[str, Any]]
    second_plan: list[str]


@dataclass(frozen=True)
class Changed:
    """What is not as it was before an apply with CHANGED, by address and attribute; what another apply would change."""

    differing: set[str]
    second_plan: list[str]


@dataclass(frozen=True)
class Ended:
    """What was there after the destroy, by kind: names."""

    state: str
    left: dict[str, list[str]]


class Life:
    """One variant. Its parts are waited for when they are asked for."""

    def __init__(self, name: str, folder: Path, pool: ThreadPoolExecutor) -> None:
        self.variables = VARIANTS[name]
        self._folder, self._open = folder, ExitStack()
        packages(folder / "dist", wheels="vpc" in self.variables)  # where the module looks for it by itself
        self._terraform: Terraform | None = None
        self._applied: Future[Applied] = pool.submit(self._apply)
        self._changed: Future[Changed] | None = pool.submit(self._change) if name == "usual" else None
        self._ended: Future[Ended] = pool.submit(self._end)

    @property
    def applied(self) -> Applied:
        return self._applied.result()

    @property
    def changed(self) -> Changed:
        assert self._changed, "one variant is changed"
        return self._changed.result()

    @property
    def ended(self) -> Ended:
        return self._ended.result()

    def close(self) -> None:
        if self._terraform:
            self._terraform.stop()
        for future in (self._applied, self._changed, self._ended):
            if future:
                future.exception()
        self._open.close()

    def _apply(self) -> Applied:
        self._endpoint = self._open.enter_context(imitation())
        self._before = self._names()
        terraform = self._terraform = Terraform(self._folder, environment(self._endpoint), OVERRIDE.read_text("utf-8"))
        terraform.apply(**self.variables)
        return Applied(terraform.outputs(), terraform.made(), terraform.planned())

    def _change(self) -> Changed:
        before = self._applied.result().made
        assert self._terraform
        self._terraform.apply("-refresh=false", **self.variables, **CHANGED)
        after = self._terraform.made()
        differing = {
            f"{at} {name}"
            for at in before.keys() | after.keys()
            for name, old, new in _pairs(before.get(at, {}), after.get(at, {}))
            if old != new and (old or new)  # an empty list is stored as null, or the other way round
        }
        return Changed(differing, self._terraform.planned())

    def _end(self) -> Ended:
        outputs = self._applied.result().outputs
        if self._changed:
            self._changed.exception()
        self._use(outputs["buckets"].values())
        assert self._terraform
        self._terraform.destroy()
        left = {kind: sorted({*names} - {*self._before[kind]}) for kind, names in self._names().items()}
        return Ended(self._terraform.run("state", "list"), {kind: names for kind, names in left.items() if names})

    def _use(self, buckets: Iterable[str]) -> None:
        """In every bucket an object, and one that was deleted: a version and its delete marker."""
        s3 = self._boto("s3")
        for bucket in buckets:
            for key in ("clickstream/there", "clickstream/gone"):
                s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
            s3.delete_object(Bucket=bucket, Key="clickstream/gone")

    def _boto(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self._endpoint, region_name=self.variables["region"], aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )  # fmt: skip

    def _names(self) -> dict[str, list[str]]:
        """Of what costs or holds something. A key is not gone at once: it is deleted after a month."""
        boto = self._boto
        return {
            "buckets": [one["Name"] for one in boto("s3").list_buckets()["Buckets"]],
            "roles": [one["RoleName"] for one in boto("iam").list_roles()["Roles"]],
            "functions": [one["FunctionName"] for one in boto("lambda").list_functions()["Functions"]],
            "queues": boto("sqs").list_queues().get("QueueUrls", []),
            "topics": [one["TopicArn"] for one in boto("sns").list_topics()["Topics"]],
            "logs": [one["logGroupName"] for one in boto("logs").describe_log_groups()["logGroups"]],
            "databases": [one["Name"] for one in boto("glue").get_databases()["DatabaseList"]],
            "jobs": boto("glue").list_jobs()["JobNames"],
            "alarms": [one["AlarmName"] for one in boto("cloudwatch").describe_alarms()["MetricAlarms"]],
            "rules": [one["Name"] for one in boto("events").list_rules()["Rules"]],
            "schedules": [one["Name"] for one in boto("scheduler").list_schedules()["Schedules"]],
            "trails": [one["Name"] for one in boto("cloudtrail").list_trails()["Trails"]],
            "networks": [one["VpcId"] for one in boto("ec2").describe_vpcs()["Vpcs"]],
            "endpoints": [
                one["VpcEndpointId"]
                for one in boto("ec2").describe_vpc_endpoints()["VpcEndpoints"]
                if one["State"] != "deleted"
            ],
        }  # fmt: skip


class Lives:
    """All variants, begun at once: `lives["usual"].applied`, `lives["whole"].ended`."""

    def __init__(self, folder: Path) -> None:
        self._pool = ThreadPoolExecutor(3 * len(VARIANTS))
        self._lives = {name: Life(name, _new(folder / name), self._pool) for name in VARIANTS}

    def __getitem__(self, name: str) -> Life:
        return self._lives[name]

    def close(self) -> None:
        for life in self._lives.values():
            life.close()
        self._pool.shutdown()


def packages(folder: Path, *, wheels: bool) -> None:
    """What `clickctl package` writes; for the wheels empty files of the names, since nothing here installs them."""
    write_packages(folder)
    if wheels:
        (folder / "wheels").mkdir()
        for module in JOB_MODULES:
            (folder / "wheels" / f"{module.replace('-', '_').replace('==', '-')}-cp311-none-any.whl").touch()


def _pairs(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in before.keys() | after.keys():
        yield name, before.get(name), after.get(name)


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder
