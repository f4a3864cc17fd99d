"""Examples are masked: in clear are our fields' names, and what is at fault and looks like an action or a time."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.plan.dq.examples import masked

PERSONAL = ["anna.berg@example.com", "+49 151 2345678", "4915123456789", "Hans Mueller, Bahnhofstr. 5", "u00001234",
            "my secret diagnosis is diabetes", "DE89370400440532013000", "½ⅧⅫ㊿", "שלום", "Ω"]  # fmt: skip
REASONS = ["action_not_permitted", "unparseable_event_time", "event_time_out_of_range", "missing_user_id",
           "wrong_type:attributes", "wrong_type:page_url", "malformed_json", "not_an_object"]  # fmt: skip


def shown(record: object, reason: str) -> str:
    return masked(json.dumps(record, ensure_ascii=False).encode(), reason)


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("secret", PERSONAL)
def test_nothing_personal_is_left_wherever_it_stands(secret: str, reason: str) -> None:
    for record in (
        {"action": secret, "event_time": secret, "user_id": secret},
        {"attributes": {"action": secret, "event_time": secret}, "action": "hover", "event_time": "2026-02-30"},
        {"attributes": {"action": secret}},
        {secret: 1, "action": {"event_time": secret}},
        [secret],
    ):
        text = shown(record, reason)
        assert secret not in text and not set(re.findall(r"[^\W_]{4,}", secret)) & set(re.findall(r"[^\W_]{4,}", text))
    broken = json.dumps({"attributes": {"action": secret}}).encode()[:-1]
    assert secret not in masked(broken, reason)


@pytest.mark.parametrize(("field", "reason", "value"), [
    ("action", "action_not_permitted", "hover"), ("action", "action_not_permitted", "add-to_wish_list"),
    ("event_time", "unparseable_event_time", "2026-02-30T10:00:00Z"),
    ("event_time", "event_time_out_of_range", "2025-01-01 00:00:00.123+01:00"),
])  # fmt: skip
def test_an_action_or_a_time_at_fault_is_told_first(field: str, reason: str, value: str) -> None:
    record = {"user_id": "u1", "attributes": {field: "nested"}, field: value}
    assert shown(record, reason).startswith(f'"{field}":"{value}" in {{"user_id": "x9"')
    assert shown({"user_id": "u1"}, reason).startswith(f"(no {field}) ")


def test_a_missing_user_is_told_as_null_or_as_absent() -> None:
    assert shown({"action": "a", "user_id": None}, "missing_user_id").startswith('"user_id":null in ')
    assert shown({"action": "a"}, "missing_user_id").startswith("(no user_id) ")


@given(st.binary(max_size=400), st.sampled_from([*REASONS, "corrupt_file", "line_too_long", "", "wrong_type:"]))
def test_any_bytes_have_a_short_example_without_their_numbers(raw: bytes, reason: str) -> None:
    text = masked(raw, reason)
    assert len(text) <= 161
    assert not re.search(r"[0-8]", text.replace("(the bytes of a whole file)", "")) or '"event_time":' in text
