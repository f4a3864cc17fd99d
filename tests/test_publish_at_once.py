"""P6 and P3: two runs at once, one inside the other at every point, and in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from clickctl.domain.errors import CommitConflict, LakeError
from clickctl.execute import UnitResult
from tests.backends.dying import meet_and_run
from tests.backends.faults import FORKS, Step, WatchedLake, at, failing, moments, once, process
from tests.backends.small_lake import SmallLake

HOUR, NEXT, DAY = "2026-01-05T13", "2026-01-05T14", "2026-01-05"
PAGES = ["/a", "/b", "/late"]


@pytest.fixture
def raw(small: SmallLake) -> SmallLake:
    """Two hours that wait to be run."""
    small.put(HOUR, "/a", "/late@2026-01-04")
    small.put(NEXT, "/b")
    return small


def check_whole(small: SmallLake) -> None:
    assert small.unowned() == small.litter() == []


def attempt(small: SmallLake, unit: str) -> str:
    """How a run ended: its outcome, or `conflict`."""
    try:
        return small.run(unit).outcome
    except CommitConflict as conflict:
        assert conflict.exit_code == 4
        return "conflict"


def inside_each_step(raw: SmallLake, outer: str, inner: str) -> Iterator[tuple[SmallLake, str, str]]:
    """Run `inner` whole before an operation of a run of `outer`, each time another, on a fresh lake."""
    steps: list[Step] = []
    raw.beside("counted").over(WatchedLake(raw.lake, steps.append)).run(outer)
    for step in moments(raw.lake, steps):
        small, ended = raw.beside(f"{inner}-{step.number}"), []
        nested = at(step.number, lambda small=small, ended=ended: ended.append(attempt(small, inner)))
        result = attempt(small.over(WatchedLake(small.lake, nested)), outer)
        yield small, result, ended[0]


def test_of_two_runs_of_a_unit_one_commits_and_the_other_changes_nothing(raw: SmallLake) -> None:
    seen = set()
    for small, outer, inner in inside_each_step(raw, HOUR, HOUR):
        check_whole(small)
        assert small.pages() == ["/a", "/late"]
        assert small.state(HOUR) == "committed"
        seen.add((outer, inner))
    assert seen == {("unchanged", "committed"), ("conflict", "committed"), ("committed", "busy")}


def test_two_hours_of_one_day_both_commit_whatever_the_moment(raw: SmallLake) -> None:
    for small, *outcomes in inside_each_step(raw, HOUR, NEXT):
        assert outcomes == ["committed", "committed"]
        check_whole(small)
        assert small.pages() == PAGES


@pytest.mark.parametrize(("outer", "inner"), [(HOUR, DAY), (DAY, HOUR)])
def test_an_hour_and_its_day_at_once_never_hold_the_same_rows(raw: SmallLake, outer: str, inner: str) -> None:
    for small, *outcomes in inside_each_step(raw, outer, inner):
        assert "committed" in outcomes
        assert set(outcomes) <= {"committed", "unchanged", "busy", "conflict"}
        check_whole(small)
        assert small.pages() in (PAGES, ["/a", "/late"])
        attempt(small, DAY)
        check_whole(small)
        assert small.pages() == PAGES


def test_a_day_rerun_by_two_at_once_while_it_replaces_hours_is_one_day(raw: SmallLake) -> None:
    raw.run(HOUR), raw.run(NEXT)
    for small, *outcomes in inside_each_step(raw, DAY, DAY):
        assert "committed" in outcomes
        check_whole(small)
        assert small.pages() == PAGES
        assert list(small.ledger(DAY).units) == [DAY]


def test_the_loser_leaves_the_winners_rows_even_when_it_had_read_older_ones(raw: SmallLake) -> None:
    def rewrite_and_run() -> None:
        raw.put(HOUR, "/newer")
        raw.run(HOUR)

    with pytest.raises(CommitConflict, match="committed by another run"):
        raw.over(WatchedLake(raw.lake, once("put_if", "_ledger", rewrite_and_run))).run(HOUR)
    assert raw.pages() == ["/newer"]
    assert raw.state(HOUR) == "committed"
    check_whole(raw)


def test_who_comes_to_claim_while_another_publishes_is_refused_and_disturbs_nothing(raw: SmallLake) -> None:
    claimed, go_on = Event(), Event()

    def pause() -> None:
        claimed.set()
        assert go_on.wait(60)

    winner = raw.over(WatchedLake(raw.lake, once("copy", "", pause)))
    with ThreadPoolExecutor(1) as pool:

        def let_it_claim() -> None:
            running.append(pool.submit(winner.run, HOUR))
            assert claimed.wait(60)

        running: list[Future[UnitResult]] = []
        try:
            with pytest.raises(CommitConflict, match="is being published by run"):
                raw.over(WatchedLake(raw.lake, once("put_if", "_ledger", let_it_claim))).run(HOUR)
            assert raw.state(HOUR) == "publishing"
            assert attempt(raw, DAY) == attempt(raw, HOUR) == "busy"
        finally:
            go_on.set()
        assert running[0].result().outcome == "committed"
    assert raw.state(HOUR) == "committed"
    check_whole(raw)


def test_a_run_that_fails_after_another_has_committed_does_not_mark_the_unit_failed(raw: SmallLake) -> None:
    def lose() -> None:
        raw.run(HOUR)
        raise LakeError("the disk broke")

    with pytest.raises(LakeError, match="broke"):
        raw.over(WatchedLake(raw.lake, once("upload", "", lose))).run(HOUR)
    assert raw.state(HOUR) == "committed"
    check_whole(raw)


def test_a_run_that_fails_on_its_own_marks_the_unit_failed_and_keeps_its_rows(raw: SmallLake) -> None:
    raw.run(HOUR)
    raw.put(HOUR, "/newer")
    with pytest.raises(LakeError, match="broke"):
        raw.over(WatchedLake(raw.lake, once("upload", "", failing(LakeError("the disk broke"))))).run(HOUR)
    assert raw.state(HOUR) == "failed"
    assert raw.pages() == ["/a", "/late"]
    check_whole(raw)
    assert raw.run(HOUR).outcome == "committed"
    assert raw.pages() == ["/newer"]


def codes_of(small: SmallLake, units: list[str]) -> list[int]:
    """Exit codes of runs in processes of their own that start at the same moment."""
    start = FORKS.Barrier(len(units))
    children = [process(meet_and_run, small, unit, start) for unit in units]
    for child in children:
        child.start()
    for child in children:
        child.join()
    return [child.exitcode for child in children]


@pytest.mark.parametrize("attempt_number", range(4))
def test_three_processes_that_run_one_unit_end_with_exit_0_or_4_and_one_commit(
    raw: SmallLake, attempt_number: int
) -> None:
    codes = codes_of(raw, [HOUR] * 3)
    assert 0 in codes
    assert set(codes) <= {0, 4}
    assert raw.state(HOUR) == "committed"
    assert raw.pages() == ["/a", "/late"]
    check_whole(raw)


def test_processes_that_run_the_hours_of_one_day_all_commit(small: SmallLake) -> None:
    hours = [f"{DAY}T{n:02}" for n in range(6)]
    for n, hour in enumerate(hours):
        small.put(hour, f"/{n}", "/late@2026-01-04")
    assert codes_of(small, hours) == [0] * 6
    assert small.pages() == sorted([*(f"/{n}" for n in range(6)), *["/late"] * 6])
    check_whole(small)


def test_processes_that_run_hours_and_their_day_leave_each_row_once(small: SmallLake) -> None:
    hours = [f"{DAY}T{n:02}" for n in range(3)]
    for n, hour in enumerate(hours):
        small.put(hour, f"/{n}")
    codes = codes_of(small, [DAY, *hours])
    assert 0 in codes
    assert set(codes) <= {0, 4}
    check_whole(small)
    assert attempt(small, DAY) in ("committed", "unchanged")
    assert small.pages() == ["/0", "/1", "/2"]
    check_whole(small)
