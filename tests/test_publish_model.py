"""Any sequence of raw files, runs, crashes, errors and interleavings ends in exactly the rows it should."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from clickctl.domain.errors import ClickctlError, LakeError
from clickctl.domain.hours import unit_from_name
from clickctl.domain.ledger import Owner
from clickctl.local.lake import FolderLake
from tests.backends.faults import Killed, WatchedLake, at, failing, from_on
from tests.backends.small_lake import SmallLake, small_lake

DAYS = ["2026-01-05", "2026-01-06"]
HOURS = ["2026-01-05T13", "2026-01-05T14", "2026-01-06T00"]
MEMORY = Path("/dev/shm")

hours = st.sampled_from(HOURS)
units = st.sampled_from(HOURS + DAYS)
pages = st.lists(
    st.sampled_from(["/a", "/b", "/c", "/old@2026-01-04", "/old@2026-01-05", "/older@2026-01-03"]), max_size=4
)
moments = st.integers(0, 30)


class OneRun:
    """Liveness of runs that share one process: each is alive until it ends, however it ends."""

    def __init__(self, number: int, ended: set[int]) -> None:
        self._number, self._ended = number, ended

    def me(self) -> Owner:
        return Owner("here", self._number, "", "2026-01-07T00:00:00Z")

    def alive(self, owner: Owner) -> bool:
        return owner.pid not in self._ended


class LakeMachine(RuleBasedStateMachine):
    """A lake, and beside it what was put into it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="clickctl-test-", dir=MEMORY if MEMORY.is_dir() else None))
        self.small = small_lake(FolderLake(), str(self.folder), self.folder)
        self.raw: dict[str, dict[str, list[str]]] = {}
        self.ended: set[int] = set()
        self.runs = 0

    def teardown(self) -> None:
        try:
            self.everything_committed(DAYS, force=True)
            assert self.small.litter() == []
        finally:
            shutil.rmtree(self.folder)

    @initialize(first=pages, second=pages)
    def raw_arrives(self, first: list[str], second: list[str]) -> None:
        for hour, pages in zip(HOURS, (first, second, ["/a"]), strict=True):
            self.put(hour, "part-0.json", pages)

    @invariant()
    def what_nobody_is_publishing_lies_as_it_was_committed(self) -> None:
        sizes = {info.location: info.size for info in self.small.lake.list(f"{self.small.roots.processed}/")}
        for day in DAYS:
            entries = self.small.ledger(day).units.values()
            for entry in entries if not any(entry.publishing for entry in entries) else ():
                for file in entry.commit.files if entry.commit else ():
                    assert sizes[f"{self.small.roots.processed}/{file.key}"] == file.size

    @rule(hour=hours, name=st.sampled_from(["part-0.json", "part-1.json"]), pages=pages)
    def put(self, hour: str, name: str, pages: list[str]) -> None:
        self.small.put(hour, *pages, name=name)
        self.raw.setdefault(hour, {})[name] = pages

    @rule(unit=units, force=st.booleans())
    def run(self, unit: str, force: bool) -> None:
        self.attempt(unit, self.small, force)

    @rule(unit=units, moment=moments, force=st.booleans())
    def crash(self, unit: str, moment: int, force: bool) -> None:
        dying = self.small.over(WatchedLake(self.small.lake, from_on(moment, Killed())))
        with suppress(Killed):
            self.attempt(unit, dying, force)

    @rule(unit=units, moment=moments, answered=st.booleans())
    def fail(self, unit: str, moment: int, answered: bool) -> None:
        fault = {"before" if answered else "after": at(moment, failing(LakeError("it broke")))}
        self.attempt(unit, self.small.over(WatchedLake(self.small.lake, **fault)), force=False)

    @rule(outer=units, inner=units, moment=moments, force=st.booleans())
    def run_one_inside_the_other(self, outer: str, inner: str, moment: int, force: bool) -> None:
        nested = at(moment, lambda: self.attempt(inner, self.small, force))
        self.attempt(outer, self.small.over(WatchedLake(self.small.lake, nested)), force)

    @rule()
    def settle(self) -> None:
        self.everything_committed(sorted(self.raw), force=False)

    def attempt(self, unit: str, small: SmallLake, force: bool) -> str:
        """One run from beginning to end, of whatever kind; its outcome or the name of its error."""
        self.runs += 1
        number = self.runs
        try:
            return replace(small, liveness=OneRun(number, self.ended)).run(unit, force=force).outcome
        except ClickctlError as error:
            return type(error).__name__
        finally:
            self.ended.add(number)

    def everything_committed(self, wanted: list[str], *, force: bool) -> None:
        """Run these, and find in the lake the rows of their raw files, once for each unit, and nothing else."""
        for unit in wanted:
            if any(hour.startswith(unit) for hour in self.raw):
                assert self.attempt(unit, self.small, force) in ("committed", "unchanged")
        expected: list[str] = []
        for day in DAYS:
            committed = self.small.ledger(day).committed()
            held = [str(unit) for unit in committed]
            assert not (day in held and len(held) > 1), "an hour belongs to two units"
            for unit in committed:
                expected += [page for page, _ in self.events(str(unit))]
        assert self.small.pages() == sorted(expected)
        assert set(self.raw) <= {str(hour) for day in DAYS for hour in self.hours_held(day)}
        assert self.small.unowned() == []

    def events(self, unit: str) -> set[tuple[str, str]]:
        """Path and time of every different event of a unit's raw files."""
        found = set()
        for hour in (hour for hour in self.raw if hour.startswith(unit)):
            for page in chain(*self.raw[hour].values()):
                path, _, day = page.partition("@")
                found.add((path, day or hour))
        return found

    def hours_held(self, day: str) -> set[str]:
        committed = self.small.ledger(day).committed()
        return {str(hour) for unit in committed for hour in unit_from_name(str(unit)).hours}


LakeMachine.TestCase.settings = settings(
    max_examples=80, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnySequence = LakeMachine.TestCase
