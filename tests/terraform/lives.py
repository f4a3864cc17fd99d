"""The module on moto from its first apply to its end, in several variants at once: Terraform mostly waits."""

from __future__ import annotations

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
VARIANTS: dict[str, dict[str, Any]] = {
    "usual": {"region": "eu-central-1", "force_destroy": True},
    "whole": {
        "region": "us-east-1", "name": "shop-clicks", "force_destroy": True, "trigger": "s3", "audit": False,
        "vpc": {}, "warehouse": {"kind": "serverless"}, "crawler": True, "workflow": True,
        "alerts": {"emails": ["shop@example.com"]}, "alarms": {"emails": ["oncall@example.com"]},
    },
}  # fmt: skip
"""By name, what is applied. `whole` has all that moto, and what imitation.py adds to it, can make."""


@dataclass(frozen=True)
class Applied:
    """What was there after the first apply, and what a second would change. `made`: values of resources by address."""

    outputs: dict[str, Any]
    made: dict[str, dict[str, Any]]
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
        self._ended: Future[Ended] = pool.submit(self._end)

    @property
    def applied(self) -> Applied:
        return self._applied.result()

    @property
    def ended(self) -> Ended:
        return self._ended.result()

    def close(self) -> None:
        if self._terraform:
            self._terraform.stop()
        self._applied.exception()
        self._ended.exception()
        self._open.close()

    def _apply(self) -> Applied:
        self._endpoint = self._open.enter_context(imitation())
        self._before = self._names()
        terraform = self._terraform = Terraform(self._folder, environment(self._endpoint), OVERRIDE.read_text("utf-8"))
        terraform.apply(**self.variables)
        return Applied(terraform.outputs(), terraform.made(), terraform.planned())

    def _end(self) -> Ended:
        self._applied.result()
        assert self._terraform
        self._terraform.destroy()
        left = {kind: sorted({*names} - {*self._before[kind]}) for kind, names in self._names().items()}
        return Ended(self._terraform.run("state", "list"), {kind: names for kind, names in left.items() if names})

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
        self._pool = ThreadPoolExecutor(2 * len(VARIANTS))
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


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder
