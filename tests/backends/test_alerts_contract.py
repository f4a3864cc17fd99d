"""What alerts promise on every lake: each purchase told once, whatever happens, and a receipt that says so."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from clickctl.alerting import Again
from clickctl.domain.errors import AlertFailed, LakeError
from clickctl.domain.receipts import BATCH_BYTES
from tests.backends.alerts import SOURCE, AlertLake
from tests.backends.faults import Killed, failing

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


def test_a_file_delivered_again_with_more_in_it_tells_what_is_new_alone(alerts: AlertLake) -> None:
    alerts.put(["u1", "u2"])
    alerts.alert()
    alerts.put(["u1", "u2", "u3"])
    assert alerts.alert().messages == 1
    assert alerts.subscribers.users == Counter(["u1", "u2", "u3"])
    assert sorted(map(len, map(alerts.users_in, alerts.receipts()))) == [2, 3]


def test_more_alerts_than_are_sent_singly_become_one_summary(alerts: AlertLake) -> None:
    alerts.put(range(101))
    done = alerts.alert()
    assert (done.alerts, done.messages, done.summarised) == (101, 1, True)
    [message] = alerts.subscribers.got
    plain = json.loads(message.body)
    assert (plain["type"], plain["alerts"], message.attributes["type"]) == ("summary", 101, "summary")
    assert plain["receipt"] == f"{alerts.root}/alerts/{alerts.receipts()[0]}"
    assert len(alerts.users_in(alerts.receipts()[0])) == 101
    assert '"u1"' not in message.body


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


@pytest.mark.parametrize("again", [Again.NEW, Again.ALL])
def test_a_replay_of_a_file_with_a_receipt_that_was_killed_is_ended_by_the_next(
    alerts: AlertLake, again: Again
) -> None:
    alerts.put(USERS)
    alerts.alert(action="click")
    alerts.subscribers.after = failing(Killed())
    with pytest.raises(Killed):
        alerts.alert(again=again)
    alerts.subscribers.after = lambda: None
    alerts.later()
    alerts.alert()
    assert ONCE & alerts.subscribers.users == ONCE
    assert alerts.pending() == []
    assert sorted(alerts.users_in(alerts.receipts()[0])) == sorted([*USERS, "u0", "u1", "u2"])


def test_lines_of_any_size_do_not_make_the_state_large(alerts: AlertLake) -> None:
    alerts.put([f"{n}{'x' * 100_000}" for n in range(40)])
    sizes = []

    def look() -> None:
        [state] = [
            info for info in alerts.lake.list(f"{alerts.root}/alerts/_pending/") if info.location.endswith(".json")
        ]
        sizes.append(state.size)

    alerts.subscribers.before = look
    alerts.alert()
    assert max(sizes) < 4_000


def test_without_a_topic_receipts_are_written_and_nobody_is_told(alerts: AlertLake) -> None:
    alerts.put(USERS)
    assert alerts.alert(topic=None).alerts == 23
    assert len(alerts.users_in(alerts.receipts()[0])) == 23
    assert alerts.subscribers.got == []


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
