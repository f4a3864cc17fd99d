"""Any sequence of raw files, deliveries, crashes, refusals and interleavings tells each purchase, few twice."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from clickctl.alerting import Again, Alerted, Alerter
from clickctl.domain.errors import ClickctlError, LakeError
from clickctl.domain.hours import Hour, HourRange
from clickctl.domain.receipts import PENDING, SUMMARY, receipt_name
from clickctl.local.lake import FolderLake
from clickctl.plan.replay import LEFT, to_replay
from clickctl.replaying import InProcess, see_items
from clickctl.roots import LakeRoots
from tests.backends.alerts import SOURCE, START, AlertLake, Subscribers
from tests.backends.faults import Killed, Step, Watch, WatchedLake, at, failing, from_on

MEMORY = Path("/dev/shm")
BATCH, MOST = 2, 5
"""Messages in a batch, and of one file: few, so that there are several batches, and summaries."""
IDLE: Watch = at(-1, list)
HOURS = HourRange(Hour(START - timedelta(hours=1)), Hour(START))

sources = st.sampled_from([SOURCE, "2026/01/05/13/part-1.json.gz"])
purchases = st.sampled_from([[f"u{n}" for n in range(first, end)] for first in range(3) for end in range(first, 10)])
owners = st.sampled_from(["", "request-1", "request-2"])
agains = st.sampled_from([Again.NO, Again.NEW])
moments = st.integers(0, 14)


class AlertMachine(RuleBasedStateMachine):
    """A lake, and beside it what was put into it, who was told of what, and what excuses there are to tell twice."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="clickctl-test-", dir=MEMORY if MEMORY.is_dir() else None))
        self.alerts = AlertLake(FolderLake(), str(self.folder))
        self.roots = LakeRoots(*(f"{self.folder}/{name}" for name in ("raw", "facts", "rejects", "alerts")))
        self.small = patch("clickctl.domain.receipts.BATCH_MESSAGES", BATCH)
        self.small.start()
        self.versions: dict[tuple[str, str], tuple[list[str], bool]] = {}
        self.promised, self.told = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
        self.singly, self.summaries, self.excuses = Counter[tuple[str, str]](), Counter[str](), 0

    def teardown(self) -> None:
        try:
            self.everything_told()
        finally:
            self.small.stop()
            shutil.rmtree(self.folder)

    @invariant()
    def what_receipts_hold_was_told_and_but_for_excuses_once(self) -> None:
        for key in self.alerts.final():
            source, etag = receipt_of(key)
            held, (users, whole) = self.alerts.users_in(key), self.versions[source, etag]
            assert sorted(held) == users if whole else {*held} <= {*users}
            assert {*held} <= self.told[source]
        singly, summaries = (told.total() - len(told) for told in (self.singly, self.summaries))
        assert singly + BATCH * summaries <= BATCH * self.excuses

    @rule(source=sources, users=purchases, broken=st.sampled_from([False, False, False, True]))
    def put(self, source: str, users: list[str], broken: bool) -> None:
        self.alerts.put(users, source, broken=broken)
        [present] = self.alerts.lake.list(f"{self.roots.raw}/{source}")
        self.versions[source, present.etag] = users, not broken

    @rule(source=sources)
    def delete(self, source: str) -> None:
        self.alerts.lake.delete([f"{self.roots.raw}/{source}"])

    @rule(seconds=st.sampled_from([60, 200]))
    def later(self, seconds: int) -> None:
        self.alerts.later(seconds)

    @rule(source=sources, owner=owners, again=agains, refused=st.sampled_from(["", "u1", "u6", SUMMARY]))
    def alert(self, source: str, owner: str, again: Again, refused: str = "") -> None:
        self.attempt(partial(Alerter.alert, source=source, again=again), owner, refused=refused)

    @rule(source=sources, owner=owners, again=agains, moment=moments, done=st.booleans(), dies=st.booleans())
    def break_off(self, source: str, owner: str, again: Again, moment: int, done: bool, dies: bool) -> None:
        """Between two operations also around a batch: each is noted in the lake."""
        breaks = from_on(moment, Killed()) if dies else at(moment, failing(LakeError("it broke")))
        act = partial(Alerter.alert, source=source, again=again)
        self.attempt(act, owner, True, **{"after" if done else "before": breaks})

    @rule(source=sources, users=purchases, more=st.integers(-3, 3), moment=moments, settles=st.booleans(),
          cause=st.sampled_from(["", "", "stalled", "stalled", "twin", "dies"]))  # fmt: skip
    def overlap(self, source: str, users: list[str], more: int, moment: int, settles: bool, cause: str) -> None:
        """Alerts inside those of a new file, of which a second version may be there by then."""
        same, taken_over = "request-3" if cause == "twin" else "", cause in ("stalled", "twin")

        def meanwhile() -> None:
            self.excuses += taken_over  # perhaps, while a batch of its own is under way
            self.later(200 if cause == "stalled" else 0)
            if more >= 0:
                self.put(source, users + [f"v{n}" for n in range(more)], False)
            self.settle() if settles else self.alert(source, same, Again.NO)

        self.put(source, users, False)
        dies = from_on(moment + 1 if cause == "dies" else 99, Killed())
        act = partial(Alerter.alert, source=source)
        self.attempt(act, same, cause != "", before=at(moment, meanwhile), after=dies)

    @rule()
    def settle(self) -> None:
        self.replay()

    def replay(self) -> list[str]:
        """As alerts-replay does it. The names of the errors there were."""
        todo = to_replay(see_items(self.alerts.lake, self.roots, HOURS), everything=False)
        ends = [self.attempt(lambda alerter, item=item: InProcess(alerter, Again.NO)(item)) for item in todo]
        return [end for end in ends if end]

    def attempt(self, act: Callable[[Alerter], object], owner: str = "", excused: bool = False, *, refused: str = "",
                before: Watch = IDLE, after: Watch = IDLE) -> str:  # fmt: skip
        """One run from beginning to end; the name of its error. What was accepted and not noted needs an excuse."""
        topic = Subscribers(refuse=lambda message: f'"{refused}"' in message.body)
        lost, excuses = set[str](), self.excuses

        def accepted() -> None:
            assert not lost  # each batch is noted before the next
            while topic.got:
                lost.add(topic.got[-1].id)
                self.hear(json.loads(topic.got.pop().body))

        def noted(step: Step) -> None:
            if step.name == "put_if" and (data := self.alerts.lake.get(step.location)) and data[0]:
                lost.difference_update(json.loads(data[0])["sent"])
            after(step)

        topic.after, lake = accepted, WatchedLake(self.alerts.lake, before, noted)
        try:
            done = act(self.alerts.alerter(owner, lake, topic=topic, max_messages=MOST))
        except (ClickctlError, Killed) as error:
            return type(error).__name__
        finally:
            assert excused or not lost
            self.excuses += bool(lost) and self.excuses == excuses
        if isinstance(done, Alerted) and done.etag:
            self.promise(done.source, done.etag)
        return ""

    def hear(self, body: dict[str, Any]) -> None:
        told = self.told[body["source"]]
        if body["type"] == SUMMARY:
            key = body["receipt"].removeprefix(f"{self.roots.alerts}/")
            held = PENDING + key if PENDING + key in self.alerts.pending() else key
            new = {*self.alerts.users_in(held)}
            assert body["alerts"] == len(new - told) or self.excuses
            self.summaries[key] += 1
        else:
            new = {body["user_id"]}
            assert not new & told or self.excuses
            self.singly[body["source"], body["user_id"]] += 1
        told |= new

    def everything_told(self) -> None:
        """Let time pass and replay until nothing changes: all is told and settled, and nothing is to be done."""
        for key in (key for key in self.alerts.pending() if key.endswith(".ndjson")):
            self.promised[receipt_of(key)[0]].update(self.alerts.users_in(key))
        items = see_items(self.alerts.lake, self.roots, HOURS)
        present = {(item.source, item.etag) for item in items if item.verdict != LEFT}
        broken = {version for version in present if not self.promise(*version)}
        self.later(3600)
        before = [""]
        while (now := [*self.alerts.receipts(), str(self.singly.total() + self.summaries.total())]) != before:
            before, errors = now, self.replay()
        assert errors == ["AlertFailed"] * len(broken)
        self.what_receipts_hold_was_told_and_but_for_excuses_once()
        assert all(self.promised[source] <= self.told[source] for source in self.promised)
        assert {*map(receipt_of, self.alerts.pending())} <= broken

    def promise(self, source: str, etag: str) -> bool:
        users, whole = self.versions[source, etag]
        self.promised[source].update(users if whole else ())
        return whole


def receipt_of(key: str) -> tuple[str, ...]:
    return (receipt_name(key) or ())[:2]  # source and etag


AlertMachine.TestCase.settings = settings(
    max_examples=600, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnySequence = AlertMachine.TestCase
