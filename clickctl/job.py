"""What every engine does around the kernel: read one input, write one target, check, publish.

An engine decides where these run: in this process, in workers of this machine, or on a cluster.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import pyarrow as pa

import clickctl
from clickctl.domain.errors import ClickctlError, LakeError, RunFailed
from clickctl.domain.layout import QUARANTINE, output_file, raw_hour
from clickctl.domain.ledger import Commit, InputFile, OutputFile
from clickctl.domain.quality import Quality, total
from clickctl.lakes import Lake
from clickctl.observe import list_raw
from clickctl.plan.unit import UnitOrder
from clickctl.ports import Outcome
from clickctl.publish import Publisher, now_text
from clickctl.roots import LakeRoots
from clickctl.transform.chunks import Chunk, Target
from clickctl.transform.read import RawFile, ReadResult, read_file
from clickctl.transform.write import write_file

# The machine's own allocator keeps the pages it has: measured, a tenth of the time of a run less
# than with the allocators Arrow brings, which give them back to the system between blocks.
pa.set_memory_pool(pa.system_memory_pool())


@dataclass(frozen=True)
class Part:
    """A file that lies staged in the lake, and what was counted while writing it."""

    file: OutputFile
    quality: Quality


@dataclass(frozen=True)
class Meter:
    """What a unit takes so far. `started` is a reading of time.monotonic, `share` the unit's part of its run."""

    started: float
    share: float = 1.0
    dpus: float = 0.0
    dollars_per_dpu_hour: float = 0.0

    @property
    def seconds(self) -> float:
        return (time.monotonic() - self.started) * self.share

    @property
    def dpu_hours(self) -> float | None:
        """None where nothing is billed."""
        return round(self.seconds * self.dpus / 3600, 6) if self.dpus else None

    @property
    def dollars(self) -> float | None:
        hours = self.dpu_hours
        return None if hours is None else round(hours * self.dollars_per_dpu_hour, 6)


@dataclass(frozen=True)
class UnitWork:
    """The work of one order in a scratch folder of the machine it runs on. Picklable."""

    order: UnitOrder
    publisher: Publisher
    scratch: Path

    @property
    def lake(self) -> Lake:
        return self.publisher.lake

    @property
    def roots(self) -> LakeRoots:
        return self.publisher.roots

    def read(self, source: InputFile) -> ReadResult:
        """Read one raw file into a spill file under the scratch folder."""

        def opened() -> BinaryIO:
            return self.lake.open(f"{self.roots.raw}/{source.key}")

        arrival = raw_hour(source.key)
        assert arrival is not None  # what is listed as input has such a key
        file = RawFile(source.key, source.size, arrival, opened)
        with _disk_errors(f"read {source.key}, or write scratch files for it"):
            return read_file(file, self.order.rules, self.order.shards, self.scratch / f"{uuid4().hex}.spill")

    def write(self, target: Target, chunks: list[pa.Buffer], sources: Sequence[str]) -> Part:
        """Write one target to the staging area. `sources` names the raw file of each chunk."""
        local = self.scratch / f"{uuid4().hex}.out"
        try:
            with _disk_errors("write scratch files"):
                written = write_file(target, chunks, local, [str(raw_hour(source)) for source in sources])
            key = output_file(target.table, target.day, self.order.unit, target.bucket)
            file = OutputFile(target.table, target.day, key, written.size, written.rows)
            self.lake.upload(local, self.publisher.staged(self.order, file))
            return Part(file, written.quality)
        finally:
            local.unlink(missing_ok=True)


@contextmanager
def unit_errors(publisher: Publisher, order: UnitOrder) -> Iterator[None]:
    """Whatever goes wrong in here leaves nothing staged and a note in the ledger."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        with suppress(ClickctlError):  # the first error is the one to show; the next run cleans up
            publisher.abandon(order, error, getattr(error, "hint", ""))
        if isinstance(error, ClickctlError):
            error.changed = error.changed or "The unit is as before, or torn until it is run again."
        raise


def by_target(reads: Iterable[ReadResult]) -> dict[Target, list[tuple[Path, Chunk]]]:
    """Which chunks each output file is made of, in the order of source and place."""
    targets: dict[Target, list[tuple[Path, Chunk]]] = defaultdict(list)
    for result in reads:
        for chunk in result.chunks:
            targets[chunk.target].append((result.spill, chunk))
    for chunks in targets.values():
        chunks.sort(key=lambda found: (found[1].source, found[1].number))
    return dict(sorted(targets.items()))


def finish(
    order: UnitOrder,
    publisher: Publisher,
    counted: Sequence[Quality],
    parts: Sequence[Part],
    engine: str,
    meter: Meter,
) -> Outcome:
    """Check that nothing was lost (P4) and that the input stood still, then publish."""
    found = list_raw(publisher.lake, publisher.roots, order.unit).files
    if found != order.inputs:
        raise RunFailed(
            f"The raw files of {order.unit} changed while they were read.",
            hint=f"Run 'clickctl run-partition {order.unit}' again once the producers are done.",
        )
    quality = total([*counted, *(part.quality for part in parts)])
    files = tuple(_counted(part.file, quality) for part in sorted(parts, key=lambda part: part.file))
    quality = replace(quality, files_out=len(files), bytes_out=sum(file.size for file in files))
    if not quality.balances:
        raise RunFailed(
            f"{order.unit}: {quality.lines} lines became {quality.facts} facts, {quality.duplicates} duplicates "
            f"and {quality.quarantined} quarantined, which does not add up.",
            hint="This is a defect of clickctl: please report it with the raw files named in the ledger.",
        )
    commit = Commit(
        run_id=order.run_id,
        committed_at=now_text(),
        inputs=order.inputs,
        fingerprint=order.fingerprint,
        files=files,
        quality=quality,
        transform=order.rules.name,
        code_version=clickctl.__version__,
        engine=engine,
        seconds=round(meter.seconds, 3),
        cost=meter.dollars,
        dpu_hours=meter.dpu_hours,
    )
    return publisher.publish(order, commit)


def _counted(file: OutputFile, quality: Quality) -> OutputFile:
    return replace(file, rows=quality.quarantined) if file.table == QUARANTINE else file


@contextmanager
def _disk_errors(attempt: str) -> Iterator[None]:
    """The scratch folder can be full like any other, and a stream can break."""
    try:
        yield
    except OSError as error:
        raise LakeError(
            f"Cannot {attempt}: {error}.",
            hint="Free some room, or name a larger disk in job.spill_dir.",
        ) from error
