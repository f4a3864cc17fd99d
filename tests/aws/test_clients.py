"""How AWS is reached: as the settings say, else as the SDK's own do. Looked at on the wire where it can be."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("boto3")

import botocore.exceptions

import clickctl
from clickctl.aws.clients import POOL, client, session
from clickctl.aws.errors import explained
from clickctl.aws.lake import S3Lake
from clickctl.domain.errors import ConfigError
from clickctl.roots import AwsSettings
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.replies import xml_reply
from tests.aws.harness.requests import Request

ROLE = "arn:aws:iam::123456789012:role/oncall"


def access_key(request: Request) -> str:
    found = re.search(r"Credential=([^/]+)/", request.environ["HTTP_AUTHORIZATION"])
    assert found
    return found[1]


def test_every_call_says_which_program_makes_it(aws: Aws) -> None:
    settings = AwsSettings(role_arn=ROLE)
    S3Lake(settings).get(f"{aws.lake.raw}/x")
    client("glue", settings).get_databases()
    assert set(aws.calls.counts) == {"sts.AssumeRole", "s3.GetObject", "glue.GetDatabases"}
    for call in aws.calls:
        assert f"clickctl/{clickctl.__version__}" in call.request.environ["HTTP_USER_AGENT"]


def test_a_client_is_built_once_for_all_threads_with_a_bounded_pool(aws: Aws) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = {id(found) for found in pool.map(lambda _: client("s3", AwsSettings()), range(32))}
    assert len(made) == 1
    config = client("s3", AwsSettings(read_timeout=7)).meta.config
    assert (config.max_pool_connections, config.read_timeout, config.retries["mode"]) == (POOL, 7, "adaptive")
    assert id(client("s3", AwsSettings(read_timeout=7))) not in made


def test_one_attempt_is_one_call(aws: Aws) -> None:
    aws.faults.add(Fault("glue.*", "throttle", times=1), Fault("glue.*", "lose"))
    for kind in (botocore.exceptions.ClientError, botocore.exceptions.HTTPClientError):
        with aws.counting() as calls, pytest.raises(kind):
            client("glue", AwsSettings(), attempts=1).get_databases()
        assert len(calls) == 1


def test_a_call_takes_no_longer_than_the_read_timeout(aws: Aws) -> None:
    aws.faults.add(Fault("glue.*", "hang"))
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        client("glue", AwsSettings(read_timeout=1), attempts=1).get_databases()


def test_the_endpoint_of_the_settings_serves_every_service_and_the_role(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    settings = AwsSettings(endpoint_url=aws.endpoint, role_arn=ROLE)
    client("glue", settings).get_databases()
    client("sts", settings).get_caller_identity()
    assert aws.calls.counts == {"sts.AssumeRole": 1, "glue.GetDatabases": 1, "sts.GetCallerIdentity": 1}


def test_an_endpoint_that_is_no_url_is_a_matter_of_configuration(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="nowhere") as told, explained("Glue"):
        client("glue", AwsSettings(endpoint_url="nowhere"))
    assert "endpoint_url" in told.value.hint
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    with pytest.raises(ConfigError, match="nowhere"):
        S3Lake(AwsSettings(region="us-west-2")).get("s3://bucket/x")


def test_calls_are_signed_as_the_assumed_role_which_is_assumed_once(aws: Aws) -> None:
    settings = AwsSettings(role_arn=ROLE)
    for service, call in (("sts", "get_caller_identity"), ("glue", "get_databases")):
        getattr(client(service, settings), call)()
    assumed, *others = [access_key(call.request) for call in aws.calls]
    assert assumed == "testing"
    assert set(others) == {session(settings).get_credentials().access_key} != {"testing"}
    assert aws.calls.counts["sts.AssumeRole"] == 1
    assert session(settings).region_name == "us-east-1"


def test_a_role_is_assumed_anew_before_its_credentials_expire(aws: Aws) -> None:
    expires = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    numbers = iter(range(100))

    def assume(request: Request) -> Any:
        key = f"<AccessKeyId>ASIA{next(numbers)}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        given = f"<Credentials>{key}<SessionToken>t</SessionToken><Expiration>{expires}</Expiration></Credentials>"
        return xml_reply(f"<AssumeRoleResponse><AssumeRoleResult>{given}</AssumeRoleResult></AssumeRoleResponse>")

    aws.handlers["sts.AssumeRole"] = assume
    glue = client("glue", AwsSettings(role_arn=ROLE))
    for _ in range(3):
        glue.get_databases()
    used = [access_key(call.request) for call in aws.calls.of("glue.*")]
    assert len(set(used)) == 3
    assert all(key.startswith("ASIA") for key in used)


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile `oncall` with keys and a region of its own."""
    path = tmp_path / "aws-config"
    path.write_text(
        "[profile oncall]\nregion = eu-west-1\naws_access_key_id = ONCALL\naws_secret_access_key = secret\n"
        "[profile broken]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = missing\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


def seen(aws: Aws) -> tuple[str, str]:
    """Key and region of the last call."""
    request = aws.calls[-1].request
    return access_key(request), request.region


def test_a_profile_brings_its_keys_and_its_region(aws: Aws, profiles: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    client("glue", AwsSettings(profile="oncall")).get_databases()
    assert seen(aws) == ("ONCALL", "eu-west-1")
    client("glue", AwsSettings(profile="oncall", region="us-west-2")).get_databases()
    assert seen(aws) == ("ONCALL", "us-west-2")


@pytest.mark.parametrize(
    ("flags", "env", "wanted"),
    [
        ([], {}, ("testing", "ca-central-1")),
        ([], {"AWS_DEFAULT_REGION": "eu-north-1"}, ("testing", "eu-north-1")),
        ([], {"AWS_DEFAULT_REGION": "eu-north-1", "AWS_REGION": "eu-west-3"}, ("testing", "eu-west-3")),
        ([], {"AWS_REGION": "eu-west-3", "CLICKCTL_AWS_REGION": "us-west-1"}, ("testing", "us-west-1")),
        (["--region", "us-west-2"], {"AWS_REGION": "eu-west-3"}, ("testing", "us-west-2")),
        (["--region", "us-west-2"], {"CLICKCTL_AWS_REGION": "us-west-1"}, ("testing", "us-west-2")),
        ([], {"CLICKCTL_REGION": "sa-east-1", "AWS_REGION": "eu-west-3"}, ("testing", "sa-east-1")),
        (["--profile", "oncall"], {"AWS_REGION": "eu-west-3"}, ("ONCALL", "eu-west-3")),
        (
            ["--profile", "oncall"],
            {"CLICKCTL_AWS_PROFILE": "nobody", "AWS_PROFILE": "none"},
            ("ONCALL", "ca-central-1"),
        ),
        ([], {"AWS_PROFILE": "oncall", "CLICKCTL_AWS_REGION": "us-west-1"}, ("ONCALL", "us-west-1")),
    ],
)
def test_a_flag_wins_over_our_variables_over_the_sdks_over_the_file(
    aws: Aws, profiles: None, monkeypatch: pytest.MonkeyPatch, flags: list[str], env: dict[str, str], wanted: Any
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    aws.shell(aws={"region": "ca-central-1"})(*flags, "status", "2026-01-05T13", "2026-01-05T14", env=env)
    assert seen(aws) == wanted


class Sent(Exception):
    """A request, instead of sending it."""


def address(service: str, operation: str, **parameters: str) -> str:
    """Where a call would go."""

    def stop(request: Any, **_: Any) -> None:
        raise Sent(request.url)

    made = client(service, AwsSettings(), prepare=lambda made: made.meta.events.register("before-send", stop))
    with pytest.raises(Sent) as told:
        getattr(made, operation)(**parameters)
    return str(told.value).rstrip("/")


@pytest.mark.parametrize(
    ("variable", "s3", "glue"),
    [
        ("AWS_USE_FIPS_ENDPOINT", "bucket.s3-fips.us-east-1.amazonaws.com", "glue-fips.us-east-1.amazonaws.com"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "bucket.s3.dualstack.us-east-1.amazonaws.com", "glue.us-east-1.api.aws"),
    ],
)
def test_fips_and_dual_stack_are_the_sdks_own_settings(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, variable: str, s3: str, glue: str
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv(variable, "true")
    assert address("s3", "head_bucket", Bucket="bucket") == f"https://{s3}"
    assert address("glue", "get_databases") == f"https://{glue}"


@pytest.mark.parametrize(
    ("settings", "unset", "match", "hint"),
    [
        (AwsSettings(profile="nobody"), (), "nobody", "--profile"),
        (AwsSettings(profile="broken"), (), "missing", "~/.aws/config"),
        (AwsSettings(region="not a region"), (), "not a region", "--region"),
        (AwsSettings(), ("AWS_DEFAULT_REGION",), "region", "--region"),
        (AwsSettings(), ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "credentials", "log in"),
        (AwsSettings(role_arn=ROLE), ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "credentials", "log in"),
        (AwsSettings(), ("AWS_SECRET_ACCESS_KEY",), "credentials", "log in"),
    ],
    ids=["profile", "source-profile", "bad-region", "no-region", "no-credentials", "no-credentials-for-role", "half"],
)
def test_settings_that_cannot_be_used_are_told_before_any_call(
    aws: Aws,
    profiles: None,
    monkeypatch: pytest.MonkeyPatch,
    settings: AwsSettings,
    unset: tuple[str, ...],
    match: str,
    hint: str,
) -> None:
    for name in unset:
        monkeypatch.delenv(name)
    with pytest.raises(ConfigError, match=match) as told, explained("Glue"):
        client("glue", settings).get_databases()
    assert hint in told.value.hint
    assert told.value.message.startswith("Glue: ")
    assert not aws.calls


def test_how_calls_are_repeated_can_be_said_in_the_sdks_own_settings(
    aws: Aws, profiles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")
    assert client("s3", AwsSettings()).meta.config.retries["mode"] == "standard"
    monkeypatch.delenv("AWS_RETRY_MODE")
    assert client("s3", AwsSettings(profile="oncall")).meta.config.retries["mode"] == "adaptive"
