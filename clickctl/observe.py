"""What is there: raw files of a unit and ledgers of a range, read through the lake port."""

from __future__ import annotations

from dataclasses import dataclass

from clickctl.domain.errors import DamagedLedger
from clickctl.domain.hours import Day, Hour, Unit
from clickctl.domain.layout import is_raw_file, raw_hour, raw_prefix
from clickctl.domain.ledger import InputFile, Ledger
from clickctl.lakes import Lake
from clickctl.plan.partition import Seen
from clickctl.plan.unit import related
from clickctl.publish import Publisher
from clickctl.roots import LakeRoots


@dataclass(frozen=True)
class RawListing:
    """The raw files of a unit, how many other objects lie beside them, and what is in the way.

    `obstacles` are keys of folders that have the name of a raw file.
    """

    files: tuple[InputFile, ...]
    ignored: int
    obstacles: tuple[str, ...] = ()

    def of(self, unit: Unit) -> RawListing:
        """The part of a day's listing that belongs to one of its units."""
        prefix = raw_prefix(unit)
        files = tuple(file for file in self.files if file.key.startswith(prefix))
        return RawListing(files, self.ignored, tuple(key for key in self.obstacles if key.startswith(prefix)))


def list_raw(lake: Lake, roots: LakeRoots, unit: Unit) -> RawListing:
    """Every raw file of an hour or of a day's hours. Keys are relative to the raw root."""
    return list_raw_under(lake, roots, raw_prefix(unit))


def list_raw_under(lake: Lake, roots: LakeRoots, prefix: str) -> RawListing:
    """Every raw file whose key begins so."""
    files, ignored, obstacles = [], 0, set()
    for info in lake.list(f"{roots.raw}/{prefix}"):
        key = info.location.removeprefix(f"{roots.raw}/")
        folder = key.rpartition("/")[0]
        if raw_hour(key):
            files.append(InputFile(key, info.etag, info.size))
        elif folder.count("/") > 3 and is_raw_file(folder.split("/")[4]):
            obstacles.add("/".join(folder.split("/")[:5]))
        else:
            ignored += 1
    return RawListing(tuple(sorted(files)), ignored, tuple(sorted(obstacles)))


@dataclass(frozen=True)
class DaySeen:
    """One arrival day: its ledger and its raw files, from one read and one listing.

    `problem` says why the ledger could not be read; `ledger` is then an empty one.
    """

    day: Day
    ledger: Ledger
    raw: RawListing
    problem: str = ""


def see_day(publisher: Publisher, day: Day, raw: RawListing | None = None) -> DaySeen:
    """Observe a day. One damaged ledger is that day's problem; a lake that refuses is the range's.

    `raw` are its raw files, where they are known.
    """
    raw = raw or list_raw(publisher.lake, publisher.roots, day)
    try:
        return DaySeen(day, publisher.ledger(day), raw)
    except DamagedLedger as error:
        return DaySeen(day, Ledger(day), raw, error.message.rstrip("."))


def see_unit(publisher: Publisher, unit: Unit, *, joins: bool = False) -> tuple[Seen, RawListing]:
    """One unit. An hour of a day that is held as a day is seen as that day (promise P2)."""
    ledger = publisher.ledger(unit.day)
    if isinstance(unit, Hour):
        unit = ledger.unit_of(unit)
    raw = list_raw(publisher.lake, publisher.roots, unit)
    return judge_runs(publisher, unit, raw, ledger, joins=joins), raw


def judge_runs(publisher: Publisher, unit: Unit, raw: RawListing, ledger: Ledger, *, joins: bool) -> Seen:
    """Add whether the unit, or another one its run would touch, is torn or being published.

    `joins`: a job run that is publishing just this unit is named, for an engine that can join it.
    """
    publishing = {other: entry for other in related(unit, ledger) if (entry := ledger.entry(other)).publishing}
    torn = [publisher.torn(entry) for entry in publishing.values()]
    mine = publishing.get(unit)
    alone = joins and len(publishing) == 1 and mine is not None and mine.publishing is not None
    job_run = mine.publishing.owner.job_run if alone and mine and mine.publishing else None
    return Seen(unit, raw.files, ledger, any(torn), busy=not all(torn), obstacles=raw.obstacles, job_run=job_run or "")
