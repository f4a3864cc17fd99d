"""How a connection begins: TLS or not, who is there, and what the server says of itself."""

from __future__ import annotations

import hashlib
import os
import socket
import struct
from typing import TYPE_CHECKING

from tests.redshift.session import QUIET, Session
from tests.redshift.wire import Gone, ServerError, Wire, error, message, text

if TYPE_CHECKING:
    from tests.redshift.server import Standin

_SSL_REQUEST, _CANCEL_REQUEST, _PROTOCOL = 80877103, 80877102, 196608
# What Redshift tells a client at the start. server_protocol_version is left out: without it the driver falls back to
# the plain protocol (0), in which rows have PostgreSQL's formats.
_PARAMETERS = {"server_version": "8.0.2", "server_encoding": "UTF8", "client_encoding": "UTF8", "DateStyle": "ISO, MDY",
               "integer_datetimes": "on", "is_superuser": "off", "TimeZone": "UTC", "datashare_enabled": "off",
               "padb_version": "1.0.0", "max_numeric_precision": "38"}  # fmt: skip


def greeted(server: Standin, sock: socket.socket, number: int) -> Session | None:
    """A session, when the client may have one; else the client has been told why not."""
    wire = Wire(sock)
    (size,) = struct.unpack("!i", wire.exactly(4))
    (code,) = struct.unpack("!i", wire.exactly(4))
    if code == _SSL_REQUEST:
        wire.send(b"S" if server.tls else b"N")
        if server.tls:
            wire = server.tls(wire)
        (size,) = struct.unpack("!i", wire.exactly(4))
        (code,) = struct.unpack("!i", wire.exactly(4))
    if code != _PROTOCOL:
        raise Gone
    told = _pairs(wire.exactly(size - 8))
    user, database = told.get("user", ""), told.get("database", "")
    if not _authenticated(server, wire, user):
        return _refuse(wire, "28000", f'password authentication failed for user "{user}"')
    try:
        upstream = server.upstream(database or user, settings=server.session_settings())
    except ServerError as failed:
        return _refuse(wire, failed.fields["C"], failed.fields["M"])
    except Gone:
        return _refuse(wire, "57P03", "the database system is starting up")
    parameters = {**_PARAMETERS, "session_authorization": user}
    wire.put(message(b"R", struct.pack("!i", 0)))
    wire.put(*(message(b"S", f"{name}\0{value}\0".encode()) for name, value in parameters.items()))
    wire.send(message(b"K", struct.pack("!ii", upstream.pid, 0)), message(b"Z", b"I"))
    return Session(server, wire, upstream, number, quiet=told.get("application_name") == QUIET)


def _pairs(body: bytes) -> dict[str, str]:
    found, at = {}, 0
    while body[at : at + 1] not in (b"\0", b""):
        name, at = text(body, at)
        found[name], at = text(body, at)
    return found


def _authenticated(server: Standin, wire: Wire, user: str) -> bool:
    """By MD5, as Redshift does it."""
    salt = os.urandom(4)
    wire.send(message(b"R", struct.pack("!i", 5) + salt))
    kind, body = wire.read()
    inner = hashlib.md5((server.password + server.user).encode()).hexdigest()
    right = "md5" + hashlib.md5(inner.encode() + salt).hexdigest()
    return kind == b"p" and user == server.user and text(body)[0] == right


def _refuse(wire: Wire, code: str, words: str) -> None:
    wire.send(error({"S": "FATAL", "C": code, "M": words, "R": "auth_failed"}))
    wire.close()
