"""How Redshift is reached: who is asked for what, and that a password goes to nobody but the warehouse."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("redshift_connector")

import clickctl
from clickctl.aws.redshift import connect, find_door, region_of
from clickctl.aws.redshift_errors import Trouble, trouble
from clickctl.domain.errors import ClickctlError, ConfigError, EngineError, Unreached
from clickctl.roots import AwsSettings
from clickctl.settings import RedshiftSettings
from tests.aws.harness.account import REGION, Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.replies import AwsError, xml_reply
from tests.aws.redshift_listener import Listener, self_signed

AWS = AwsSettings()
PASSWORD = "pw-5!"
VARIABLE = "CLICKCTL_REDSHIFT_PASSWORD"


@pytest.fixture
def cluster(aws: Aws) -> str:
    aws.boto("redshift").create_cluster(
        ClusterIdentifier="warehouse", NodeType="ra3.large", MasterUsername="admin", MasterUserPassword="Passw0rd"
    )
    return "warehouse"


@pytest.fixture
def keep(aws: Aws) -> Callable[..., str]:
    """keep(username=…, password=…): a secret; its name."""

    def made(**content: object) -> str:
        aws.boto("secretsmanager").create_secret(Name="warehouse-login", SecretString=json.dumps(content))
        return "warehouse-login"

    return made


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    """listen(certificate, password): a server; without a certificate it has no TLS."""
    made: list[Listener] = []

    def listening(certificate: Path | None = None, password: str = PASSWORD) -> Listener:
        made.append(Listener(password, certificate))
        return made[-1]

    yield listening
    for listener in made:
        listener.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    pytest.importorskip("cryptography")
    return self_signed(tmp_path / "server.pem", "localhost")


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return certificate


def at(port: int, **settings: object) -> RedshiftSettings:
    given = {"host": "localhost", "port": port, "user": "etl", **settings}
    return RedshiftSettings(**given)  # type: ignore[arg-type]


def refusal(settings: RedshiftSettings) -> ClickctlError:
    with pytest.raises(ClickctlError) as refused:
        connect(AWS, settings).close()
    return refused.value


def told(error: BaseException) -> str:
    """All that --verbose would print."""
    return "".join(traceback.format_exception(error))


# Address and login


def test_a_cluster_is_looked_up_and_logged_into_as_a_user_that_is_there(aws: Aws, cluster: str) -> None:
    door = find_door(AWS, RedshiftSettings(cluster=cluster, user="etl", database="clicks"))
    assert door.host.startswith("warehouse.")
    assert (door.port, door.user) == (5439, "IAM:etl")
    assert door.password
    assert door.password not in repr(door)
    asked = aws.calls.of("redshift.GetClusterCredentials")[0].request.form
    assert (asked["DbUser"], asked["DbName"], asked["AutoCreate"]) == ("etl", "clicks", "false")


def test_without_a_user_a_cluster_is_logged_into_as_the_iam_identity(aws: Aws, cluster: str) -> None:
    aws.handlers["redshift.GetClusterCredentialsWithIAM"] = lambda request: xml_reply(
        "<GetClusterCredentialsWithIAMResponse><GetClusterCredentialsWithIAMResult>"
        f"<DbUser>IAMR:cron</DbUser><DbPassword>for {request.form['DbName']}</DbPassword>"
        "</GetClusterCredentialsWithIAMResult></GetClusterCredentialsWithIAMResponse>"
    )
    door = find_door(AWS, RedshiftSettings(cluster=cluster))
    assert (door.user, door.password) == ("IAMR:cron", "for dev")


def serve_workgroup(
    aws: Aws, address: str = "main.1.us-east-1.redshift-serverless.amazonaws.com", port: int = 5439
) -> str:
    aws.handlers["redshift-serverless.GetWorkgroup"] = lambda request: {
        "workgroup": {"status": "AVAILABLE", "endpoint": {"address": address, "port": port}}
    }
    aws.handlers["redshift-serverless.GetCredentials"] = lambda request: {
        "dbUser": f"IAMR:{request.json['workgroupName']}", "dbPassword": PASSWORD, "expiration": 1,
    }  # fmt: skip
    return "main"


def test_a_workgroup_is_looked_up_and_logged_into_as_the_iam_identity(aws: Aws) -> None:
    door = find_door(AWS, RedshiftSettings(workgroup=serve_workgroup(aws)))
    assert (door.host, door.port) == ("main.1.us-east-1.redshift-serverless.amazonaws.com", 5439)
    assert (door.user, door.password) == ("IAMR:main", PASSWORD)


def test_a_secret_gives_the_login_wherever_the_warehouse_is(aws: Aws, cluster: str, keep: Callable[..., str]) -> None:
    secret = keep(username="etl", password=PASSWORD, host="elsewhere", port="5440", dbname="other")
    beside = [
        (RedshiftSettings(cluster=cluster, secret=secret), "warehouse.", 5439),
        (RedshiftSettings(workgroup=serve_workgroup(aws), secret=secret), "main.", 5439),
        (RedshiftSettings(host="tunnel", port=9, secret=secret), "tunnel", 9),
        (RedshiftSettings(secret=secret), "elsewhere", 5440),
    ]
    for settings, host, port in beside:
        door = find_door(AWS, settings)
        assert door.host.startswith(host)
        assert (door.port, door.user, door.password) == (port, "etl", PASSWORD)
    assert not aws.calls.of("*Credentials*")


@pytest.mark.parametrize(
    ("content", "lacks"),
    [
        ({"username": "etl"}, "no username and password"),
        ({"password": PASSWORD, "host": "h", "port": 1}, "no username and password"),
        ({"username": "etl", "password": PASSWORD}, "no host and port"),
        ({"username": "etl", "password": PASSWORD, "host": "h", "port": "x"}, "no host and port"),
        ([PASSWORD], "cannot be used"),
        (PASSWORD, "cannot be used"),
        ({}, "cannot be used"),
    ],
)
def test_a_secret_that_cannot_be_used_is_told_without_what_is_in_it(aws: Aws, content: object, lacks: str) -> None:
    aws.boto("secretsmanager").create_secret(Name="s", SecretString=json.dumps(content))
    host = "h" if content == {"username": "etl"} else ""
    error = refusal(RedshiftSettings(secret="s", host=host))
    assert error.exit_code == 3
    assert lacks in error.message
    assert PASSWORD not in told(error)


@pytest.mark.parametrize("text", [PASSWORD, f"{{{PASSWORD}"])
def test_a_secret_that_is_no_json_is_not_shown(aws: Aws, text: str) -> None:
    aws.boto("secretsmanager").create_secret(Name="s", SecretString=text)
    error = refusal(RedshiftSettings(secret="s"))
    assert "JSON" in error.hint
    assert PASSWORD not in told(error)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (RedshiftSettings(cluster="none", user="etl"), "cluster none: ClusterNotFound"),
        (RedshiftSettings(host="h", secret="none"), "secret none: ResourceNotFoundException"),
    ],
)
def test_what_is_not_there_is_a_matter_of_configuration(aws: Aws, settings: RedshiftSettings, message: str) -> None:
    error = refusal(settings)
    assert (type(error), message in error.message) == (ConfigError, True)
    assert "region" in error.hint


@pytest.mark.parametrize(
    ("operation", "settings", "needed"),
    [
        ("redshift.DescribeClusters", {"cluster": "warehouse"}, "redshift:DescribeClusters"),
        ("redshift.GetClusterCredentials", {"cluster": "warehouse", "user": "etl"}, "redshift:GetClusterCredentials "),
        ("redshift.GetClusterCredentialsWithIAM", {"cluster": "warehouse"}, "GetClusterCredentialsWithIAM"),
        ("redshift-serverless.GetWorkgroup", {"workgroup": "main"}, "redshift-serverless:GetWorkgroup"),
        ("redshift-serverless.GetCredentials", {"workgroup": "main"}, "redshift-serverless:GetCredentials"),
        ("secretsmanager.GetSecretValue", {"host": "h", "secret": "s"}, "secretsmanager:GetSecretValue"),
    ],
)
def test_a_permission_that_is_missing_is_named(
    aws: Aws, cluster: str, operation: str, settings: dict[str, str], needed: str
) -> None:
    serve_workgroup(aws)
    aws.faults.add(Fault(operation, "error", code="AccessDeniedException"))
    error = refusal(RedshiftSettings(**settings))  # type: ignore[arg-type]
    assert (error.exit_code, needed in error.hint) == (3, True)


def test_a_warehouse_that_is_not_up_is_told_so(aws: Aws) -> None:
    cluster = "<Cluster><ClusterStatus>{}</ClusterStatus></Cluster>"
    for status, told_so in (("paused", "resume-cluster"), ("creating", "when it is available")):
        aws.handlers["redshift.DescribeClusters"] = lambda request, status=status: xml_reply(
            "<DescribeClustersResponse><DescribeClustersResult><Clusters>"
            f"{cluster.format(status)}</Clusters></DescribeClustersResult></DescribeClustersResponse>"
        )
        error = refusal(RedshiftSettings(cluster="c", user="etl"))
        assert (type(error), status in error.message, told_so in error.hint) == (EngineError, True, True)
    aws.handlers["redshift-serverless.GetWorkgroup"] = lambda request: {"workgroup": {"status": "CREATING"}}
    assert "creating" in refusal(RedshiftSettings(workgroup="main")).message


def test_an_error_of_aws_itself_is_a_services(aws: Aws) -> None:
    def fails(request: object) -> dict[str, object]:
        raise AwsError("InternalServerException", "oh dear", 400)

    aws.handlers["redshift-serverless.GetWorkgroup"] = fails
    error = refusal(RedshiftSettings(workgroup="main"))
    assert (type(error), "oh dear" in error.message) == (EngineError, True)


def test_nothing_configured_and_half_a_login_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cluster, workgroup or host" in refusal(RedshiftSettings()).hint
    for settings in (RedshiftSettings(host="h", user="etl"), RedshiftSettings(host="h")):
        assert VARIABLE in refusal(settings).hint
    monkeypatch.setenv(VARIABLE, PASSWORD)
    assert "user" in refusal(RedshiftSettings(host="h")).hint


@pytest.mark.parametrize(
    "settings", [{"cluster": "c"}, {"workgroup": "w"}, {"secret": "s"}, {"host": "h", "secret": "s"}]
)
def test_a_password_in_the_environment_is_for_a_host_alone(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    error = refusal(RedshiftSettings(**settings))  # type: ignore[arg-type]
    assert (error.exit_code, error.hint) == (3, "Unset it.")
    assert PASSWORD not in told(error)


def test_the_driver_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redshift_connector", None)
    error = refusal(RedshiftSettings(cluster="c"))
    assert (error.exit_code, error.hint) == (3, "pip install 'clickctl[redshift]'")


def test_the_region_is_the_one_of_the_api_or_of_the_hosts_name(aws: Aws, keep: Callable[..., str]) -> None:
    assert region_of(AWS, RedshiftSettings(cluster="c")) == REGION
    assert region_of(AwsSettings(region="eu-west-1"), RedshiftSettings(workgroup="w")) == "eu-west-1"
    hosts = {
        "c.abc123.eu-north-1.redshift.amazonaws.com": "eu-north-1",
        "w.123456789012.us-west-2.redshift-serverless.amazonaws.com": "us-west-2",
        "c.abc123.cn-north-1.redshift.amazonaws.com.cn": "cn-north-1",
        "localhost": "",
        "clicks.example.com": "",
    }
    assert {host: region_of(AWS, RedshiftSettings(host=host)) for host in hosts} == hosts
    secret = keep(host="c.abc123.eu-north-1.redshift.amazonaws.com")
    assert region_of(AWS, RedshiftSettings(secret=secret)) == "eu-north-1"


# The connection


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    return PASSWORD


def test_a_connection_is_encrypted_named_and_bounded_in_nothing_but_its_making(
    listen: Callable[..., Listener], trusted: Path, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    listener = listen(trusted)
    with connect(AWS, at(listener.port, database="clicks")) as connection:
        assert connection.autocommit is True
        assert connection._usock.gettimeout() is None
        assert connection._usock.version() in ("TLSv1.2", "TLSv1.3")
    (startup,) = listener.told.startups
    assert (startup["user"], startup["database"]) == ("etl", "clicks")
    assert startup["application_name"] == f"clickctl {clickctl.__version__}"
    assert listener.told.passwords == [PASSWORD]
    assert not listener.told.plain
    assert PASSWORD not in caplog.text


def test_a_workgroup_is_connected_to_with_what_aws_gave(
    aws: Aws, listen: Callable[..., Listener], trusted: Path
) -> None:
    listener = listen(trusted)
    connect(AWS, RedshiftSettings(workgroup=serve_workgroup(aws, "localhost", listener.port))).close()
    assert [startup["user"] for startup in listener.told.startups] == ["IAMR:main"]


@pytest.mark.parametrize("tls", ["verify-full", "verify-ca"])
def test_a_certificate_nobody_vouches_for_is_refused_before_anything_is_said(
    listen: Callable[..., Listener], certificate: Path, password: str, tls: str
) -> None:
    listener = listen(certificate)
    error = refusal(at(listener.port, tls=tls))
    assert (error.exit_code, trouble(error)) == (3, Trouble.REFUSED)
    assert "certificate verify failed" in error.message
    assert "SSL_CERT_FILE" in error.hint
    assert (listener.told.startups, listener.told.passwords) == ([], [])


def test_a_certificate_for_another_host_is_refused_unless_the_name_is_not_to_matter(
    listen: Callable[..., Listener], trusted: Path, password: str
) -> None:
    listener = listen(trusted)
    error = refusal(at(listener.port, host="127.0.0.1"))
    assert (error.exit_code, "verify-ca" in error.hint) == (3, True)
    assert listener.told.startups == []
    connect(AWS, at(listener.port, host="127.0.0.1", tls="verify-ca")).close()
    assert listener.told.passwords == [PASSWORD]


def test_a_server_without_tls_is_told_nothing(listen: Callable[..., Listener], password: str) -> None:
    listener = listen()
    error = refusal(at(listener.port))
    assert (error.exit_code, "refuses SSL" in error.message) == (3, True)
    listener.close()
    assert (listener.told.startups, listener.told.passwords, bytes(listener.told.plain)) == ([], [], b"")


def test_tls_can_be_off_on_this_machine(listen: Callable[..., Listener], password: str) -> None:
    listener = listen()
    connect(AWS, at(listener.port, tls="off")).close()
    assert listener.told.passwords == [PASSWORD]


@pytest.mark.parametrize("wrong", ["x7", "a longer one that is wrong"])
def test_a_wrong_password_is_a_matter_of_configuration_and_shown_nowhere(
    listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str], wrong: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(VARIABLE, wrong)
    caplog.set_level(logging.DEBUG)
    error = refusal(at(listen().port, tls="off"))
    assert (error.exit_code, trouble(error)) == (3, Trouble.REFUSED)
    assert 'password authentication failed for user "etl": ***' in error.message
    assert VARIABLE in error.hint
    assert wrong not in told(error)
    assert wrong not in repr(error.__cause__)
    assert capfd.readouterr() == ("", "")
    records = [record for record in caplog.records if record.name.startswith("clickctl")]
    assert records == []


def test_where_nobody_listens_it_may_help_to_try_again(listen: Callable[..., Listener], password: str) -> None:
    listener = Listener(PASSWORD)
    listener.close()
    error = refusal(at(listener.port))
    assert (type(error), trouble(error)) == (Unreached, Trouble.RETRY)
    assert "security group" in error.hint


def test_a_host_without_an_address_is_a_matter_of_configuration(password: str) -> None:
    error = refusal(at(5439, host="clicks.invalid"))
    assert (error.exit_code, "clicks.invalid:5439" in error.message) == (3, True)
    assert "host" in error.hint
