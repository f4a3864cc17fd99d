"""Errors of the Redshift driver become ours here: what kind of trouble it is, and what to do.

The driver (redshift_connector 2.2) tells what the server answers by an error whose only argument is
the answer's fields: {'S': severity, 'C': SQLSTATE, 'M': message, 'D': detail, ...}. What fails while
connecting is ("communication error", cause) or ("connection time out", cause). A server that is gone
shows as InterfaceError, or as whatever builtin error its reading and writing met.
"""

from __future__ import annotations

import re
import socket
import ssl
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import NamedTuple

from clickctl.domain.errors import ClickctlError, ConfigError, EngineError, Unreached
from clickctl.domain.secrets import one_line


class Trouble(Enum):
    """What can be done about an error."""

    LOST = "lost"
    """The connection is gone. What was being committed may be committed or not."""
    RETRY = "retry"
    """The transaction is undone, or never began, and may well succeed when all of it is repeated."""
    TIMEOUT = "timeout"
    """The statement took longer than it may, or was cancelled. Its transaction is undone."""
    REFUSED = "refused"
    """Everything else: to repeat it does not help."""


class DriverError(Exception):
    """Stands for an error of the driver, whose own texts and frames may hold secrets."""

    def __init__(self, text: str, trouble: Trouble) -> None:
        super().__init__(text)
        self.trouble = trouble


# SQLSTATE: https://www.postgresql.org/docs/8.0/errcodes-appendix.html and later ones. What is of
# Redshift's own making is XX000 and told in words:
# - 1023, 1018: https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation-serializable-isolation-troubleshooting.html
# - conflict with concurrent transaction, under snapshot isolation: aws/amazon-redshift-jdbc-driver#147
# - table <id> dropped by concurrent transaction: Redshift's cluster version history
_AGAIN = ("40001", "40P01", "42P07", "23505", "53300", "57P03")
"""42P07 and 23505: two made the same table at once, though each said IF NOT EXISTS."""
_CONFLICT = re.compile(
    r"^10(18|23)\b|serializable isolation violation|conflict with concurrent transaction|concurrent(ly)? update|"
    r"dropped by concurrent transaction|could not open relation|deadlock detected",
    re.IGNORECASE,
)
# statement_timeout is told as a cancel by the user: https://docs.aws.amazon.com/redshift/latest/dg/r_CANCEL.html;
# query monitoring rules: https://aws.amazon.com/premiumsupport/knowledge-center/redshift-query-abort/
_CANCELLED = re.compile(r"cancell?ed on user's request|cancelled by WLM|statement timeout", re.IGNORECASE)
_ENDED = ("57P01", "57P02")
_FINAL = ("0A", "22", "28", "3D", "42")
"""Classes of errors that end a session and would end the next one too."""

_GONE = re.compile(r"BrokenPipe|connection is closed")


class _Known(NamedTuple):
    """What to do where `pattern` is found. What settings or permissions are to blame for is a ConfigError."""

    pattern: str
    kind: type[ClickctlError]
    hint: str


# Of each table, the first that is found counts.
_UNREACHED = _Known("", Unreached,
    "Check [redshift] host and port, that the warehouse is not paused, and that its security group and the network let "
    "this machine in.")  # fmt: skip
_WHILE_CONNECTING = (
    _Known(r"mismatch|doesn't match", ConfigError,
           "The certificate is for another host: set [redshift] host to a name in it, or, for a tunnel, tls to "
           "verify-ca."),
    _Known(r"certificate", ConfigError,
           "Nobody this machine trusts has signed the certificate: is something in between? SSL_CERT_FILE names "
           "more authorities."),
    _Known(r"ssl", ConfigError, "The server does not speak TLS as Redshift does: check [redshift] host and port."),
    _Known(r"authentication", ConfigError, "The server wants a login that is not supported: is it Redshift?"),
)  # fmt: skip
# Role, code 8001: https://docs.aws.amazon.com/redshift/latest/mgmt/copy-unload-iam-role.html
# S3: https://docs.aws.amazon.com/redshift/latest/dg/s3serviceexception-error.html, and of presigned URLs
# https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
# Scan errors 15001 and 15007: aws/aws-sdk-pandas#280, rudderlabs/rudder-server#3178
# Unverified: what is said where IAM_ROLE default finds no role, and where a resize makes it read-only.
_TOLD = (
    _Known(r"no pg_hba.conf entry", ConfigError,
           "The warehouse takes no such connection: leave [redshift] tls on, and check user and database."),
    _Known(r"^28", ConfigError,
           "Check [redshift] user, its secret or CLICKCTL_REDSHIFT_PASSWORD; with IAM, that the user is there."),
    _Known(r"^3D000", ConfigError, "Check [redshift] database."),
    _Known(r"^3F000", ConfigError, "Check [redshift] schema: it has to be there already."),
    _Known(r"to assume IAM role|get credentials of role|code:\s*8001|default IAM role", ConfigError,
           "Check [redshift] copy_role: it is to be attached to the cluster or namespace, and its trust policy to name "
           "redshift.amazonaws.com (Serverless: redshift-serverless.amazonaws.com too)."),
    _Known(r"using the specified endpoint|PermanentRedirect", ConfigError,
           "Bucket and warehouse must be in one region: check [lake] and [redshift]."),
    _Known(r"key does not exist|NoSuchKey|Status 404", EngineError,
           "A file went away while it was copied, as another run replaced it: run the same command again."),
    _Known(r"access ?denied|forbidden|Status 403", ConfigError,
           "The COPY role needs s3:GetObject and s3:ListBucket on the lake, kms:Decrypt on its key, and a bucket "
           "policy that permits presigned URLs (s3:signatureAge of an hour)."),
    _Known(r"longer than the length defined|exceeds DDL length|value too long", EngineError,
           "A column is narrower than clickctl makes it: widen it, or rename the table and run "
           "'clickctl load-hot --create-tables'."),
    _Known(r"Unmatched number of columns|incompatible Parquet|invalid type length", EngineError,
           "The file is not as clickctl writes it: rerun its unit with 'clickctl run-partition UNIT --force'."),
    _Known(r"Spectrum Scan Error", EngineError,
           "The warehouse knows more: SELECT * FROM sys_load_error_detail ORDER BY start_time DESC LIMIT 10."),
    _Known(r"disk full|^53100", EngineError,
           "The warehouse's disk is full: run VACUUM, keep fewer [redshift] hot_days, or enlarge it."),
    _Known(r"^42501|permission denied|must be owner", ConfigError,
           "GRANT the user what it lacks: USAGE and CREATE on the schema, TEMP on the database, SELECT, INSERT and "
           "DELETE on the tables."),
    _Known(r"^42P01", EngineError, "A table is missing: 'clickctl load-hot --create-tables' makes it."),
    _Known(r"^25006", EngineError,
           "The warehouse takes no changes at present, as when it is resized: run the same command later."),
    _Known(r"^53300|^57P03", Unreached,
           "The warehouse takes no connections at present: run the same command later."),
)  # fmt: skip

_HINTS = {
    Trouble.LOST: "Run the same command again: it first looks at what the warehouse holds.",
    Trouble.RETRY: "Others write to the same tables: run the same command again, when they do not.",
    Trouble.TIMEOUT: "The statement took too long for its queue (WLM) or for statement_timeout: raise the limit for "
    "this user, or run the same command when there is less to do.",
    Trouble.REFUSED: "The warehouse knows more: SELECT * FROM sys_query_history ORDER BY start_time DESC LIMIT 10.",
}


def trouble(error: BaseException) -> Trouble:
    """Of an error as the driver raised it, or of what `explained` made of it."""
    if isinstance(error, DriverError):
        return error.trouble
    if isinstance(error, ClickctlError):
        return trouble(error.__cause__) if error.__cause__ else Trouble.REFUSED
    if not _of_the_driver(error):
        return Trouble.REFUSED
    if answer := _answer(error):
        return _trouble_told(answer)
    if met := _met(error):  # while connecting: nothing can have been changed
        return Trouble.REFUSED if _hopeless(met) else Trouble.RETRY
    if type(error).__module__ == "redshift_connector.error":
        return Trouble.LOST if _GONE.match(str(error)) else Trouble.REFUSED
    return Trouble.LOST  # even where the server is there, nobody knows which of its messages comes next


@contextmanager
def explained(what: str, secrets: Iterable[str] = ()) -> Iterator[None]:
    """Errors of the driver in here are raised as ours; `what` is what was being done, or with what.

    `secrets` are shown nowhere, be they ever so short. The cause is a DriverError: `trouble` tells its kind.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, ClickctlError) or not _of_the_driver(error):
            raise
        kind, text = trouble(error), _shown(_text(error), secrets)
        known = _known(error, text, kind)
        lost = "the connection to the warehouse was lost: " if kind is Trouble.LOST else ""
        _forget_frames(error)
        raise known.kind(f"{what}: {lost}{text}.", hint=known.hint, changed="") from DriverError(
            f"{type(error).__name__}: {text}", kind
        )


def _forget_frames(error: BaseException | None) -> None:
    """They hold the connection with its password, and a socket that the driver does not always close."""
    while error and _of_the_driver(error):
        error.__traceback__ = None
        error = error.__context__


def _of_the_driver(error: BaseException) -> bool:
    """Whether the driver raised it: its own, or a builtin error that came up in it."""
    modules = [type(error).__module__]
    modules += [str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(error.__traceback__)]
    return any(name.split(".")[0] == "redshift_connector" for name in modules)


def _answer(error: BaseException) -> dict[str, str]:
    """What the server said, if it is the server that did."""
    return error.args[0] if error.args and isinstance(error.args[0], dict) else {}


def _met(error: BaseException) -> OSError | None:
    """What the driver met while connecting."""
    return error.args[1] if len(error.args) > 1 and isinstance(error.args[1], OSError) else None


def _hopeless(met: OSError) -> bool:
    if isinstance(met, socket.gaierror):
        return met.errno != socket.EAI_AGAIN
    return isinstance(met, ssl.SSLError) and not isinstance(met, ssl.SSLEOFError)


def _trouble_told(answer: dict[str, str]) -> Trouble:
    code, text = answer.get("C", ""), f"{answer.get('M', '')} {answer.get('D', '')}"
    if code == "57014" or _CANCELLED.search(text):
        return Trouble.TIMEOUT
    if code in _AGAIN or _CONFLICT.search(text):
        return Trouble.RETRY
    ended = answer.get("S") in ("FATAL", "PANIC") and code[:2] not in _FINAL
    return Trouble.LOST if ended or code in _ENDED or code[:2] == "08" else Trouble.REFUSED


def _text(error: BaseException) -> str:
    if answer := _answer(error):
        # Details of Redshift's own are a table of error, code, context, query, location, process.
        detail = answer.get("D", "")
        context = re.search(r"context:\s*(.*?)\s*(?=\n\s*query:|\Z)", detail, re.DOTALL)
        return f"{answer.get('M', '')}: {context[1] if context else detail}".strip(": \n-")
    return str(_met(error) or error) or type(error).__name__


def _shown(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return one_line(text).rstrip(".")


def _known(error: BaseException, text: str, kind: Trouble) -> _Known:
    answer, met = _answer(error), _met(error)
    if isinstance(met, socket.gaierror):
        return _Known("", ConfigError, "Check [redshift] host, and that this machine can resolve it.")
    if met and kind is Trouble.RETRY:
        return _UNREACHED
    if kind in (Trouble.REFUSED, Trouble.RETRY):
        words = f"{answer.get('C', '')} {answer.get('M', '')} {answer.get('D', '')}" if answer else text
        for known in _TOLD if answer else _WHILE_CONNECTING:
            if re.search(known.pattern, words, re.IGNORECASE):
                return known
    return _Known("", Unreached if kind is Trouble.LOST else EngineError, _HINTS[kind])
