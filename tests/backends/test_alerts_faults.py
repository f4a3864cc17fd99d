"""Alerts interrupted anywhere, and alerts of one file at once: each purchase told, a batch twice at most."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from clickctl.alerting import Again
from clickctl.domain.errors import LakeError, Locked
from clickctl.domain.receipts import receipt_name
from tests.backends.alerts import SOURCE, AlertLake
from tests.backends.faults import Killed, Step, WatchedLake, at, failing, moments, once

if TYPE_CHECKING:
    from tests.backends.conftest import LakeAt


@pytest.fixture
def alerts(lake_at: LakeAt) -> AlertLake:
    return AlertLake(lake_at.lake, lake_at.root)


USERS = [f"u{n}" for n in range(23)]
ONCE = Counter(USERS)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_operation_the_next_run_tells_each_purchase_and_at_most_one_batch_twice(
    alerts: AlertLake, moment: str
) -> None:
    alerts.put(USERS)
    steps: list[Step] = []
    alerts.alert(lake=WatchedLake(alerts.lake, steps.append))
    assert sum(step.changes for step in steps) == 7  # pending, claim, three batches noted, receipt, pending forgotten
    for step in moments(alerts.lake, steps):
        one = AlertLake(alerts.lake, f"{alerts.root}/{step.number}")
        one.put(USERS)
        with pytest.raises(Killed):
            one.alert(lake=WatchedLake(one.lake, **{moment: at(step.number, failing(Killed()))}))
        one.later()
        assert one.alert().outcome in ("sent", "already")
        doubled = one.subscribers.users - ONCE
        assert one.subscribers.users & ONCE == ONCE
        assert sum(doubled.values()) <= 10
        assert sum(doubled.values()) == 0 or step.name == "put_if"
        assert len(one.final()) == 1
        assert sorted(one.users_in(one.final()[0])) == sorted(USERS)


@pytest.mark.parametrize("batch", [0, 1, 2])
@pytest.mark.parametrize("accepted", [True, False])
def test_killed_around_a_batch_the_same_invocation_repeated_resends_that_batch_at_most(
    alerts: AlertLake, batch: int, accepted: bool
) -> None:
    """Lambda repeats an event that failed under the same request id, a minute later."""
    alerts.put(USERS)

    def dies() -> None:
        if len(alerts.subscribers.batches) == batch + accepted:
            alerts.subscribers.before = alerts.subscribers.after = lambda: None
            raise Killed

    setattr(alerts.subscribers, "after" if accepted else "before", dies)
    with pytest.raises(Killed):
        alerts.alert(owner="request-1")
    alerts.alert(owner="request-1")
    assert alerts.subscribers.users & ONCE == ONCE
    assert sum((alerts.subscribers.users - ONCE).values()) == (
        len(alerts.subscribers.batches[batch]) if accepted else 0
    )
    assert alerts.pending() == []


def test_while_one_run_sends_another_is_told_so_and_sends_nothing(alerts: AlertLake) -> None:
    alerts.put(USERS)

    def meanwhile() -> None:
        alerts.subscribers.before = lambda: None
        with pytest.raises(Locked, match="another run"):
            alerts.alert(owner="other")

    alerts.subscribers.before = meanwhile
    alerts.alert()
    assert alerts.subscribers.users == ONCE


def test_ten_deliveries_at_once_tell_each_purchase_once(alerts: AlertLake) -> None:
    alerts.put(USERS)

    def deliver(number: int) -> str:
        try:
            return alerts.alert(owner=f"delivery-{number}").outcome
        except Locked:
            return "locked"

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(deliver, range(10)))
    assert outcomes.count("sent") == 1
    assert set(outcomes) <= {"sent", "already", "locked"}
    assert alerts.subscribers.users == ONCE
    assert alerts.alert().outcome == "already"
    assert alerts.pending() == []


def test_who_was_taken_over_stops_at_its_next_batch(alerts: AlertLake) -> None:
    alerts.put(USERS)

    def sleeps() -> None:
        alerts.subscribers.before = lambda: None
        alerts.later()
        alerts.alert(owner="other")

    alerts.subscribers.before = sleeps
    with pytest.raises(Locked):
        alerts.alert()
    assert sum((alerts.subscribers.users - ONCE).values()) <= 10
    assert alerts.pending() == []


def test_of_two_versions_sent_at_once_one_waits_for_the_other(alerts: AlertLake) -> None:
    """The same bytes put twice under SSE-KMS are two versions with two events."""
    alerts.put(["u1", "u2"])

    def delivered_again() -> None:
        alerts.put(["u1", "u2", "u3"])
        alerts.alert()

    during = once("put_if", "_pending", delivered_again)
    with pytest.raises(Locked):
        alerts.alert(lake=WatchedLake(alerts.lake, during))
    assert alerts.subscribers.users == Counter(["u1", "u2", "u3"])
    alerts.put(["u1", "u2"])
    alerts.alert()
    assert alerts.subscribers.users == Counter(["u1", "u2", "u3"])


def test_a_version_is_not_sent_while_another_one_is(alerts: AlertLake) -> None:
    alerts.put(USERS)

    def meanwhile() -> None:
        alerts.subscribers.before = lambda: None
        alerts.put([*USERS, "new"])
        with pytest.raises(Locked):
            alerts.alert(owner="other")

    alerts.subscribers.before = meanwhile
    alerts.alert()
    alerts.alert()
    assert alerts.subscribers.users == ONCE + Counter(["new"])


def test_what_becomes_final_while_it_is_looked_for_is_not_overlooked(alerts: AlertLake) -> None:
    alerts.put(["u1", "u2"])
    alerts.subscribers.after = failing(Killed())
    with pytest.raises(Killed):
        alerts.alert()
    alerts.subscribers.after = lambda: None
    [old] = [name for key in alerts.pending() if (name := receipt_name(key)) and name.state]
    alerts.later()
    alerts.put(["u1", "u2", "u3"])
    looks: list[Step] = []

    def settles(step: Step) -> None:
        if step.name == "list":
            looks.append(step)
        if step.name == "list" and len(looks) == 2:
            alerts.alerter().finish(old)

    alerts.alert(lake=WatchedLake(alerts.lake, settles))
    assert alerts.subscribers.users == Counter({"u1": 2, "u2": 2, "u3": 1})  # the batch it was killed after


def test_two_who_settle_what_is_pending_leave_one_whole_receipt(alerts: AlertLake) -> None:
    alerts.put(USERS)
    alerts.subscribers.before = failing(Killed())
    with pytest.raises(Killed):
        alerts.alert()
    alerts.subscribers.before = lambda: None
    alerts.later()
    [old] = [name for key in alerts.pending() if (name := receipt_name(key)) and name.state]
    other = once("put_if", "_pending", lambda: alerts.alerter().finish(old))
    with pytest.raises(Locked):
        alerts.alerter(lake=WatchedLake(alerts.lake, other)).finish(old)
    between = once("get", ".json", lambda: alerts.alerter().finish(old))
    alerts.alerter(lake=WatchedLake(alerts.lake, between)).finish(old)
    assert alerts.subscribers.users == ONCE
    assert [sorted(alerts.users_in(key)) for key in alerts.receipts()] == [sorted(USERS)]


def test_ten_deliveries_of_a_file_without_purchases_leave_one_receipt(alerts: AlertLake) -> None:
    alerts.put_bytes(b"", "2026/01/05/13/part-1.json")
    with ThreadPoolExecutor(10) as pool:
        done = pool.map(lambda n: alerts.alert("2026/01/05/13/part-1.json", owner=f"delivery-{n}"), range(10))
    assert {one.outcome for one in done} <= {"sent", "already"}
    assert len(alerts.receipts()) == 1


def test_one_event_delivered_twice_at_once_under_one_request_doubles_a_batch_at_most(alerts: AlertLake) -> None:
    """Lambda may run one asynchronous event twice, even if nothing failed."""
    alerts.put(USERS)

    def twin() -> None:
        alerts.subscribers.before = lambda: None
        alerts.alert(owner="request-1")

    alerts.subscribers.before = twin
    with pytest.raises(Locked):
        alerts.alert(owner="request-1")
    assert alerts.subscribers.users & ONCE == ONCE
    assert sum((alerts.subscribers.users - ONCE).values()) <= 10


def test_a_file_replaced_before_its_alerts_were_all_sent_loses_none_of_them(
    alerts: AlertLake,
) -> None:
    alerts.put(USERS)
    alerts.subscribers.after = lambda: (_ for _ in ()).throw(Killed()) if len(alerts.subscribers.batches) == 2 else None
    with pytest.raises(Killed):
        alerts.alert()
    alerts.subscribers.after = lambda: None
    alerts.put(["u1", "new"])
    alerts.later()
    alerts.alert()
    old = next(name for key in alerts.pending() if (name := receipt_name(key)) and name.state)
    alerts.alerter().finish(old)
    assert alerts.pending() == []
    assert alerts.subscribers.users & Counter([*USERS, "new"]) == Counter([*USERS, "new"])
    assert sum((alerts.subscribers.users - Counter([*USERS, "new"])).values()) == 10  # the batch it was killed after


def test_an_error_of_the_lake_at_any_operation_lets_the_claim_go_at_once(alerts: AlertLake) -> None:
    alerts.put(USERS)
    steps: list[Step] = []
    alerts.alert(lake=WatchedLake(alerts.lake, steps.append))
    for step in moments(alerts.lake, steps):
        one = AlertLake(alerts.lake, f"{alerts.root}/{step.number}")
        one.put(USERS)
        with pytest.raises(LakeError):
            one.alert(lake=WatchedLake(one.lake, at(step.number, failing(LakeError("it broke")))))
        assert one.alert(owner="the next, at the same moment").outcome in ("sent", "already")
        assert one.subscribers.users & ONCE == ONCE


def test_a_lost_answer_to_the_claim_is_no_other_run(alerts: AlertLake) -> None:
    alerts.put(USERS)
    lost = once("put_if", "_pending", failing(LakeError("the answer was lost")))
    with pytest.raises(LakeError):
        alerts.alert(owner="request-1", lake=WatchedLake(alerts.lake, after=lost))
    alerts.alert(owner="request-1")
    assert alerts.subscribers.users == ONCE


def test_a_lease_that_a_wrong_clock_wrote_does_not_last_for_years(alerts: AlertLake) -> None:
    alerts.put(USERS)
    alerts.subscribers.before = failing(Killed())
    alerts.later(10 * 365 * 86400)
    with pytest.raises(Killed):
        alerts.alert()
    alerts.subscribers.before = lambda: None
    alerts.later(-9 * 365 * 86400)
    alerts.alert()
    assert alerts.subscribers.users == ONCE


def test_of_two_who_send_again_what_is_new_the_second_sends_nothing(alerts: AlertLake) -> None:
    alerts.put(range(150))
    alerts.alert(action="click")
    during = once("upload", "_pending", lambda: alerts.alert(again=Again.NEW))
    with pytest.raises(Locked):
        alerts.alert(again=Again.NEW, lake=WatchedLake(alerts.lake, during))
    assert alerts.alert(again=Again.NEW).outcome == "already"
    assert [message.id for message in alerts.subscribers.got].count("summary") == 1


def test_a_killed_replay_of_a_file_with_a_receipt_is_settled_once_the_file_is_no_more(alerts: AlertLake) -> None:
    alerts.put(USERS)
    alerts.alert(action="click")
    alerts.subscribers.after = lambda: failing(Killed())() if len(alerts.subscribers.batches) == 3 else None
    with pytest.raises(Killed):
        alerts.alert(again=Again.NEW)
    alerts.subscribers.after = lambda: None
    alerts.later()
    alerts.lake.delete([f"{alerts.root}/raw/{SOURCE}"])
    [old] = [name for key in alerts.pending() if (name := receipt_name(key)) and name.state]
    alerts.alerter().finish(old)
    assert alerts.subscribers.users & ONCE == ONCE
    assert alerts.pending() == []
    assert sorted(alerts.users_in(alerts.receipts()[0])) == sorted([*USERS, "u0", "u1", "u2"])


def test_who_stalls_while_another_version_is_sent_sends_one_batch_at_most(alerts: AlertLake) -> None:
    alerts.put(USERS)

    def stalls() -> None:
        alerts.subscribers.before = lambda: None
        alerts.later()
        alerts.put([*USERS, "new"])
        alerts.alert(owner="other")

    alerts.subscribers.before = stalls
    with pytest.raises(Locked):
        alerts.alert()
    assert alerts.subscribers.users & (ONCE + Counter(["new"])) == ONCE + Counter(["new"])
    assert sum((alerts.subscribers.users - ONCE - Counter(["new"])).values()) <= 10
