"""A lake small enough to look at whole after every step, run by the real kernel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from clickctl.domain.hours import Day, Hour, HourRange, unit_from_name
from clickctl.domain.layout import FACTS, owner_of
from clickctl.domain.ledger import Ledger, UnitEntry
from clickctl.domain.rules import QualityRules
from clickctl.domain.structure import to_plain
from clickctl.execute import UnitResult, UnitRunner
from clickctl.lakes import Lake
from clickctl.liveness import ProcessLiveness
from clickctl.local.engine import LocalEngine
from clickctl.ports import Liveness
from clickctl.publish import Publisher
from clickctl.roots import LakeRoots
from clickctl.survey import status_of

DAYS = tuple(unit_from_name(f"2026-01-{n:02}") for n in range(3, 8))
_RULES = QualityRules()
_LATER = Hour(datetime(2026, 2, 1, tzinfo=UTC))
_OF_A_RUN = {"run_id", "committed_at", "seconds"}


@dataclass(frozen=True)
class SmallLake:
    """Raw hours go in with `put`, units run with `run`. Rows are known by their page_url."""

    lake: Lake
    roots: LakeRoots
    scratch: str
    liveness: Liveness
    target_bytes: int = 128 << 20

    @property
    def publisher(self) -> Publisher:
        return Publisher(self.lake, self.roots, self.liveness)

    def put(self, hour: str, *pages: str | dict[str, Any], name: str = "part-0.json") -> None:
        """A raw file with an event for each page: `/a`, or `/a@2026-01-04` for one that is late."""
        location = self.raw(hour, name)
        data = b"".join(json.dumps(_event(hour, page)).encode() + b"\n" for page in pages)
        present = self.lake.get(location)
        self.lake.put_if(location, data, present[1] if present else None)

    def raw(self, hour: str, name: str = "part-0.json") -> str:
        return f"{self.roots.raw}/{hour.replace('-', '/').replace('T', '/')}/{name}"

    def run(self, unit: str, *, force: bool = False) -> UnitResult:
        runner = UnitRunner(self.publisher, _RULES, self.target_bytes)
        return runner.run(unit_from_name(unit), LocalEngine(self.publisher, 1, self.scratch), force=force)

    def over(self, lake: Lake) -> SmallLake:
        """The same place through another lake object."""
        return replace(self, lake=lake)

    def state(self, hour: str) -> str:
        """What `status` says about one hour."""
        unit = unit_from_name(hour)
        assert isinstance(unit, Hour)
        return status_of(self.publisher, HourRange(unit, unit.plus(1)), _RULES, _LATER).hours[0].state

    def entry(self, unit: str) -> UnitEntry:
        return self.ledger(unit[:10]).entry(unit_from_name(unit))

    def ledger(self, day: str) -> Ledger:
        found = unit_from_name(day)
        assert isinstance(found, Day)
        return self.publisher.ledger(found)

    def pages(self, where: str = "", table: str = FACTS) -> list[str]:
        """The page of every row a reader of the Parquet files sees now, sorted; `where` is part of a key."""
        found: list[str] = []
        for key in self.files():
            if key.startswith(f"{table}/") and where in key:
                found += self.rows(key).column("page_url" if table == FACTS else "user_id").to_pylist()
        return sorted(found)

    def rows(self, key: str) -> Any:
        return pq.read_table(BytesIO(self._read(f"{self.roots.processed}/{key}")))

    def files(self) -> list[str]:
        """Keys of every data file a reader sees."""
        return [key for key in self._keys() if _is_data(key)]

    def contents(self) -> dict[str, bytes]:
        """Key to bytes, of every data file."""
        return {key: self._read(f"{self._root_of(key)}/{key}") for key in self.files()}

    def ledgers(self) -> dict[str, Any]:
        """Every ledger as plain data, apart from what differs between any two runs."""
        return {str(day): _without(to_plain(self.ledger(str(day))), _OF_A_RUN) for day in DAYS}

    def unowned(self) -> list[str]:
        """Data files no committed unit owns, and files that units say they own but are not there."""
        owned = {
            file.key for day in DAYS for commit in self.ledger(str(day)).committed().values() for file in commit.files
        }
        return sorted(owned ^ set(self.files()))

    def litter(self) -> list[str]:
        """Everything that is neither data nor a ledger: staged files, half-written files."""
        visible = {key for key in self._keys() if not _is_data(key) and not key.startswith("_ledger/")}
        roots = [root for root in (self.roots.processed, self.roots.quarantine) if not root.startswith("s3://")]
        hidden = [str(path) for root in roots for path in Path(root).rglob("*.tmp-*")]
        hidden += [str(path) for root in roots for path in Path(root, "_staging").glob("*")]
        return sorted({*visible, *hidden})

    def clone(self, root: str) -> SmallLake:
        """A copy at another place of the same kind, which shares the raw files."""
        roots = replace(self.roots, processed=f"{root}/processed", quarantine=f"{root}/quarantine")
        for ours, theirs in ((self.roots.processed, roots.processed), (self.roots.quarantine, roots.quarantine)):
            for info in self.lake.list(f"{ours}/"):
                self.lake.copy(info.location, f"{theirs}{info.location.removeprefix(ours)}")
        return replace(self, roots=roots)

    def beside(self, name: str) -> SmallLake:
        """A copy that lies beside this one."""
        return self.clone(f"{self.roots.processed.rpartition('/')[0]}/{name}")

    def _keys(self) -> Iterator[str]:
        for root in (self.roots.processed, self.roots.quarantine):
            yield from (info.location.removeprefix(f"{root}/") for info in self.lake.list(f"{root}/"))

    def _read(self, location: str) -> bytes:
        found = self.lake.get(location)
        assert found is not None, f"{location} is gone"
        return found[0]

    def _root_of(self, key: str) -> str:
        return self.roots.quarantine if key.endswith(".json.gz") else self.roots.processed


def small_lake(lake: Lake, root: str, folder: Path) -> SmallLake:
    """One whose roots lie in `root`, with a scratch folder in `folder`."""
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    roots = LakeRoots(*(f"{root}/{name}" for name in ("raw", "processed", "quarantine", "alerts")))
    return SmallLake(lake, roots, str(scratch), ProcessLiveness())


def _is_data(key: str) -> bool:
    return owner_of(key) is not None and not key.startswith("_")


def _event(hour: str, page: str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(page, dict):
        return page
    path, _, day = page.partition("@")
    time = f"{day}T00:05:00Z" if day else f"{hour}:30:00Z"
    return {"event_time": time, "user_id": f"user of {path}", "session_id": "s", "action": "click",
            "page_url": path, "user_agent": "agent", "ip": "10.0.0.1", "attributes": {}}  # fmt: skip


def _without(plain: Any, names: set[str]) -> Any:
    if isinstance(plain, dict):
        return {key: _without(value, names) for key, value in plain.items() if key not in names}
    return [_without(value, names) for value in plain] if isinstance(plain, list) else plain
