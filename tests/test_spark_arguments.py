"""The Spark job's words: what Glue and people give it, and what needs no Spark to answer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clickctl.arguments import parse_arguments
from clickctl.domain.rules import QualityRules
from clickctl.local.spark import SparkEngine
from clickctl.sample import Sample, write_sample
from tests.engine_runs import Place, run_job, run_script

HOURS = ["2026-01-05T11", "2026-01-05T12"]


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Two hours, committed by the local engine: to the job they are as good as its own."""
    place = Place(tmp_path_factory.mktemp("lake"))
    write_sample(Path(place.roots.raw), datetime(2026, 1, 5, 11, tzinfo=UTC), Sample(hours=2, events=200))
    place.run(*HOURS)
    return place


def test_a_unit_already_committed_is_no_failure_and_starts_no_spark(committed: Place) -> None:
    before = committed.parquet()
    again = run_job(committed, "--unit", ",".join(HOURS), "--run-id", "again")
    assert again.code == 0 and again.err == ""
    assert [(said["unit"], said["verdict"]) for said in again.said] == [(unit, "unchanged") for unit in HOURS]
    assert committed.parquet() == before and committed.commit(HOURS[0]).run_id.startswith("run")


@pytest.mark.parametrize(
    "moment", ["2026-01-05T12:05:00Z", "2026-01-05T12:59:59.999Z", "2026-01-05T13:05:00+01:00", "2026-01-05T12:00:00"]
)
def test_a_schedulers_moment_means_the_hour_before(committed: Place, moment: str) -> None:
    done = run_job(committed, "--scheduled-time", moment)
    assert (done.code, [said["unit"] for said in done.said]) == (0, [HOURS[0]])


@pytest.mark.parametrize("moment", ["2026-01-06T00:40:00Z", "2026-01-06T23:59:59Z", "2026-01-07T00:30:00+01:00"])
def test_a_moment_of_the_nightly_schedule_means_the_day_before(moment: str) -> None:
    """Whenever the run begins: it may have waited in Glue's queue past midnight."""
    words = [*ROOTS, "--scheduled-time", moment, "--schedule", "nightly"]
    for began in (datetime(2026, 1, 6, 1, tzinfo=UTC), datetime(2026, 1, 8, 1, tzinfo=UTC)):
        assert [str(unit) for unit in parse_arguments(words, began).units] == ["2026-01-05"]


def test_an_hour_without_raw_files_fails_and_says_why(committed: Place) -> None:
    done = run_job(committed, "--unit", f"2026-01-05T15,{HOURS[0]}")
    assert done.code == 1
    assert [said["verdict"] for said in done.said] == ["no-raw", "unchanged"] and done.said[0]["reason"]


ROOTS = ["--raw", "/nowhere/raw", "--processed", "/nowhere/processed", "--quarantine", "/nowhere/quarantine"]
BAD = {
    "no unit": ROOTS,
    "both": [*ROOTS, "--unit", "2026-01-05", "--scheduled-time", "2026-01-05T14:05:00Z"],
    "no such unit": [*ROOTS, "--unit", "2026-01-05T25"],
    "no such time": [*ROOTS, "--scheduled-time", "soon"],
    "no root": ["--unit", "2026-01-05"],
    "an empty root": [*ROOTS, "--raw", "", "--unit", "2026-01-05"],
    "no number": [*ROOTS, "--unit", "2026-01-05", "--rules", '{"max_line_bytes": "many"}'],
    "too small a number": [*ROOTS, "--unit", "2026-01-05", "--rules", '{"max_line_bytes": 5}'],
    "no file size": [*ROOTS, "--unit", "2026-01-05", "--target-file-mb", "0"],
    "no duration": [*ROOTS, "--unit", "2026-01-05", "--rules", '{"max_lateness": "a week"}'],
    "no JSON": [*ROOTS, "--unit", "2026-01-05", "--rules", "actions=click"],
    "no such rule": [*ROOTS, "--unit", "2026-01-05", "--rules", '{"action": ["click"]}'],
    "neither true nor false": [*ROOTS, "--unit", "2026-01-05", "--force", "maybe"],
    "a value left out": [*ROOTS, "--unit"],
}


@pytest.mark.parametrize("words", BAD.values(), ids=BAD)
def test_bad_arguments_are_said_in_json_and_exit_2(words: list[str]) -> None:
    done = run_script(*words)
    assert (done.code, [list(said) for said in done.said]) == (2, [["error", "hint", "changed"]]), done.err
    assert "Traceback" not in done.err


words = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4), max_size=3).map(tuple)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words.filter(bool), words, st.integers(0, 9999), st.sampled_from("smhd"), st.integers(1024, 64 << 20))
@example(("click",), (), 7, "d", 1024)
@example(("add,to,cart", "--unit", ""), ("a,b", "--", " "), 7, "d", 1024)
def test_the_engine_of_this_machine_passes_every_rule_on(
    committed: Place, actions: tuple[str, ...], tokens: tuple[str, ...], number: int, unit: str, most: int
) -> None:
    rules = QualityRules(actions, tokens, f"{number}{unit}", "30m", most)
    order = committed.order(HOURS[0], rules)
    _, _, *argv = SparkEngine(committed.publisher, 64)._argv([order])
    given = parse_arguments(argv, datetime.now(UTC))
    assert (given.rules, given.force, given.run_id, given.target_file_mb) == (rules, True, "run", 64)
    assert [str(unit) for unit in given.units] == HOURS[:1]
