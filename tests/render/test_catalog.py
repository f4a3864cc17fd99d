"""Golden texts of how the catalog compares with the lake."""

from __future__ import annotations

from datetime import date

from clickctl.domain.errors import EXIT_FAILED, EXIT_OK, EXIT_SERVICE
from clickctl.domain.hours import Day, HourRange
from clickctl.plan.catalog import CREATE_TABLES, PERSON, PRUNE, Applied, CatalogPlan, CatalogWanted, Change
from clickctl.plan.registered import CatalogReport, catalog_report
from clickctl.plan.tables import TableWanted
from clickctl.render.catalog import catalog, summary
from tests.render.test_units import golden, text

DAY = Day(date(2026, 1, 5))
FACTS, USERS = "fact_clicks", "dim_users"
WANTED = CatalogWanted(
    "clickstream",
    tuple(TableWanted(n, n, "s3://lake", frozenset(), (2026, 2027), (2026, 2027)) for n in (FACTS, USERS)),
)
WIDER = Change("update", "table", FACTS, reason="projection.year.range is 2026,2026, not 2026,2027")
ADDS = tuple(Change("add", "partition", FACTS, DAY.plus(n), "not registered") for n in (0, 1, 2, 4, 6, 7, 9, 11, 12))
MOVED = tuple(
    Change("update", "partition", USERS, DAY.plus(n), f"another location: s3://old/{DAY.plus(n)}/") for n in range(2)
)
EMPTY = Change("prune", "partition", USERS, DAY.plus(40), "no committed rows", PRUNE)
VIEW = Change("create", "view", "users", reason="missing", needs=CREATE_TABLES)
ODD = Change("prune", "partition", FACTS, None, "no day of the layout: 2026/1/5", PERSON)
PLAN = CatalogPlan((WIDER, *ADDS, ODD, *MOVED, EMPTY, VIEW), {FACTS: 1816, USERS: 1823})
THROTTLED = "Glue table clickstream.dim_users: ThrottlingException: Rate exceeded."


def report(applied: list[Applied] | None, *flags: str, problems: tuple[str, ...] = ()) -> CatalogReport:
    return catalog_report(WANTED, PLAN, applied, 1825, problems, flags=flags, hours=None)


def test_a_check_counts_by_table_and_names_each_kind_of_change_with_its_days() -> None:
    found = report(None)
    assert text(catalog(found), 80) == golden("""
        clickstream: 1,825 event-days with rows
        partitions of   kept  to add  to update  to prune  failed  left
        fact_clicks    1,816       9          0         0       0     1
        dim_users      1,823       0          2         0       0     1
        To do:
          update table fact_clicks: projection.year.range is 2026,2026, not 2026,2027
          add 9 partitions of fact_clicks: not registered (2026-01-05 to 2026-01-07,
        2026-01-09, 2026-01-11 to 2026-01-12 and 3 days more)
          update 2 partitions of dim_users: another location: s3://old/2026-01-05/
        (2026-01-05 to 2026-01-06)
        Left:
          prune 1 partition of fact_clicks: no day of the layout: 2026/1/5; needs a
        person
          prune 1 partition of dim_users: no committed rows (2026-02-14); needs --prune
          create view users: missing; needs --create-tables
    """)
    assert summary(found) == "12 changes to make, 3 changes left"
    assert found.next == "Next: clickctl register-partitions --prune --create-tables"
    assert found.drift


def test_what_was_done_and_what_failed_is_told_apart() -> None:
    applied = [Applied(change) for change in (WIDER, *ADDS, EMPTY)]
    applied += [Applied(change, THROTTLED, EXIT_SERVICE) for change in MOVED]
    found = report(applied, PRUNE)
    assert text(catalog(found), None) == golden("""
        clickstream: 1,825 event-days with rows
        partitions of   kept  added  updated  pruned  failed  left
        fact_clicks    1,816      9        0       0       0     1
        dim_users      1,823      0        0       1       2     0
        Done:
          update table fact_clicks: projection.year.range is 2026,2026, not 2026,2027
          add 9 partitions of fact_clicks: not registered (2026-01-05 to 2026-01-07, 2026-01-09, 2026-01-11 to 2026-01-12 and 3 days more)
          prune 1 partition of dim_users: no committed rows (2026-02-14)
        Left:
          prune 1 partition of fact_clicks: no day of the layout: 2026/1/5; needs a person
          create view users: missing; needs --create-tables
        Failed:
          update 2 partitions of dim_users: another location: s3://old/2026-01-05/ (2026-01-05 to 2026-01-06). Glue table clickstream.dim_users: ThrottlingException: Rate exceeded.
    """)  # noqa: E501
    assert summary(found) == "11 changes made, 2 changes left, 2 changes failed"
    assert found.next == "Next: clickctl register-partitions --prune --create-tables"


def test_exit_codes_tell_whether_some_or_all_failed_and_whether_a_person_is_needed() -> None:
    failed = [Applied(change, THROTTLED, EXIT_SERVICE) for change in (WIDER, *ADDS, *MOVED)]
    assert report(failed).exit_code == EXIT_SERVICE
    assert report([Applied(WIDER), *failed[1:]]).exit_code == EXIT_FAILED
    assert report([Applied(WIDER, "denied", 3), *failed[1:]]).exit_code == EXIT_FAILED
    assert report([Applied(change) for change in (WIDER, *ADDS, *MOVED)]).exit_code == EXIT_FAILED  # ODD is left
    fine = CatalogPlan((WIDER, EMPTY, VIEW), {FACTS: 0, USERS: 0})
    well = catalog_report(WANTED, fine, [Applied(WIDER)], 1, (), flags=(), hours=None)
    assert (well.exit_code, well.drift) == (EXIT_OK, True)
    assert catalog_report(WANTED, fine, [Applied(WIDER)], 1, ("bad",), flags=(), hours=None).exit_code == EXIT_FAILED


def test_ledgers_that_could_not_be_read_are_named_a_few_of_many() -> None:
    shown = text(catalog(report([], problems=tuple(f"The ledger {n} is damaged." for n in range(7)))), 80)
    assert "Could not be read:\n  The ledger 0 is damaged.\n" in shown
    assert shown.endswith("  The ledger 4 is damaged.\n  and 2 more\n")


def test_the_next_command_keeps_the_range() -> None:
    hours = HourRange(DAY.first_hour, DAY.plus(1).first_hour)

    def following(*changes: Change, days: int = 1) -> str:
        plan = CatalogPlan(changes, {FACTS: 0, USERS: 0})
        return catalog_report(WANTED, plan, None, days, (), flags=(), hours=hours).next

    assert following(WIDER) == "Next: clickctl register-partitions 2026-01-05 2026-01-06"
    assert following(EMPTY) == "Next: clickctl register-partitions 2026-01-05 2026-01-06 --prune"
    assert following(ODD) == (
        "Next: put right what needs a person, then: clickctl register-partitions 2026-01-05 2026-01-06 --check"
    )
    assert following() == "Nothing more to do."
    assert following(days=0) == "Next: clickctl status 2026-01-05 2026-01-06"
