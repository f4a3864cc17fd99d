"""What a run registers: the days it touched."""

from __future__ import annotations

from datetime import date

import pytest

from clickctl.domain.errors import ConfigError
from clickctl.domain.hours import Day
from clickctl.registering import register_days
from tests.aws.harness.faults import Fault
from tests.aws.registry import FACTS, USERS, Registry, told

DAY = Day(date(2026, 1, 5))
WRITES = ("BatchCreate", "BatchUpdate", "BatchDelete", "Create", "Update", "Delete")


def text(*days: Day) -> list[str]:
    return [str(day) for day in days]


def test_days_of_a_run_are_registered_in_both_tables_with_few_calls_and_no_pruning(created: Registry) -> None:
    created.forget(DAY)
    created.edit_partition(DAY.plus(1), storage={"Location": "s3://old/"})
    with created.aws.counting() as calls:
        applied = register_days(created.catalog, [DAY, DAY.plus(1), DAY.plus(40)])
    assert sorted(told(applied)) == [
        ("add", USERS, "2026-02-14"), ("add", FACTS, "2026-01-05"), ("add", FACTS, "2026-02-14"),
        ("update", FACTS, "2026-01-06"),
    ]  # fmt: skip
    assert len(calls.of("glue.*")) <= 10
    assert register_days(created.catalog, [DAY, DAY.plus(1), DAY.plus(40)]) == []


def test_a_run_of_a_year_that_is_not_projected_widens_the_range(created: Registry) -> None:
    register_days(created.catalog, [Day(date(2029, 12, 31))])
    for name in (FACTS, USERS):
        assert created.table(name)["Parameters"]["projection.year.range"] == "2026,2030"


def test_days_of_a_run_whose_tables_are_missing_say_what_to_run(registry: Registry) -> None:
    with pytest.raises(ConfigError, match="table fact_clicks: missing") as told:
        register_days(registry.catalog, [DAY])
    assert told.value.hint == "clickctl register-partitions --create-tables"


def test_days_of_a_run_that_cannot_be_registered_say_why(created: Registry) -> None:
    created.aws.faults.add(Fault("glue.BatchCreatePartition", "error", code="AccessDeniedException", message="not you"))
    with pytest.raises(Exception, match=r"2 of 2 changes of the catalog failed, the first: .*not you") as told:
        register_days(created.catalog, [DAY.plus(40)])
    assert told.value.exit_code == 5  # type: ignore[attr-defined]
