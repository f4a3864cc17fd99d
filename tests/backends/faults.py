"""Real lakes that watch, fail or die at a chosen operation, and processes that die at a chosen system call."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

from clickctl.lakes import Lake, ObjectInfo, Opened
from clickctl.local.lake import FolderLake

T = TypeVar("T")

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["__main__", "tests.backends.dying"])
"""Children forked from one idle process without threads that has imported everything: some 10 ms each."""

_CHANGES = {"os.link", "os.rename", "os.remove", "os.rmdir", "os.mkdir"}


class Step(NamedTuple):
    """One operation on a lake. Numbers begin at 0."""

    number: int
    name: str
    location: str

    @property
    def changes(self) -> bool:
        """Whether it can leave the lake another."""
        return self.name in ("put_if", "upload", "copy", "delete")


Watch = Callable[[Step], None]


def moments(lake: Lake, steps: Sequence[Step]) -> list[Step]:
    """Where to break in: everywhere. In S3, where that takes long, at the first step and wherever something changes.

    Of many changes of one kind in a row, such as all the files that are put, at the first and the last.
    """
    if isinstance(lake, FolderLake):
        return [*steps]
    rows = [[*row] for _, row in itertools.groupby(steps, lambda step: step.name)]
    ends = [step for row in rows if row[0].changes for step in (row[0], row[-1])]
    return [*dict.fromkeys((steps[0], *ends))]


class Killed(BaseException):
    """Stands for kill -9 inside one process: nothing of ours catches it."""


class WatchedLake:
    """A lake that tells of each operation before it begins and after it is done.

    One operation at a time, so the state after one is the state before the next.
    """

    def __init__(self, lake: Lake, before: Watch = lambda step: None, after: Watch = lambda step: None) -> None:
        self._lake, self._before, self._after = lake, before, after
        self._numbers, self._lock = itertools.count(), threading.RLock()

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return iter(self._do("list", prefix, lambda: list(self._lake.list(prefix))))

    def get(self, location: str) -> tuple[bytes, str] | None:
        return self._do("get", location, lambda: self._lake.get(location))

    def open(self, location: str) -> BinaryIO:
        return self._do("open", location, lambda: self._lake.open(location))

    def stream(self, location: str, version: str = "") -> Opened | None:
        return self._do("stream", location, lambda: self._lake.stream(location, version))

    def tail(self, location: str, count: int) -> tuple[bytes, int] | None:
        return self._do("tail", location, lambda: self._lake.tail(location, count))

    def put_if(self, location: str, data: bytes, etag: str | None) -> str:
        return self._do("put_if", location, lambda: self._lake.put_if(location, data, etag))

    def upload(self, path: Path, location: str) -> None:
        self._do("upload", location, lambda: self._lake.upload(path, location))

    def copy(self, source: str, target: str) -> None:
        self._do("copy", target, lambda: self._lake.copy(source, target))

    def delete(self, locations: Iterable[str]) -> None:
        doomed = [*locations]
        self._do("delete", " ".join(doomed), lambda: self._lake.delete(doomed))

    def _do(self, name: str, location: str, act: Callable[[], T]) -> T:
        with self._lock:
            step = Step(next(self._numbers), name, location)
            self._before(step)
            result = act()
            self._after(step)
            return result


def once(name: str, part: str, act: Callable[[], Any]) -> Watch:
    """Do something at the first operation of this name on a location that holds `part`."""
    waiting = [act]

    def watch(step: Step) -> None:
        if step.name == name and part in step.location and waiting:
            waiting.pop()()

    return watch


def at(number: int, act: Callable[[], Any]) -> Watch:
    """Do something at one operation, by its number."""

    def watch(step: Step) -> None:
        if step.number == number:
            act()

    return watch


def from_on(number: int, error: BaseException) -> Watch:
    """Fail at this operation and every later one."""

    def watch(step: Step) -> None:
        if step.number >= number:
            raise error

    return watch


def failing(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def kill_me() -> None:
    """As kill -9, the out-of-memory killer and a power button do."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at_change(number: int, folder: str) -> None:
    """Die before the number-th change this process makes to names under `folder`."""
    numbers = itertools.count()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        changes = event in _CHANGES or (event == "open" and isinstance(args[2], int) and args[2] & os.O_WRONLY)
        if changes and str(args[0]).startswith(folder) and next(numbers) == number:
            kill_me()

    sys.addaudithook(hook)


def process(target: Callable[..., None], *args: Any) -> ForkServerProcess:
    """A process of its own, to be started, for one function. Its environment is ours as it is now."""
    # The server it is forked from may be older than that.
    return FORKS.Process(target=_with_environment, args=(dict(os.environ), target, args), daemon=True)


def _with_environment(environment: dict[str, str], target: Callable[..., None], args: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target(*args)


def in_child(target: Callable[..., None], *args: Any) -> int:
    """Run a function in a process of its own; its exit code, negative for the signal that ended it."""
    child = process(target, *args)
    child.start()
    child.join()
    assert child.exitcode is not None
    return child.exitcode


def killed(code: int) -> bool:
    return code == -signal.SIGKILL
