"""Two loads at once, and loads that are killed or interrupted, against the stand-in for Redshift."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.backends.faults import process
from tests.backends.hot import H13, HOT_SQL, Hot, changed_since, redshift_settings, redshift_warehouse
from tests.backends.small_lake import SmallLake

pytest.importorskip("redshift_connector")

if TYPE_CHECKING:
    from tests.redshift.server import Standin


@pytest.fixture
def hot(hot_redshift: Hot) -> Hot:
    return changed_since(hot_redshift)


@pytest.fixture(params=["serializable", "snapshot"])
def isolation(request: pytest.FixtureRequest, standin: Standin) -> Iterator[None]:
    """Redshift's two kinds of database: what holds under the weaker one holds by the lock alone."""
    standin.isolation = request.param
    yield
    standin.isolation = "serializable"


@pytest.mark.usefixtures("isolation")
def test_of_two_loads_at_once_one_works_and_the_other_says_so_at_once(hot: Hot, standin: Standin) -> None:
    other: list[Any] = []
    standin.faults.mid_copy("^COPY stage_facts", lambda statement: other.append(hot.load(load_id="second")))
    report = hot.load(load_id="first")
    assert (report.exit_code, other[0].exit_code) == (0, 4)
    failed = [day for day in other[0].days if day.error]
    assert [day.error.split(" in Redshift")[0] for day in failed] == ["Another load is at work"]
    assert failed[0].hint == "Wait for it, or use --wait."
    hot.check()
    assert [row[8] for row in hot.loads()] == ["before-20260104", "first-20260105"]


def test_a_load_that_has_to_stop_takes_nothing_from_the_one_at_work(hot: Hot, standin: Standin) -> None:
    hot.small.put(H13, "/" + "x" * 100_000)
    hot.small.run(H13)
    other: list[Any] = []
    standin.faults.call("^COPY stage_facts", lambda statement: other.append(hot.load(load_id="second")))
    assert hot.load(load_id="first").exit_code == 0
    assert other[0].exit_code == 4
    assert [len(page) for page in hot.pages()] == [2, 2, 2048]


def test_where_days_are_short_the_second_load_finds_the_work_done(hot_redshift: Hot, standin: Standin) -> None:
    for n in (4, 5, 6):
        hot_redshift.small.put(f"2026-01-0{n}T10", f"/{n}")
        hot_redshift.small.run(f"2026-01-0{n}T10")
    hot_redshift.load(only=["2026-01-07"])
    reports: list[Any] = []
    second = threading.Thread(target=lambda: reports.append(hot_redshift.load(load_id="second")))
    standin.faults.mid_copy("^COPY stage_facts", lambda statement: second.start())
    reports.append(hot_redshift.load(load_id="first"))
    second.join()
    assert {report.exit_code for report in reports} <= {0, 4}
    hot_redshift.check()


def test_users_rebuilt_beside_a_load_that_gives_up_a_day_forget_nobody(hot: Hot) -> None:
    later = hot.on("2026-01-11")
    warehouse = later.warehouse()
    loader = later.loader(warehouse, "sunday")
    observe = warehouse.observe

    def observe_and_be_overtaken() -> Any:
        seen = observe()
        warehouse.observe = observe  # type: ignore[method-assign]
        later.load(load_id="cron")
        return seen

    warehouse.observe = observe_and_be_overtaken  # type: ignore[method-assign]
    assert loader.rebuild_users() > 0
    warehouse.close()
    assert [row[0] for row in later.ask("SELECT user_id FROM clickctl_first_seen")] == ["user of /b"]


@pytest.mark.usefixtures("isolation")
def test_a_load_that_waits_finds_the_work_done(hot: Hot, standin: Standin) -> None:
    waits, reports = threading.Event(), []
    second = threading.Thread(
        target=lambda: reports.append(hot.load(load_id="second", warehouse=hot.warehouse(waits.set)))
    )

    def start(statement: str) -> None:
        second.start()
        assert waits.wait(60)

    standin.faults.mid_copy("^COPY stage_facts", start)
    assert hot.load(load_id="first").exit_code == 0
    second.join()
    assert reports[0].exit_code == 0
    assert [row[8] for row in hot.loads() if row[0].day == 5] == ["first-20260105"]
    hot.check()


def load_in_child(small: SmallLake, settings: dict[str, Any], today: str) -> None:
    hot = Hot(small, redshift_warehouse(small, settings, lambda seconds: None), HOT_SQL, lambda text: [], today)
    hot.load(load_id="killed")


@pytest.mark.parametrize("first", [1, 2, 3, 4])
def test_killed_at_any_statement_a_second_run_ends_the_same(hot: Hot, standin: Standin, first: int) -> None:
    for number in range(first, 100, 4):
        hot.small.put(H13, f"/{number}", "/b")
        hot.small.run(H13)
        before, sent = (hot.facts(), hot.users(), hot.loads()), len(standin.statements)
        child = process(load_in_child, hot.small, redshift_settings(standin), hot.today)
        standin.faults.clear()
        rule = standin.faults.call(".", lambda statement, child=child: os.kill(child.pid, signal.SIGKILL), nth=number)
        child.start()
        child.join()
        if not rule.met:
            break
        assert child.exitcode == -signal.SIGKILL
        standin.faults.clear()
        if "COMMIT" not in standin.statements[sent:]:
            assert (hot.facts(), hot.users(), hot.loads()) == before
        assert hot.load(load_id="again").exit_code == 0
        hot.check()
    assert 20 < number < 60
