"""Where actions are needed: the resources of the module by their ARNs, with the conditions that go with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.permissions.grants import Condition, Grant, condition

Places = Mapping[str, tuple[tuple[str, ...], Condition]]

ZONES = 3
"""Subnets, each with a connection of Glue's, by default."""

_MADE = re.compile(r"(?<=/)(subnet-|sg-|vpc-)?[0-9a-f-]{8,}$")
"""Ids that AWS makes up: of keys, subnets, security groups."""


@dataclass(frozen=True)
class Names:
    """What the module is applied with: its variables' defaults, and moto's account. Buckets may have other names."""

    region: str = "eu-central-1"
    account: str = "123456789012"
    name: str = "clickstream"
    database: str = "clickstream"
    raw: str = ""
    processed: str = ""
    alerts: str = ""

    def bucket(self, use: str) -> str:
        return f"arn:aws:s3:::{getattr(self, use) or f'{self.name}-{self.account}-{self.region}-{use}'}"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def needed(tables: Iterable[Mapping[str, str]], names: Names) -> set[Grant]:
    """The grants that tables of needs.py ask for. A KeyError names a place that is not here."""
    where = places(names)
    return {
        Grant(action, arn, where[place][1])
        for table in tables
        for place, actions in table.items()
        for action in actions.split()
        for arn in where[place][0]
    }


def plain(grants: Iterable[Grant]) -> set[Grant]:
    """The same, with ids that AWS makes up as ID."""
    return {grant._replace(resource=_MADE.sub("ID", grant.resource)) for grant in grants}


def places(names: Names) -> Places:
    return {**_of_the_lake(names), **_of_the_catalog(names), **_of_services(names), **_of_the_network(names)}


def _of_the_lake(names: Names) -> Places:
    raw, processed, alerts = (names.bucket(use) for use in ("raw", "processed", "alerts"))
    tables = ("clickstream/fact_clicks", "clickstream/dim_users")

    def listing(bucket: str, *prefixes: str) -> tuple[tuple[str, ...], Condition]:
        """HeadBucket is a listing without a prefix (API reference, HeadBucket)."""
        return (bucket,), condition("StringLikeIfExists", "s3:prefix", *(f"{prefix}/*" for prefix in prefixes))

    def by(service: str) -> tuple[tuple[str, ...], Condition]:
        address = f"{service}.{names.region}.amazonaws.com"
        return (names.arn("kms", "key/ID"),), condition("StringEquals", "kms:ViaService", address)

    return {
        "raw bucket": ((raw,), ()),
        "processed bucket": ((processed,), ()),
        "alerts bucket": ((alerts,), ()),
        "raw": ((f"{raw}/clickstream/*",), ()),
        "processed": ((f"{processed}/clickstream/*",), ()),
        "quarantine": ((f"{processed}/quarantine/*",), ()),
        "alerts": ((f"{alerts}/clickstream/*",), ()),
        "results": ((f"{processed}/athena-results/*",), ()),
        "artifacts": ((f"{processed}/artifacts/*",), ()),
        "loads": ((f"{processed}/clickstream/_loads/*",), ()),
        "tables": (tuple(f"{processed}/{table}/*" for table in tables), ()),
        "listing of raw": listing(raw, "clickstream"),
        "listing of processed": listing(processed, "clickstream"),
        "listing of processed and code": listing(processed, "clickstream", "artifacts"),
        "listing of alerts": listing(alerts, "clickstream"),
        "listing of all in processed": listing(processed, "clickstream", "quarantine", "artifacts", "athena-results"),
        "listing of tables and results": listing(processed, *tables, "athena-results"),
        "listing of tables and loads": listing(processed, *tables, "clickstream/_loads"),
        "listing of raw alone": ((raw,), condition("StringLike", "s3:prefix", "clickstream/*")),
        "key": ((names.arn("kms", "key/ID"),), ()),
        "key by S3": by("s3"),
        "key by SNS": by("sns"),
    }


def _of_the_catalog(names: Names) -> Places:
    def tables(*of: str, database: str = names.database) -> tuple[tuple[str, ...], Condition]:
        resources = ("catalog", f"database/{database}", *(f"table/{database}/{table}" for table in of))
        return tuple(names.arn("glue", resource) for resource in resources), ()

    return {
        "catalog's root": ((names.arn("glue", "catalog"),), ()),
        "catalog": tables("*"),
        "catalog of tables": tables("fact_clicks", "dim_users"),
        "catalog of raw": tables("*", database=f"{names.database}_raw"),
        "default database": ((names.arn("glue", "database/default"),), ()),
    }


def _of_services(names: Names) -> Places:
    name = names.name
    log = names.arn("logs", "log-group")
    roles = (f"arn:aws:iam::{names.account}:role/{name}-{role}" for role in ("operator", "glue-job"))
    single = {
        "job": names.arn("glue", f"job/{name}"),
        "workgroup": names.arn("athena", f"workgroup/{name}"),
        "topic": names.arn("sns", f"{name}-purchases"),
        "function": names.arn("lambda", f"function:{name}-alerts"),
        "dead letters": names.arn("sqs", f"{name}-alerts-dead-letters"),
        "schedules' letters": names.arn("sqs", f"{name}-schedules-not-started"),
        "error log": f"{log}:/aws-glue/jobs/error:*",
        "output log": f"{log}:/aws-glue/jobs/output:*",
        "logs of jobs": f"{log}:/aws-glue/jobs/*",
        "logs of crawlers": f"{log}:/aws-glue/crawlers*",
        "function's log": f"{log}:/aws/lambda/{name}-alerts:*",
        "serverless workgroup": names.arn("redshift-serverless", "workgroup/ID"),
        "cluster's database": names.arn("redshift", f"dbname:{name}/{names.database}"),
    }
    return {
        **{place: ((arn,), ()) for place, arn in single.items()},
        "queues that only tell": (
            tuple(names.arn("sqs", f"{name}-{what}") for what in ("raw-files-not-delivered", "schedules-not-started")),
            (),
        ),
        "roles that doctor asks about": (tuple(roles), ()),
        "metrics of ours": (("*",), condition("StringEquals", "cloudwatch:namespace", "clickctl")),
        "metrics of ours and Glue's": (("*",), condition("StringEquals", "cloudwatch:namespace", "Glue", "clickctl")),
    }


def _of_the_network(names: Names) -> Places:
    interfaces = names.arn("ec2", "network-interface/*")
    flows = names.arn("logs", f"log-group:/{names.name}/vpc-flow")
    return {
        "anything": (("*",), ()),
        "flow log": ((flows, f"{flows}:log-stream:*"), ()),
        "connections": (tuple(names.arn("glue", f"connection/{names.name}-{n}") for n in range(ZONES)), ()),
        "network": ((interfaces, names.arn("ec2", "subnet/ID"), names.arn("ec2", "security-group/ID")), ()),
        "tags of interfaces": (
            (interfaces,), condition("ForAllValues:StringEquals", "aws:TagKeys", "aws-glue-service-resource"),
        ),
    }  # fmt: skip
