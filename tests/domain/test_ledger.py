"""The ledger document: what is written is read back, and a damaged one is told as such."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.domain.errors import DamagedLedger, LakeError
from clickctl.domain.hours import Day, Hour
from clickctl.domain.ledger import (
    VERSION,
    Commit,
    Failure,
    InputFile,
    Ledger,
    Owner,
    Publishing,
    UnitEntry,
    dump,
    fingerprint,
    load,
)
from clickctl.domain.structure import to_plain
from tests.domain.strategies import commits, inputs, ledgers
from tests.plan.facts import HOUR, committed

DAY = Day(date(2026, 1, 5))
WHERE = "/lake/processed/_ledger/2026/01/05.json"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(ledgers())
def test_a_ledger_is_read_back_as_it_was_written(ledger: Ledger) -> None:
    assert load(dump(ledger), WHERE) == ledger


@given(ledgers())
def test_a_document_says_its_version_and_names_units_as_people_do(ledger: Ledger) -> None:
    plain = json.loads(dump(ledger))
    assert plain["version"] == VERSION
    assert plain["day"] == str(ledger.day)
    assert all(name.startswith(str(ledger.day)) for name in plain["units"])


@given(ledgers())
def test_keys_this_version_does_not_know_are_passed_over(ledger: Ledger) -> None:
    plain = {**to_plain(ledger), "comment": {"by": "a later minor version"}}
    assert load(json.dumps(plain).encode(), WHERE) == ledger


@given(ledgers())
def test_commits_of_before_the_longest_texts_were_counted_are_read(ledger: Ledger) -> None:
    plain = json.loads(dump(ledger))
    for entry in plain["units"].values():
        if entry["commit"]:
            del entry["commit"]["quality"]["longest"]
    read = load(json.dumps(plain).encode(), WHERE)
    assert all(commit.quality.longest == {} for commit in read.committed().values())
    assert read.committed().keys() == ledger.committed().keys()


def test_a_newer_version_is_refused_before_anything_else_is_read() -> None:
    with pytest.raises(LakeError) as refused:
        load(json.dumps({"version": VERSION + 1, "days": "who knows"}).encode(), WHERE)
    assert f"version {VERSION + 1}; this clickctl reads up to {VERSION}" in refused.value.message
    assert "Upgrade clickctl" in refused.value.hint
    assert refused.value.exit_code == 5


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\x00" * 100, b"\xff\xfe", b"null", b"[]", b'"x"', b"1", b"{", b"{}", b"[" * 100_000, b"9" * 5_000),
        *(b'{"version":0,"day":"2026-01-05","units":{}}', b'{"version":true,"day":"2026-01-05","units":{}}'),
        *(b'{"version":null,"day":"2026-01-05"}', b'{"version":1.0,"day":"2026-01-05"}', b'{"version":1}'),
        *(b'{"version":1,"day":"2026-01-05T13","units":{}}', b'{"version":1,"day":"2026-01-05","units":[]}'),
        *(b'{"version":1,"day":"2026-01-05","units":{"x":{}}}', b'{"version":1,"day":5,"units":{}}'),
        b'{"version":1,"day":"2026-01-05","units":{"2026-01-06T13":{}}}',
        b'{"version":1,"day":' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)
def test_a_damaged_document_is_told_as_such_with_a_way_out(data: bytes) -> None:
    with pytest.raises(LakeError) as damaged:
        load(data, WHERE)
    assert WHERE in damaged.value.message
    assert "docs/runbook.md" in damaged.value.hint
    assert len(damaged.value.message) < 500


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, item in inner for deeper in paths(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@given(ledgers(), st.data())
def test_a_document_with_any_value_replaced_is_read_or_refused_never_a_crash(
    ledger: Ledger, data: st.DataObject
) -> None:
    plain = to_plain(ledger)
    spoilt = replaced(plain, data.draw(st.sampled_from(paths(plain))), data.draw(json_values))
    with suppress(LakeError):
        assert isinstance(load(json.dumps(spoilt).encode(), WHERE), Ledger)


@given(ledgers(), st.data())
def test_a_document_with_bytes_lost_or_changed_is_read_or_refused_never_a_crash(
    ledger: Ledger, data: st.DataObject
) -> None:
    document = dump(ledger)
    start = data.draw(st.integers(0, len(document)))
    end = data.draw(st.integers(start, len(document)))
    with suppress(LakeError):
        load(document[:start] + data.draw(st.binary(max_size=5)) + document[end:], WHERE)


@given(st.lists(inputs, max_size=5), st.randoms())
def test_a_fingerprint_does_not_depend_on_the_order_of_files(files: list[InputFile], random: Any) -> None:
    shuffled = random.sample(files, len(files))
    assert fingerprint(shuffled) == fingerprint(files)


@given(st.sets(inputs, max_size=3), st.sets(inputs, max_size=3))
def test_different_files_have_different_fingerprints(one: set[InputFile], other: set[InputFile]) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


def test_a_fingerprint_tells_where_one_field_ends_and_the_next_begins() -> None:
    files = [InputFile("ab", "c", 1), InputFile("a", "bc", 1), InputFile("abc", "", 1), InputFile('a","b', "c", 1)]
    files += [InputFile("ab", "c", 11), InputFile("ab", "c1", 1)]
    assert len({fingerprint([file]) for file in files}) == len(files)


def test_an_hour_belongs_to_its_day_once_the_day_is_committed_or_being_so() -> None:
    hour = DAY.hours[13]
    publishing = UnitEntry(publishing=Publishing("r", Owner("h", 1, "s", "t"), (), ()))
    failed = UnitEntry(failure=Failure("r", "t", "disk full"))
    assert Ledger(DAY).with_entry(DAY, publishing).unit_of(hour) == DAY
    assert Ledger(DAY).with_entry(DAY, failed).unit_of(hour) == hour
    assert Ledger(DAY).with_entry(hour, publishing).unit_of(hour) == hour


@given(commits(DAY))
def test_a_committed_day_holds_each_of_its_hours(commit: Commit) -> None:
    ledger = Ledger(DAY).with_entry(DAY, UnitEntry(commit=commit))
    assert {ledger.unit_of(hour) for hour in DAY.hours} == {DAY}
    assert ledger.committed() == {DAY: commit}


def test_a_torn_publish_tells_its_error_if_its_run_could() -> None:
    publishing = Publishing("run2", Owner("h", 1, "s", "t"), (), ())
    assert UnitEntry(publishing=publishing).how_torn == "a run died while publishing it"
    earlier = UnitEntry(publishing=publishing, failure=Failure("run1", "t", "disk full"))
    assert earlier.how_torn == "a run died while publishing it"
    own = UnitEntry(publishing=publishing, failure=Failure("run2", "t", "disk full"))
    assert own.how_torn == "a run failed while publishing it: disk full"


@given(ledgers())
def test_removing_an_entry_leaves_no_trace(ledger: Ledger) -> None:
    hour: Hour = ledger.day.hours[5]
    noted = ledger.with_entry(hour, UnitEntry(failure=Failure("r", "t", "e")))
    assert str(hour) in noted.units
    assert str(hour) not in noted.with_entry(hour, UnitEntry()).units


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"seconds":1.0', b'"seconds":NaN'),
        (b'"committed_at":"2026-01-05T14:05:00Z"', b'"committed_at":"yesterday"'),
        (b'"max_event_time":null', b'"max_event_time":"late"'),
    ],
)
def test_numbers_that_are_none_and_times_that_are_none_are_damage(old: bytes, new: bytes) -> None:
    data = dump(committed(HOUR))
    assert old in data and load(data, "here") == committed(HOUR)
    with pytest.raises(DamagedLedger):
        load(data.replace(old, new), "here")
