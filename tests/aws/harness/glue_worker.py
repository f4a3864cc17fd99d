"""A process that runs the job's script as Glue does, again and again in one Spark session.

Reads a line of JSON for each run, `{"argv": [...], "dies_after": null}`, and writes what the
script prints as `{"out": line}`, then `{"code": n}`.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any, TextIO

from clickctl import spark
from tests.aws.harness.script import load_script


def serve() -> None:
    # What else would be printed here, as by the JVM, goes to the log of errors.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    spark._ONE_MACHINE["spark.master"] = "local[2]"
    for line in sys.stdin:
        asked = json.loads(line)
        with redirect_stdout(_Lines(answers)):
            code = _run(asked["argv"], asked["dies_after"])
        _answer(answers, code=code)


def _run(argv: list[str], dies_after: int | None) -> int:
    try:
        return int(load_script(_killed_after(dies_after)).main(argv))
    except BaseException:
        traceback.print_exc()
        return 1


def _killed_after(operations: int | None) -> Callable[[int], None]:
    def before(operation: int) -> None:
        if operations is not None and operation > operations:
            os.kill(os.getpid(), signal.SIGKILL)

    return before


def _answer(answers: TextIO, **fields: Any) -> None:
    answers.write(json.dumps(fields) + "\n")


class _Lines(io.TextIOBase):
    """Passes whole lines on at once, so that they survive when this process does not."""

    def __init__(self, answers: TextIO) -> None:
        self._answers, self._begun = answers, ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            _answer(self._answers, out=line)
        return len(text)


if __name__ == "__main__":
    serve()
