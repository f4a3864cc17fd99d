"""Whoever calls AWS, in whose name, and whether it lets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tests.e2e.ministack import Ministack

_DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}


def permitted(call: Callable[..., object], *words: object) -> bool:
    """Whether policies let a call pass, whatever becomes of it then."""
    try:
        call(*words)
    except ClientError as error:
        return error.response["Error"]["Code"] not in _DENIED
    return True


class Caller:
    """Somebody with credentials; None: the account's root user."""

    def __init__(self, server: Ministack, credentials: Mapping[str, str] | None = None, plain: bool = False) -> None:
        self._server, self._credentials, self._plain = server, credentials, plain
        self._clients: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        """A client in their name."""
        if service not in self._clients:
            self._clients[service] = client = self._server.client(service, self._credentials)
            if self._plain:
                client.meta.events.register("before-send", _came_by_plain_http)
        return self._clients[service]

    def over_plain_http(self) -> Caller:
        return Caller(self._server, self._credentials, plain=True)

    def assuming(self, role: str) -> Caller:
        """With a session of the role."""
        return Caller(self._server, self("sts").assume_role(RoleArn=role, RoleSessionName="e2e")["Credentials"])


def _came_by_plain_http(request: Any, **_: object) -> None:
    """What a proxy that ends TLS adds to a request that came to it without."""
    request.headers["X-Forwarded-Proto"] = "http"
