"""How `doctor` asks AWS: refusals told apart, answers that several lines need fetched once, credentials first."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

import botocore.exceptions

from clickctl.aws.clients import client, session
from clickctl.aws.errors import SECRETS, THROTTLED, code_of, explained
from clickctl.config import REDSHIFT_PASSWORD
from clickctl.domain.errors import ClickctlError, ConfigError, EngineError
from clickctl.plan.checks import Check, Subject
from clickctl.roots import AwsSettings

T = TypeVar("T")

_AWS = "AWS"

_ATTEMPTS, _PATIENCE = 3, 10
"""Tries of a call, and seconds it may take: what is slower is told, not waited for."""

_DENIED = ("AccessDenied", "AccessDeniedException", "403", "Forbidden", "UnauthorizedOperation")
_MISSING = (
    "404", "NoSuchBucket", "NoSuchKey", "NoSuchEntity", "EntityNotFoundException", "ResourceNotFoundException",
    "NotFoundException",
)  # fmt: skip


class Denied(ConfigError):
    """AWS answered that we may not."""


class Missing(ConfigError):
    """AWS answered that there is no such thing."""


@contextmanager
def asked(what: str) -> Iterator[None]:
    """Errors in here, of the SDK or ours that came of one, with who has to act: us (ConfigError) or AWS."""
    try:
        with explained(what):
            yield
    except ConfigError:
        raise
    except ClickctlError as error:
        if isinstance(error.__cause__, botocore.exceptions.ClientError):
            raise _judged(error, error.__cause__) from error.__cause__
        raise


def _judged(error: ClickctlError, cause: botocore.exceptions.ClientError) -> ClickctlError:
    code = code_of(cause)
    status = int(cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _MISSING:
        return Missing(error.message, hint="Check its name in the configuration, the account and the region.")
    if code in _DENIED:
        policy = "Allow it in the policy of the role, and in the resource's own (bucket, key)."
        return Denied(error.message, hint=error.hint if "KMS" in error.hint else policy)
    if 300 <= status < 500 and code not in THROTTLED:
        return ConfigError(error.message, hint=error.hint if "region" in error.hint else "Check the configuration.")
    return EngineError(error.message, hint="AWS did not serve: run the same command again in a minute.")


class Once(Generic[T]):
    """An answer that several lines need: the first to ask fetches it, the others wait for it."""

    def __init__(self, fetch: Callable[[], T]) -> None:
        self._fetch, self._lock = fetch, threading.Lock()
        self._found: list[T] = []
        self._error: ClickctlError | None = None

    def __call__(self) -> T:
        """The answer, or the error it ended with."""
        with self._lock:
            if self._error:
                raise self._error
            if not self._found:
                try:
                    self._found.append(self._fetch())
                except ClickctlError as error:
                    self._error = error
                    raise
            return self._found[0]


@dataclass(frozen=True)
class Identity:
    """Who we are to AWS."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]


class Account:
    """AWS as the configuration reaches it."""

    def __init__(self, aws: AwsSettings) -> None:
        self.aws = aws
        self._asking = replace(aws, read_timeout=min(aws.read_timeout, _PATIENCE))
        self.identity = Once(self._identity)
        self.skew_seconds: float | None = None

    def client(self, service: str) -> Any:
        return client(service, self._asking, attempts=_ATTEMPTS)

    @property
    def session(self) -> Any:
        with asked(_AWS):
            return session(self._asking)

    @property
    def region(self) -> str:
        """Empty where none is set."""
        return self.session.region_name or ""

    def _identity(self) -> Identity:
        """One call that needs no permission. Any answer to it, a refusal too, tells AWS's time."""
        with asked(_AWS):
            try:
                found = self.client("sts").get_caller_identity()
            except botocore.exceptions.ClientError as error:
                self._note_clock(error.response)
                raise
        self._note_clock(found)
        return Identity(found["Account"], found["Arn"])

    def _note_clock(self, reply: Any) -> None:
        date = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if date:
            self.skew_seconds = (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()

    def guarded(self, look: Callable[[Subject], Check]) -> Callable[[Subject], Check]:
        """The same, but skipped where credentials are known not to work: one line tells of that."""

        def guarded(subject: Subject) -> Check:
            try:
                self.identity()
            except ConfigError:
                return subject.skipped("not looked at: see credentials")
            except ClickctlError:
                pass  # STS is out of reach, as in some networks without internet: the others may well not be
            return look(subject)

        return guarded

    def secrets(self) -> Iterable[str]:
        """The credentials in use, and those of the environment."""
        yield from filter(None, map(os.environ.get, (*SECRETS, REDSHIFT_PASSWORD)))
        try:
            with asked(_AWS):
                found = self.session.get_credentials()
                held = found.get_frozen_credentials() if found else None
        except ClickctlError:
            return
        if held:
            yield from filter(None, (held.access_key, held.secret_key, held.token))
