"""How Redshift is reached: address and login come from AWS, the connection from redshift_connector."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import botocore.exceptions

import clickctl
from clickctl.aws.clients import client
from clickctl.aws.errors import code_of, is_denied
from clickctl.aws.errors import explained as explained_by_aws
from clickctl.aws.redshift_errors import explained
from clickctl.config import REDSHIFT_PASSWORD
from clickctl.domain.errors import ConfigError, EngineError
from clickctl.roots import AwsSettings
from clickctl.settings import RedshiftSettings

_CONNECT_SECONDS = 30
"""For each step until we are logged in. A Serverless workgroup may have to be started first."""

_IDLE_SECONDS, _PROBE_SECONDS, _PROBES = 60, 15, 8
"""TCP keepalive: a COPY is silent for as long as it takes, and gateways forget silent connections (NAT: 350 s)."""

_ABSENT = ("ClusterNotFound", "ResourceNotFoundException")
_ENDPOINT = re.compile(r".+\.([a-z0-9-]+)\.redshift(-serverless)?\.amazonaws\.com(\.cn)?")


@dataclass(frozen=True)
class Door:
    """Where to knock, and with what."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)


def connect(aws: AwsSettings, settings: RedshiftSettings) -> Any:
    """A connection of redshift_connector that commits by itself (`autocommit`). It logs nothing unless it is asked to.

    With `tls` the driver (2.2, core.py) asks the server for TLS before it says anything else, gives up
    where the server has none, and lets OpenSSL check the chain (system's and its own authorities) and,
    for a `verify-full` that is asked for by name, the name of the host. It resolves to IPv4 alone.
    Raises ConfigError for login, certificate, address or permission, EngineError where nobody answers.
    """
    driver = _driver()
    door = find_door(aws, settings)
    with explained(f"Redshift at {door.host}:{door.port}", [door.password]):
        connection = driver.connect(
            host=door.host,
            port=door.port,
            user=door.user,
            password=door.password,
            database=settings.database,
            ssl=settings.tls != "off",
            sslmode=None if settings.tls == "off" else settings.tls,
            timeout=_CONNECT_SECONDS,
            tcp_keepalive=True,
            tcp_keepalive_idle=_IDLE_SECONDS,
            tcp_keepalive_interval=_PROBE_SECONDS,
            tcp_keepalive_count=_PROBES,
            application_name=f"clickctl {clickctl.__version__}",
        )
        # The driver leaves its timeout on the socket, where it would end every longer COPY. There is no public way.
        connection._usock.settimeout(None)
    connection.autocommit = True
    return connection


def region_of(aws: AwsSettings, settings: RedshiftSettings) -> str:
    """The region the warehouse is in; "" where it cannot be told: a custom domain, a tunnel."""
    if settings.cluster or settings.workgroup:
        with explained_by_aws("Redshift"):
            return str(client("redshift", aws).meta.region_name)
    host = settings.host or _text(_secret(aws, settings.secret), "host")
    found = _ENDPOINT.fullmatch(host)
    return found[1] if found else ""


def find_door(aws: AwsSettings, settings: RedshiftSettings) -> Door:
    """Ask AWS for address and login; what IAM gives is good for 15 minutes, and for connecting alone."""
    if not (settings.cluster or settings.workgroup or settings.host or settings.secret):
        raise ConfigError("No warehouse is configured.", hint="Set [redshift] cluster, workgroup or host.")
    password = os.environ.get(REDSHIFT_PASSWORD, "")
    if password and (settings.secret or not settings.host):
        raise ConfigError(f"{REDSHIFT_PASSWORD} is for [redshift] host without a secret.", hint="Unset it.")
    secret = _secret(aws, settings.secret) if settings.secret else {}
    host, port = _address(aws, settings, secret)
    if secret:
        user, password = _text(secret, "username") or settings.user, _text(secret, "password")
        if not user or not password:
            raise ConfigError(
                f"The secret {settings.secret} has no username and password.", hint=_SECRET_HINT, changed=""
            )
    elif settings.host:
        user = settings.user
        if not user or not password:
            hint = f"Set [redshift] user and {REDSHIFT_PASSWORD}, or [redshift] secret."
            raise ConfigError(f"There is no login for {host}.", hint=hint)
    else:
        user, password = _iam_login(aws, settings)
    return Door(host, port, user, password)


def _driver() -> Any:
    try:
        import redshift_connector
    except ImportError:
        raise ConfigError("redshift_connector is not installed.", hint="pip install 'clickctl[redshift]'") from None
    return redshift_connector


def _address(aws: AwsSettings, settings: RedshiftSettings, secret: dict[str, Any]) -> tuple[str, int]:
    if settings.cluster:
        return _cluster_address(aws, settings.cluster)
    if settings.workgroup:
        return _workgroup_address(aws, settings.workgroup)
    if settings.host:
        return settings.host, settings.port
    host, port = _text(secret, "host"), _text(secret, "port") or str(settings.port)
    if not host or not port.isdecimal():
        hint = "Set [redshift] cluster, workgroup or host beside it."
        raise ConfigError(f"The secret {settings.secret} has no host and port.", hint=hint, changed="")
    return host, int(port)


def _cluster_address(aws: AwsSettings, name: str) -> tuple[str, int]:
    """https://docs.aws.amazon.com/redshift/latest/APIReference/API_DescribeClusters.html"""
    with _asked(f"Redshift cluster {name}", "redshift:DescribeClusters on the cluster"):
        clusters = client("redshift", aws).describe_clusters(ClusterIdentifier=name)["Clusters"]
    found = clusters[0] if clusters else {}
    status, endpoint = found.get("ClusterStatus", "not there"), found.get("Endpoint") or {}
    if status == "paused":
        hint = f"aws redshift resume-cluster --cluster-identifier {name}"
        raise EngineError(f"Redshift cluster {name} is paused.", hint=hint, changed="")
    return _endpoint(f"Redshift cluster {name}", status, endpoint.get("Address"), endpoint.get("Port"))


def _workgroup_address(aws: AwsSettings, name: str) -> tuple[str, int]:
    """https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetWorkgroup.html"""
    with _asked(f"Redshift workgroup {name}", "redshift-serverless:GetWorkgroup on the workgroup"):
        found = client("redshift-serverless", aws).get_workgroup(workgroupName=name)["workgroup"]
    endpoint = found.get("endpoint") or {}
    return _endpoint(f"Redshift workgroup {name}", found.get("status"), endpoint.get("address"), endpoint.get("port"))


def _endpoint(what: str, status: object, host: str | None, port: int | None) -> tuple[str, int]:
    if not host or not port:
        hint = "Run the same command again when it is available."
        raise EngineError(f"{what} has no endpoint: it is {str(status).lower()}.", hint=hint, changed="")
    return host, port


def _iam_login(aws: AwsSettings, settings: RedshiftSettings) -> tuple[str, str]:
    """https://docs.aws.amazon.com/redshift/latest/mgmt/generating-user-credentials.html"""
    database = settings.database
    if settings.workgroup:
        with _asked(f"The login to workgroup {settings.workgroup}", "redshift-serverless:GetCredentials on it"):
            found = client("redshift-serverless", aws).get_credentials(
                workgroupName=settings.workgroup, dbName=database
            )
        return found["dbUser"], found["dbPassword"]
    what = f"The login to cluster {settings.cluster}"
    if settings.user:
        with _asked(what, "redshift:GetClusterCredentials on its dbuser and dbname"):
            found = client("redshift", aws).get_cluster_credentials(
                ClusterIdentifier=settings.cluster, DbUser=settings.user, DbName=database, AutoCreate=False
            )
    else:
        with _asked(what, "redshift:GetClusterCredentialsWithIAM on its dbname"):
            found = client("redshift", aws).get_cluster_credentials_with_iam(
                ClusterIdentifier=settings.cluster, DbName=database
            )
    return found["DbUser"], found["DbPassword"]


_SECRET_HINT = 'It has to be JSON: {"username": ..., "password": ...}, as Secrets Manager makes it for Redshift.'


def _secret(aws: AwsSettings, name: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html"""
    if not name:
        return {}
    with _asked(f"The secret {name}", "secretsmanager:GetSecretValue on it, and kms:Decrypt on its key"):
        text = client("secretsmanager", aws).get_secret_value(SecretId=name).get("SecretString", "")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not found:
        raise ConfigError(f"The secret {name} cannot be used.", hint=_SECRET_HINT, changed="")
    return found


def _text(secret: dict[str, Any], key: str) -> str:
    """A port is a number in some secrets and a text in others."""
    value = secret.get(key, "")
    return str(value) if isinstance(value, (str, int)) else ""


@contextmanager
def _asked(what: str, needed: str) -> Iterator[None]:
    """Errors of AWS as ours; what is not there, or not for us, is a matter of the configuration."""
    try:
        with explained_by_aws(what):
            yield
    except EngineError as error:
        cause = error.__cause__
        absent = isinstance(cause, botocore.exceptions.ClientError) and code_of(cause) in _ABSENT
        if not absent and not is_denied(error):
            raise
        hint = "Check [redshift], the account and the region." if absent else f"We need {needed}."
        raise ConfigError(error.message, hint=hint, changed="") from cause
