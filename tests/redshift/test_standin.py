"""How one gets in, and what is found there."""

from __future__ import annotations

import datetime
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import REPO
from tests.redshift import server
from tests.redshift.asking import Client

if TYPE_CHECKING:
    from tests.aws.harness.account import Aws
    from tests.redshift.server import Standin

redshift_connector = pytest.importorskip("redshift_connector")


def test_it_looks_like_redshift_to_the_driver(standin: Standin) -> None:
    with standin.connect() as connection:
        assert (b"server_version", b"8.0.2") in connection.parameter_statuses
        assert connection.is_single_database_metadata
        cursor = connection.cursor()
        cursor.execute("SELECT current_user, current_database()")
        assert cursor.fetchone() == [standin.user, standin.database]


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"user": "somebody"}])
def test_a_wrong_user_or_password_is_refused_as_redshift_does(standin: Standin, changes: dict[str, str]) -> None:
    with pytest.raises(redshift_connector.InterfaceError) as caught:
        standin.connect(**changes)
    assert caught.value.args[0]["C"] == "28000"
    assert "password authentication failed" in caught.value.args[0]["M"]


def test_a_database_that_is_not_there_is_refused(standin: Standin) -> None:
    with pytest.raises(Exception, match="3D000"):
        standin.connect(database="nothing")


def test_without_a_certificate_tls_is_refused(standin: Standin) -> None:
    with pytest.raises(Exception, match="Server refuses SSL"):
        standin.connect(ssl=True)


def test_with_a_certificate_the_driver_verifies_it(
    tmp_path: Path, standin: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setattr(standin, "tls", server.tls_of(pair))
    with pytest.raises(Exception, match="certificate"):
        standin.connect(ssl=True, sslmode="verify-full")
    monkeypatch.setenv("SSL_CERT_FILE", pair[0])
    with standin.connect(ssl=True, sslmode="verify-full") as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == [1]


def certificate(folder: Path, host: str) -> tuple[str, str]:
    """A certificate that is its own authority, and its key: files."""
    import ipaddress

    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


def glue_table(aws: Aws, database: str = "lake") -> None:
    glue = aws.boto("glue")
    glue.create_database(DatabaseInput={"Name": database})
    columns = [
        ("click_id", "string"),
        ("at", "timestamp"),
        ("n", "bigint"),
        ("price", "decimal(10,2)"),
        ("m", "map<string,int>"),
    ]
    glue.create_table(
        DatabaseName=database,
        TableInput={
            "Name": "clicks",
            "StorageDescriptor": {"Columns": [{"Name": name, "Type": kind} for name, kind in columns]},
            "PartitionKeys": [{"Name": "day", "Type": "string"}],
        },
    )


EXTERNAL = """CREATE EXTERNAL SCHEMA IF NOT EXISTS "ext" FROM DATA CATALOG DATABASE 'lake' """


def test_an_external_schema_has_the_tables_of_glue(aws: Aws, standin: Standin, ask: Client) -> None:
    glue_table(aws)
    for _ in range(2):
        ask(EXTERNAL + "IAM_ROLE 'arn:aws:iam::123456789012:role/spectrum'")
    assert ask("SELECT click_id, at, n, price, day FROM ext.clicks") == []
    assert ask("SELECT count(*) FROM svv_redshift_columns") == [(0,)]
    assert ask("SELECT table_schema, table_name FROM svv_tables WHERE table_type = 'EXTERNAL TABLE'") == [
        ("ext", "clicks")
    ]
    assert ask("SELECT schemaname, databasename FROM svv_external_schemas") == [("ext", "lake")]


def test_an_external_schema_needs_a_role(aws: Aws, ask: Client) -> None:
    assert ask.refused(EXTERNAL)["C"] == "42601"
    assert ask.refused(EXTERNAL + "IAM_ROLE 'spectrum'")["C"] == "XX000"
    ask(EXTERNAL + "IAM_ROLE default")


def test_it_runs_by_itself_until_interrupted() -> None:
    words = [sys.executable, "-m", "tests.redshift"]
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    with subprocess.Popen(words, cwd=REPO, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told: dict[str, Any] = dict(re.findall(r"(\w+)=(\S+)", process.stdout.readline()))
        told["port"] = int(told["port"])
        with redshift_connector.connect(**told, ssl=False) as connection:
            connection.autocommit = True
            connection.cursor().execute("CREATE TABLE t (a INT)")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_postgresql_ends_when_whoever_started_it_is_killed() -> None:
    code = "from tests.redshift.server import Standin; s = Standin(); print(s.postgres.folder, flush=True); input()"
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    with subprocess.Popen([sys.executable, "-c", code], cwd=REPO, env=environment, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:  # fmt: skip
        assert process.stdout
        folder = Path(process.stdout.readline().strip())
        pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        server = os.pidfd_open(pid)
        process.kill()
    try:
        assert select.select([server], [], [], 60)[0], "PostgreSQL is still there"
    finally:
        os.close(server)
        shutil.rmtree(folder, ignore_errors=True)
