"""What alerts promise on every lake: each purchase told once, whatever happens, and a receipt that says so."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from clickctl.alerting import Again
from clickctl.domain.errors import AlertFailed, LakeError, Locked
from clickctl.domain.receipts import BATCH_BYTES, receipt_name
from tests.backends.alerts import SOURCE, AlertLake
from tests.backends.faults import Killed, Step, WatchedLake, at, failing, moments, once

if TYPE_CHECKING:
    from tests.backends.conftest import LakeAt


@pytest.fixture
def alerts(lake_at: LakeAt) -> AlertLake:
    return AlertLake(lake_at.lake, lake_at.root)


USERS = [f"u{n}" for n in range(23)]
ONCE = Counter(USERS)


def test_each_purchase_is_told_once_and_stands_in_the_receipt(alerts: AlertLake) -> None:
    alerts.put(USERS)
    done = alerts.alert()
    assert (done.outcome, done.alerts, done.messages) == ("sent", 23, 23)
    assert alerts.subscribers.users == ONCE
    assert [len(batch) for batch in alerts.subscribers.batches] == [10, 10, 3]
    assert [sorted(alerts.users_in(key)) for key in alerts.receipts()] == [sorted(USERS)]


def test_a_second_delivery_sends_nothing(alerts: AlertLake) -> None:
    alerts.put(USERS)
    alerts.alert()
    assert alerts.alert().outcome == "already"
    assert alerts.subscribers.users == ONCE


@pytest.mark.parametrize("data", [b"", b"\n\n", b"not json\n"])
def test_a_file_without_purchases_has_an_empty_receipt(alerts: AlertLake, data: bytes) -> None:
    alerts.put_bytes(data, "2026/01/05/13/part-1.json")
    alerts.alert("2026/01/05/13/part-1.json")
    [key] = alerts.receipts()
    assert alerts.users_in(key) == alerts.subscribers.got == []


def test_a_purchase_that_stands_twice_in_a_file_is_told_once(alerts: AlertLake) -> None:
    alerts.put(["u1", "u1", "u2"])
    alerts.alert()
    assert alerts.subscribers.users == Counter(["u1", "u2"])


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_operation_the_next_run_tells_each_purchase_and_at_most_one_batch_twice(
    alerts: AlertLake, moment: str
) -> None:
    alerts.put(USERS)
    steps: list[Step] = []
    alerts.alert(lake=WatchedLake(alerts.lake, steps.append))
    assert sum(step.changes for step in steps) == 7  # claim, pending, three batches noted, receipt, pending forgotten
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


def test_a_file_delivered_again_with_more_in_it_tells_what_is_new_alone(alerts: AlertLake) -> None:
    alerts.put(["u1", "u2"])
    alerts.alert()
    alerts.put(["u1", "u2", "u3"])
    assert alerts.alert().messages == 1
    assert alerts.subscribers.users == Counter(["u1", "u2", "u3"])
    assert sorted(map(len, map(alerts.users_in, alerts.receipts()))) == [2, 3]


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


def test_more_alerts_than_are_sent_singly_become_one_summary(alerts: AlertLake) -> None:
    alerts.put(range(101))
    done = alerts.alert()
    assert (done.alerts, done.messages, done.summarised) == (101, 1, True)
    [message] = alerts.subscribers.got
    plain = json.loads(message.body)
    assert (plain["type"], plain["alerts"], message.attributes["type"]) == ("summary", 101, "summary")
    assert plain["receipt"] == f"{alerts.root}/alerts/{alerts.receipts()[0]}"
    assert len(alerts.users_in(alerts.receipts()[0])) == 101
    assert "u1" not in message.body


def test_messages_of_any_size_go_out_in_batches_that_fit(alerts: AlertLake) -> None:
    alerts.put(["x" * 120_000, "y" * 120_000, "z" * 300_000, *map(str, range(12))])
    assert alerts.alert().messages == 15
    assert all(sum(message.size for message in batch) <= BATCH_BYTES for batch in alerts.subscribers.batches)
    [cut] = [plain for message in alerts.subscribers.got if (plain := json.loads(message.body)).get("too_long")]
    assert "user_id" not in cut and cut["receipt"].endswith(alerts.receipts()[0])
    assert "z" * 300_000 in alerts.users_in(alerts.receipts()[0])


def test_refused_messages_fail_the_run_and_the_next_one_sends_those_alone(alerts: AlertLake) -> None:
    alerts.put(USERS)
    alerts.subscribers.refuse = lambda message: '"u7"' in message.body
    with pytest.raises(AlertFailed, match="1 messages about"):
        alerts.alert()
    assert alerts.subscribers.users == ONCE - Counter(["u7"])
    alerts.subscribers.refuse = lambda message: False
    assert alerts.alert(owner="next").messages == 1
    assert alerts.subscribers.users == ONCE


def test_a_broken_gzip_is_told_as_far_as_it_reads_and_has_no_receipt(alerts: AlertLake) -> None:
    alerts.put(USERS, broken=True)
    for _ in range(3):  # as Lambda repeats it
        with pytest.raises(AlertFailed, match="cannot be read to its end"):
            alerts.alert(owner="request-1")
    told = alerts.subscribers.users
    assert told and told == told & ONCE
    assert alerts.final() == []
    alerts.put(USERS)
    alerts.alert()
    assert alerts.subscribers.users == ONCE
    assert len(alerts.final()) == 1


def test_an_object_that_is_no_more_asks_for_nothing(alerts: AlertLake) -> None:
    assert alerts.alert().outcome == "gone"
    assert alerts.receipts() == []


def test_all_again_tells_what_is_new_to_the_receipt_and_force_tells_all(alerts: AlertLake) -> None:
    alerts.put(USERS)
    alerts.alert(action="click")
    first = alerts.subscribers.users
    assert alerts.alert(again=Again.NEW).messages == 23
    assert alerts.subscribers.users == first + ONCE
    assert alerts.alert(again=Again.NEW).outcome == "already"
    assert alerts.alert(again=Again.ALL).messages == 23
    assert alerts.subscribers.users == first + ONCE + ONCE
    [key] = alerts.receipts()
    assert len(alerts.users_in(key)) == 26  # the receipt still tells of what was sent first


def test_an_error_of_the_lake_lets_the_claim_go_at_once(alerts: AlertLake) -> None:
    alerts.put(USERS)
    steps: list[Step] = []
    alerts.alert(lake=WatchedLake(alerts.lake, steps.append))
    noted = [step.number for step in steps if step.name == "put_if"][2]
    one = AlertLake(alerts.lake, f"{alerts.root}/again")
    one.put(USERS)
    with pytest.raises(LakeError):
        one.alert(lake=WatchedLake(one.lake, at(noted, failing(LakeError("it broke")))))
    one.alert(owner="the next, at the same moment")
    assert one.subscribers.users & ONCE == ONCE


def test_without_a_topic_receipts_are_written_and_nobody_is_told(alerts: AlertLake) -> None:
    alerts.put(USERS)
    assert alerts.alert(topic=None).alerts == 23
    assert len(alerts.users_in(alerts.receipts()[0])) == 23
    assert alerts.subscribers.got == []


def test_a_lost_answer_to_the_claim_is_no_other_run(alerts: AlertLake) -> None:
    alerts.put(USERS)
    lost = once("put_if", "_pending", failing(LakeError("the answer was lost")))
    with pytest.raises(LakeError):
        alerts.alert(owner="request-1", lake=WatchedLake(alerts.lake, after=lost))
    alerts.alert(owner="request-1")
    assert alerts.subscribers.users == ONCE


def test_a_damaged_state_is_told_with_what_to_do(alerts: AlertLake) -> None:
    alerts.put(USERS)
    alerts.subscribers.before = failing(Killed())
    with pytest.raises(Killed):
        alerts.alert()
    [state] = [key for key in alerts.pending() if key.endswith(".json")]
    location = f"{alerts.root}/alerts/{state}"
    present = alerts.lake.get(location)
    assert present is not None
    alerts.lake.put_if(location, b"{", present[1])
    with pytest.raises(LakeError, match="damaged") as caught:
        alerts.alert()
    assert "Move it away" in caught.value.hint


def test_what_subscribers_get_has_the_columns_of_the_fact_and_attributes_to_filter_by(alerts: AlertLake) -> None:
    alerts.put(["u1"])
    alerts.alert()
    [message] = alerts.subscribers.got
    assert message.attributes == {"type": "alert", "action": "purchase", "hour": "2026-01-05T13"}
    assert json.loads(message.body) == {
        "type": "alert",
        "arrival_hour": "2026-01-05T13",
        "alert_id": message.id,
        "event_time": "2026-01-05T13:00:00.000000Z",
        "user_id": "u1",
        "session_id": "s1",
        "action": "purchase",
        "page_url": "/p",
        "attrs": '{"k":1}',
        "source": SOURCE,
    }
