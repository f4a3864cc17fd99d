"""The derivation itself, on small programs: no way of coming to a call is passed over."""

from __future__ import annotations

from textwrap import dedent

import pytest

pytest.importorskip("boto3")
pytest.importorskip("mypy")

from tests.permissions.clients import Call, Clients
from tests.permissions.derive import Derivation
from tests.permissions.program import read_program

pytestmark = pytest.mark.xdist_group("permissions")

CLIENTS = """
    from typing import Any

    def client(service: str, attempts: int = 8) -> Any: ...
"""
PORTS = """
    from typing import Protocol

    class Lake(Protocol):
        def get(self, key: str) -> str: ...
"""
LAKE = """
    from typing import Any
    from clickctl.aws.clients import client

    class S3Lake:
        @property
        def client(self) -> Any:
            return client("s3")

        def get(self, key: str) -> str:
            return str(self.client.get_object(Bucket="b", Key=key))

        def clear(self) -> None:
            self.client.delete_object(Bucket="b", Key="k")
"""
LOCAL = """
    from clickctl.aws.clients import client

    class FolderLake:
        def get(self, key: str) -> str:
            return str(client("sqs").receive_message())
"""
PROBLEM = """
    from typing import Any
    from clickctl.aws.clients import client
    def main(name: str, things: dict[str, Any]) -> None:
        """

GET, CLEAR = Call("s3", "GetObject"), Call("s3", "DeleteObject")
TWO = "one after the other"


WAYS: dict[str, tuple[str, set[Call]]] = {
    "by a protocol, of the aws backend alone": ("""
        from clickctl.ports import Lake
        def main(lake: Lake) -> None:
            lake.get("k")
    """, {GET}),
    "imported where it is used": ("""
        def main() -> None:
            from clickctl.aws.lake import S3Lake
            S3Lake().clear()
    """, {CLEAR}),
    "handed on to be called": ("""
        from functools import partial
        from clickctl.ports import Lake
        def main(lake: Lake) -> None:
            list(map(partial(lake.get), ["k"]))
    """, {GET}),
    "in a nested function and a lambda": ("""
        from clickctl.ports import Lake
        def main(lake: Lake) -> None:
            def inner() -> str:
                return (lambda: lake.get("k"))()
            inner()
    """, {GET}),
    "by a table of functions": ("""
        from collections.abc import Callable
        from clickctl.aws.lake import S3Lake
        def clear() -> None:
            S3Lake().clear()
        ACTS: dict[str, Callable[[], None]] = {"clear": clear}
        def main() -> None:
            ACTS["clear"]()
    """, {CLEAR}),
    "by a client that is handed on, in a special method": ("""
        from typing import Any
        from clickctl.aws.clients import client
        class Reader:
            def __init__(self, sqs: Any, name: str) -> None:
                self._sqs, self._name = sqs, name
            def __enter__(self) -> None:
                self._sqs.receive_message(QueueUrl=self._name)
            def __exit__(self, *_: object) -> None: ...
        def main() -> None:
            with Reader(client("sqs"), "q"):
                pass
    """, {Call("sqs", "ReceiveMessage")}),
    "by name": ("""
        from typing import Any
        from clickctl.aws.clients import client
        def ask(operation: str, **words: Any) -> Any:
            return getattr(client("athena"), operation)(**words)
        def main() -> None:
            ask("stop_query_execution")
            found = client("glue").get_paginator("get_partitions").paginate()
            list(found)
    """, {Call("athena", "StopQueryExecution"), Call("glue", "GetPartitions")}),
    "by a helper of boto3": ("""
        from clickctl.aws.clients import client
        def main() -> None:
            s3 = client("s3")
            s3.download_fileobj("b", "k", None)
            print(client("glue").meta.region_name)
    """, {GET, Call("s3", "HeadObject")}),
    "no method of another thing with the same name": ("""
        from clickctl.ports import Lake
        def main(lakes: dict[str, Lake], names: dict[str, str]) -> None:
            names.get("k")
            lakes.get("k")
    """, set()),
    TWO: ("""
        from clickctl.aws.lake import S3Lake
        def main() -> None:
            S3Lake().get("k")
            S3Lake().clear()
    """, {GET, CLEAR}),
}  # fmt: skip
"""Programs, and what their `main` comes to call."""

PROBLEMS = {
    "client('s3').no_such_operation()": "s3 has no operation no_such_operation",
    "client(name)": "the service of a client is not written there",
    "things['s3'].get_object()": "get_object of something that is not known to be a client",
}
"""Statements that cannot be understood, and what is told of them."""


@pytest.fixture(scope="module")
def derivation(tmp_path_factory: pytest.TempPathFactory) -> Derivation:
    """Of all these programs at once, each a module."""
    folder = tmp_path_factory.mktemp("programs")
    files = {"aws/clients": CLIENTS, "ports": PORTS, "aws/lake": LAKE, "local/lake": LOCAL}
    files |= {module("way", n): text for n, (text, _) in enumerate(WAYS.values())}
    files |= {module("problem", n): f"{PROBLEM}{line}" for n, line in enumerate(PROBLEMS)}
    for name, text in files.items():
        path = folder / "clickctl" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(dedent(text), "utf-8")
    program = read_program(folder)
    return Derivation(program, Clients(program).read())


def module(kind: str, number: int) -> str:
    return f"{kind}_{number}"


@pytest.mark.parametrize("way", WAYS)
def test_a_call_is_found(way: str, derivation: Derivation) -> None:
    entry = f"clickctl.{module('way', list(WAYS).index(way))}.main"
    assert derivation.of(entry).calls == WAYS[way][1]


def test_what_is_not_understood_is_told_and_nothing_else(derivation: Derivation) -> None:
    told = [problem.partition(": ")[2] for problem in derivation.clients.problems]
    assert sorted(told) == sorted(PROBLEMS.values())


def test_what_is_left_out_is_not_entered_and_the_way_to_the_rest_is_told(derivation: Derivation) -> None:
    entry = f"clickctl.{module('way', list(WAYS).index(TWO))}.main"
    found = derivation.of(entry, without=["clickctl.aws.lake.S3Lake.clear"])
    assert found.calls == {GET}
    assert found.ways[GET] == (entry, "clickctl.aws.lake.S3Lake.get")
