"""What people may type for an hour, a day or a range, and what they get."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.domain.errors import UsageError
from clickctl.domain.hours import (
    ACCEPTED,
    LONGEST_RANGE,
    Day,
    Hour,
    HourRange,
    Unit,
    hour_of,
    parse_range,
    parse_unit,
    unit_from_name,
)
from tests.domain.strategies import hours, units

NOW = datetime(2026, 1, 5, 14, 37, 12, tzinfo=UTC)
THIRTEEN = Hour(datetime(2026, 1, 5, 13, tzinfo=UTC))


@pytest.mark.parametrize("text", ["2026-01-05T13", "2026-01-05/13", "2026/01/05/13", "last-hour", "-1h"])
def test_every_accepted_form_of_an_hour_is_that_hour(text: str) -> None:
    assert parse_unit(text, NOW) == THIRTEEN


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("2026-01-05", Day(date(2026, 1, 5))),
        ("yesterday", Day(date(2026, 1, 4))),
        ("-0h", THIRTEEN.plus(1)),
        ("-3h", THIRTEEN.plus(-2)),
        ("-15h", Hour(datetime(2026, 1, 4, 23, tzinfo=UTC))),
        ("0001-01-01T00", Hour(datetime(1, 1, 1, tzinfo=UTC))),
        ("0001-01-01", Day(date(1, 1, 1))),
        ("9999-12-31", Day(date(9999, 12, 31))),
        ("9999-12-31T23", Hour(datetime(9999, 12, 31, 23, tzinfo=UTC))),
        ("2028-02-29T23", Hour(datetime(2028, 2, 29, 23, tzinfo=UTC))),
    ],
)
def test_days_relative_forms_and_the_edges_of_the_calendar_are_read(text: str, unit: Unit) -> None:
    assert parse_unit(text, NOW) == unit


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "2026", "2026-01", "2026-1-5", "20260105", "2026010513", "2026/01/05", "26-01-05T13"),
        *("2026-01-05T", "2026-01-05T1", "2026-01-05T24", "2026-01-05 13", "2026-01-05T13:00", "2026-01-05T13Z"),
        *("2026-01-05t13", "2026-02-30", "2026-02-29T00", "2026-13-01", "0000-01-01", "2026-01/05T13"),
        *(" 2026-01-05", "2026-01-05\n", "Yesterday", "today", "now", "3h", "-h", "-3d", "-3H", "--3h", "+3h"),
        *("-1234567h", "\u0662\u0660\u0662\u0666-01-05", "-\u0663h", "2026-01-05T-1", "--force", "10000-01-01"),
    ],
)
def test_anything_else_is_refused_and_the_accepted_forms_are_named(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_unit(text, NOW)
    assert repr(text) in refused.value.message
    assert ACCEPTED in refused.value.hint
    assert refused.value.exit_code == 2


@given(st.text(max_size=15))
def test_no_text_whatever_ends_in_another_error(text: str) -> None:
    with suppress(UsageError):
        assert isinstance(parse_unit(text, NOW), (Hour, Day))


@pytest.mark.parametrize("text", ["-3h", "last-hour", "yesterday"])
def test_going_back_beyond_the_year_one_is_refused_not_a_crash(text: str) -> None:
    with pytest.raises(UsageError):
        parse_unit(text, datetime(1, 1, 1, 0, 30, tzinfo=UTC))


def test_relative_forms_count_from_the_hour_in_utc_whatever_zone_now_is_told_in() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert parse_unit("last-hour", elsewhere) == THIRTEEN
    assert hour_of(elsewhere) == THIRTEEN.plus(1)


@given(units)
def test_a_unit_is_read_back_from_its_name_its_path_and_what_it_prints(unit: Unit) -> None:
    assert unit_from_name(str(unit)) == unit
    assert parse_unit(str(unit), NOW) == unit
    if isinstance(unit, Hour):
        assert parse_unit(unit.path, NOW) == unit
    assert unit.compact == str(unit).replace("-", "").replace("T", "")


@given(st.text(max_size=20))
def test_a_name_is_a_unit_only_if_that_unit_prints_so(name: str) -> None:
    with suppress(ValueError):
        assert str(unit_from_name(name)) == name


@pytest.mark.parametrize("name", ["20260105T13", "2026-01-05T13:30", "2026-W02-1", "2026-01-05T13+01", "2026-01-05 13"])
def test_other_ways_of_iso_8601_are_no_names_of_units(name: str) -> None:
    with pytest.raises(ValueError, match=r"2026"):
        unit_from_name(name)


def test_an_hour_is_never_anything_but_the_start_of_a_utc_hour() -> None:
    for wrong in (NOW, NOW.replace(tzinfo=None), datetime(2026, 1, 5, 13, tzinfo=timezone(timedelta(hours=1)))):
        with pytest.raises(ValueError, match="not the start of a UTC hour"):
            Hour(wrong)


@given(hours, st.integers(1, 100))
def test_a_range_holds_its_first_hour_and_not_its_end(first: Hour, length: int) -> None:
    found = parse_range(str(first), str(first.plus(length)), NOW)
    assert list(found) == [first.plus(n) for n in range(length)]
    assert len(found) == length
    assert first.plus(length) not in set(found)
    assert set(found.days) == {hour.day for hour in found}


@given(hours, st.integers(1, 100))
def test_a_range_is_read_back_from_the_words_that_name_it(first: Hour, length: int) -> None:
    found = HourRange(first, first.plus(length))
    assert parse_range(*found.words.split(), NOW) == found
    days = HourRange(first.day.first_hour, first.day.plus(3).first_hour)
    assert days.words == f"{first.day} {first.day.plus(3)}"


def test_a_day_at_either_end_of_a_range_stands_for_its_first_hour() -> None:
    day, next_day = Day(date(2026, 1, 5)), Day(date(2026, 1, 6))
    assert parse_range("2026-01-05", "2026-01-06", NOW) == HourRange(day.first_hour, next_day.first_hour)
    assert list(parse_range("2026-01-05", "2026-01-06", NOW)) == list(day.hours)
    assert str(parse_range("yesterday", "-1h", NOW)) == "[2026-01-04T00, 2026-01-05T13)"


@pytest.mark.parametrize(("first", "end"), [("2026-01-05", "2026-01-05"), ("2026-01-06", "2026-01-05"), ("-1h", "-2h")])
def test_an_empty_range_is_refused_with_the_reason(first: str, end: str) -> None:
    with pytest.raises(UsageError, match="is empty") as refused:
        parse_range(first, end, NOW)
    assert "the day after as END" in refused.value.hint


def test_a_range_longer_than_a_decade_is_taken_for_a_mistyped_year() -> None:
    with pytest.raises(UsageError, match=r"2,[0-9]{3},[0-9]{3} hours") as refused:
        parse_range("1726-01-05", "2026-01-05", NOW)
    assert "Check the years" in refused.value.hint
    assert len(parse_range("2016-01-05", "2026-01-05", NOW)) < LONGEST_RANGE
