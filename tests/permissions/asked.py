"""What a request to the tests' AWS asks for, in the terms of policies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from tests.aws.harness.requests import Request
from tests.permissions.actions import needed_by
from tests.permissions.clients import Call
from tests.permissions.grants import Grant, permits

_KEY = re.compile(r"<Key>([^<]+)</Key>")


class Asked(NamedTuple):
    """An action; of S3's with its resource, and the prefix of a listing."""

    action: str
    resource: str = ""
    prefix: str | None = None

    def permitted(self, grants: set[Grant]) -> bool:
        """Other services' resources have other names in tests than in the module: there the action alone counts."""
        if not self.resource:
            return self.action in {grant.action for grant in grants}
        return permits(grants, self.action, self.resource, **({} if self.prefix is None else {"prefix": self.prefix}))


def call_of(request: Request) -> Call:
    service, _, operation = request.name.partition(".")
    return Call({"monitoring": "cloudwatch"}.get(service, service), operation)


def asked_by(request: Request) -> Iterator[Asked]:
    actions = needed_by(call_of(request))
    if request.service != "s3":
        yield from (Asked(action) for action in actions if action.startswith(f"{call_of(request).service}:"))
        return
    bucket, _, key = unquote(request.path).lstrip("/").partition("/")
    query = parse_qs(request.query, keep_blank_values=True)
    where = f"arn:aws:s3:::{bucket}"
    if actions == ("s3:DeleteObject",):
        yield from (Asked("s3:DeleteObject", f"{where}/{one}") for one in _KEY.findall(request.body.decode()))
    elif "s3:PutObject" in actions:
        yield Asked("s3:PutObject", f"{where}/{key}")
        if source := request.environ.get("HTTP_X_AMZ_COPY_SOURCE"):
            yield Asked("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/')}")
        if "HTTP_IF_MATCH" in request.environ:
            yield Asked("s3:GetObject", f"{where}/{key}")
    elif key:
        yield Asked("s3:GetObjectVersion" if "versionId" in query else actions[0], f"{where}/{key}")
    else:
        yield Asked(actions[0], where, query["prefix"][0] if "prefix" in query else None)
