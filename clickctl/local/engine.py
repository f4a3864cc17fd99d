"""The local engine: the kernel in this process and its workers. All cores, no JVM."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from clickctl.domain.errors import EngineError, LakeError
from clickctl.domain.quality import Quality
from clickctl.job import Meter, Part, UnitWork, by_target, finish, unit_errors
from clickctl.plan.unit import UnitOrder
from clickctl.ports import Ended, Outcome
from clickctl.publish import Publisher
from clickctl.transform.chunks import Chunk, Target, read_chunks

T = TypeVar("T")
R = TypeVar("R")
Transformed = tuple[list[Quality], list[Part]]

_SMALL = 8 << 20
"""Bytes of input up to which a unit is not worth spreading over workers."""


class LocalEngine:
    """Runs a small unit as one task and spreads a large one over the workers."""

    name = "local"
    units_per_run = 1

    def __init__(self, publisher: Publisher, workers: int, spill_dir: str, *, units_at_once: int = 1) -> None:
        self._publisher = publisher
        self._workers = workers or os.cpu_count() or 1
        self._spill_dir = spill_dir or tempfile.gettempdir()
        self._inline = units_at_once == 1
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        _sweep(self._spill_dir)

    def run(self, orders: Sequence[UnitOrder]) -> Sequence[Ended]:
        return [self._run(order) for order in orders]

    def interrupt(self) -> None:
        """What runs here is finished."""

    def _run(self, order: UnitOrder) -> Outcome:
        started = time.monotonic()
        with unit_errors(self._publisher, order), scratch(self._spill_dir) as folder:
            work = UnitWork(order, self._publisher, folder)
            counted, parts = self._transform(work)
            return finish(order, self._publisher, counted, parts, self.name, Meter(started))

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _transform(self, work: UnitWork) -> Transformed:
        small = work.order.bytes_in <= _SMALL or self._workers == 1
        if small and self._inline:
            return transform(work, map)
        try:
            pool = self._started_pool()
            if small:
                return pool.submit(_transform_alone, work).result()
            return transform(work, pool.map)
        except KeyboardInterrupt:
            for worker in multiprocessing.active_children():
                worker.kill()  # what they have written is scratch; nobody should wait for more of it
            raise
        except BrokenProcessPool:
            raise EngineError(
                f"A worker process died while {work.order.unit} was running; most often it ran out of memory.",
                hint="Lower job.workers, or raise the machine's memory, then run the same command again.",
            ) from None

    def _started_pool(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                context = multiprocessing.get_context("forkserver")
                context.set_forkserver_preload(["clickctl.local.preload"])
                self._pool = ProcessPoolExecutor(self._workers, context, initializer=_start_worker)
            return self._pool


def transform(work: UnitWork, run: Callable[[Callable[[T], R], Iterable[T]], Iterable[R]]) -> Transformed:
    """Read every input, then write every target; `run` is map, here or over a pool."""
    largest_first = sorted(work.order.inputs, key=lambda source: -source.size)
    reads = list(run(work.read, largest_first))  # type: ignore[arg-type]
    parts = list(run(partial(_write, work), by_target(reads).items()))  # type: ignore[arg-type]
    return [result.quality for result in reads], parts  # type: ignore[attr-defined, return-value]


def _transform_alone(work: UnitWork) -> Transformed:
    return transform(work, map)


def _write(work: UnitWork, item: tuple[Target, Sequence[tuple[Path, Chunk]]]) -> Part:
    target, found = item
    buffers: list[pa.Buffer] = []
    sources: list[str] = []
    for path in dict.fromkeys(path for path, _ in found):
        chunks = [chunk for where, chunk in found if where == path]
        buffers += read_chunks(path, chunks)
        sources += [chunk.source for chunk in chunks]
    return work.write(target, buffers, sources)


def _start_worker() -> None:
    """Ctrl-C is the parent's to handle; a worker whose parent was killed ends itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


@contextmanager
def scratch(parent: str) -> Iterator[Path]:
    """A folder for spill files, named after this process so that a killed one's can be told."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"clickctl-{os.getpid()}-", dir=parent or None))
    except OSError as error:
        raise LakeError(f"Cannot make a scratch folder: {error}.", hint="Check job.spill_dir.") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: str) -> None:
    """Remove the scratch folders of processes that were killed."""
    for folder in _abandoned(parent):
        shutil.rmtree(folder, ignore_errors=True)


def _abandoned(parent: str) -> Iterator[Path]:
    for folder in Path(parent).glob("clickctl-*-*"):
        pid = folder.name.split("-")[1]
        if pid.isdigit() and not _exists(int(pid)):
            yield folder


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
