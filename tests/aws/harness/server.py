"""The server: each call is counted, may meet a fault, and is answered by an emulation or by moto."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from tests.aws.harness.faults import Fault, Faults
from tests.aws.harness.moto import Moto
from tests.aws.harness.replies import AwsError, Reply, error_reply, json_reply
from tests.aws.harness.requests import Request, read_request

Handler = Callable[[Request], Reply | dict[str, Any]]
QUIET = "HTTP_X_HARNESS_QUIET"


@dataclass(frozen=True)
class Call:
    """A call as it came in, and the fault it met ("" for none)."""

    request: Request
    fault: str

    @property
    def name(self) -> str:
        return self.request.name


class Calls(list[Call]):
    """Calls in the order they came in."""

    @property
    def counts(self) -> Counter[str]:
        return Counter(call.name for call in self)

    def of(self, pattern: str) -> list[Call]:
        return [call for call in self if fnmatchcase(call.name, pattern)]


class AwsServer:
    """One server for a whole test run; `reset` makes it new."""

    def __init__(self) -> None:
        self.moto, self.faults = Moto(), Faults()
        self.emulated: dict[str, Handler] = {}
        self.skew_seconds = 0.0
        self._sinks: list[Calls] = []
        self.reset()
        # Its threads are daemons: what hangs ends with the process at the latest.
        self._http = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_handler_of(self))
        self._http.daemon_threads = True  # type: ignore[attr-defined]
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def reset(self) -> None:
        """Forget everything; calls that hang are let go."""
        self.let_go()
        self.faults.reset()
        self.moto.reset()
        self.handlers: dict[str, Handler] = {}
        self.skew_seconds = 0.0
        self.calls = Calls()
        self._sinks = [self.calls]

    def stop(self) -> None:
        self.let_go()
        self._http.shutdown()
        self._http.server_close()

    def let_go(self) -> None:
        """Close the connections of calls that hang."""
        hanging, self._hanging = getattr(self, "_hanging", None), threading.Event()
        if hanging:
            hanging.set()

    @contextmanager
    def counting(self) -> Iterator[Calls]:
        """The calls that come in from here to the end of the block."""
        found = Calls()
        self._sinks = [*self._sinks, found]
        try:
            yield found
        finally:
            self._sinks = [sink for sink in self._sinks if sink is not found]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        request = read_request(environ)
        if QUIET in environ or request.path.startswith("/moto-api"):
            reply = self._answer(request)
        else:
            fault = self.faults.befalling(request)
            for sink in self._sinks:
                sink.append(Call(request, fault.kind if fault else ""))
            reply = self._faulty(fault, request) if fault else self._answer(request)
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", reply.headers)
        return [reply.body]

    def _answer(self, request: Request) -> Reply:
        handler = self.handlers.get(request.name) or self.emulated.get(request.name)
        try:
            reply = handler(request) if handler else self.moto.answer(request)
        except AwsError as error:
            return error_reply(request, error.code, error.message, error.status)
        return json_reply(reply) if isinstance(reply, dict) else reply

    def _faulty(self, fault: Fault, request: Request) -> Reply:
        if fault.kind in ("throttle", "error"):
            return error_reply(request, *fault.answer(request.service))
        if fault.kind == "hang":
            self._hanging.wait()
        if fault.kind == "lose":
            self._answer(request)
        # The connection is closed without an answer; werkzeug takes the error for a client that has gone.
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError


def _handler_of(server: AwsServer) -> type[MotoRequestHandler]:
    class Handler(MotoRequestHandler):
        def log_request(self, *_: Any) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            """The Date of an answer, by a clock that tests may set wrong."""
            return super().date_time_string((timestamp or time.time()) + server.skew_seconds)

    return Handler
