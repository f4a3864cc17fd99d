"""The ledger: one JSON document per arrival day, the single truth about what is in the lake.

Documented key by key in docs/data-contract.md. Times are ISO 8601 in UTC. Keys of files are
relative to the processed root, those of quarantine files to the quarantine root, and those of
inputs to the raw root, so that a lake can be moved.
"""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from clickctl.domain.errors import DamagedLedger
from clickctl.domain.hours import Day, Hour, Unit, unit_from_name
from clickctl.domain.layout import TABLES
from clickctl.domain.quality import Quality
from clickctl.domain.structure import from_plain, to_plain

VERSION = 1


@dataclass(frozen=True, order=True)
class InputFile:
    key: str
    etag: str
    size: int


@dataclass(frozen=True, order=True)
class OutputFile:
    table: str
    day: Day
    key: str
    size: int
    rows: int


@dataclass(frozen=True)
class Commit:
    """What a unit holds once it is committed.

    `transform` names the rules that made it (version and settings): when they change, the unit is
    stale. `seconds` is wall time; `dpu_hours` and `cost` (US dollars) are what the job itself reckons
    where the engine is billed, else None. Units that share one job run have their shares, by bytes.
    """

    run_id: str
    committed_at: str
    inputs: tuple[InputFile, ...]
    fingerprint: str
    files: tuple[OutputFile, ...]
    quality: Quality
    transform: str
    code_version: str
    engine: str
    seconds: float
    cost: float | None = None
    dpu_hours: float | None = None

    @property
    def event_days(self) -> tuple[Day, ...]:
        """The days its rows lie in."""
        return tuple(sorted({file.day for file in self.files if file.table in TABLES}))


@dataclass(frozen=True)
class Owner:
    """Who publishes: enough to tell later whether it still lives.

    `host`, `pid` and `started` name a process; `job_run` a Glue job run, as `job/run id`.
    `renewed_at` is a lease for everybody who cannot ask more directly.
    """

    host: str
    pid: int
    started: str
    renewed_at: str
    job_run: str | None = None


@dataclass(frozen=True)
class Publishing:
    """A publish under way, or torn: the files it puts and those it will delete."""

    run_id: str
    owner: Owner
    files: tuple[OutputFile, ...]
    replaces: tuple[OutputFile, ...]
    replaced_units: tuple[Unit, ...] = ()


@dataclass(frozen=True)
class Failure:
    run_id: str
    at: str
    error: str
    hint: str = ""


@dataclass(frozen=True)
class UnitEntry:
    """A unit as the ledger holds it. A failed rerun leaves the earlier commit standing."""

    commit: Commit | None = None
    publishing: Publishing | None = None
    failure: Failure | None = None

    @property
    def how_torn(self) -> str:
        """Why nobody is at a publish that was begun: its run failed and said so, or died."""
        if self.failure and self.publishing and self.failure.run_id == self.publishing.run_id:
            return f"a run failed while publishing it: {self.failure.error}"
        return "a run died while publishing it"


@dataclass(frozen=True)
class Ledger:
    """The units of one arrival day, by name. Each raw hour belongs to at most one committed unit."""

    day: Day
    units: dict[str, UnitEntry] = field(default_factory=dict)
    version: int = VERSION

    def entry(self, unit: Unit) -> UnitEntry:
        return self.units.get(str(unit), UnitEntry())

    def with_entry(self, unit: Unit, entry: UnitEntry) -> Ledger:
        """A ledger with this entry; an empty one removes the unit."""
        units = {**self.units, str(unit): entry}
        if entry == UnitEntry():
            del units[str(unit)]
        return replace(self, units=dict(sorted(units.items())))

    def unit_of(self, hour: Hour) -> Unit:
        """The unit that holds or is replacing this hour: the whole day once that is live."""
        entry = self.entry(self.day)
        return self.day if entry.commit or entry.publishing else hour

    def committed(self) -> dict[Unit, Commit]:
        return {unit_from_name(name): entry.commit for name, entry in self.units.items() if entry.commit}


def fingerprint(inputs: Iterable[InputFile]) -> str:
    """One word for exactly these objects: 32 hex digits over sorted keys, ETags and sizes."""
    text = json.dumps([[f.key, f.etag, f.size] for f in sorted(inputs)])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def dump(ledger: Ledger) -> bytes:
    return json.dumps(to_plain(ledger), separators=(",", ":")).encode()


def load(data: bytes, where: str) -> Ledger:
    """Read a ledger document; DamagedLedger for one that is damaged or from a newer version."""
    try:
        plain = json.loads(data, parse_constant=_refused)
        version = plain["version"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise DamagedLedger(f"The ledger {where} is not a ledger document.", hint=_REPAIR) from None
    if isinstance(version, int) and version > VERSION:
        raise DamagedLedger(
            f"The ledger {where} has version {reprlib.repr(version)}; this clickctl reads up to {VERSION}.",
            hint="Upgrade clickctl here: a newer one has written this lake.",
        )
    try:
        ledger = from_plain(Ledger, plain)
        strangers = [name for name in ledger.units if unit_from_name(name).day != ledger.day]
        if strangers or ledger.version < 1:
            raise ValueError(f"it names {strangers[0]}" if strangers else f"its version is {ledger.version}")
        for commit in ledger.committed().values():
            _check_times(commit)
        return ledger
    except ValueError as error:
        raise DamagedLedger(f"The ledger {where} is damaged: {error}.", hint=_REPAIR) from None


def _refused(constant: str) -> None:
    """NaN and its like are not JSON, whatever Python's reader makes of them."""
    raise ValueError(constant)


def _check_times(commit: Commit) -> None:
    for text in (commit.committed_at, commit.quality.min_event_time, commit.quality.max_event_time):
        if text is not None:
            datetime.fromisoformat(text)


_REPAIR = "Put its last good version back; docs/runbook.md, 'ledger damaged', tells how, and what to do without one."
