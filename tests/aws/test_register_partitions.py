"""clickctl register-partitions against Glue, as people and cron run it."""

from __future__ import annotations

from datetime import date

import pytest

from clickctl.domain.hours import Day
from clickctl.domain.layout import partition_prefix
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.registry import FACTS, USERS, Registry, views_are_made

DAY = Day(date(2026, 1, 5))
COMMAND = "register-partitions"


@pytest.fixture
def created(aws: Aws) -> Registry:
    """Three days with rows; all is as it should be, for many years to come."""
    made = Registry(aws)
    for n in range(3):
        made.commit(DAY.plus(n))
    made.create()
    for name in (FACTS, USERS):
        made.edit_table(name, Parameters={"projection.year.range": "2026,2100"})
    return made


def test_drift_is_told_by_a_check_shown_by_a_dry_run_and_mended_by_the_command(created: Registry) -> None:
    shell = created.aws.shell()
    assert shell(COMMAND, "--check").err == "The catalog is as it should be. Nothing more to do.\n"
    created.forget(DAY, DAY.plus(1))
    created.edit_table(USERS, Parameters={"projection.enabled": "false"})
    expected = (
        "clickstream: 3 event-days with rows\n"
        "partitions of  kept  to add  to update  to prune  failed  left\n"
        "fact_clicks       1       2          0         0       0     0\n"
        "dim_users         3       0          0         0       0     0\n"
        "To do:\n"
        "  add 2 partitions of fact_clicks: not registered (2026-01-05 to 2026-01-06)\n"
        "  update table dim_users: projection.enabled is false, not true\n"
    )
    with created.aws.counting() as calls:
        checked = shell(COMMAND, "--check", code=10)
        assert checked.out == expected
        assert checked.err == "3 changes to make. Next: clickctl register-partitions\n"
        assert shell(COMMAND, "--dry-run").out == expected
        shell(COMMAND, "--dry-run", "--detailed-exitcode", code=10)
    assert not [name for name in calls.counts if "Batch" in name or "Update" in name]
    done = shell(COMMAND, "--output", "json", "--detailed-exitcode", code=10).json
    counts = {"kept": 1, "added": 2, "updated": 0, "pruned": 0, "failed": 0, "left": 0}
    assert done["tables"][0] == {"name": FACTS, **counts}
    assert {change["outcome"] for change in done["changes"]} == {"made"}
    assert done["drift"] is False
    shell(COMMAND, "--check")
    shell(COMMAND, "--detailed-exitcode")


def test_days_without_rows_go_only_with_prune(created: Registry) -> None:
    created.commit(DAY.plus(2), DAY.plus(1))
    shell = created.aws.shell()
    assert "needs --prune" in shell(COMMAND).out
    assert "Next: clickctl register-partitions --prune" in shell(COMMAND, "--check", code=10).err
    assert "prune 1 partition of dim_users: no committed rows (2026-01-07)" in shell(COMMAND, "--prune").out
    assert created.days() == ["2026-01-05", "2026-01-06"]
    shell(COMMAND, "--check")


def test_what_needs_a_person_is_never_a_success(created: Registry) -> None:
    created.commit(DAY.plus(2), DAY.plus(1))
    created.aws.put(f"{created.aws.lake.processed}/{partition_prefix(FACTS, DAY.plus(2))}part-0.parquet", b"rows")
    ran = created.aws.shell()(COMMAND, "--prune", code=1)
    assert "Left:\n  prune 1 partition of fact_clicks: files lie there that no commit names" in ran.out
    assert "Next: put right what needs a person, then: clickctl register-partitions --check" in ran.err


def test_missing_tables_are_named_with_the_command_that_makes_them(aws: Aws) -> None:
    Registry(aws).commit(DAY)
    shell = aws.shell()
    ran = shell(COMMAND, code=3)
    assert "error: The catalog is not ready: database clickstream: missing; table fact_clicks: missing" in ran.err
    assert " next: clickctl register-partitions --create-tables" in ran.err
    shell(COMMAND, "--dry-run", code=3)
    checked = shell(COMMAND, "--check", code=10)
    assert "create table fact_clicks: missing; needs --create-tables" in checked.out
    planned = shell(COMMAND, "--create-tables", "--dry-run")
    assert "To do:\n  create database clickstream: missing\n" in planned.out
    assert aws.boto("glue").get_databases()["DatabaseList"] == []


def test_a_service_that_fails_is_told_apart_from_some_days_that_fail(created: Registry) -> None:
    created.commit(DAY.plus(9))
    refused = Fault("glue.BatchCreatePartition", "error", code="InternalServiceException", message="oh", status=400)
    created.aws.faults.add(refused)
    shell = created.aws.shell()
    ran = shell(COMMAND, code=5)
    assert "Failed:\n  add 1 partition of fact_clicks: not registered (2026-01-14). Glue table" in ran.out
    created.aws.faults.reset()
    created.aws.faults.add(Fault("glue.BatchCreatePartition", "error", match=USERS, code="InternalServiceException"))
    assert shell(COMMAND, code=1).err == "1 change made, 1 change failed. Next: clickctl register-partitions\n"
    created.aws.faults.reset()
    shell(COMMAND)
    shell(COMMAND, "--check")


def test_a_damaged_ledger_is_named_and_the_other_days_are_registered(created: Registry) -> None:
    created.commit(DAY.plus(9))
    created.aws.put(f"{created.aws.lake.processed}/_ledger/2026/01/06.json", b"{")
    ran = created.aws.shell()(COMMAND, "--prune", code=1)
    assert "_ledger/2026/01/06.json is not a ledger document." in ran.out
    assert created.days() == ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-14"]


def test_a_missing_view_is_drift_and_is_made_with_the_flag(created: Registry) -> None:
    created.aws.boto("glue").delete_table(DatabaseName="clickstream", Name="users")
    views_are_made(created.aws)
    shell = created.aws.shell()
    assert "create view users: missing; needs --create-tables" in shell(COMMAND).out
    shell(COMMAND, "--check", code=10)
    assert "Done:\n  create view users: missing" in shell(COMMAND, "--create-tables").out
    shell(COMMAND, "--check")


def test_one_command_makes_everything_of_nothing(aws: Aws) -> None:
    Registry(aws).commit(DAY)
    views_are_made(aws)
    shell = aws.shell()
    made = shell(COMMAND, "--create-tables")
    assert made.err == "6 changes made. Nothing more to do.\n"
    assert shell(COMMAND, "--check").err == "The catalog is as it should be. Nothing more to do.\n"
    assert shell(COMMAND, "--create-tables", "--detailed-exitcode").err.startswith("The catalog is as it should be.")
