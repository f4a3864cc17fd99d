"""Rows: every rule of the data contract, all reasons of a bad record, and the click_id to the byte."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickctl.domain.hours import Hour
from clickctl.domain.rules import QualityRules
from clickctl.domain.times import Window
from clickctl.transform.parse import LineParser, text_column
from clickctl.transform.rows import Rows, build_rows, click_ids
from tests.conftest import event

ARRIVAL = Hour(datetime(2026, 1, 5, 13, tzinfo=UTC))
RULES = QualityRules()
ANY = replace(RULES, actions=("*",))


def rows(*lines: bytes, rules: QualityRules = RULES) -> Rows:
    parsed = LineParser().parse(list(lines), 1, b"\n".join(lines))
    return build_rows(parsed, Window.around(ARRIVAL, rules), rules)


def row(rules: QualityRules = RULES, **fields: Any) -> dict[str, Any]:
    """The one good row made of a good event with these fields."""
    made = rows(json.dumps(event(**fields)).encode(), rules=rules)
    assert made.rejected == []
    return made.facts.to_pylist()[0]


def reasons(rules: QualityRules = RULES, **fields: Any) -> list[str]:
    made = rows(json.dumps(event(**fields)).encode(), rules=rules)
    assert len(made.facts) == (0 if made.rejected else 1)
    return made.rejected[0][1] if made.rejected else []


def test_a_good_event_is_a_row() -> None:
    made = row()
    del made["click_id"]
    assert made == {"event_time": 1_767_618_000_000_000, "user_id": "u1", "session_id": "s1", "action": "click",
                    "page_url": "/p", "attrs": '{"k":1}'}  # fmt: skip


def test_agent_address_and_day_go_along_with_the_row() -> None:
    made = rows(b"{}", json.dumps(event("2026-01-04T23:59:59.999999Z", user_agent=None)).encode())
    assert (made.user_agent.to_pylist(), made.ip.to_pylist(), made.days.tolist()) == ([None], ["10.0.0.1"], [20457])


def test_a_record_has_every_reason_that_holds() -> None:
    line = b'{"event_time":"soon","user_id":"-","action":"hover","attributes":[],"ip":5}'
    assert rows(line).rejected == [
        (
            1,
            [
                "action_not_permitted",
                "missing_user_id",
                "unparseable_event_time",
                "wrong_type:attributes",
                "wrong_type:ip",
            ],
        )
    ]
    assert reasons(user=None, time="2025-01-01T00:00:00Z") == ["event_time_out_of_range", "missing_user_id"]


def test_a_field_of_a_wrong_type_is_not_also_missing() -> None:
    line = b'{"event_time":[],"user_id":{},"action":true,"session_id":[]}'
    assert rows(line).rejected == [
        (1, [f"wrong_type:{name}" for name in ("action", "event_time", "session_id", "user_id")])
    ]


def test_an_empty_object_lacks_what_a_row_needs() -> None:
    assert rows(b"{}").rejected == [(1, ["action_not_permitted", "missing_user_id", "unparseable_event_time"])]
    assert rows(b"{}", rules=ANY).rejected == [(1, ["missing_user_id", "unparseable_event_time"])]


def test_rejects_are_in_the_order_of_their_lines() -> None:
    good = json.dumps(event()).encode()
    made = rows(b"nonsense", good, b"{}", b"[]", good, b'{"ip":1}', b"\xff")
    assert [number for number, _ in made.rejected] == [1, 3, 4, 6, 7]
    assert made.facts.num_rows == 2


@pytest.mark.parametrize("nothing", [None, "", " ", "\t\u00a0", "-"])
def test_null_tokens_and_blank_text_are_no_user_and_no_session(nothing: str | None) -> None:
    assert reasons(user=nothing) == ["missing_user_id"]
    assert row(session_id=nothing)["session_id"] is None


def test_null_tokens_are_a_setting_and_blank_text_is_null_without_any() -> None:
    assert row(replace(RULES, null_tokens=()), user="-")["user_id"] == "-"
    assert reasons(replace(RULES, null_tokens=()), user=" ") == ["missing_user_id"]
    assert reasons(replace(RULES, null_tokens=("0", "NULL")), user=0) == ["missing_user_id"]
    assert reasons(replace(RULES, null_tokens=("0", "NULL")), user="NULL") == ["missing_user_id"]


def test_text_that_is_no_null_is_kept_as_it_is() -> None:
    assert row(user=" u1 ")["user_id"] == " u1 "
    assert row(page_url="")["page_url"] == ""
    assert row(page_url="-")["page_url"] == "-"


def test_a_number_becomes_its_text() -> None:
    assert row(user=17850, session_id=17850.0)["user_id"] == "17850"
    assert row(user=17850, session_id=17850.0)["session_id"] == "17850.0"
    assert row(user=10**400)["user_id"] == "1" + "0" * 400
    assert row(time=1_767_618_000.25)["event_time"] == 1_767_618_000_250_000
    assert row(user="17850")["click_id"] == row(user=17850)["click_id"]


def test_only_permitted_actions_pass_and_a_missing_one_is_none() -> None:
    assert reasons(action="Click") == reasons(action=None) == reasons(action="") == ["action_not_permitted"]
    assert [reasons(action=action) for action in RULES.actions] == [[]] * 5


def test_a_star_permits_any_action_and_none() -> None:
    assert [row(ANY, action=action)["action"] for action in ("hover", "", None, "*")] == ["hover", "", None, "*"]
    assert reasons(replace(RULES, actions=("*", "click")), action="hover") == ["action_not_permitted"]


@pytest.mark.parametrize(
    ("time", "fine"),
    [
        ("2025-12-29T13:00:00Z", True), ("2025-12-29T12:59:59.999999Z", False),
        ("2026-01-05T14:59:59.999999Z", True), ("2026-01-05T15:00:00Z", False),
    ],
)  # fmt: skip
def test_the_window_of_event_times_is_exact_to_the_microsecond(time: str, fine: bool) -> None:
    assert reasons(time=time) == ([] if fine else ["event_time_out_of_range"])


def test_a_wide_window_takes_what_is_old() -> None:
    wide = replace(RULES, max_lateness="9999999d", max_skew="9999999d")
    assert row(wide, time="0001-01-01T00:00:00Z")["event_time"] == -62_135_596_800_000_000
    assert rows(b'{"event_time":"9999-12-31T23:59:59Z","user_id":1,"action":"click"}', rules=wide).days.tolist() == [
        2932896
    ]


@pytest.mark.parametrize("value", [b"[1]", b'"{}"', b"1", b"true", b'"null"'])
def test_attributes_that_are_no_object_are_a_wrong_type(value: bytes) -> None:
    line = json.dumps(event()).encode().replace(b'{"k": 1}', value)
    assert rows(line).rejected == [(1, ["wrong_type:attributes"])]


def test_attributes_that_are_null_or_missing_are_null() -> None:
    without = {name: value for name, value in event().items() if name != "attributes"}
    assert rows(json.dumps(without).encode()).facts["attrs"].to_pylist() == [None]
    assert row(attributes=None)["attrs"] is None


def test_attributes_are_compact_and_otherwise_as_they_were() -> None:
    written = rb'{ "z" : 1.50 , "a" : [ 1e3 , { } ] , "z" : "a  b\u00e9\/" , "n" : -0.0 , "s" : [ ] }'
    line = json.dumps(event()).encode().replace(b'{"k": 1}', written)
    assert rows(line).facts["attrs"].to_pylist() == [r'{"z":1.50,"a":[1e3,{}],"z":"a  b\u00e9\/","n":-0.0,"s":[]}']


def documented_id(values: list[str | None]) -> str:
    """docs/data-contract.md: `N` for null, else length in bytes, a colon, the bytes; joined; SHA-256."""
    encoded = b"".join(b"N" if v is None else b"%d:%b" % (len(v.encode()), v.encode()) for v in values)
    return hashlib.sha256(encoded).hexdigest()[:32]


texts = st.one_of(st.none(), st.text(max_size=6), st.sampled_from(["", "N", "1:a", "é", "0:"]))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), texts, texts, texts, texts, texts), max_size=8))
def test_click_id_is_the_documented_hash(events: list[tuple[Any, ...]]) -> None:
    time, *columns = ([e[n] for e in events] for n in range(6))
    ids = click_ids(pa.array(time, pa.int64()), [pa.array(column, pa.string()) for column in columns])
    assert [value.hex() for value in ids.to_pylist()] == [documented_id([str(e[0]), *e[1:]]) for e in events]


def test_click_id_is_made_of_the_normalised_columns() -> None:
    expected = documented_id(["1767618000000000", "u1", None, "click", "/p", '{"k":1}'])
    assert row(session_id="-")["click_id"].hex() == expected
    assert row(time="2026-01-05T14:00:00+01:00", session_id=" ", ip="other")["click_id"].hex() == expected


def test_events_that_differ_have_different_click_ids() -> None:
    changes: list[dict[str, Any]] = [
        {}, {"time": "2026-01-05T13:00:00.000001Z"}, {"user": "u2"}, {"session_id": None}, {"session_id": "N"},
        {"action": "search"}, {"page_url": None}, {"page_url": ""}, {"attributes": None}, {"attributes": {}},
        {"user": "u1s", "session_id": "1"}, {"page_url": '/p7:{"k":1}', "attributes": None},
    ]  # fmt: skip
    assert len({row(**change)["click_id"] for change in changes}) == len(changes)


def test_lateness_and_skew_are_those_of_the_arrival_hour() -> None:
    window = Window.around(ARRIVAL, replace(RULES, max_lateness="90m", max_skew="30s"))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert epoch + timedelta(microseconds=window.earliest) == datetime(2026, 1, 5, 11, 30, tzinfo=UTC)
    assert epoch + timedelta(microseconds=window.latest) == datetime(2026, 1, 5, 14, 0, 29, 999_999, tzinfo=UTC)


def test_a_column_of_texts_and_whole_numbers_is_text() -> None:
    assert text_column(["a", None, 1, -5, 2**63 - 1]).to_pylist() == ["a", None, "1", "-5", str(2**63 - 1)]
    assert text_column([]).to_pylist() == text_column([None, None]).to_pylist()[:0] == []
    assert text_column([None, 7]).type == pa.string()


def test_no_lines_are_no_rows() -> None:
    made = rows()
    assert (made.facts.num_rows, made.rejected, made.days.tolist()) == (0, [], [])
