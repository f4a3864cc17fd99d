"""What goes wrong between a client and AWS, chosen by tests and drawn from a seeded generator."""

from __future__ import annotations

import math
import random
import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from tests.aws.harness.requests import Request

Kind = Literal["throttle", "error", "hang", "drop", "lose"]

_THROTTLED = {
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
    "lambda": ("TooManyRequestsException", "Rate Exceeded.", 429),
    "sts": ("Throttling", "Rate exceeded", 400),
    "iam": ("Throttling", "Rate exceeded", 400),
    "sns": ("Throttled", "Rate exceeded", 429),
}
_THROTTLED_JSON = ("ThrottlingException", "Rate exceeded", 400)
_INTERNAL = {"s3": "InternalError", "glue": "InternalServiceException", "athena": "InternalServerException"}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with some calls.

    `operation` is a pattern of names: `glue.StartJobRun`, `s3.*`, `*`. `match` is text that must be in
    the path, query or body. Of the calls that fit, `share` go wrong, and at most `times` of them
    (None: no end). Kinds:
    - throttle: refused in the words of the service;
    - error: `code`, `message` and `status`, or where they are not given an internal error of the service;
    - hang: no answer, for as long as the client waits;
    - drop: the connection is closed before the server acts;
    - lose: the connection is closed after the server acted.
    """

    operation: str
    kind: Kind
    times: int | None = None
    share: float = 1.0
    match: str = ""
    code: str = ""
    message: str = ""
    status: int = 0

    def answer(self, service: str) -> tuple[str, str, int]:
        """Code, message and HTTP status of a throttle or an error."""
        usual = (_INTERNAL.get(service, "InternalFailure"), "We encountered an internal error. Please try again.", 500)
        if self.kind == "throttle":
            usual = _THROTTLED.get(service, _THROTTLED_JSON)
        return (self.code or usual[0], self.message or usual[1], self.status or (400 if self.code else usual[2]))


@dataclass
class _On:
    fault: Fault
    left: float

    def fits(self, request: Request) -> bool:
        fault = self.fault
        return (
            self.left > 0
            and fnmatchcase(request.name, fault.operation)
            and (not fault.match or fault.match in request.text)
        )


class Faults:
    """The faults that are on. The first added that fits a call and is drawn is the one that happens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self, seed: int = 0) -> None:
        """No faults, and the draws begin anew."""
        with self._lock:
            self._on: list[_On] = []
            self._draw = random.Random(seed)

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self._on += [_On(fault, math.inf if fault.times is None else fault.times) for fault in faults]

    def befalling(self, request: Request) -> Fault | None:
        """The fault of this call, if it has one."""
        with self._lock:
            for on in self._on:
                if on.fits(request) and self._draw.random() < on.fault.share:
                    on.left -= 1
                    return on.fault
        return None
