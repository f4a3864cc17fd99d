"""What the driver's errors become: whether it helps to repeat, what went wrong, what to do. Texts are Redshift's."""

from __future__ import annotations

import socket
import struct
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

pytest.importorskip("redshift_connector")

import redshift_connector

from clickctl.aws.redshift import connect
from clickctl.aws.redshift_errors import Trouble, explained, trouble
from clickctl.domain.errors import ClickctlError, ConfigError, EngineError
from clickctl.roots import AwsSettings
from clickctl.settings import RedshiftSettings
from tests.aws.redshift_listener import Act, Listener, error, ready

LOST, RETRY, TIMEOUT, REFUSED = Trouble

ROLE = "User arn:aws:redshift:eu-west-2:1:dbuser:wh/etl is not authorized to assume IAM Role arn:aws:iam::1:role/copy"
LONG = "The length of the data column page_url is longer than the length defined in the table. Table: 256, Data: 262"
COLUMNS = "Unmatched number of columns between table and file. Table columns: 20, Data columns: 16, File name: x"
S3 = "Problem reading manifest file - S3ServiceException:"


def table(name: str, code: int, context: str) -> str:
    """The detail of an error of Redshift's own."""
    line = "-" * 47
    return (
        f"\n  {line}\n  error:  {name}\n  code:      {code}\n  context:   {context}\n  query:     828\n"
        f"  location:  dory_util.cpp:929\n  process:   fetchtask_thread [pid=20168]\n  {line}\n"
    )


def answered(code: str, message: str, detail: str = "", severity: str = "ERROR") -> Exception:
    """As the driver raises what the server says."""
    fields = {"S": severity, "C": code, "M": message, **({"D": detail} if detail else {})}
    kind = redshift_connector.InterfaceError if code == "28000" else redshift_connector.ProgrammingError
    return kind(fields)


def shown(failure: Exception, *secrets: str) -> ClickctlError:
    with pytest.raises(ClickctlError) as raised, explained("2026-01-05", secrets):
        raise failure
    assert trouble(raised.value) is trouble(failure)
    return raised.value


@pytest.mark.parametrize(
    "failure",
    [
        answered("XX000", "1023", "Serializable isolation violation on table - 119371, transactions forming the cycle "
                 "are: 1745830, 1745762 (pid:15021)"),
        answered("XX000", "1018", "Relation does not exist."),
        answered("XX000", "could not complete because of conflict with concurrent transaction"),
        answered("XX000", "table 3379442 dropped by concurrent transaction"),
        answered("XX000", "could not open relation with OID 1234"),
        answered("XX000", "tuple concurrently updated"),
        answered("40001", "could not serialize access due to concurrent update"),
        answered("40P01", "deadlock detected"),
        answered("53300", "too many connections", severity="FATAL"),
        answered("57P03", "the database system is starting up", severity="FATAL"),
    ],
)  # fmt: skip
def test_what_others_did_meanwhile_can_be_repeated(failure: Exception) -> None:
    assert trouble(failure) is RETRY
    told = shown(failure)
    assert (isinstance(told, EngineError), "run the same command" in told.hint) == (True, True)


@pytest.mark.parametrize(
    "failure",
    [
        answered("57014", "Query (168) cancelled on user's request"),
        answered("57014", "canceling statement due to statement timeout"),
        answered("XX000", 'Query (500029) cancelled by WLM abort action of Query Monitoring Rule "testrule".'),
    ],
)
def test_a_statement_that_took_too_long_is_told_as_that(failure: Exception) -> None:
    assert trouble(failure) is TIMEOUT
    assert "statement_timeout" in shown(failure).hint


@pytest.mark.parametrize(
    "failure",
    [
        answered("57P01", "terminating connection due to administrator command", severity="FATAL"),
        answered("57P02", "terminating connection because of crash of another server process"),
        answered("XX000", "could not receive data from client", severity="PANIC"),
        answered("08006", "connection failure"),
        redshift_connector.InterfaceError("BrokenPipe: server socket closed. Please check that"),
        redshift_connector.InterfaceError("connection is closed"),
    ],
)
def test_where_the_session_is_gone_nobody_knows_what_became_of_it(failure: Exception) -> None:
    assert trouble(failure) is LOST
    told = shown(failure)
    assert told.exit_code == 5
    assert "the connection to the warehouse was lost" in told.message


@pytest.mark.parametrize(
    ("failure", "kind", "message", "hint"),
    [
        (answered("28000", 'password authentication failed for user "etl"', severity="FATAL"), ConfigError,
         "authentication failed", "user"),
        (answered("28000", 'no pg_hba.conf entry for host "::1", user "etl", database "dev", SSL off'), ConfigError,
         "SSL off", "tls"),
        (answered("3D000", 'database "clicks" does not exist', severity="FATAL"), ConfigError, "clicks",
         "[redshift] database"),
        (answered("3F000", 'schema "hot" does not exist'), ConfigError, "hot", "[redshift] schema"),
        (answered("42501", "permission denied for schema hot"), ConfigError, "schema hot", "GRANT"),
        (answered("XX000", ROLE, table(ROLE, 8001, "IAM Role=arn:aws:iam::1:role/copy")), ConfigError,
         "IAM Role=arn", "[redshift] copy_role"),
        (answered("XX000", "Not authorized to get credentials of role arn:aws:iam::1:role/copy"), ConfigError,
         "of role", "redshift-serverless.amazonaws.com"),
        (answered("XX000", "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid X"), ConfigError,
         "Access Denied", "s3:GetObject"),
        (answered("XX000", "Spectrum Scan Error", table("Spectrum Scan Error", 15007, "Forbidden: HTTP response error "
                  "code: 403 Message: AccessDenied Access Denied")), ConfigError, "AccessDenied", "presigned"),
        (answered("XX000", f"{S3}The bucket you are attempting to access must be addressed using the specified "
                  "endpoint. Please send all future requests to this endpoint.,Status 301,Error PermanentRedirect"),
         ConfigError, "endpoint", "one region"),
        (answered("XX000", f"{S3}The specified key does not exist.,Status 404,Error NoSuchKey"), EngineError,
         "does not exist", "the same command again"),
        (answered("XX000", "Spectrum Scan Error", table("Spectrum Scan Error", 15001, LONG)), EngineError, LONG,
         "load-hot --create-tables"),
        (answered("22001", "value too long for type character varying(256)"), EngineError, "(256)", "widen"),
        (answered("XX000", "Spectrum Scan Error", table("Spectrum Scan Error", 15007, COLUMNS)), EngineError, COLUMNS,
         "run-partition UNIT --force"),
        (answered("XX000", "Spectrum Scan Error", table("Spectrum Scan Error", 15007, "File 'x' has an incompatible "
                  "Parquet schema for column 's3://b'")), EngineError, "Parquet schema", "run-partition"),
        (answered("XX000", "Spectrum Scan Error", table("Spectrum Scan Error", 15099, "something new")), EngineError,
         "something new", "sys_load_error_detail"),
        (answered("XX000", "Disk Full", table("Disk Full", 1016, "node: 0")), EngineError, "Disk Full", "hot_days"),
        (answered("42P01", 'relation "hot.fact_clicks" does not exist'), EngineError, "fact_clicks", "--create-tables"),
        (answered("25006", "cannot execute INSERT in a read-only transaction"), EngineError, "read-only", "later"),
        (answered("42601", 'syntax error at or near "X"'), EngineError, "syntax", "sys_query_history"),
        (answered("", ""), EngineError, "2026-01-05", "sys_query_history"),
        (redshift_connector.NotSupportedError("type <class 'object'> not mapped to pg type"), EngineError,
         "not mapped", "sys_query_history"),
    ],
)  # fmt: skip
def test_what_the_server_refuses_is_explained_and_not_repeated(
    failure: Exception, kind: type[ClickctlError], message: str, hint: str
) -> None:
    assert trouble(failure) is REFUSED
    told = shown(failure)
    assert type(told) is kind
    assert told.exit_code == (3 if kind is ConfigError else 5)
    assert told.message.startswith("2026-01-05: ")
    assert message in told.message
    assert "\n" not in told.message
    assert hint in told.hint


def test_a_secret_is_hidden_however_short_it_is() -> None:
    told = shown(answered("28000", "no: pw, pw2 and password=other&x"), "pw", "pw2", "")
    assert "no: ***, *** and password=***&x" in told.message
    assert "pw" not in "".join(traceback.format_exception(told))


def test_errors_that_are_not_the_drivers_stay_what_they_are() -> None:
    for failure in (OSError("disk"), ValueError("ours"), EngineError("known"), struct.error("x")):
        with pytest.raises(type(failure)) as raised, explained("it"):
            raise failure
        assert raised.value is failure
        assert trouble(failure) is REFUSED


# A server that goes away, seen through the driver itself


def reset(client: socket.socket) -> None:
    """Not an end but a reset, as from a gateway that has forgotten the connection."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


CUTS: dict[str, Act] = {
    "between messages": lambda client: None,
    "reset": reset,
    "within a message's head": lambda client: client.sendall(b"C\0\0"),
    "within a message": lambda client: client.sendall(b"C\0\0\0\x20DEL"),
    "within an error": lambda client: client.sendall(b"E\0\0\0\x20SERROR\0"),
    "with garbage": lambda client: client.sendall(b"?\0\0\0\4" * 3),
    "with a last word": lambda client: client.sendall(
        error("57P01", "terminating connection due to administrator command", severity="FATAL") + ready()
    ),
}


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Act], Any]]:
    """connected(act): a connection to a server that does that when a statement comes, and is gone."""
    monkeypatch.setenv("CLICKCTL_REDSHIFT_PASSWORD", "pw")
    made: list[Any] = []

    def connecting(act: Act) -> Any:
        listener = Listener("pw", on_statement=act)
        made.append(listener)
        made.append(connect(AwsSettings(), RedshiftSettings(host="localhost", port=listener.port, user="u", tls="off")))
        return made[-1]

    yield connecting
    for thing in reversed(made):
        with suppress(redshift_connector.InterfaceError):  # closed by the test already
            thing.close()


@pytest.mark.parametrize("cut", CUTS)
def test_a_connection_that_is_cut_is_lost_whatever_the_driver_says(connected: Callable[[Act], Any], cut: str) -> None:
    connection = connected(CUTS[cut])
    for statement in ("COMMIT", "ROLLBACK", "SELECT 1"):  # each on what the one before it has left
        with pytest.raises(ClickctlError) as raised, explained("it"), connection.cursor() as cursor:
            cursor.execute(statement)
        assert (statement, trouble(raised.value), raised.value.exit_code) == (statement, LOST, 5)


def test_a_connection_we_have_closed_is_lost(connected: Callable[[Act], Any]) -> None:
    connection = connected(CUTS["reset"])
    connection.close()
    with pytest.raises(ClickctlError) as raised, explained("it"), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert trouble(raised.value) is LOST


def test_an_error_within_a_session_is_no_loss_of_it(connected: Callable[[Act], Any]) -> None:
    connection = connected(lambda client: client.sendall(error("42601", "syntax error") + ready()))
    with pytest.raises(ClickctlError) as raised, explained("it"), connection.cursor() as cursor:
        cursor.execute("SELEC 1")
    assert trouble(raised.value) is REFUSED
