"""Messages of PostgreSQL's protocol, version 3: a kind of one byte, a length, a body."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping


class Gone(Exception):
    """The other side has closed the connection, or we have."""


class ServerError(Exception):
    """An ErrorResponse: its fields, by their letters (C the SQLSTATE, M the message, D the detail)."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(f"{fields.get('C')}: {fields.get('M')}")
        self.fields = dict(fields)


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def error(fields: Mapping[str, str]) -> bytes:
    return message(b"E", b"".join(f"{k}{v}".encode() + b"\0" for k, v in fields.items()) + b"\0")


def fields_of(body: bytes) -> dict[str, str]:
    return {part[:1].decode(): part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}


def text(body: bytes, at: int = 0) -> tuple[str, int]:
    """The zero-terminated text at a place, and the place behind it."""
    end = body.index(b"\0", at)
    return body[at:end].decode(), end + 1


class Wire:
    """One side of a connection. What is put is held back until it is flushed, or is much."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._reader = sock.makefile("rb", buffering=1 << 16)
        self._out = bytearray()

    def exactly(self, count: int) -> bytes:
        try:
            data = self._reader.read(count)
        except (OSError, ValueError) as lost:
            raise Gone from lost
        if data is None or len(data) < count:
            raise Gone
        return data

    def read(self) -> tuple[bytes, bytes]:
        head = self.exactly(5)
        return head[:1], self.exactly(struct.unpack_from("!i", head, 1)[0] - 4)

    def put(self, *parts: bytes) -> None:
        for part in parts:
            self._out += part
        if len(self._out) > 1 << 16:
            self.flush()

    def flush(self) -> None:
        data, self._out = bytes(self._out), bytearray()
        try:
            self.sock.sendall(data)
        except (OSError, ValueError) as lost:
            raise Gone from lost

    def send(self, *parts: bytes) -> None:
        self.put(*parts)
        self.flush()

    def wrapped(self, sock: socket.socket) -> Wire:
        """The same connection behind TLS: nothing may have been read ahead."""
        return Wire(sock)

    def close(self, reset: bool = False) -> None:
        """End it, with a farewell (the peer reads an end) or, for `reset`, without (the peer gets ECONNRESET)."""
        try:
            if reset:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._reader.close()
        self.sock.close()
