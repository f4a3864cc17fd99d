"""What load-hot shows: the table, the line for cron, and the exit code of every end."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime

from clickctl.domain.errors import ClickctlError, EngineError, Locked, RunFailed
from clickctl.domain.hours import Day, unit_from_name
from clickctl.domain.layout import FACTS, USERS, output_file
from clickctl.domain.ledger import OutputFile
from clickctl.plan.hot import DayFiles, HotPlan, Load, plan_hot
from clickctl.plan.hot_report import DayDone, HotReport, hot_report
from clickctl.render.console import console_for, rendered
from clickctl.render.hot import day_line, hot, summary

HOUR = unit_from_name("2026-01-05T13")
DAY = {n: Day(date(2026, 1, n)) for n in range(1, 10)}
NOW = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def files(day: Day, **changes: object) -> DayFiles:
    made = tuple(OutputFile(table, day, output_file(table, day, HOUR, 0), 1_500_000, 1_200) for table in (FACTS, USERS))
    return DayFiles(day, made, f"f{day}", **changes)  # type: ignore[arg-type]


def load(day: Day, fingerprint: str | None = None, duplicates: int = 0, cut: int = 0) -> Load:
    at = datetime(2026, 1, 5, 14)
    newest = datetime(day.date.year, day.date.month, day.date.day, 13, 59, 59)
    return Load(day, fingerprint or f"f{day}", 2, 3_000_000, 1_200 - duplicates, duplicates, cut, newest, f"l{day}", at)


LAKE = {
    DAY[2]: files(DAY[2]),
    DAY[3]: files(DAY[3]),
    DAY[4]: files(DAY[4], held="2026-01-05T13 is torn", by=(HOUR,), torn=True),
    DAY[5]: files(DAY[5]),
}
LOADED = {DAY[1]: load(DAY[1]), DAY[2]: load(DAY[2]), DAY[3]: load(DAY[3], "other")}


def plan(lake: Mapping[Day, DayFiles] = LAKE) -> HotPlan:
    return plan_hot(DAY[2], DAY[6], lake, LOADED)


def done(error: ClickctlError | None = None) -> dict[Day, DayDone]:
    by_day = {item.day: item for item in plan().days}
    return {
        DAY[5]: DayDone(by_day[DAY[5]], load(DAY[5], duplicates=3, cut=2), 2.5),
        DAY[3]: DayDone(by_day[DAY[3]], None if error else load(DAY[3]), 1.25, error),
        DAY[1]: DayDone(by_day[DAY[1]], None, 0.5),
    }


def report(ends: dict[Day, DayDone] | None, the_plan: HotPlan | None = None) -> HotReport:
    loads = {DAY[2]: load(DAY[2]), DAY[5]: load(DAY[5])}
    return hot_report("Redshift hot, dev.public", the_plan or plan(), 7, ends, loads, NOW)


def shown(found: HotReport) -> str:
    return rendered(console_for(io.StringIO()), hot(found), None)


def test_a_run_is_a_row_for_each_day() -> None:
    assert shown(
        report(done(RunFailed("The file is damaged.", hint="clickctl run-partition 2026-01-05T13 --force")))
    ) == (
        "Redshift hot, dev.public: event-days from 2026-01-02 on (7 days, UTC)\n"
        "day         verdict    files   rows   bytes  duplicates   took\n"
        "2026-01-01  expire         2  1,200  3.0 MB           0  0.5 s  it left the window\n"
        "2026-01-02  unchanged      2  1,200  3.0 MB           0\n"
        "2026-01-03  reload         2  1,200  3.0 MB           0  1.2 s  failed; its files changed\n"
        "2026-01-04  held           2  1,200  3.0 MB           0         left; 2026-01-05T13 is torn\n"
        "2026-01-05  load           2  1,200  3.0 MB           3  2.5 s  not loaded yet; 2 values shortened\n"
        "2026-01-06  empty          0      0     0 B           0\n"
        "Failed:\n"
        "  2026-01-03: The file is damaged. Nothing was changed.\n"
    )


def test_a_dry_run_has_rows_and_bytes_and_nothing_that_was_done() -> None:
    assert shown(report(None)) == (
        "Redshift hot, dev.public: event-days from 2026-01-02 on (7 days, UTC)\n"
        "day         verdict    files   rows   bytes\n"
        "2026-01-01  expire         2  1,200  3.0 MB  it left the window\n"
        "2026-01-02  unchanged      2  1,200  3.0 MB\n"
        "2026-01-03  reload         2  1,200  3.0 MB  its files changed\n"
        "2026-01-04  held           2  1,200  3.0 MB  left; 2026-01-05T13 is torn\n"
        "2026-01-05  load           2  1,200  3.0 MB  not loaded yet\n"
        "2026-01-06  empty          0      0     0 B\n"
    )


def test_one_line_for_cron_says_what_was_done_and_how_fresh_the_warehouse_is() -> None:
    assert summary(report(done())) == (
        "1 day given up, 1 day unchanged, 1 day loaded again, 1 day left, 1 day loaded, 1 day without rows. "
        "Newest event 2026-01-05T13:59:59Z, 30 min 1 s old."
    )


def test_a_day_as_it_ends_is_a_line() -> None:
    ends = done(EngineError("No.", changed="As before."))
    assert [day_line(end).replace("\xa0", " ") for end in ends.values()] == [
        "2026-01-05 loaded: 1,197 facts of 2 files, 3 duplicates removed, in 2.5 s",
        "2026-01-03 failed: No. As before.",
        "2026-01-01 given up: it left the window, in 0.5 s",
    ]


def test_exit_codes_tell_the_worst_that_happened() -> None:
    quiet = plan({day: found for day, found in LAKE.items() if day != DAY[4]})
    busy = plan({**LAKE, DAY[4]: files(DAY[4], held="2026-01-05T13 is being published", by=(HOUR,))})
    assert report(done(), quiet).exit_code == 0
    assert report(None, quiet).exit_code == 0
    assert report(done()).exit_code == 1, "a torn unit is in the way until somebody mends it"
    assert report(done(), busy).exit_code == 4, "a run is in the way until it ends"
    assert report(None, busy).exit_code == 0
    assert report(done(Locked("Another load is at work.")), quiet).exit_code == 4
    assert report(done(EngineError("gone")), quiet).exit_code == 5
    assert report(done(RunFailed("damaged")), quiet).exit_code == 1
    assert report({}, quiet).exit_code == 1, "something was to be done and was not"


def test_the_next_command_is_the_one_that_helps() -> None:
    quiet = plan({day: found for day, found in LAKE.items() if day != DAY[4]})
    assert report(done()).next == "Next: clickctl run-partition 2026-01-05T13"
    assert report(None, quiet).next == "Next: clickctl load-hot"
    assert report(done(RunFailed("damaged", hint="clickctl status")), quiet).next == "Next: clickctl status"
    assert report(done(), quiet).next == "Nothing more to do."
