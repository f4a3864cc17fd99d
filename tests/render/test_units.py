"""Golden texts of what a run, a plan and a backfill show."""

from __future__ import annotations

import io
from dataclasses import replace
from textwrap import dedent

from rich.console import Console, RenderableType

from clickctl.domain.quality import Quality
from clickctl.execute import UnitResult
from clickctl.plan.backfill import BackfillPlan, PlannedUnit
from clickctl.render.console import rendered
from clickctl.render.units import plan_summary, plan_table, results_table, unit_result
from tests.plan.facts import HOUR

LAKE = "/srv/lake/processed/fact_clicks/year=2026/month=01/day=05"
QUALITY = Quality(
    lines=1241,
    facts=1220,
    duplicates=15,
    quarantined=6,
    reasons={"malformed_json": 2, "wrong_type:user_id": 4},
    days={"2026-01-05": 1210, "2026-01-04": 10},
    unknown_fields={"app_version": 46},
    users=240,
    files_in=2,
    files_out=3,
    bytes_in=72_500,
    bytes_out=135_000,
)
COMMITTED = UnitResult(
    HOUR,
    "committed",
    "not committed yet",
    run_id="20260105T140500-1a2b3c4d",
    seconds=0.43,
    quality=QUALITY,
    files=(f"{LAKE}/part-2026010513-0000.parquet", "/srv/lake/quarantine/2026/01/05/part-2026010513-0000.json.gz"),
    replaced_files=1,
    ignored_objects=1,
)
REASON = "/srv/lake/quarantine/2026/01/05: There is a file where a folder should be, and [nobody] may lose a word of it"
FAILED = UnitResult(HOUR.plus(1), "failed", REASON, "Move it away.", 5)
NOT_STARTED = UnitResult(HOUR.plus(2), "not-started", "stopped before its turn", exit_code=1)


def text(shown: RenderableType, width: int | None) -> str:
    console = Console(file=io.StringIO(), highlight=False, emoji=False, markup=False, width=width)
    return rendered(console, shown, width)


def golden(expected: str) -> str:
    return dedent(expected).removeprefix("\n")


def test_a_unit_tells_what_it_read_wrote_replaced_and_rejected_and_where_it_lies() -> None:
    expected = golden(f"""
        2026-01-05T13 (UTC) committed: not committed yet
        read         2 files, 72.5 kB, 1,241 lines
        wrote        3 files, 135 kB: 1,220 facts, 240 users
        duplicates   15 (1.21 %)
        quarantined  6 (0.48 %)
                             4  wrong_type:user_id
                             2  malformed_json
        new fields   app_version (46)
        other days   2026-01-04 (10)
        passed over  1 object not named part-*.json[.gz]
        replaced     1 file
        took         0.4 s
        lies at      {LAKE}/part-2026010513-0000.parquet
                     /srv/lake/quarantine/2026/01/05/part-2026010513-0000.json.gz
    """)
    for width in (40, 80, 200, None):
        assert text(unit_result(COMMITTED), width) == expected.rstrip() + "\n"


def test_a_unit_that_was_not_run_says_why_in_one_line() -> None:
    assert text(unit_result(FAILED), 200) == f"2026-01-05T14 (UTC) failed: {REASON}\n"


def test_a_unit_left_alone_shows_the_counts_of_its_last_commit_as_such() -> None:
    left = replace(COMMITTED, outcome="unchanged", reason="already committed, inputs unchanged", files=())
    assert text(unit_result(left), 80).splitlines()[:3] == [
        "2026-01-05T13 (UTC) unchanged: already committed, inputs unchanged",
        "last commit  run 20260105T140500-1a2b3c4d, which did this:",
        "read         2 files, 72.5 kB, 1,241 lines",
    ]


def test_many_files_are_named_as_a_dozen_and_a_count() -> None:
    many = UnitResult(HOUR, "committed", quality=QUALITY, files=tuple(f"/lake/{n}" for n in range(20)))
    shown = text(unit_result(many), 80)
    assert "/lake/11\n" in shown
    assert "/lake/12\n" not in shown
    assert "and 8 more" in shown


PLAN = BackfillPlan(
    HOUR,
    HOUR.plus(6),
    (
        PlannedUnit(HOUR, "missing", "not committed yet", 1_300_000, 2, "f"),
        PlannedUnit(HOUR.plus(1), "stale", "its raw files changed: 2 added, 1 rewritten", 50, 1, "f"),
        PlannedUnit(
            HOUR.plus(2), "blocked", "2026/01/05/15/part-1.json is a folder where a raw file should be", 5, 1, ""
        ),
        PlannedUnit(HOUR.plus(3), "unchanged", "already committed, inputs unchanged", 50, 1, "f"),
        PlannedUnit(HOUR.plus(4), "no-raw", "no raw files have arrived", 0, 0, "f"),
        PlannedUnit(HOUR.plus(5), "no-raw", "no raw files have arrived", 0, 0, "f"),
    ),
    "1/abc",
    "0.1.0",
    seconds=75.0,
)


def test_a_plan_lists_what_runs_and_what_needs_help_and_counts_the_rest() -> None:
    assert text(plan_table(PLAN), 80) == golden("""
        unit (UTC)     verdict  files    size  why
        2026-01-05T13  missing      2  1.3 MB  not committed yet
        2026-01-05T14  stale        1    50 B  its raw files changed: 2 added, 1
                                               rewritten
        2026-01-05T15  blocked      1     5 B  2026/01/05/15/part-1.json is a folder
                                               where a raw file should be
        2 units no-raw
        1 unit unchanged
    """)


def test_a_plan_off_a_terminal_has_one_line_a_unit_however_long() -> None:
    lines = text(plan_table(PLAN), None).splitlines()
    assert len(lines) == 6
    assert lines[3].endswith("2026/01/05/15/part-1.json is a folder where a raw file should be")


def test_a_plan_is_summed_up_with_its_bytes_and_its_time() -> None:
    span = "[2026-01-05T13, 2026-01-05T19) UTC"
    assert plan_summary(PLAN) == f"{span}: 2 units to run, 1.3 MB; time: about 1 min 15 s"
    unknown = BackfillPlan(PLAN.first, PLAN.end, PLAN.items[:1], "1/abc", "0.1.0")
    assert plan_summary(unknown) == f"{span}: 1 unit to run, 1.3 MB; time: unknown, nothing has been run yet"
    assert plan_summary(BackfillPlan(PLAN.first, PLAN.end, (), "", "")) == f"{span}: nothing to run"


def test_a_plan_of_nothing_says_so() -> None:
    assert text(plan_table(BackfillPlan(PLAN.first, PLAN.end, (), "", "")), 80) == "Nothing in range.\n"


RESULTS = """
    unit (UTC)     outcome      lines  facts  duplicates  quarantined   took
    2026-01-05T13  committed    1,241  1,220          15            6  0.4 s
    2026-01-05T14  failed           -      -           -            -      -
    2026-01-05T15  not-started      -      -           -            -      -
"""


def test_results_are_a_table_and_the_reasons_of_what_failed_below_it() -> None:
    shown = text(results_table([COMMITTED, FAILED, NOT_STARTED]), 200)
    assert shown == golden(RESULTS) + f"2026-01-05T14: {REASON}\n"
    assert text(results_table([COMMITTED, FAILED, NOT_STARTED]), None) == shown


def test_a_narrow_terminal_wraps_lines_but_cuts_no_number_and_no_word() -> None:
    for width in (20, 40, 80):
        shown = text(results_table([COMMITTED, FAILED, NOT_STARTED]), width)
        assert shown.startswith(golden(RESULTS))
        assert " ".join(shown.split()).endswith(REASON)
        assert "…" not in shown
