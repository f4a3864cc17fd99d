"""A claim lasts as long as its run works: it is renewed while files are put, however long that takes."""

from __future__ import annotations

import threading
from dataclasses import replace

from clickctl.domain.hours import unit_from_name
from clickctl.domain.ledger import Owner
from clickctl.domain.rules import QualityRules
from clickctl.execute import UnitRunner
from clickctl.lakes import Lake
from clickctl.liveness import ProcessLiveness
from clickctl.local.engine import LocalEngine
from clickctl.publish import LEASE_SECONDS, Publisher
from tests.backends.faults import Step, WatchedLake
from tests.backends.small_lake import SmallLake
from tests.test_publish_claims import ME, NamedOwner, seconds_ago

HOUR = "2026-01-05T13"


class SlowLake(WatchedLake):
    """Copies nothing before the ledger was written so many times."""

    def __init__(self, lake: Lake, writes: int) -> None:
        super().__init__(lake, after=self._written)
        self._left, self._enough = writes, threading.Event()

    def copy(self, source: str, target: str) -> None:
        assert self._enough.wait(60)
        super().copy(source, target)

    def _written(self, step: Step) -> None:
        if step.name == "put_if" and "/_ledger/" in step.location:
            self._left -= 1
            if self._left == 0:
                self._enough.set()


def test_a_claim_is_renewed_while_files_are_put(small: SmallLake) -> None:
    """Of another host, so that nobody can ask whether its process lives; its claim was old when it was made."""
    small.put(HOUR, "/a")
    old = NamedOwner(replace(ME, host="elsewhere", renewed_at=seconds_ago(LEASE_SECONDS + 60)))
    seen: list[Owner] = []

    def look(step: Step) -> None:
        if step.name == "copy" and (claim := small.entry(HOUR).publishing):
            seen.append(claim.owner)

    lake = SlowLake(WatchedLake(small.lake, before=look), writes=3)
    publisher = Publisher(lake, small.roots, old, lease=0.04)
    runner = UnitRunner(publisher, QualityRules(), small.target_bytes)
    assert runner.run(unit_from_name(HOUR), LocalEngine(publisher, 1, small.scratch)).outcome == "committed"
    assert not ProcessLiveness().alive(old.me())
    assert seen and all(ProcessLiveness().alive(owner) for owner in seen)
    assert small.state(HOUR) == "committed"
    assert small.litter() == small.unowned() == []
