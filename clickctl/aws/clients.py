"""Clients of the AWS SDK, built once a process. Credentials, FIPS and dual-stack endpoints are the SDK's own matter."""

from __future__ import annotations

import os
import threading
from functools import lru_cache, partial
from typing import Any

import boto3
import botocore.config
import botocore.credentials
import botocore.session

import clickctl
from clickctl.settings import AwsSettings

POOL = 32
"""Connections of a client, and so the most calls of it side by side."""

_making = threading.Lock()


def client(service: str, aws: AwsSettings, *, attempts: int = 8) -> Any:
    """The client of a service. `attempts` 1: the SDK repeats nothing, for calls that are not safe to repeat.

    Made anew in a forked process: connections do not survive a fork. Raises what botocore raises
    for a missing region or profile; call it inside `explained`.
    """
    with _making:  # making a client is not safe in threads, using one is
        return _client(os.getpid(), service, aws, attempts)


@lru_cache(maxsize=32)
def _client(pid: int, service: str, aws: AwsSettings, attempts: int) -> Any:
    config = botocore.config.Config(
        retries={"mode": "adaptive", "total_max_attempts": attempts},
        max_pool_connections=POOL,
        connect_timeout=10,
        read_timeout=aws.read_timeout,
        tcp_keepalive=True,
        user_agent_extra=f"clickctl/{clickctl.__version__}",
    )
    return _session(pid, aws).client(service, config=config, endpoint_url=aws.endpoint_url or None)


@lru_cache(maxsize=4)
def _session(pid: int, aws: AwsSettings) -> boto3.Session:
    found = boto3.Session(profile_name=aws.profile or None, region_name=aws.region or None)
    if not aws.role_arn:
        return found
    fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
        client_creator=partial(found._session.create_client, endpoint_url=aws.endpoint_url or None),
        source_credentials=found.get_credentials(),
        role_arn=aws.role_arn,
        extra_args={"RoleSessionName": "clickctl"},
    )
    assumed = botocore.session.Session(profile=aws.profile or None)
    # The SDK has no public way to give a session credentials that renew themselves.
    assumed._credentials = botocore.credentials.DeferredRefreshableCredentials(
        refresh_using=fetcher.fetch_credentials, method="assume-role"
    )
    return boto3.Session(botocore_session=assumed, region_name=found.region_name)
