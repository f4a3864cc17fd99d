"""Clients of the AWS SDK, built once a process. Credentials, FIPS and dual-stack endpoints are the SDK's own matter."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import boto3
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.session

import clickctl
from clickctl.domain.errors import ConfigError
from clickctl.roots import AwsSettings

POOL = 32
"""Connections a client keeps: as many as there are calls of it side by side."""

_making = threading.Lock()


def client(service: str, aws: AwsSettings, *, attempts: int = 8, prepare: Callable[[Any], None] | None = None) -> Any:
    """The client of a service. `attempts` 1: the SDK repeats nothing, for calls that are not safe to repeat.
    AWS_MAX_ATTEMPTS, or max_attempts of the profile, can make it less.

    `prepare` gets a new client before anybody else does, to register event handlers: that is not
    safe once a client is in use. Raises what botocore raises for a missing region or profile: call
    this inside `explained`.
    """
    with _making:  # making a client is not safe in threads, using one is
        return _client(os.getpid(), service, aws, attempts, prepare)


def session(aws: AwsSettings) -> boto3.Session:
    """What clients are made of: credentials (of the assumed role, if one is set) and region."""
    with _making:
        return _session(os.getpid(), aws)


def _unlock() -> None:
    global _making
    _making = threading.Lock()


os.register_at_fork(after_in_child=_unlock)  # a thread that is not in the child may have held it


@lru_cache(maxsize=32)
def _client(pid: int, service: str, aws: AwsSettings, attempts: int, prepare: Callable[[Any], None] | None) -> Any:
    """Made anew in a forked process: connections do not survive a fork."""
    endpoint = aws.endpoint_url or None
    try:
        found = _session(pid, aws)
        made = found.client(service, config=_config(found._session, aws, attempts), endpoint_url=endpoint)
    except ValueError as error:  # an endpoint that is no URL is not one of botocore's own errors
        if isinstance(error, botocore.exceptions.BotoCoreError):
            raise
        hint = "Check [aws] endpoint_url, AWS_ENDPOINT_URL and AWS_MAX_ATTEMPTS."
        raise ConfigError(f"{service}: {error}.", hint=hint) from error
    if prepare:
        prepare(made)
    return made


def _config(own: botocore.session.Session, aws: AwsSettings, attempts: int) -> Any:
    # Asked for by name: what the SDK itself takes when nobody says changed between its versions.
    mode = os.environ.get("AWS_RETRY_MODE") or own.get_scoped_config().get("retry_mode") or "adaptive"
    most = os.environ.get("AWS_MAX_ATTEMPTS") or own.get_scoped_config().get("max_attempts") or attempts
    return botocore.config.Config(
        retries={"mode": mode, "total_max_attempts": min(attempts, int(most))},
        max_pool_connections=POOL,
        connect_timeout=10,
        read_timeout=aws.read_timeout,
        tcp_keepalive=True,
        user_agent_extra=f"clickctl/{clickctl.__version__}",
    )


@lru_cache(maxsize=4)
def _session(pid: int, aws: AwsSettings) -> boto3.Session:
    own = botocore.session.Session(profile=aws.profile or None)
    found = boto3.Session(botocore_session=own, region_name=aws.region or None)
    if not aws.role_arn:
        return found
    if (credentials := found.get_credentials()) is None:
        raise botocore.exceptions.NoCredentialsError
    fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
        client_creator=partial(own.create_client, config=_config(own, aws, 8), endpoint_url=aws.endpoint_url or None),
        source_credentials=credentials,
        role_arn=aws.role_arn,
        extra_args={"RoleSessionName": "clickctl"},
    )
    assumed = botocore.session.Session(profile=aws.profile or None)
    # The SDK has no public way to give a session credentials that renew themselves.
    assumed._credentials = botocore.credentials.DeferredRefreshableCredentials(
        refresh_using=fetcher.fetch_credentials, method="assume-role"
    )
    return boto3.Session(botocore_session=assumed, region_name=found.region_name)
