"""Our own small client of PostgreSQL, for one session of the stand-in."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable

from tests.redshift.wire import Gone, ServerError, Wire, fields_of, message, text

FLUSH = message(b"H")


class Upstream:
    """Connected when made. Errors: `ServerError` as PostgreSQL reports them, `Gone` when it cannot be reached."""

    def __init__(self, socket_path: str, user: str, database: str, settings: dict[str, str] | None = None) -> None:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(socket_path)
        except OSError as lost:
            sock.close()
            raise Gone from lost
        self.wire = Wire(sock)
        self.status = b"I"
        self.pid = 0
        pairs = {"user": user, "database": database, "client_encoding": "UTF8", **(settings or {})}
        body = struct.pack("!i", 196608) + b"".join(f"{k}\0{v}\0".encode() for k, v in pairs.items()) + b"\0"
        try:
            self.wire.send(struct.pack("!i", len(body) + 4) + body)
            self._until(b"Z")
        except (ServerError, Gone):
            self.wire.close()
            raise

    def read(self) -> tuple[bytes, bytes]:
        """The next message, the state it reports noted."""
        kind, body = self.wire.read()
        if kind == b"Z":
            self.status = body
        elif kind == b"K":
            self.pid = struct.unpack_from("!i", body)[0]
        return kind, body

    def _until(self, last: bytes) -> list[tuple[bytes, bytes]]:
        read = []
        while not read or read[-1][0] != last:
            read.append(self.read())
            if read[-1][0] == b"E" and last != b"Z":
                raise ServerError(fields_of(read[-1][1]))
            if read[-1][0] == b"E" and self.pid == 0:
                raise ServerError(fields_of(read[-1][1]))
        return read

    def rest(self) -> ServerError | None:
        """Read on to where it is ready for the next query; the error it had on the way."""
        failed: ServerError | None = None
        while True:
            kind, body = self.read()
            if kind == b"E":
                failed = ServerError(fields_of(body))
            if kind == b"Z":
                return failed

    def query(self, sql: str) -> list[list[str | None]]:
        """Rows of a simple query, as texts."""
        self.wire.send(message(b"Q", sql.encode() + b"\0"))
        read = self._until(b"Z")
        for kind, body in read:
            if kind == b"E":
                raise ServerError(fields_of(body))
        return [_row(body) for kind, body in read if kind == b"D"]

    def copy_in(self, sql: str, chunks: Iterable[bytes], between: Callable[[], None]) -> int:
        """Run a COPY … FROM STDIN; rows copied. What the chunks raise ends the COPY, and is raised again."""
        self.wire.send(message(b"Q", sql.encode() + b"\0"))
        failed: ServerError | None = None
        kind = b""
        while kind not in (b"G", b"E"):
            kind, body = self.read()
        if kind == b"E":
            self._until(b"Z")
            raise ServerError(fields_of(body))
        try:
            for chunk in chunks:
                self.wire.send(message(b"d", chunk))
                between()
        except Gone:
            raise
        except Exception:
            self.wire.send(message(b"f", b"given up\0"))
            self._until(b"Z")
            raise
        self.wire.send(message(b"c"))
        rows = 0
        for kind, body in self._until(b"Z"):
            if kind == b"E":
                failed = ServerError(fields_of(body))
            elif kind == b"C":
                rows = int(text(body)[0].split()[-1])
        if failed:
            raise failed
        return rows

    def close(self) -> None:
        self.wire.close()


def _row(body: bytes) -> list[str | None]:
    row: list[str | None] = []
    at = 2
    for _ in range(struct.unpack_from("!h", body)[0]):
        (size,) = struct.unpack_from("!i", body, at)
        at += 4
        row.append(None if size < 0 else body[at : at + size].decode())
        at += max(size, 0)
    return row
