"""The verdict on one unit: each one, and which comes first when several would do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.domain.hours import Unit
from clickctl.domain.ledger import InputFile, Ledger, UnitEntry
from clickctl.plan.partition import Seen, Verdict, decide, hours_current, lost_inputs
from tests.plan.facts import DAY, FAILURE, HOUR, OTHER_RULES, RULES, World, commit, committed, ledger, raw, worlds

EMPTY = Ledger(DAY)
FILES = (raw(HOUR),)
DAY_FILES = tuple(map(raw, DAY.hours))


def verdict(unit: Unit, inputs: object, found: Ledger, *, force: bool = False, **seen: object) -> tuple[str, str]:
    decision = decide(Seen(unit, tuple(inputs), found, **seen), RULES, force=force)  # type: ignore[arg-type]
    return decision.verdict, decision.reason


def test_raw_files_without_a_commit_are_missing() -> None:
    assert verdict(HOUR, FILES, EMPTY) == ("missing", "not committed yet")


def test_no_raw_files_is_nothing_to_run_even_when_forced() -> None:
    for force in (False, True):
        assert verdict(HOUR, (), EMPTY, force=force) == ("no-raw", "no raw files have arrived")


def test_the_same_input_and_rules_leave_a_unit_alone_unless_forced() -> None:
    assert verdict(HOUR, FILES, committed(HOUR)) == ("unchanged", "already committed, inputs unchanged")
    assert verdict(HOUR, FILES, committed(HOUR), force=True)[0] == "forced"


def test_rewritten_and_added_files_make_a_unit_stale_and_are_counted() -> None:
    now = (raw(HOUR, etag="e2"), raw(HOUR, "part-1.json"), raw(HOUR, "part-2.json"))
    assert verdict(HOUR, now, committed(HOUR)) == ("stale", "its raw files changed: 2 added, 1 rewritten")


def test_other_rules_make_a_unit_stale_and_both_are_named() -> None:
    found = verdict(HOUR, FILES, committed(HOUR, rules=OTHER_RULES))
    assert found == ("stale", f"made by rules {OTHER_RULES.name}, the present ones are {RULES.name}")


def test_a_failed_unit_is_run_again_and_its_error_told() -> None:
    assert verdict(HOUR, FILES, ledger({HOUR: UnitEntry(failure=FAILURE)})) == (
        "failed",
        "its last run failed: the disk is full",
    )
    both = ledger({HOUR: UnitEntry(commit=commit(HOUR, FILES), failure=FAILURE)})
    assert verdict(HOUR, FILES, both)[0] == "failed"


def test_a_day_none_of_whose_hours_is_committed_fails_with_its_hours() -> None:
    found = verdict(DAY, DAY_FILES, ledger({HOUR: UnitEntry(failure=FAILURE)}))
    assert found == ("failed", "the last run of 2026-01-05T13 failed: the disk is full")


def test_committed_hours_become_one_day() -> None:
    assert verdict(DAY, FILES, committed(HOUR)) == ("compact", "1 committed hour becomes one day")
    assert verdict(DAY, DAY_FILES, committed(*DAY.hours)) == ("compact", "24 committed hours become one day")


def test_a_torn_unit_is_run_again_whatever_else_is_true_of_it() -> None:
    for found in (EMPTY, committed(HOUR), ledger({HOUR: UnitEntry(failure=FAILURE)})):
        assert verdict(HOUR, FILES, found, torn=True) == ("torn", "a run died while publishing it")


def test_a_unit_another_run_is_publishing_is_never_touched() -> None:
    for inputs in ((), FILES):
        for force in (False, True):
            assert verdict(HOUR, inputs, committed(HOUR), busy=True, force=force)[0] == "busy"
    assert verdict(DAY, DAY_FILES, EMPTY, torn=True, busy=True)[0] == "busy"


def test_a_folder_where_a_raw_file_should_be_blocks_its_unit() -> None:
    found = verdict(HOUR, FILES, committed(HOUR), obstacles=(f"{HOUR.path}/part-1.json",), force=True)
    assert found == ("blocked", "2026/01/05/13/part-1.json is a folder where a raw file should be")


def test_a_rerun_that_would_lose_rows_is_refused_unless_forced() -> None:
    two = committed(HOUR)
    two = two.with_entry(HOUR, UnitEntry(commit(HOUR, (raw(HOUR), raw(HOUR, "part-1.json")))))
    gone = "1 raw file of its last commit is gone: 2026/01/05/13/part-1.json"
    assert verdict(HOUR, FILES, two) == ("inputs-gone", gone)
    assert verdict(HOUR, FILES, two, force=True)[0] == "forced"


def test_a_day_counts_the_raw_files_behind_its_hours_too() -> None:
    seen = Seen(DAY, (raw(DAY.hours[0]),), committed(*DAY.hours))
    assert len(lost_inputs(seen)) == 23
    assert decide(seen, RULES).verdict is Verdict.INPUTS_GONE


def test_expired_raw_files_leave_what_was_made_of_them_alone() -> None:
    assert verdict(HOUR, (), committed(HOUR)) == ("unchanged", "already committed; its raw files are gone by now")
    assert verdict(DAY, (), committed(*DAY.hours))[0] == "unchanged"
    assert verdict(HOUR, (), committed(HOUR), force=True)[0] == "inputs-gone"
    assert verdict(HOUR, (), EMPTY, torn=True)[0] == "inputs-gone"


@pytest.mark.parametrize("spoilt", [raw(HOUR, etag="e2"), raw(HOUR, "part-9.json")])
def test_the_hours_of_a_day_are_current_only_if_each_of_them_is(spoilt: InputFile) -> None:
    files = {file.key: file for file in (*DAY_FILES, spoilt)}
    seen = Seen(DAY, DAY_FILES, committed(*DAY.hours))
    assert hours_current(seen, RULES)
    assert not hours_current(replace(seen, inputs=tuple(files.values())), RULES)
    assert not hours_current(replace(seen, ledger=committed(*DAY.hours[1:])), RULES)
    assert not hours_current(seen, OTHER_RULES)
    failed = seen.ledger.with_entry(HOUR, UnitEntry(commit(HOUR, [raw(HOUR)]), failure=FAILURE))
    assert not hours_current(replace(seen, ledger=failed), RULES)


@given(worlds(), st.booleans())
def test_a_verdict_never_loses_rows_touches_a_live_run_or_runs_on_nothing(world: World, force: bool) -> None:
    units: tuple[Unit, ...] = (DAY, *DAY.hours)
    for unit in units:
        seen = world.seen(unit)
        found = decide(seen, RULES, force=force).verdict
        if found.runs:
            assert seen.inputs
            assert not seen.busy
            assert not seen.obstacles
            assert force or not lost_inputs(seen)
        if not found.runs and not found.needs_help and seen.inputs:
            assert seen.entry.commit is not None
