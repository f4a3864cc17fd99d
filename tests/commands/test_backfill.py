"""clickctl backfill: a range, whatever of it needs to run, and what is said about the rest."""

from __future__ import annotations

import json
from pathlib import Path

from clickctl.roots import LakeRoots
from tests.commands.lakes import Put, events, fill, tree
from tests.commands.terminal import on_a_terminal
from tests.conftest import Shell

DAY, NEXT = "2026-01-05", "2026-01-06"
UNIT_KEYS = ["at", "level", "event", "unit", "outcome", "seconds", "lines", "facts", "duplicates", "quarantined"]


def test_whole_days_run_as_days_the_rest_as_hours_and_a_second_time_nothing(
    shell: Shell, put_raw: Put, tmp_path: Path
) -> None:
    fill(put_raw, DAY, (0, 13, 23))
    fill(put_raw, NEXT, (0, 1, 2))
    span = (DAY, "2026-01-06T02")
    dry = shell("backfill", *span, "--newest-first", "--dry-run", "--output", "json", "--detailed-exitcode", code=10)
    assert [item["unit"] for item in dry.json["items"]] == ["2026-01-06T01", "2026-01-06T00", DAY]
    assert dry.json["seconds"] is None
    assert not Path(tmp_path, "lake/processed").exists()

    ran = shell("backfill", *span, "--newest-first", "--max-parallel", "1")
    assert [line[:13].strip() for line in ran.out.splitlines()] == ["unit (UTC)", "2026-01-06T01", "2026-01-06T00", DAY]
    assert "2026-01-05 committed: 6 facts of" in ran.err
    assert ran.err.splitlines()[-1] == "3 committed. Nothing more to do."

    before = tree(tmp_path)
    again = shell("backfill", *span, "--detailed-exitcode", "--quiet")
    assert (again.out, again.err) == ("", "")
    assert tree(tmp_path) == before


def test_machines_get_a_report_on_stdout_and_a_line_an_event_on_stderr(shell: Shell, put_raw: Put) -> None:
    fill(put_raw, DAY, (3, 4))
    ran = shell("backfill", "2026-01-05T03", "2026-01-05T06", "--output", "json", "--log-format", "json")
    report = ran.json
    assert list(report) == ["first", "end", "counts", "units", "next"]
    assert report["counts"] == {"committed": 2, "no-raw": 1}
    assert [unit["unit"] for unit in report["units"]] == ["2026-01-05T03", "2026-01-05T04"]
    lines = [json.loads(line) for line in ran.err.splitlines()]
    assert [line["event"] for line in lines] == ["plan", "unit", "unit", "done"]
    assert list(lines[0]) == ["at", "level", "event", "units", "bytes", "seconds"]
    assert list(lines[1]) == UNIT_KEYS
    assert list(lines[3]) == ["at", "level", "event", "counts", "next"]


def test_one_failure_does_not_touch_the_others_and_is_told_until_it_is_mended(
    shell: Shell, put_raw: Put, roots: LakeRoots
) -> None:
    fill(put_raw, DAY, (3, 4, 5))
    put_raw("2026/01/05/04", [{"action": "hover"}])
    put_raw("2026/01/05/03", events(DAY, 3)[:2])
    put_raw("2026/01/05/05", events(DAY, 5)[:2])
    put_raw("2026/01/05/06/part-0.json", b"", name="lost")
    in_the_way = Path(roots.quarantine, "2026/01/05")  # only the bad record of hour 4 needs to go there
    in_the_way.parent.mkdir(parents=True)
    in_the_way.touch()

    ran = shell("backfill", "2026-01-05T03", "2026-01-05T07", code=1)
    outcomes = {line.split()[0]: line.split()[1] for line in ran.out.splitlines() if not line.startswith("unit")}
    assert {unit: outcome for unit, outcome in outcomes.items() if not unit.endswith(":")} == {
        "2026-01-05T03": "committed",
        "2026-01-05T04": "failed",
        "2026-01-05T05": "committed",
        "2026-01-05T06": "blocked",
    }
    assert f"2026-01-05T04: {in_the_way}" in ran.out
    assert "2026-01-05T06: 2026/01/05/06/part-0.json is a folder where a raw file should be" in ran.out
    assert "1 blocked, 2 committed, 1 failed. Next: " in ran.err
    assert "Then: clickctl backfill 2026-01-05T03 2026-01-05T07" in ran.err

    status = shell("status", "2026-01-05T03", "2026-01-05T07", "--output", "json").json
    assert [hour["state"] for hour in status["hours"]] == ["committed", "torn", "committed", "blocked"]
    assert status["hours"][1]["reason"].startswith(f"a run failed while publishing it: {in_the_way}")
    in_the_way.unlink()
    mended = shell("backfill", "2026-01-05T03", "2026-01-05T06", "--only", "failed", "--output", "json")
    assert mended.json["counts"] == {"committed": 1, "unchanged": 2}


def test_fail_fast_starts_no_more_and_says_how_to_go_on(shell: Shell, put_raw: Put, roots: LakeRoots) -> None:
    fill(put_raw, DAY, (3, 4, 5))
    Path(roots.quarantine).touch()
    ran = shell("backfill", "2026-01-05T03", "2026-01-05T06", "--fail-fast", "--max-parallel", "1", code=1)
    assert [line.split()[1] for line in ran.out.splitlines()[1:4]] == ["failed", "not-started", "not-started"]
    assert ran.err.splitlines()[-1].startswith("1 failed, 2 not-started. Next: ")


def test_a_saved_plan_is_run_as_it_was_saved_and_refused_when_its_input_drifted(
    shell: Shell, put_raw: Put, tmp_path: Path
) -> None:
    fill(put_raw, DAY, (3, 4))
    made = shell("backfill", "2026-01-05T03", "2026-01-05T05", "--newest-first", "--plan-out", "plan.json")
    assert "Saved the plan. Run it with: clickctl backfill --plan plan.json" in made.err
    assert not Path(tmp_path, "lake/processed").exists()
    shell("run-partition", "2026-01-05T03")

    put_raw("2026/01/05/04", events(DAY, 4), name="part-late.json")
    refused = shell("backfill", "--plan", "plan.json", code=1)
    assert "The plan no longer fits: the raw files of 2026-01-05T04 changed." in refused.err
    assert "Make a new one: clickctl backfill 2026-01-05T03 2026-01-05T05 --plan-out FILE" in refused.err
    Path(tmp_path, "lake/raw/2026/01/05/04/part-late.json").unlink()

    ran = shell("backfill", "--plan", "plan.json", "--output", "json")
    assert [unit["unit"] for unit in ran.json["units"]] == ["2026-01-05T04"]
    assert ran.json["counts"] == {"committed": 1, "unchanged": 1}
    for words in (
        ("--plan", "plan.json", DAY, NEXT),
        ("--plan", "plan.json", "--only", "all"),
        ("--plan", "none.json"),
    ):
        assert "Nothing was changed." in shell("backfill", *words, code=2).err


def test_a_person_is_shown_the_plan_and_asked_and_no_is_no(shell: Shell, put_raw: Put, tmp_path: Path) -> None:
    fill(put_raw, DAY, (3, 4))
    before = tree(tmp_path)
    words = ("backfill", "2026-01-05T03", "2026-01-05T05")
    declined = on_a_terminal(shell, *words, answer="n\n", code=1)
    assert "2026-01-05T04  missing      1" in declined
    assert "Run it? [y/N]: " in declined
    assert declined.endswith("Nothing was changed.\n")
    assert tree(tmp_path) == before
    done = on_a_terminal(shell, *words, answer="y\n", env={"TERM": "dumb"})
    assert done.endswith("2 committed. Nothing more to do.\n")
