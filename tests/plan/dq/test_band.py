"""The anomaly rule, by property."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from clickctl.plan.dq.band import FEWEST_POINTS, Usual, usual, usual_spread

COUNTS = st.integers(0, 10**9)
HISTORY = st.lists(COUNTS, min_size=FEWEST_POINTS, max_size=12)
SPREAD = st.floats(0, 3)


def known(points: list[int], spread: float = 0.0) -> Usual:
    found = usual(points, spread)
    assert found is not None
    return found


@given(st.lists(COUNTS, max_size=FEWEST_POINTS - 1), SPREAD)
def test_little_history_is_not_judged(points: list[int], spread: float) -> None:
    assert usual(points, spread) is None


@given(HISTORY, st.randoms(), SPREAD)
def test_the_order_of_weeks_does_not_matter_to_an_hour(points: list[int], random: object, spread: float) -> None:
    shuffled = sorted(points)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert usual(points, spread) == usual(shuffled, spread)


@given(COUNTS, st.integers(FEWEST_POINTS, 12), SPREAD)
def test_an_hour_like_every_week_before_deviates_by_nothing(facts: int, weeks: int, spread: float) -> None:
    assert known([facts] * weeks, spread).deviations(facts) == 0


@given(HISTORY, SPREAD, COUNTS, COUNTS)
def test_more_facts_never_deviate_less_upwards(points: list[int], spread: float, one: int, other: int) -> None:
    low, high = sorted((one, other))
    found = known(points, spread)
    assert found.deviations(low) <= found.deviations(high)


@given(HISTORY, SPREAD, COUNTS, st.floats(0.5, 20))
def test_what_lies_in_the_band_is_what_deviates_by_no_more(
    points: list[int], spread: float, facts: int, limit: float
) -> None:
    found = known(points, spread)
    low, high = found.band(limit)
    off = abs(found.deviations(facts))
    if not math.isclose(off, limit, rel_tol=1e-6):
        assert (low <= facts <= high) == (off <= limit) or (facts == 0 and low == 0)


@given(st.integers(500, 10**7), st.lists(COUNTS, min_size=1, max_size=3), SPREAD)
def test_bad_weeks_do_not_move_what_is_usual_while_most_are_good(facts: int, bad: list[int], spread: float) -> None:
    good = [facts] * (len(bad) + 2)
    assert known([*good, *bad], spread) == known(good, spread)


@given(st.integers(200, 10**8), st.integers(FEWEST_POINTS, 8))
def test_half_and_twice_are_noticed_where_hours_are_alike(facts: int, weeks: int) -> None:
    found = known([facts] * weeks)
    assert found.deviations(facts // 2) < -4 and found.deviations(2 * facts) > 4


@given(HISTORY, SPREAD, st.integers(2, 1000))
def test_twice_is_as_far_off_as_half(points: list[int], spread: float, times: int) -> None:
    found = Usual(10.0**6 - 1, known(points, spread).deviation)
    up, down = found.deviations(10**6 * times - 1), (0 - math.log(times)) / found.deviation
    assert math.isclose(up, -down, rel_tol=1e-9)


@given(HISTORY, SPREAD, SPREAD)
def test_in_a_lake_that_varies_more_an_hour_deviates_less(points: list[int], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert known(points, high).deviation >= known(points, low).deviation


@given(st.lists(HISTORY, max_size=20))
def test_the_usual_spread_is_a_number(histories: list[list[int]]) -> None:
    assert 0 <= usual_spread(histories) < 50


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=20), st.integers(2, 6))
def test_hours_that_never_change_have_no_spread(facts: list[int], weeks: int) -> None:
    assert usual_spread([one] * weeks for one in facts) == 0
