"""Counts add up, stay small, and durations are read as they are written."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.domain.quality import KEPT_LENGTH, KEPT_NAMES, OTHER, Quality, keep_common, total
from clickctl.domain.rules import QualityRules, duration
from tests.domain.strategies import qualities


@given(st.lists(qualities, max_size=4))
def test_a_total_is_the_sum_of_its_parts_in_every_count(parts: list[Quality]) -> None:
    whole = total(parts)
    for field in fields(Quality):
        values = [getattr(part, field.name) for part in parts]
        found = getattr(whole, field.name)
        if field.name == "longest":
            assert found == {name: max(value.get(name, 0) for value in values) for name in set().union(*values)}
        elif isinstance(found, dict):
            assert sum(found.values()) == sum(sum(value.values()) for value in values)
            assert set(found) == {name for value in values for name in value}
        elif isinstance(found, int):
            assert found == sum(values)
    assert whole.balances == (whole.lines == whole.facts + whole.duplicates + whole.quarantined)


@given(st.lists(qualities, min_size=1, max_size=4), st.integers(0, 4))
def test_totals_of_totals_are_totals(parts: list[Quality], cut: int) -> None:
    assert total([total(parts[:cut]), total(parts[cut:])]) == total(parts)


def test_the_first_and_last_event_are_those_of_any_part_that_has_one() -> None:
    parts = [
        Quality(),
        Quality(min_event_time="2026-01-05T13", max_event_time="2026-01-05T14"),
        Quality(min_event_time="2026-01-04T09", max_event_time="2026-01-05T10"),
    ]
    assert total(parts).min_event_time == "2026-01-04T09"
    assert total(parts).max_event_time == "2026-01-05T14"
    assert total([]).min_event_time is None


def test_the_longest_text_is_that_of_any_part_and_a_part_may_have_none() -> None:
    parts = [Quality(longest={"user_id": 9, "attrs": 70_000}), Quality(), Quality(longest={"user_id": 12, "ip": 0})]
    assert total(parts).longest == {"attrs": 70_000, "ip": 0, "user_id": 12}
    assert total([Quality()]).longest == {}


names = st.text(max_size=3) | st.just(OTHER) | st.integers(0, 200).map(lambda n: f"field{n}")


@given(st.dictionaries(names, st.integers(1, 10**6), max_size=120))
def test_only_the_commonest_names_are_kept_and_no_count_is_lost(counts: dict[str, int]) -> None:
    kept = keep_common(counts)
    assert len(kept) <= KEPT_NAMES + 1
    assert sum(kept.values()) == sum(counts.values())
    dropped = [counts[name] for name in counts if name not in kept]
    named = [count for name, count in kept.items() if name != OTHER]
    assert not dropped or max(dropped) <= min(named, default=max(dropped))


def test_a_name_as_long_as_a_book_is_not_kept() -> None:
    assert keep_common({"x" * (KEPT_LENGTH + 1): 3, "y" * KEPT_LENGTH: 2}) == {"y" * KEPT_LENGTH: 2, OTHER: 3}


@pytest.mark.parametrize(
    ("text", "seconds"), [("7d", 604_800), ("36h", 129_600), ("90m", 5_400), ("30s", 30), (" 1 d ", 86_400), ("0s", 0)]
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "7w", "-1d", "1.5h", "7d12h", "\u0667d", "7 D", "99999999d"])
def test_other_durations_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write 7d, 36h, 90m or 30s"):
        duration(text)


def test_rules_have_the_same_name_only_if_they_are_the_same() -> None:
    variants = [
        QualityRules(),
        QualityRules(actions=("click",)),
        QualityRules(actions=("page_view,click",)),
        QualityRules(actions=("page_view", "click")),
        QualityRules(null_tokens=()),
        QualityRules(max_lateness="8d"),
        QualityRules(max_skew="7d"),
        QualityRules(max_line_bytes=2048),
    ]
    assert len({rules.name for rules in variants}) == len(variants)
    assert QualityRules().name == QualityRules().name


def test_rules_that_would_reject_everything_or_exhaust_memory_are_refused() -> None:
    for wrong in ({"actions": ()}, {"max_line_bytes": 1023}, {"max_line_bytes": 1 << 40}, {"max_skew": "soon"}):
        with pytest.raises(ValueError, match="|".join(wrong)):
            QualityRules(**wrong)
