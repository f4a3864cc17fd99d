"""A server that speaks as much of Redshift's protocol as a login takes, and tells what it was told.

It is no database: what it does about a statement is what the test says.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

SSL_REQUEST = 80877103

Act = Callable[[socket.socket], None]


@dataclass
class Told:
    """What clients said: their start-up parameters, and everything they sent that was not encrypted for us alone."""

    startups: list[dict[str, str]] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    plain: bytearray = field(default_factory=bytearray)


class Listener:
    """`certificate`: a PEM with key, else it has no TLS. `on_statement` is done when a statement is sent."""

    def __init__(self, password: str, certificate: Path | None = None, on_statement: Act | None = None) -> None:
        self.told = Told()
        self._password, self._certificate, self._on_statement = password, certificate, on_statement
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._client: socket.socket | None = None
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening. Whoever is connected is cut off."""
        with suppress(OSError):  # closed already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        if client := self._client:
            with suppress(OSError):  # it has gone by itself
                client.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._client = client
            with client, suppress(OSError, struct.error):  # it hangs up, which is what some tests are about
                self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        head = client.recv(8, socket.MSG_WAITALL)
        length, code = struct.unpack("!ii", head)
        if code == SSL_REQUEST:
            if not self._certificate:
                client.sendall(b"N")
                self.told.plain += client.recv(4096)
                return
            client.sendall(b"S")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            with context.wrap_socket(client, server_side=True) as secure:
                self._log_in(secure, *struct.unpack("!ii", _read(secure, 8)))
        else:
            self.told.plain += head
            self._log_in(client, length, code)

    def _log_in(self, client: socket.socket, length: int, code: int) -> None:
        words = _read(client, length - 8).decode().split("\0")
        self.told.startups.append(dict(zip(words[::2], words[1::2], strict=False)))
        client.sendall(message(b"R", struct.pack("!i", 3)))  # the password, please
        _, text = _message(client)
        self.told.passwords.append(text.decode().rstrip("\0"))
        if self.told.passwords[-1] != self._password:
            # As Redshift says it (aws/amazon-redshift-python-driver#237), and with what no server should repeat.
            said = f'password authentication failed for user "etl": {self.told.passwords[-1]}'
            client.sendall(error("28000", said, severity="FATAL"))
            return
        client.sendall(message(b"R", struct.pack("!i", 0)) + ready())
        while True:
            kind, _ = _message(client)
            if kind == b"P" and self._on_statement:
                self._on_statement(client)
                return


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def ready() -> bytes:
    return message(b"Z", b"I")


def error(code: str, text: str, *, detail: str = "", severity: str = "ERROR") -> bytes:
    fields = {"S": severity, "C": code, "M": text, **({"D": detail} if detail else {})}
    return message(b"E", b"".join(f"{key}{value}\0".encode() for key, value in fields.items()) + b"\0")


def _message(client: socket.socket) -> tuple[bytes, bytes]:
    kind, length = struct.unpack("!ci", _read(client, 5))
    return kind, _read(client, length - 4)


def _read(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def self_signed(path: Path, host: str) -> Path:
    """A certificate for that host, signed by itself, with its key, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
