"""ministack, an AWS of one process that runs Lambda functions for real, each in a process of its own.

It lives in a virtual environment of its own, made once: functions run in its interpreter, which
has the SDK, as Lambda's has, and nothing else of ours.

With `auth` it enforces IAM, and serves TLS alone: bucket policies that refuse plain HTTP are enforced too.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest
from botocore.config import Config

from tests import environments

VERSION = "1.5.33"
REGION = "us-east-1"
_PACKAGES = (f"ministack=={VERSION}", "boto3>=1.36")
_START_SECONDS = 60
_KEY = "testing"

Seen = TypeVar("Seen")


class NoMinistack(Exception):
    """It is not installed and cannot be, or does not start."""


def eventually(look: Callable[[], Seen], what: str, seconds: float = 30) -> Seen:
    """The first thing seen that is true; fails when there is none in time."""
    until = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return seen


def interpreter() -> Path:
    """Python of the environment, which is made where it is missing."""
    try:
        return environments.interpreter(f"ministack-{VERSION}", *_PACKAGES)
    except environments.NoEnvironment as missing:
        raise NoMinistack(str(missing)) from missing


@contextmanager
def running(auth: bool = False) -> Iterator[Ministack]:
    """Leaves tests out where there is none and none can be had; where CI says so, it fails instead."""
    try:
        server = Ministack(auth)
    except NoMinistack as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"ministack cannot start: {missing}", pytrace=False)
        pytest.skip(f"no ministack: {missing}")
    try:
        yield server
    finally:
        server.stop()


class Ministack:
    """Started when made. `reset()` makes it new, `stop()` ends it and what it started.

    The credentials of `environment` and `client` are those of the account's root user, whom no policy refuses anything.
    """

    def __init__(self, auth: bool = False) -> None:
        self._auth = auth
        self._python = interpreter()
        self._folder = tempfile.TemporaryDirectory(prefix="clickctl-ministack-")
        self._log = Path(self._folder.name, "server.log")
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[Any] = []
        try:
            for _ in range(3):  # somebody else may take a port between its choice and its use
                if self._started():
                    return
            raise NoMinistack(f"it does not start:\n{self.log[-2000:]}")
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"{'https' if self._auth else 'http'}://127.0.0.1:{self._port}"

    @property
    def certificate(self) -> Path:
        """Of the server itself: it makes one, with OpenSSL's command, when it starts to serve TLS."""
        return Path(self._folder.name, "ministack-tls", "server.crt")

    @property
    def environment(self) -> dict[str, str]:
        """In which clickctl finds it, and nothing of this machine's own AWS."""
        return {
            "AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _KEY, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **({"AWS_CA_BUNDLE": str(self.certificate)} if self._auth else {}),
        }  # fmt: skip

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:
        """`credentials` are those that AssumeRole or CreateAccessKey answers with; None: root's."""
        key = credentials or {"AccessKeyId": _KEY, "SecretAccessKey": _KEY}
        client = boto3.client(
            service, endpoint_url=self.url, region_name=REGION, verify=str(self.certificate) if self._auth else None,
            aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
            aws_session_token=key.get("SessionToken"),
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, proxies={}),
        )  # fmt: skip
        self._clients.append(client)
        return client

    def reset(self) -> None:
        """Forget everything, and end the processes of functions: they would outlive the server."""
        assert self._ask("POST", "/_ministack/reset", 30) == 200, self.log[-2000:]

    def stop(self) -> None:
        if self._process is not None:
            self._ask("POST", "/_ministack/reset", 30)
            for client in self._clients:  # it waits for connections over TLS that are kept open
                client.close()
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        self._folder.cleanup()

    def _started(self) -> bool:
        """False when the process ended by itself."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        folder = self._folder.name
        clean = {  # functions inherit all of it
            "PATH": os.environ.get("PATH", os.defpath), "HOME": folder, "TMPDIR": folder, "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self._port), "MINISTACK_REGION": REGION, "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0",
            "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0",
        }  # fmt: skip
        if self._auth:
            clean |= {"AUTH": "true", "USE_SSL": "1", "AWS_ACCESS_KEY_ID": _KEY, "AWS_SECRET_ACCESS_KEY": _KEY}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._python, "-m", "ministack"], env=clean, cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        until = time.monotonic() + _START_SECONDS
        while self._process.poll() is None:
            if self._ask("GET", "/_ministack/health", 2) == 200:
                return True
            if time.monotonic() > until:
                raise NoMinistack(f"it is not ready after {_START_SECONDS} s:\n{self.log[-2000:]}")
            time.sleep(0.05)
        self._process = None
        return False

    def _ask(self, method: str, path: str, seconds: float) -> int:
        """The status of its answer, 0 without one. Not by way of a proxy, whatever the environment says."""
        try:
            with closing(self._connection(seconds)) as connection:
                connection.request(method, path)
                return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        if not (self._auth and self.certificate.exists()):
            return http.client.HTTPConnection("127.0.0.1", self._port, timeout=seconds)
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        return http.client.HTTPSConnection("127.0.0.1", self._port, timeout=seconds, context=trusted)
