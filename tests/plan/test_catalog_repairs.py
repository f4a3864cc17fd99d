"""What of a catalog is wrong, one thing at a time, and what a plan does about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clickctl.domain.layout import FACTS, TABLES, USERS
from clickctl.plan.catalog import (
    CREATE_TABLES,
    PERSON,
    PRUNE,
    CatalogSeen,
    CatalogWanted,
    DaysWithRows,
    ViewWanted,
    plan_catalog,
    wanted_tables,
)
from clickctl.plan.tables import (
    COLUMNS,
    Storage,
    TableWanted,
    new_table,
    parameters_to_set,
    values_of,
)
from tests.plan.catalogs import (
    FIRST,
    NAMES,
    OURS,
    ROOT,
    days,
    mended,
    right,
    users,
    wanted,
)


def test_where_a_ledger_could_not_be_read_no_day_is_called_empty() -> None:
    seen = right(wanted(days(0, 1)))
    assert [c.action for c in plan_catalog(wanted(days(0)), seen).changes] == ["prune", "prune"]
    assert plan_catalog(wanted(days(0), complete=False), seen).changes == ()


def test_a_day_whose_files_no_commit_names_is_not_pruned() -> None:
    plan = plan_catalog(wanted(), right(wanted(days(0, 1)))).keeping({("dim_users", FIRST)})
    kept = [change for change in plan.changes if change not in plan.allowed([PRUNE])]
    assert [(c.name, c.day, c.needs, c.reason) for c in kept] == [
        ("dim_users", FIRST, PERSON, "files lie there that no commit names")
    ]
    assert len(plan.allowed([PRUNE])) == 3


@pytest.mark.parametrize(
    ("present", "years"),
    [
        ("", "2025,2027"),
        ("2025,2027", "2025,2027"),
        (" 2020 , 2040 ", " 2020 , 2040 "),
        ("2026,2040", "2025,2040"),
        ("2020,2026", "2020,2027"),
        ("2027,2025", "2025,2027"),
        ("NOW-3YEARS,NOW", "2025,2027"),
    ],
)
def test_the_projected_years_reach_from_the_oldest_rows_to_next_year_and_never_shrink(present: str, years: str) -> None:
    goal = wanted(days(0, 9))
    seen = right(goal)
    seen = users(seen, parameters={**seen.tables["dim_users"].parameters, "projection.year.range": present})
    assert mended(goal, seen, ()).tables["dim_users"].parameters["projection.year.range"] == years


@pytest.mark.parametrize(
    "wrong",
    [
        {"projection.enabled": "false"},
        {"projection.month.type": "enum"},
        {"projection.day.digits": "1"},
        {"projection.month.range": "1,6"},
        {"projection.year.interval": "2"},
        {"storage.location.template": "s3://lake/clickstream/dim_users/${year}/${month}/${day}/"},
        {"classification": "json"},
    ],
)
def test_a_projection_that_would_give_no_rows_is_repaired(wrong: dict[str, str]) -> None:
    goal = wanted(days(0))
    seen = users(right(goal), parameters={**right(goal).tables["dim_users"].parameters, **wrong})
    (change,) = plan_catalog(goal, seen).allowed(())
    assert (change.action, change.kind, change.name) == ("update", "table", "dim_users")
    assert change.reason.startswith(f"{next(iter(wrong))} is {next(iter(wrong.values()))}, not ")
    assert plan_catalog(goal, mended(goal, seen, ())).changes == ()


def test_what_athena_reads_alike_is_no_difference() -> None:
    goal = wanted(days(0))
    same = {"projection.enabled": "TRUE ", "projection.month.type": "Integer", "projection.day.range": "01, 31"}
    seen = users(right(goal), parameters={**right(goal).tables["dim_users"].parameters, **same})
    assert plan_catalog(goal, seen).changes == ()


@pytest.mark.parametrize(
    ("columns", "needs", "reason"),
    [
        ((("user_id", "bigint"), *COLUMNS[USERS][1:]), PERSON, "column 1 is user_id bigint, not user_id string"),
        (tuple(reversed(COLUMNS[USERS])), PERSON, "column 1 is ip string, not user_id string"),
        (COLUMNS[USERS][:4], "", "column ip is missing"),
    ],
)
def test_columns_are_added_at_the_end_and_changed_by_people_only(
    columns: tuple[tuple[str, str], ...], needs: str, reason: str
) -> None:
    goal = wanted(days(0))
    seen = users(right(goal), storage=replace(OURS, columns=columns))
    first = plan_catalog(goal, seen).changes[0]
    assert (first.needs, first.reason) == (needs, reason)
    after = mended(goal, seen).tables["dim_users"].storage.columns
    assert after == (columns if needs else COLUMNS[USERS])


@pytest.mark.parametrize(
    ("wrong", "needs"),
    [
        ({"storage": replace(OURS, location="s3://other/dim_users/")}, CREATE_TABLES),
        ({"kind": "ICEBERG"}, PERSON),
        ({"kind": "VIRTUAL_VIEW"}, PERSON),
        ({"keys": ()}, PERSON),
    ],
)
def test_nothing_is_registered_in_a_table_that_is_another(wrong: dict[str, object], needs: str) -> None:
    goal = wanted(days(0))
    seen = users(right(goal), partitions={}, **wrong)
    changes = plan_catalog(goal, seen).changes
    assert {change.name for change in changes} == {"dim_users"}
    assert {change.kind for change in changes} == {"table", "partition"}
    assert {change.needs for change in changes} == {needs}


def test_partitions_that_are_no_days_of_the_layout_are_told_of_and_left() -> None:
    goal = wanted(days(0))
    odd = dict.fromkeys((("2026", "1", "5"), ("2026", "02", "30"), ("__HIVE_DEFAULT_PARTITION__", "1", "1")), OURS)
    seen = right(goal)
    seen = users(seen, partitions={**seen.tables["dim_users"].partitions, **odd})
    changes = plan_catalog(goal, seen).changes
    assert [change.needs for change in changes] == [PERSON] * 3
    assert changes[0].reason == "no day of the layout: 2026/02/30"


@pytest.mark.parametrize("wrong", [
    replace(OURS, location="s3://lake/clickstream/dim_users/year=2025/month=12/day=29/"),
    replace(OURS, location=""),
    replace(wanted(days(0)).tables[1].partition(FIRST), serde="x"),
    replace(wanted(days(0)).tables[1].partition(FIRST), columns=OURS.columns[:2]),
])  # fmt: skip
def test_a_partition_that_points_or_reads_elsewhere_is_updated(wrong: Storage) -> None:
    goal = wanted(days(0))
    (change,) = plan_catalog(goal, users(right(goal), partitions={values_of(FIRST): wrong})).changes
    assert (change.action, change.day, change.needs) == ("update", FIRST, "")


def test_a_range_asks_for_no_more_years_than_it_has_and_widens_to_those_of_the_whole_lake() -> None:
    rows = DaysWithRows(dict.fromkeys(TABLES, days(9)), first_year=2024)
    (facts, _) = wanted_tables(NAMES, ROOT, rows, 2026)
    assert parameters_to_set(facts, {})["projection.year.range"] == "2024,2027"
    enough = new_table(replace(facts, years_made=(2026, 2027))).parameters
    assert parameters_to_set(facts, enough) == {}


def test_the_columns_are_those_the_kernel_writes() -> None:
    schemas = pytest.importorskip("clickctl.transform.schemas")
    for table, schema in ((FACTS, schemas.FACTS), (USERS, schemas.USERS)):
        kinds = ["timestamp" if str(kind).startswith("timestamp") else str(kind) for kind in schema.types]
        assert list(zip(schema.names, kinds, strict=True)) == list(COLUMNS[table])


def test_a_view_is_compared_by_its_words() -> None:
    goal = CatalogWanted("file", views=(ViewWanted("a", "SELECT 1"), ViewWanted("b", "SELECT 2", CREATE_TABLES)))
    plan = plan_catalog(goal, CatalogSeen(views={"a": "SELECT\n 1", "c": ""}))
    assert [(c.action, c.name, c.needs) for c in plan.changes] == [("create", "b", CREATE_TABLES)]
    changed = plan_catalog(goal, CatalogSeen(views={"a": "SELECT 3", "b": "SELECT 2"}))
    assert [(c.action, c.name) for c in changed.changes] == [("update", "a")]


def test_tables_of_a_lake_without_rows_can_be_made() -> None:
    table: TableWanted = wanted().tables[0]
    assert new_table(table).parameters["projection.year.range"] == "2026,2027"
    assert [(c.action, c.kind) for c in plan_catalog(wanted(), CatalogSeen(database=False)).changes] == [
        ("create", "database"), ("create", "table"), ("create", "table"), ("create", "view"),
    ]  # fmt: skip
