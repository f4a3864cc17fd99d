"""What a request asks for, read off the wire as the protocols of AWS put it there."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl

import botocore.session

_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")
_CBOR_PATH = re.compile(r"/service/[^/]+/operation/(\w+)")


@dataclass(frozen=True)
class Request:
    """One call, with the names of boto3: `glue.StartJobRun`, `s3.PutObject`, `sts.GetCallerIdentity`."""

    name: str
    protocol: str
    region: str
    path: str
    query: str
    body: bytes
    environ: dict[str, Any] = field(repr=False, compare=False)

    @property
    def service(self) -> str:
        return self.name.split(".")[0]

    @cached_property
    def json(self) -> dict[str, Any]:
        """The parameters, where the protocol has them as JSON."""
        return json.loads(self.body or b"{}")

    @cached_property
    def form(self) -> dict[str, str]:
        """The parameters of the query protocol."""
        return dict(parse_qsl(self.body.decode() or self.query))

    @property
    def text(self) -> str:
        """Path, query and body, to search in."""
        return f"{self.path}?{self.query}\n{self.body.decode('utf-8', 'replace')}"


def read_request(environ: dict[str, Any]) -> Request:
    """Read the whole body, so that a connection can be closed without resetting it, and name the call."""
    body = _body(environ)
    environ["wsgi.input"] = io.BytesIO(body)
    found = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", "") + _presigned(environ["QUERY_STRING"]))
    region, service = found.groups() if found else ("us-east-1", "s3")
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    protocol, operation = _operation(environ, service, body)
    return Request(f"{service}.{operation}", protocol, region, path, query, body, environ)


def _body(environ: dict[str, Any]) -> bytes:
    if environ.get("wsgi.input_terminated"):  # chunked
        return environ["wsgi.input"].read()
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _presigned(query: str) -> str:
    return "".join(f"Credential={value}" for value in parse_qs(query).get("X-Amz-Credential", ()))


def _operation(environ: dict[str, Any], service: str, body: bytes) -> tuple[str, str]:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return "json", target.split(".")[-1]
    if found := _CBOR_PATH.fullmatch(environ["PATH_INFO"]):
        return "cbor", found[1]
    text = body.decode("utf-8", "replace") if "urlencoded" in environ.get("CONTENT_TYPE", "") else ""
    if action := parse_qs(text or environ["QUERY_STRING"]).get("Action"):
        return "query", action[0]
    return ("rest-xml" if service == "s3" else "rest-json"), _rest_operation(environ, service)


class _Route(NamedTuple):
    """How the model of a service tells one operation from the others."""

    operation: str
    method: str
    path: re.Pattern[str]
    query: frozenset[str]
    headers: frozenset[str]

    @property
    def detail(self) -> int:
        return len(self.query) + len(self.headers)


def _rest_operation(environ: dict[str, Any], service: str) -> str:
    """The most particular operation that fits."""
    given = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
    words = {*given, *(f"{name}={value}" for name, value in given.items())}
    for route in _routes(service):
        if route.method != environ["REQUEST_METHOD"] or not route.path.fullmatch(environ["PATH_INFO"]):
            continue
        if route.query <= words and all(f"HTTP_{name.upper().replace('-', '_')}" in environ for name in route.headers):
            return route.operation
    return "Unknown"


@lru_cache
def _routes(service: str) -> list[_Route]:
    return sorted(_read_routes(service), key=lambda route: (-route.detail, route.operation))


def _read_routes(service: str) -> Iterator[_Route]:
    model = botocore.session.get_session().get_service_model(service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        pattern = re.sub(r"\\{(\w+)(\\\+)?\\}", lambda m: ".+" if m[2] else "[^/]+", re.escape(path))
        required = [operation.input_shape.members[key] for key in operation.input_shape.required_members] if (
            operation.input_shape
        ) else []  # fmt: skip
        placed = [(member.serialization.get("location"), member.serialization.get("name")) for member in required]
        yield _Route(
            name,
            operation.http["method"],
            re.compile(f"{pattern}/?"),
            frozenset(part for part in query.split("&") if part)
            | {key for place, key in placed if place == "querystring"},
            frozenset(key for place, key in placed if place == "header"),
        )
