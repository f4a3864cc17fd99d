"""load-hot into the stand-in for Redshift through cuts, conflicts and restarts: whole days or none, and the truth."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from clickctl.domain.errors import EXIT_SERVICE
from clickctl.plan.hot_report import HotReport
from tests.backends.hot import H13, Hot, changed_since

pytest.importorskip("redshift_connector")

if TYPE_CHECKING:
    from tests.redshift.server import Standin

DAY = "2026-01-05"


@pytest.fixture
def hot(hot_redshift: Hot) -> Hot:
    return changed_since(hot_redshift)


OLD, NEW = ["/a", "/b", "/b", "/c"], ["/b", "/c", "/new"]


def day(report: HotReport) -> tuple[str, str, str]:
    found = next(one for one in report.days if str(one.day) == DAY)
    return found.verdict, found.outcome, found.error


CUTS = [
    "BEGIN", "LOCK", "CREATE TEMP", "COPY stage_facts", "DELETE FROM", "INSERT INTO .*fact_clicks", "COPY stage_users",
    "INSERT INTO .*clickctl_loads", "DROP TABLE", "COMMIT", "svv_redshift_columns", "SELECT day, fingerprint",
]  # fmt: skip


@pytest.mark.parametrize("pattern", CUTS)
@pytest.mark.parametrize("when", ["cut_before", "cut_after"])
def test_a_connection_cut_at_any_statement_costs_nothing_but_time(
    hot: Hot, standin: Standin, pattern: str, when: str
) -> None:
    rule = getattr(standin.faults, when)(f"^{pattern}" if pattern[0].isupper() else pattern)
    report = hot.load(load_id="after")
    assert rule.met == 1
    assert (report.exit_code, day(report)) == (0, ("reload", "done", ""))
    assert hot.pages() == NEW
    hot.check()


def test_a_commit_that_was_done_and_not_heard_of_is_found_and_not_done_again(hot: Hot, standin: Standin) -> None:
    standin.faults.cut_after("^COMMIT")
    before = len(standin.copies)
    report = hot.load(load_id="after")
    assert day(report) == ("reload", "done", "")
    assert len(standin.copies) - before == 2, "one COPY for each table"
    assert [row[8] for row in hot.loads() if row[0].day == 5] == ["after-20260105"]
    hot.check()


def test_a_commit_that_was_never_done_is_done_again(hot: Hot, standin: Standin) -> None:
    standin.faults.cut_before("^COMMIT")
    before = len(standin.copies)
    assert day(hot.load()) == ("reload", "done", "")
    assert len(standin.copies) - before == 4
    hot.check()


def test_where_nobody_answers_after_a_commit_it_is_said_that_it_is_not_known(hot: Hot, standin: Standin) -> None:
    standin.faults.cut_after("^COMMIT")
    standin.faults.cut_before("^BEGIN", nth=2, times=math.inf)
    warehouse = hot.warehouse()
    loader = hot.loader(warehouse, "after")
    done = loader.execute(loader.plan().plan, lambda one: None)
    warehouse.close()
    error = next(iter(done.values())).error
    assert error is not None
    assert error.exit_code == EXIT_SERVICE
    assert error.changed.startswith("It was being committed, and is now in the warehouse wholly or not at all")
    assert hot.pages() == NEW, "it was"


AFTER_A_LOST_COMMIT: dict[str, Callable[[Any], Any]] = {
    "starting up": lambda faults: faults.refuse("^BEGIN", "57P03", "the database is starting", nth=2, times=math.inf),
    "still locked": lambda faults: faults.refuse("^LOCK", "57014", "Query (1) cancelled on user's request", nth=2),
}


@pytest.mark.parametrize("how", AFTER_A_LOST_COMMIT)
def test_however_the_question_fails_what_became_of_a_commit_is_not_guessed(
    hot: Hot, standin: Standin, how: str
) -> None:
    standin.faults.cut_after("^COMMIT")
    AFTER_A_LOST_COMMIT[how](standin.faults)
    warehouse = hot.warehouse()
    loader = hot.loader(warehouse, "after")
    [done] = loader.execute(loader.plan().plan, lambda one: None).values()
    warehouse.close()
    standin.faults.clear()
    assert done.error and done.error.changed.startswith("It was being committed, and is now in the warehouse wholly")
    assert hot.pages() == NEW, "it was"


def test_ctrl_c_after_a_lost_commit_does_not_claim_that_it_was_rolled_back(hot: Hot, standin: Standin) -> None:
    standin.faults.cut_after("^COMMIT")

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    warehouse = hot.warehouse()
    warehouse._pause = interrupted  # type: ignore[attr-defined]
    loader = hot.loader(warehouse, "after")
    with pytest.raises(KeyboardInterrupt) as stop:
        loader.execute(loader.plan().plan, lambda one: None)
    assert stop.value.__notes__ == [f"{DAY}: committed wholly or not at all, which the next run finds out."]
    assert hot.pages() == NEW


def test_ctrl_c_during_a_commit_that_fails_is_not_forgotten(hot: Hot, standin: Standin) -> None:
    standin.faults.call("^COMMIT", lambda statement: os.kill(os.getpid(), signal.SIGINT))
    standin.faults.conflict("^COMMIT")
    warehouse = hot.warehouse()
    loader = hot.loader(warehouse, "after")
    with pytest.raises(KeyboardInterrupt) as stop:
        loader.execute(loader.plan().plan, lambda one: None)
    assert stop.value.__notes__ == [f"{DAY}: rolled back."]
    assert hot.pages() == OLD


def test_where_the_warehouse_has_gone_away_the_other_days_are_left(hot: Hot, standin: Standin) -> None:
    hot.small.put("2026-01-06T10", "/x")
    hot.small.run("2026-01-06T10")
    warehouse = hot.warehouse()
    loader = hot.loader(warehouse, "after")
    planned = loader.plan().plan
    standin.faults.cut_before("^BEGIN", times=math.inf)
    done = loader.execute(planned, lambda one: None)
    warehouse.close()
    assert len(planned.to_do) == 2
    assert [str(one) for one in done] == ["2026-01-06"]


CONFLICTS: list[Callable[[Any], Any]] = [
    lambda faults: faults.conflict("^DELETE FROM"),
    lambda faults: faults.conflict("^COMMIT"),
    lambda faults: faults.conflict("^INSERT INTO", nth=2, times=3),
    lambda faults: faults.refuse("^DELETE FROM", "XX000", "1018", "Relation does not exist"),
    lambda faults: faults.refuse(
        "^INSERT", "55000", "could not complete because of conflict with concurrent transaction"
    ),
    lambda faults: faults.refuse("^COPY", "57014", "canceling statement due to statement timeout"),
    lambda faults: faults.refuse("^COPY", "57014", "Query (12) cancelled on user's request"),
]


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_the_whole_transaction_is_repeated_after_a_conflict(
    hot: Hot, standin: Standin, conflict: Callable[[Any], Any]
) -> None:
    rule = conflict(standin.faults)
    assert day(hot.load()) == ("reload", "done", "")
    assert rule.met >= 1
    hot.check()


def test_conflicts_without_end_are_given_up_and_the_old_rows_stay(hot: Hot, standin: Standin) -> None:
    rule = standin.faults.conflict("^DELETE FROM", times=math.inf)
    report = hot.load()
    verdict, outcome, error = day(report)
    assert (verdict, outcome, report.exit_code, rule.met) == ("reload", "failed", 5, 6)
    assert "Serializable isolation violation" in error
    assert error.endswith("2026-01-05 in the warehouse: as before.")
    assert hot.pages() == OLD


def test_what_is_refused_for_good_is_not_tried_again(hot: Hot, standin: Standin) -> None:
    rule = standin.faults.refuse("^COPY", "XX000", "Spectrum Scan Error", "error: Access denied", times=math.inf)
    report = hot.load()
    assert (rule.met, day(report)[1], hot.pages()) == (1, "failed", OLD)


@pytest.mark.parametrize("pattern", ["^COPY stage_facts", "^COPY stage_users"])
def test_a_server_that_restarts_during_a_copy_is_waited_for(hot: Hot, standin: Standin, pattern: str) -> None:
    rule = standin.faults.mid_copy(pattern, lambda statement: standin.restart())
    assert day(hot.load()) == ("reload", "done", "")
    assert rule.met == 1
    hot.check()


def test_another_session_sees_the_old_day_or_the_new_one_at_every_moment(hot: Hot, standin: Standin) -> None:
    seen: list[tuple[list[str], int]] = []

    def look(statement: str) -> None:
        users = standin.query("SELECT count(*) FROM dim_users")
        seen.append((hot.pages(), int(users[0][0])))

    standin.faults.call_after(".", look, times=math.inf)
    assert day(hot.load()) == ("reload", "done", "")
    assert len(seen) > 25
    assert [pages for pages, _ in seen if pages not in (OLD, NEW)] == []
    assert seen == sorted(seen, key=lambda one: one != (OLD, 3)), "old, then new, and never back"
    assert {users for pages, users in seen if pages == OLD} == {3}


def test_a_file_that_is_replaced_while_it_is_copied_is_loaded_as_it_is_then(hot: Hot, standin: Standin) -> None:
    def rerun(statement: str) -> None:
        hot.small.put(H13, "/x", "/y")
        hot.small.run(H13)

    standin.faults.call_after("^COPY stage_facts", rerun)
    assert day(hot.load()) == ("reload", "done", "")
    assert hot.pages() == ["/b", "/c", "/x", "/y"]
    hot.check()
