"""Answers as AWS gives them: an error looks different in each protocol."""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from uuid import uuid4
from xml.sax.saxutils import escape

from tests.aws.harness.requests import Request


class Reply(NamedTuple):
    """A whole answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body or b"{}")


class AwsError(Exception):
    """An error an emulated service answers with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def json_reply(plain: dict[str, Any], status: int = 200, more: tuple[tuple[str, str], ...] = ()) -> Reply:
    return _reply(status, "application/x-amz-json-1.1", json.dumps(plain).encode(), more)


def xml_reply(text: str, status: int = 200) -> Reply:
    return _reply(status, "text/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode())


def error_reply(request: Request, code: str, message: str, status: int) -> Reply:
    """An error in the protocol of the call."""
    if request.protocol == "json":
        return json_reply({"__type": code, "message": message}, status)
    if request.protocol == "rest-json":
        return json_reply({"Type": "User", "message": message}, status, (("x-amzn-ErrorType", code),))
    if request.protocol == "cbor":
        body = b"\xa2" + b"".join(_cbor(text) for text in ("__type", code, "message", message))
        return _reply(status, "application/cbor", body, (("smithy-protocol", "rpc-v2-cbor"),))
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if request.protocol == "query":
        side = "Sender" if status < 500 else "Receiver"
        return xml_reply(f"<ErrorResponse><Error><Type>{side}</Type>{inner}</Error></ErrorResponse>", status)
    found = xml_reply(f"<Error>{inner}<Resource>{escape(request.path)}</Resource></Error>", status)
    # The answer to HEAD has no body, so the SDK has only the status to go by.
    return found._replace(body=b"") if request.environ["REQUEST_METHOD"] == "HEAD" else found


def _reply(status: int, kind: str, body: bytes, more: tuple[tuple[str, str], ...] = ()) -> Reply:
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("x-amzn-RequestId", str(uuid4())), *more]
    return Reply(status, headers, body)


def _cbor(text: str) -> bytes:
    """Text of up to 65,535 bytes (RFC 8949, major type 3 with a length of two bytes)."""
    data = text.encode()
    return b"\x79" + len(data).to_bytes(2, "big") + data
