"""What load-hot promises, on every warehouse: DuckDB over folders, and the stand-in for Redshift over S3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from clickctl.domain.errors import ConfigError
from clickctl.domain.hours import unit_from_name
from clickctl.warehouse import Moved
from tests.backends.faults import WatchedLake, once
from tests.backends.hot import Hot
from tests.backends.small_lake import SmallLake

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")

H13, H14, NEXT = "2026-01-05T13", "2026-01-05T14", "2026-01-06T09"


@pytest.fixture(params=["duckdb", "redshift"])
def hot(request: pytest.FixtureRequest) -> Iterator[Hot]:
    found: Hot = request.getfixturevalue(f"hot_{request.param}")
    yield found


def fill(small: SmallLake) -> None:
    """Two hours with an event twice in each of them and a late one, and an hour of the next day."""
    small.put(H13, "/a", "/b", "/b", "/late@2026-01-04", {**SAME, "page_url": "/twice"})
    small.put(H14, "/c", {**SAME, "page_url": "/twice"})
    small.put(NEXT, "/a", "/d")
    for unit in (H13, H14, NEXT):
        small.run(unit)


SAME = {"event_time": "2026-01-05T13:59:59.123456Z", "user_id": "u", "session_id": None, "action": "purchase",
        "page_url": "", "user_agent": None, "ip": None, "attributes": {"price": 1.5, "é": ["ü", None]}}  # fmt: skip


def test_a_first_load_brings_every_event_of_the_window_once(hot: Hot) -> None:
    fill(hot.small)
    report = hot.load()
    assert hot.pages() == ["/a", "/a", "/b", "/c", "/d", "/late", "/twice"]
    hot.check()
    day = next(day for day in report.days if str(day.day) == "2026-01-05")
    assert (day.verdict, day.outcome, day.rows, day.facts, day.duplicates) == ("load", "done", 5, 4, 1)
    assert (report.exit_code, report.newest_event) == (0, "2026-01-06T09:30:00Z")


def test_loading_twice_is_loading_once(hot: Hot) -> None:
    fill(hot.small)
    hot.load(load_id="one")
    before = hot.facts(), hot.users(), hot.loads()
    report = hot.load(load_id="two")
    assert {day.verdict for day in report.days} == {"unchanged", "empty"}
    assert not report.changes
    assert (hot.facts(), hot.users(), hot.loads()) == before


def test_a_rerun_of_an_hour_reloads_its_days_only(hot: Hot) -> None:
    fill(hot.small)
    hot.load(load_id="one")
    hot.small.put(H13, "/new", "/late2@2026-01-04")
    hot.small.run(H13)
    report = hot.load(load_id="two")
    assert hot.verdicts(report) == {
        "2026-01-04": ("reload", "done"), "2026-01-05": ("reload", "done"), "2026-01-06": ("unchanged", ""),
    }  # fmt: skip
    assert {row[0].day: row[8] for row in hot.loads()} == {4: "two-20260104", 5: "two-20260105", 6: "one-20260106"}
    assert hot.pages() == ["/a", "/c", "/d", "/late2", "/new", "/twice"]
    hot.check()


def test_hours_made_one_day_are_reloaded_with_the_same_rows(hot: Hot) -> None:
    fill(hot.small)
    hot.load()
    before = hot.facts(), hot.users()
    hot.small.run("2026-01-05")
    assert hot.verdicts(hot.load())["2026-01-05"] == ("reload", "done")
    assert (hot.facts(), hot.users()) == before


def test_full_reloads_all_days_and_changes_no_row(hot: Hot) -> None:
    fill(hot.small)
    hot.load()
    before = hot.facts(), hot.users()
    assert set(hot.verdicts(hot.load(full=True)).values()) == {("reload", "done")}
    assert (hot.facts(), hot.users()) == before


def test_a_day_that_left_the_window_is_given_up(hot: Hot) -> None:
    fill(hot.small)
    hot.load()
    report = hot.on("2026-01-11").load()
    assert hot.verdicts(report) == {
        "2026-01-04": ("expire", "done"), "2026-01-05": ("unchanged", ""), "2026-01-06": ("unchanged", ""),
    }  # fmt: skip
    assert hot.pages() == ["/a", "/a", "/b", "/c", "/d", "/twice"]
    hot.on("2026-01-11").check()


def test_only_the_days_asked_for_are_loaded(hot: Hot) -> None:
    fill(hot.small)
    hot.load(only=["2026-01-06"])
    assert hot.pages() == ["/a", "/d"]


def test_an_empty_window_is_nothing_to_do(hot: Hot) -> None:
    report = hot.load()
    assert (report.exit_code, hot.facts(), hot.users(), report.newest_event) == (0, [], [], "")
    assert {day.verdict for day in report.days} == {"empty"}
    assert len(report.days) == 7


def test_a_day_whose_rows_are_gone_from_the_lake_is_given_up(hot: Hot) -> None:
    fill(hot.small)
    hot.load()
    hot.small.put(NEXT, "/elsewhere@2026-01-05")
    hot.small.run(NEXT)
    assert hot.verdicts(hot.load())["2026-01-06"] == ("expire", "done")
    hot.check()


def test_a_returning_user_keeps_an_earlier_first_seen_that_left_the_window(hot: Hot) -> None:
    hot.small.put("2026-01-03T10", "/a")
    hot.small.run("2026-01-03T10")
    hot.on("2026-01-05").load()
    [(user, first, *_)] = hot.users()
    hot.on("2026-01-10").load()
    assert hot.users() == []
    hot.small.put("2026-01-10T10", "/a")
    hot.small.run("2026-01-10T10")
    hot.on("2026-01-10").load()
    assert hot.users() == hot.on("2026-01-10").lake_users({user: first})
    assert hot.users()[0][1] == first


def test_users_are_rebuilt_from_days_the_warehouse_never_held(hot: Hot) -> None:
    for day in ("2026-01-01", "2026-01-02", "2026-01-10"):
        hot.small.put(f"{day}T10", "/a", f"/{day}")
        hot.small.run(f"{day}T10")
    there = hot.on("2026-01-10")
    there.load()
    assert there.users() == there.lake_users()
    report = there.load(rebuild=True)
    seen = unit_from_name("2026-01-01T10").hours[0].start.replace(minute=30, tzinfo=None)
    assert there.users() == there.lake_users({"user of /a": seen})
    assert (report.users, report.changes) == (2, True)
    before = there.users()
    there.load(rebuild=True)
    assert there.users() == before


def test_values_too_long_for_their_columns_are_shortened_and_counted(hot: Hot) -> None:
    page, user = "/é" + "x" * 20_000, "ü" * 2_000
    wide = {**SAME, "user_id": user, "page_url": page, "attributes": {"note": "n" * 100_000}}
    twin = {**wide, "user_id": user + "2"}
    hot.small.put(H13, wide, twin, "/a")
    hot.small.run(H13)
    report = hot.load()
    rows = [row for row in hot.facts() if row[5] != "/a"]
    assert len({row[2] for row in rows}) == 2, "two users have not become one"
    assert {(row[5] == page[: len(row[5])], row[6]) for row in rows} == {(True, "null")}
    assert [day.cut for day in report.days if day.cut] == [6]
    assert {row[2] for row in rows} < {row[0] for row in hot.users()}
    assert report.exit_code == 0


def test_attributes_with_a_key_twice_are_kept(hot: Hot) -> None:
    line = '{"event_time":"2026-01-05T13:00:00Z","user_id":"u","action":"click","attributes":{"k":1,"k":2}}'
    hot.small.lake.put_if(hot.small.raw(H13), line.encode(), None)
    hot.small.run(H13)
    assert [day.cut for day in hot.load().days if day.files] == [0]
    assert [row[6] for row in hot.facts()] == ['{"k": 2}']


def test_a_run_that_replaces_files_while_they_are_loaded_is_noticed(hot: Hot) -> None:
    fill(hot.small)
    hot.load()
    hot.small.put(H13, "/before")
    hot.small.run(H13)

    def rerun() -> None:
        hot.small.put(H13, "/meanwhile")
        hot.small.run(H13)

    watched = replace(hot, small=hot.small.over(WatchedLake(hot.small.lake, before=once("tail", "", rerun))))
    report = watched.load()
    assert report.exit_code == 0
    assert "/meanwhile" in hot.pages()
    hot.check()


def test_a_load_that_another_one_overtook_is_planned_again(hot: Hot) -> None:
    fill(hot.small)
    warehouse = hot.warehouse()
    loader = hot.loader(warehouse, "slow")
    planned = loader.plan(create=True)
    warehouse.create()
    hot.load(load_id="quick")
    done = loader.execute(planned.plan, lambda day: None)
    warehouse.close()
    assert {str(day): end.load and end.load.load_id for day, end in done.items()} == {
        f"2026-01-0{n}": f"quick-2026010{n}" for n in (4, 5, 6)
    }
    hot.check()


def test_an_order_for_a_day_that_has_moved_is_refused_and_changes_nothing(hot: Hot) -> None:
    fill(hot.small)
    loader = hot.loader(hot.warehouse(), "first")
    hot.load(load_id="other")
    plan = loader.plan(only=[unit_from_name("2026-01-05").day], full=True).plan
    hot.load(full=True, load_id="third")
    before = hot.facts(), hot.loads()
    with pytest.raises(Moved):
        loader.warehouse.expire(plan.days[0], remember=True)
    loader.warehouse.close()
    assert (hot.facts(), hot.loads()) == before


def test_a_day_that_another_load_gave_up_is_nothing_left_to_do(hot: Hot) -> None:
    fill(hot.small)
    hot.load()
    later = hot.on("2026-01-12")
    warehouse = later.warehouse()
    loader = later.loader(warehouse, "slow")
    planned = loader.plan()
    later.load(load_id="quick")
    done = loader.execute(planned.plan, lambda day: None)
    warehouse.close()
    assert [(str(day), end.error) for day, end in done.items()] == [("2026-01-05", None), ("2026-01-04", None)]
    assert later.facts() == later.lake_facts()


def test_tables_that_another_load_has_made_meanwhile_are_taken_as_they_are(hot: Hot) -> None:
    fill(hot.small)
    warehouse = hot.warehouse()
    loader = hot.loader(warehouse, "slow")
    planned = loader.plan(create=True)
    assert len(planned.tables) == 6
    hot.load(load_id="quick")
    warehouse.create()
    loader.execute(planned.plan, lambda day: None)
    warehouse.close()
    assert {row[8].partition("-")[0] for row in hot.loads()} == {"quick"}
    hot.check()


def test_rows_that_a_lost_bookkeeping_told_of_do_not_stay(hot: Hot) -> None:
    fill(hot.small)
    hot.load()
    later = hot.on("2026-01-11")
    later.ask(f'DROP TABLE "{hot.sql.schema}"."clickctl_loads"')
    assert later.verdicts(later.load()) == {"2026-01-05": ("load", "done"), "2026-01-06": ("load", "done")}
    later.check()


def test_a_lake_that_is_not_there_empties_no_warehouse(hot: Hot) -> None:
    fill(hot.small)
    hot.load()
    before = hot.facts(), hot.loads()
    lake, roots = hot.small.lake, hot.small.roots
    lake.delete([info.location for info in lake.list(f"{roots.processed}/_ledger/")])
    with pytest.raises(ConfigError, match=r"There is no ledger under .*, and the warehouse holds 3 days"):
        hot.load()
    assert (hot.facts(), hot.loads()) == before


def test_users_are_rebuilt_from_every_day_that_is_not_loaded(hot: Hot) -> None:
    for day in ("2026-01-05", "2026-01-07"):
        hot.small.put(f"{day}T10", "/a")
        hot.small.run(f"{day}T10")
    hot.load(only=["2026-01-07"], rebuild=True)
    assert [row[1].day for row in hot.users()] == [5]


@pytest.mark.parametrize("table", ["fact_clicks", "dim_users", "clickctl_user_days"])
def test_a_table_that_was_dropped_is_filled_again(hot: Hot, table: str) -> None:
    fill(hot.small)
    hot.load()
    later = hot.on("2026-01-11")
    later.ask(f'DROP TABLE "{hot.sql.schema}"."{table}"')
    report = later.load()
    assert later.verdicts(report) == {
        "2026-01-04": ("expire", "done"), "2026-01-05": ("reload", "done"), "2026-01-06": ("reload", "done"),
    }  # fmt: skip
    assert {day.reason for day in report.days if day.verdict == "reload"} == {"its tables are new"}
    later.check()


def put_for_copy(hot: Hot) -> list[str]:
    return [name for name in hot.small.litter() if name.startswith("_loads/")]


def test_what_copy_reads_is_cleared_away(hot: Hot) -> None:
    hot.small.put(H13, {**SAME, "page_url": "x" * 100_000})
    hot.small.run(H13)
    assert [day.cut for day in hot.load().days if day.cut] == [1]
    assert {name.rpartition("/")[2] for name in put_for_copy(hot)} <= {"stage_facts.manifest", "stage_users.manifest"}
    hot.on("2026-01-20").load()
    assert put_for_copy(hot) == []


def test_tables_are_made_only_when_that_was_asked_for(hot: Hot) -> None:
    with pytest.raises(ConfigError, match="has no table fact_clicks, dim_users") as refused:
        hot.load(create=False)
    assert refused.value.hint == "clickctl load-hot --create-tables"


def test_a_table_that_is_another_one_is_told_before_anything_is_loaded(hot: Hot) -> None:
    fill(hot.small)
    hot.load()
    hot.ask(f'ALTER TABLE "{hot.sql.schema}"."{hot.sql.facts}" ADD COLUMN source VARCHAR(10)')
    with pytest.raises(ConfigError, match="fact_clicks: column source is unknown"):
        hot.load(full=True)
