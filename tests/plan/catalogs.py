"""Catalogs as they should be, as they are, and any in between."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from clickctl.domain.hours import Day
from clickctl.domain.layout import FACTS, TABLES, USERS
from clickctl.plan.catalog import (
    CREATE_TABLES,
    PRUNE,
    CatalogSeen,
    CatalogWanted,
    Change,
    DaysWithRows,
    ViewWanted,
    plan_catalog,
    wanted_tables,
)
from clickctl.plan.tables import (
    EXTERNAL,
    KEYS,
    TableSeen,
    new_table,
    parameters_to_set,
    repaired,
    values_of,
)

ROOT = "s3://lake/clickstream"
FIRST = Day(date(2025, 12, 28))
NAMES = {FACTS: "fact_clicks", USERS: "dim_users"}
VIEW = ViewWanted("users", "SELECT 1", CREATE_TABLES)
EVERYTHING = (PRUNE, CREATE_TABLES)


def days(*numbers: int) -> frozenset[Day]:
    return frozenset(FIRST.plus(n) for n in numbers)


def wanted(found: Collection[Day] = (), *, complete: bool = True, present: int = 2026) -> CatalogWanted:
    """Both tables with the same days."""
    first = min((day.date.year for day in found), default=None)
    rows = DaysWithRows(dict.fromkeys(TABLES, frozenset(found)), first, complete)
    return CatalogWanted("clickstream", wanted_tables(NAMES, ROOT, rows, present), (VIEW,), complete)


def right(goal: CatalogWanted) -> CatalogSeen:
    """The catalog just as it should be."""
    return made(goal, CatalogSeen(database=False), plan_catalog(goal, CatalogSeen(database=False)).changes)


def made(goal: CatalogWanted, seen: CatalogSeen, changes: Collection[Change]) -> CatalogSeen:
    """The catalog after these changes, in any order."""
    tables = {name: replace(table, partitions={**table.partitions}) for name, table in seen.tables.items()}
    wished = {table.name: table for table in goal.tables}
    for change in (c for c in changes if c.kind == "table"):
        before = tables.get(change.name)
        tables[change.name] = repaired(wished[change.name], before) if before else new_table(wished[change.name])
    for change in (c for c in changes if c.kind == "partition" and c.day):
        assert change.day
        there = tables[change.name].partitions
        assert (values_of(change.day) in there) == (change.action != "add")
        if change.action == "prune":
            del there[values_of(change.day)]
        else:
            there[values_of(change.day)] = wished[change.name].partition(change.day)
    views = dict(seen.views) | {c.name: VIEW.sql for c in changes if c.kind == "view"}
    return CatalogSeen(seen.database or any(c.kind == "database" for c in changes), tables, views)


def mended(goal: CatalogWanted, seen: CatalogSeen, flags: Collection[str] = EVERYTHING) -> CatalogSeen:
    return made(goal, seen, plan_catalog(goal, seen).allowed(flags))


def users(seen: CatalogSeen, **changes: object) -> CatalogSeen:
    """The catalog with a changed dim_users."""
    return replace(seen, tables={**seen.tables, "dim_users": replace(seen.tables["dim_users"], **changes)})


OURS = wanted(days(0)).tables[1].storage
STORAGES = st.sampled_from([
    OURS,
    replace(OURS, location=f"{ROOT}/dim_users"),
    replace(OURS, location="s3://other/dim_users/"),
    replace(OURS, serde="org.apache.hive.hcatalog.data.JsonSerDe"),
    replace(OURS, reader=""),
    replace(OURS, columns=OURS.columns[:3]),
    replace(OURS, columns=(*OURS.columns, ("more", "int"))),
])  # fmt: skip
PARAMETERS = st.dictionaries(
    st.sampled_from([*parameters_to_set(wanted(days(0)).tables[0], {}), "projection.day.interval", "owner"]),
    st.sampled_from(["", "true", "TRUE", "integer", "enum", "1,12", "2024,2031", "2026,2026", "9,1", "4", "x"]),
)


@st.composite
def catalogs(draw: st.DrawFn) -> CatalogSeen:
    """Whatever may be there: no database, tables that lack this and that, days right, wrong and foreign."""
    if draw(st.integers(0, 5)) == 0:
        return CatalogSeen(database=False)
    tables = {}
    for name in draw(st.sets(st.sampled_from(sorted(NAMES.values())))):
        ours = {table.name: table for table in wanted().tables}[name]
        storage = replace(
            draw(STORAGES), columns=draw(st.sampled_from([ours.storage.columns, ours.storage.columns[:2]]))
        )
        partitions = {}
        for day in draw(st.sets(st.integers(0, 8))):
            there = ours.partition(FIRST.plus(day))
            wrong = draw(STORAGES)
            partitions[values_of(FIRST.plus(day))] = draw(
                st.sampled_from([there, there, replace(wrong, location="s3://x/")])
            )
        partitions |= draw(st.sampled_from([{}, {}, {("2026", "1", "5"): OURS}]))
        tables[name] = TableSeen(draw(st.sampled_from(["", EXTERNAL])), storage, KEYS, draw(PARAMETERS), partitions)
    return CatalogSeen(True, tables, draw(st.sampled_from([{}, {"users": "SELECT 2"}, {"users": "SELECT\n 1"}])))


DAYS = st.sets(st.integers(0, 8)).map(lambda numbers: days(*numbers))
