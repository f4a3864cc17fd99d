"""The sample: the same for the same seed, as large as asked, and with every trouble in it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clickctl.sample import BAD, HOSTILE, Sample, write_sample

FIRST = datetime(2026, 1, 5, 12, tzinfo=UTC)
SMALL = Sample(hours=3, events=9_000)
MEBIBYTE = 1 << 20


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.gz"))}


def lines(root: Path) -> list[bytes]:
    texts = (gzip.decompress(content) for content in files(root).values())
    return [line for text in texts for line in text.split(b"\n") if line.strip()]


def events(root: Path) -> list[dict[str, Any]]:
    return [event for line in lines(root) if isinstance(event := parsed(line), dict)]


def parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    write_sample(root, FIRST, SMALL)
    return root


@pytest.fixture(scope="module")
def tame(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tame")
    write_sample(root, FIRST, Sample(hours=3, events=9_000, hostile=False))
    return root


def test_files_lie_in_their_hours_and_the_size_is_returned(tmp_path: Path) -> None:
    size = write_sample(tmp_path, FIRST, Sample(hours=2, events=300, files_per_hour=2))
    assert list(files(tmp_path)) == [
        "2026/01/05/12/part-00000.json.gz",
        "2026/01/05/12/part-00001.json.gz",
        "2026/01/05/13/part-00000.json.gz",
        "2026/01/05/13/part-00001.json.gz",
    ]
    assert size == sum(map(len, files(tmp_path).values()))


def test_a_seed_gives_the_same_bytes_whatever_the_jobs(hostile: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, FIRST, SMALL, jobs=2)
    assert files(tmp_path) == files(hostile)


def test_another_seed_gives_other_events(tmp_path: Path, hostile: Path) -> None:
    write_sample(tmp_path, FIRST, Sample(hours=3, events=9_000, seed=8))
    assert not set(files(tmp_path).values()) & set(files(hostile).values())


def test_lines_are_counted_without_the_blank_ones(hostile: Path, tame: Path) -> None:
    assert len(lines(hostile)) == len(lines(tame)) == 9_000
    assert any(b"\n\n" in gzip.decompress(content) for content in files(hostile).values())


@pytest.mark.parametrize("events", [0, 1, 7, 199, 1_000])
def test_small_samples_have_their_count_too(events: int, tmp_path: Path) -> None:
    write_sample(tmp_path, FIRST, Sample(hours=24, events=events, files_per_hour=1))
    assert len(lines(tmp_path)) == events
    assert len(files(tmp_path)) == 24


def test_a_gzip_header_tells_neither_name_nor_time(hostile: Path) -> None:
    for content in files(hostile).values():
        assert content[:8] == b"\x1f\x8b\x08" + bytes(5)


def test_every_reason_to_reject_is_there(hostile: Path) -> None:
    promised = {reason for reason, _, _ in BAD + HOSTILE}
    texts = ["user_id", "session_id", "action", "page_url", "user_agent", "ip"]
    assert promised == {
        *("malformed_json", "not_an_object", "missing_user_id", "unparseable_event_time"),
        *("event_time_out_of_range", "action_not_permitted", "invalid_utf8"),
        *(f"wrong_type:{field}" for field in ["event_time", "attributes", *texts]),
    }
    assert sum(1 for line in lines(hostile) if is_bad(line)) == 9_000 // 200
    assert sum(len(line) > MEBIBYTE for line in lines(hostile)) == 1
    assert sum(not is_utf8(line) for line in lines(hostile)) == 1
    assert sum(parsed(line) in (42, ["click", "u1"]) for line in lines(hostile)) == 2


def is_utf8(line: bytes) -> bool:
    return line.decode("utf-8", "ignore").encode() == line


def is_bad(line: bytes) -> bool:
    """By means of its own, so that a line meant to be bad and written well is found out."""
    event = parsed(line)
    if not is_utf8(line) or len(line) > MEBIBYTE or not isinstance(event, dict):
        return True
    text = [event["session_id"], event["page_url"], event["user_agent"], event["ip"]]
    return (
        b"NaN" in line
        or any(not isinstance(value, str | None) for value in text)
        or not isinstance(event.get("user_id"), str | int)
        or isinstance(event["user_id"], bool)
        or str(event["user_id"]).strip() in ("", "-")
        or event["action"] not in ("page_view", "click", "search", "add_to_cart", "purchase")
        or not isinstance(event["attributes"], dict | None)
        or not timedelta(0) <= FIRST + timedelta(hours=3) - moment(event) < timedelta(days=4)
    )


def moment(event: dict[str, Any]) -> datetime:
    """When the event was, as far as a test needs it; the year 1 when there is no telling."""
    value = event["event_time"]
    try:
        if isinstance(value, int) or str(value).isdigit():
            digits = str(value)
            return datetime.fromtimestamp(int(digits) / 10 ** (len(digits) - 10), UTC)
        time = datetime.fromisoformat(str(value).removesuffix(" UTC"))
    except ValueError:
        return datetime(1, 1, 1, tzinfo=UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def test_event_times_come_in_many_forms_but_mostly_in_one(hostile: Path, tame: Path) -> None:
    def usual(event: dict[str, Any]) -> bool:
        text = str(event["event_time"])
        return len(text) == 24 and text[10] == "T" and text[23] == "Z"

    assert 0.75 < sum(map(usual, events(hostile))) / 9_000 < 0.97
    forms = {len(str(event["event_time"])) for event in events(hostile) if not usual(event)}
    assert forms >= {10, 13, 16, 19, 20, 22, 23, 25, 26, 27, 28, 29, 30, 32}
    assert {event["event_time"] for event in events(tame) if not usual(event)} == {*(None, "", "yesterday")}


def test_a_few_events_are_late_and_the_others_in_their_hour(tame: Path) -> None:
    ages = [FIRST + timedelta(hours=3) - moment(event) for event in events(tame)]
    late = [age for age in ages if timedelta(hours=3) < age < timedelta(days=4)]
    assert 0.005 < len(late) / len(ages) < 0.02
    assert max(late) < timedelta(days=3, hours=3)


def test_one_line_in_fifty_is_repeated_some_of_them_an_hour_later(tame: Path) -> None:
    repeats = len(lines(tame)) - len(set(lines(tame)))
    assert 0.015 < repeats / 9_000 < 0.025
    hours = [set(lines(hour)) for hour in sorted(tame.glob("*/*/*/*"))]
    assert hours[0] & hours[1] or hours[1] & hours[2]


def test_users_are_zipf_and_one_is_clearly_the_heaviest(tame: Path) -> None:
    users = Counter(event.get("user_id") for event in events(tame)).most_common()
    assert users[0][1] > 1.2 * users[1][1]
    assert len(users) > 300


def test_a_session_keeps_its_user_agent_and_address(tame: Path) -> None:
    known: dict[str, set[tuple[str, str, str]]] = {}
    for event in events(tame):
        if event["session_id"] and event.get("user_id") not in (None, "", "  ", "-"):
            who = (event["user_id"], event["user_agent"], event["ip"])
            known.setdefault(event["session_id"], set()).add(who)
    assert all(len(who) == 1 for who in known.values())
    assert len(known) < 9_000 / 4


def test_actions_have_a_few_purchases_that_say_what_was_paid(tame: Path) -> None:
    bought = [event["attributes"] for event in events(tame) if event["action"] == "purchase"]
    assert 0.004 < len(bought) / 9_000 < 0.02
    assert all({"order_id", "amount", "currency"} <= set(paid) for paid in bought if paid)


def test_a_tame_sample_survives_a_rewrite_of_its_json(tame: Path) -> None:
    """Peers in the benchmark write numbers and keys anew; their rows must still be comparable."""
    for line in lines(tame):
        if not isinstance(event := parsed(line), dict):
            continue
        again = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
        assert again.encode() == line
        attributes = event["attributes"]
        assert json.dumps(attributes, sort_keys=True) == json.dumps(attributes)


def test_the_first_hour_must_be_a_whole_one_and_say_its_zone(tmp_path: Path) -> None:
    for first in (datetime(2026, 1, 5, 12), FIRST + timedelta(minutes=30)):
        with pytest.raises(ValueError, match="whole hour in UTC"):
            write_sample(tmp_path, first, SMALL)
