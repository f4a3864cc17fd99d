"""What doctor says of the hot tables."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from clickctl.domain.hours import Day
from clickctl.plan.checks import Subject, Verdict
from clickctl.plan.hot import Load
from clickctl.plan.hot_checks import MAKE_TABLES, freshness_seen, tables_told

TODAY = Day(date(2026, 1, 5))
TABLES = Subject("hot tables", "Redshift")
WANTED = {"clicks": (("id", "VARCHAR(32)"),), "users": (("id", "BIGINT"),)}


def load(newest: datetime) -> Load:
    return Load(Day(newest.date()), "f", 1, 1, 1, 0, 0, newest, "run", newest)


@pytest.mark.parametrize(("at", "ago"), [
    ("2026-01-05T00:30:00", "today"), ("2026-01-04T23:59:59", "yesterday"), ("2025-12-31T12:00:00", "5 days ago"),
    ("2026-01-06T00:10:00", "today"),  # clocks of clients may be ahead
])  # fmt: skip
def test_freshness_is_the_newest_event_and_how_long_ago_it_was(at: str, ago: str) -> None:
    loads = [load(datetime.fromisoformat(text)) for text in ("2025-12-30T01:00:00", at)]
    found = freshness_seen({one.day: one for one in loads}, TODAY)
    assert found == f"2 days loaded, newest event {at}Z, {ago}"


def test_nothing_loaded_is_no_age() -> None:
    assert freshness_seen({}, TODAY) == "nothing is loaded yet"


def test_tables_are_right_missing_or_others() -> None:
    assert tables_told(TABLES, WANTED, WANTED).verdict is Verdict.OK
    absent = tables_told(TABLES, WANTED, {"users": WANTED["users"]})
    assert (absent.seen, absent.hint, absent.exit_code) == ("missing: clicks", MAKE_TABLES, 3)
    others = tables_told(TABLES, WANTED, {"users": (("id", "DATE"),)})
    assert others.seen == "missing: clicks. users: id is DATE where BIGINT is needed"
    assert others.hint.startswith("Alter the table")
