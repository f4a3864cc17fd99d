"""The catalog against the lake: a plan makes it right, once, and takes away nothing unasked."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clickctl.domain.hours import Day
from clickctl.plan.catalog import (
    PERSON,
    CatalogSeen,
    plan_catalog,
)
from clickctl.plan.tables import (
    TableSeen,
    day_of,
)
from tests.plan.catalogs import (
    DAYS,
    catalogs,
    mended,
    wanted,
)


@given(catalogs(), DAYS)
def test_a_plan_makes_the_catalog_right_and_then_has_nothing_left_to_do(
    seen: CatalogSeen, found: frozenset[Day]
) -> None:
    goal = wanted(found)
    after = mended(goal, seen)
    assert [change for change in plan_catalog(goal, after).changes if change.needs != PERSON] == []
    for table in after.tables.values():
        assert {day for values in table.partitions if (day := day_of(values))} == found


@given(catalogs(), DAYS)
def test_without_flags_a_plan_creates_no_table_and_takes_nothing_away(seen: CatalogSeen, found: frozenset[Day]) -> None:
    goal = wanted(found)
    after = mended(goal, seen, ())
    assert after.tables.keys() == seen.tables.keys()
    assert after.views == seen.views
    for name, table in seen.tables.items():
        assert after.tables[name].partitions.keys() >= table.partitions.keys()
        assert after.tables[name].storage.location == table.storage.location


@given(catalogs(), DAYS)
def test_what_people_set_stays_as_it_is(seen: CatalogSeen, found: frozenset[Day]) -> None:
    after = mended(wanted(found), seen)
    for name, table in seen.tables.items():
        assert after.tables[name].parameters.get("owner") == table.parameters.get("owner")
        assert after.tables[name].storage.columns[: len(table.storage.columns)] == table.storage.columns
        odd = {values for values in table.partitions if day_of(values) is None}
        assert odd <= after.tables[name].partitions.keys()


@given(catalogs(), DAYS, st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_seen_does_not_matter(
    seen: CatalogSeen, found: frozenset[Day], luck: object
) -> None:
    def shuffled(table: TableSeen) -> TableSeen:
        items = list(table.partitions.items())
        luck.shuffle(items)  # type: ignore[attr-defined]
        return replace(table, partitions=dict(items))

    other = replace(seen, tables={name: shuffled(seen.tables[name]) for name in reversed(seen.tables)})
    assert plan_catalog(wanted(found), other) == plan_catalog(wanted(found), seen)


@given(catalogs(), DAYS)
def test_every_day_with_rows_is_right_or_named_in_a_change(seen: CatalogSeen, found: frozenset[Day]) -> None:
    plan = plan_catalog(wanted(found), seen)
    for name, kept in plan.kept.items():
        named = {
            c.day for c in plan.changes if c.kind == "partition" and c.name == name and c.action in ("add", "update")
        }
        assert kept == len(found) - len(named)
        assert named <= found
