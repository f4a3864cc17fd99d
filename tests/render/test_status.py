"""Golden texts of the calendar of hours."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from clickctl.domain.hours import HourRange
from clickctl.domain.ledger import UnitEntry
from clickctl.plan.status import StatusReport
from clickctl.render.console import rendered
from clickctl.render.status import status
from tests.plan.facts import DAY, FAILURE, RULES, World, commit, committed, ledger, publishing, raw
from tests.render.test_units import golden

HOURS = DAY.hours


def report() -> StatusReport:
    """One hour in every state, or a few."""
    entries = {
        HOURS[6]: UnitEntry(failure=FAILURE),
        HOURS[7]: UnitEntry(publishing=publishing()),
        HOURS[8]: UnitEntry(publishing=publishing()),
        HOURS[9]: UnitEntry(commit(HOURS[9], [raw(HOURS[9], etag="old")])),
    }
    first = committed(*HOURS[:3])
    for hour, entry in entries.items():
        first = first.with_entry(hour, entry)
    files = {hour: (raw(hour),) for hour in (*HOURS[:3], *HOURS[4:13])}
    next_day = DAY.plus(1)
    world = World({DAY: first, next_day: ledger({}, next_day)}, files, frozenset({str(HOURS[8])}),
                  frozenset({HOURS[12]}), next_day.hours[2])  # fmt: skip
    return world.status(HourRange(DAY.first_hour, next_day.hours[5]))


def shown(width: int | None, *, details: bool = False) -> str:
    console = Console(file=io.StringIO(), highlight=False, emoji=False, markup=False, width=width)
    return rendered(console, status(report(), details), width)


GRID = """
    Arrival hours [2026-01-05T00, 2026-01-06T05), UTC
                0     6     12    18
    2026-01-05  ●●●·○○x↻!◐○○?···········
    2026-01-06  ··
    · missing    14 hours: no raw files
    ○ waiting    4 hours: raw files wait to be run
    ● committed  3 hours: committed
    ◐ stale      1 hour: committed, but input or rules changed
    ! torn       1 hour: a run died while publishing it
    ↻ publishing 1 hour: being published
    x failed     1 hour: the last run failed
    ? blocked    1 hour: a folder where a raw file should be, or a damaged ledger
"""
MENDS = """
    To mend:
      clickctl backfill 2026-01-05T04 2026-01-05T07  # 3 hours failed, waiting
      clickctl backfill 2026-01-05T08 2026-01-05T12  # 4 hours stale, torn, waiting
"""


@pytest.fixture
def unicode_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "utf-8"))


@pytest.mark.usefixtures("unicode_stdout")
@pytest.mark.parametrize("width", [40, 80, 200, None])
def test_a_calendar_a_legend_of_what_is_there_and_the_commands_that_mend_it(width: int | None) -> None:
    assert shown(width) == golden(GRID) + golden(MENDS)


@pytest.mark.usefixtures("unicode_stdout")
def test_details_tell_why_each_hour_is_not_well() -> None:
    details = golden("""
        2026-01-05T04  waiting     raw files wait to be run
        2026-01-05T05  waiting     raw files wait to be run
        2026-01-05T06  failed      the disk is full
        2026-01-05T07  publishing  a run is publishing it
        2026-01-05T08  torn        a run died while publishing it
        2026-01-05T09  stale       its raw files changed since it was committed
        2026-01-05T10  waiting     raw files wait to be run
        2026-01-05T11  waiting     raw files wait to be run
        2026-01-05T12  blocked     a folder lies where a raw file should be
    """)
    assert shown(80, details=True) == golden(GRID) + details + golden(MENDS)


def test_a_terminal_without_unicode_gets_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    text = shown(80)
    assert text.isascii()
    assert "2026-01-05  ###.oox*!~oo?..........." in text
    assert "o waiting    4 hours" in text


@pytest.mark.usefixtures("unicode_stdout")
def test_more_mends_than_a_dozen_are_offered_as_one_range_too() -> None:
    days = {DAY.plus(n): ledger({}, DAY.plus(n)) for n in range(2)}
    every_other = {hour: (raw(hour),) for n in range(2) for hour in DAY.plus(n).hours[::2]}
    found = World(days, every_other).status(HourRange(DAY.first_hour, DAY.plus(2).first_hour))
    text = rendered(Console(file=io.StringIO(), markup=False), status(found, False), 80)
    assert text.count("clickctl run-partition") == 12
    assert "clickctl backfill 2026-01-05 2026-01-07  # all 24 of these at once" in text


@pytest.mark.usefixtures("unicode_stdout")
def test_a_lake_that_is_well_needs_no_mending() -> None:
    found = World({DAY: committed(*HOURS)}, {hour: (raw(hour),) for hour in HOURS}).status(HOURS)
    text = rendered(Console(file=io.StringIO(), markup=False), status(found, False), 80)
    assert "To mend" not in text
    assert RULES.name
