"""The Glue catalog, over HTTP: what is registered, repaired and pruned."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from clickctl.domain.errors import ConfigError
from clickctl.domain.hours import Day, HourRange
from clickctl.domain.layout import partition_prefix
from clickctl.plan.catalog import CREATE_TABLES, PERSON, PRUNE
from clickctl.registering import register_days
from tests.aws.harness.replies import AwsError
from tests.aws.harness.requests import Request
from tests.aws.registry import DATABASE, FACTS, USERS, Registry, put_view, told

DAY = Day(date(2026, 1, 5))
WRITES = ("BatchCreate", "BatchUpdate", "BatchDelete", "Create", "Update", "Delete")


def text(*days: Day) -> list[str]:
    return [str(day) for day in days]


def test_tables_are_made_with_their_days_their_projection_and_the_view(registry: Registry) -> None:
    registry.create()
    lake = registry.aws.lake.processed
    for name in (FACTS, USERS):
        assert registry.days(name) == text(*(DAY.plus(n) for n in range(5)))
        assert registry.partitions(name)["2026", "01", "05"] == f"{lake}/{partition_prefix(name, DAY)}"
        table = registry.table(name)
        assert table["TableType"] == "EXTERNAL_TABLE"
        assert table["StorageDescriptor"]["Location"] == f"{lake}/{name}/"
        assert [key["Type"] for key in table["PartitionKeys"]] == ["string"] * 3
        assert table["Parameters"] == {
            "EXTERNAL": "TRUE",
            "classification": "parquet",
            "parquet.compression": "SNAPPY",
            "projection.enabled": "true",
            "projection.year.type": "integer",
            "projection.year.digits": "4",
            "projection.year.range": "2026,2027",
            "projection.month.type": "integer",
            "projection.month.digits": "2",
            "projection.month.range": "1,12",
            "projection.day.type": "integer",
            "projection.day.digits": "2",
            "projection.day.range": "1,31",
            "storage.location.template": f"{lake}/{name}/year=${{year}}/month=${{month}}/day=${{day}}/",
        }
    assert registry.table("users")["TableType"] == "VIRTUAL_VIEW"
    assert registry.plan().changes == ()


def test_nothing_is_made_where_tables_are_missing_and_no_flag_says_so(registry: Registry) -> None:
    with pytest.raises(ConfigError, match="database clickstream: missing; table fact_clicks: missing") as told:
        registry.apply()
    assert told.value.hint == "clickctl register-partitions --create-tables"
    assert not [call for call in registry.aws.calls.of("glue.*") if call.name.split(".")[1].startswith(WRITES)]


def test_thousands_of_days_take_few_calls(created: Registry) -> None:
    many = [DAY.plus(-n) for n in range(1, 1821)]
    created.commit(DAY.plus(10), *many)
    with created.aws.counting() as calls:
        applied = created.apply()
    assert sum(one.change.kind == "partition" for one in applied) == 3640
    writes = [call.name for call in calls.of("glue.*") if call.name.split(".")[1].startswith(WRITES)]
    assert len(writes) <= 40
    assert len(calls.of("glue.Get*")) + len(calls.of("glue.BatchGet*")) <= 30
    assert len(created.days(USERS)) == 1825
    assert created.plan().changes == ()
    assert created.table()["Parameters"]["projection.year.range"] == "2021,2027"


def test_a_range_looks_at_its_days_only(created: Registry) -> None:
    created.forget(DAY, DAY.plus(1), DAY.plus(4))
    hours = HourRange(DAY.plus(1).first_hour.plus(5), DAY.plus(3).first_hour)
    with created.aws.counting() as calls:
        assert told(created.apply(hours=hours)) == [("add", FACTS, "2026-01-06")]
    assert not calls.of("glue.GetPartitions")
    assert created.days() == text(DAY.plus(1), DAY.plus(2), DAY.plus(3))


def test_late_events_of_a_range_are_found_in_later_ledgers_and_early_ones_in_the_one_before(registry: Registry) -> None:
    registry.commit(DAY.plus(-1), DAY)
    registry.commit(DAY.plus(6), DAY.plus(-3))
    registry.create()
    registry.forget(DAY, DAY.plus(-3))
    one_day = HourRange(DAY.first_hour, DAY.plus(1).first_hour)
    assert told(registry.apply(hours=one_day)) == [("add", FACTS, "2026-01-05")]
    earlier = HourRange(DAY.plus(-3).first_hour, DAY.plus(-2).first_hour)
    assert told(registry.apply(hours=earlier)) == [("add", FACTS, "2026-01-02")]


def test_a_wrong_partition_is_made_right_and_keeps_what_people_set(created: Registry) -> None:
    created.edit_partition(DAY, storage={"Location": "s3://old/place/"}, Parameters={"owner": "ann"})
    created.edit_partition(DAY.plus(1), storage={"InputFormat": "org.apache.hadoop.mapred.TextInputFormat"})
    right = {change.day: change for change in created.plan().changes}
    assert right[DAY].reason == "another location: s3://old/place/"
    assert {change.action for change in right.values()} == {"update"}
    created.apply()
    assert created.plan().changes == ()
    there = created.aws.boto("glue").get_partition(
        DatabaseName=DATABASE, TableName=FACTS, PartitionValues=["2026", "01", "05"]
    )["Partition"]  # fmt: skip
    assert there["Parameters"] == {"owner": "ann"}


def test_a_table_keeps_what_people_set_when_its_projection_is_repaired(created: Registry) -> None:
    columns = created.table()["StorageDescriptor"]["Columns"]
    columns[0]["Comment"] = "a digest of the event"
    created.edit_table(
        Description="by hand",
        Parameters={"projection.year.range": "2026,2026", "owner": "ann"},
        StorageDescriptor={**created.table()["StorageDescriptor"], "Columns": columns[:-1]},
    )
    (one,) = created.apply()
    assert one.change.reason == "column attrs is missing; projection.year.range is 2026,2026, not 2026,2027"
    table = created.table()
    assert (table["Description"], table["Parameters"]["owner"]) == ("by hand", "ann")
    assert table["Parameters"]["projection.year.range"] == "2026,2027"
    assert table["StorageDescriptor"]["Columns"][0]["Comment"] == "a digest of the event"
    assert table["StorageDescriptor"]["Columns"][-1] == {"Name": "attrs", "Type": "string"}


def test_the_projected_years_follow_the_present(created: Registry) -> None:
    assert created.plan(year=2026).changes == ()
    created.apply(year=2028)
    assert created.table()["Parameters"]["projection.year.range"] == "2026,2029"


def test_a_table_that_others_change_meanwhile_is_read_again_and_their_change_kept(created: Registry) -> None:
    created.edit_table(Parameters={"projection.enabled": "false"})
    moto, before = created.aws.server.moto, []

    def meanwhile(request: Request) -> Any:
        if not before:
            before.append(request)
            created.edit_table(Parameters={"owner": "ann"})
            raise AwsError("ConcurrentModificationException", "Update table failed due to concurrent modifications.")
        return moto.answer(request)

    created.aws.handlers["glue.UpdateTable"] = meanwhile
    assert told(created.apply()) == [("update", FACTS, "None")]
    parameters = created.table()["Parameters"]
    assert (parameters["owner"], parameters["projection.enabled"]) == ("ann", "true")
    assert json.loads(before[0].body)["VersionId"]


def test_columns_of_another_type_are_left_for_a_person_and_days_registered_all_the_same(created: Registry) -> None:
    columns = created.table()["StorageDescriptor"]["Columns"]
    columns[1]["Type"] = "bigint"
    created.edit_table(StorageDescriptor={**created.table()["StorageDescriptor"], "Columns": columns})
    created.forget(DAY)
    assert told(created.apply()) == [("add", FACTS, "2026-01-05")]
    (left,) = created.plan().changes
    assert (left.needs, left.reason) == (PERSON, "column 2 is event_time bigint, not event_time timestamp")


def test_another_lakes_table_is_not_made_this_ones_unasked(created: Registry) -> None:
    elsewhere = {**created.table()["StorageDescriptor"], "Location": "s3://production/fact_clicks/"}
    created.edit_table(StorageDescriptor=elsewhere)
    created.edit_partition(DAY, storage={"Location": "s3://production/fact_clicks/year=2026/month=01/day=05/"})
    for refused in (lambda: created.apply(PRUNE), lambda: register_days(created.catalog, [DAY])):
        with pytest.raises(ConfigError, match="files elsewhere: s3://production/fact_clicks/"):
            refused()
    assert created.partitions()["2026", "01", "05"].startswith("s3://production/")
    created.apply(CREATE_TABLES)
    assert created.plan().changes == ()


def test_only_empty_days_are_pruned_and_only_when_asked(created: Registry) -> None:
    created.commit(DAY)  # no longer late events
    gone, filled = DAY.plus(30), DAY.plus(31)
    created.commit(DAY.plus(32), gone, filled)
    created.apply()
    created.aws.boto("s3").delete_object(
        Bucket=created.aws.lake.processed.split("/")[2], Key="clickstream/_ledger/2026/02/06.json"
    )
    created.aws.put(f"{created.aws.lake.processed}/{partition_prefix(FACTS, filled)}part-0.parquet", b"rows")
    assert created.apply() == []
    assert told(created.apply(PRUNE)) == [
        ("prune", FACTS, str(gone)), ("prune", USERS, str(gone)), ("prune", USERS, str(filled)),
    ]  # fmt: skip
    (left,) = created.plan().changes
    assert (left.day, left.needs, left.reason) == (filled, PERSON, "files lie there that no commit names")


def test_a_day_that_a_run_fills_while_it_is_pruned_stays_registered(created: Registry) -> None:
    late = DAY.plus(30)
    register_days(created.catalog, [late])
    moto = created.aws.server.moto

    def meanwhile(request: Request) -> Any:
        created.aws.put(f"{created.aws.lake.processed}/{partition_prefix(FACTS, late)}part-0.parquet", b"rows")
        return moto.answer(request)

    created.aws.handlers["glue.BatchDeletePartition"] = meanwhile
    by_table = {one.change.name: one for one in created.apply(PRUNE)}
    assert by_table[FACTS].error == "files were put there meanwhile: registered again"
    assert by_table[FACTS].exit_code == 4
    assert str(late) in created.days(FACTS)
    assert str(late) not in created.days(USERS)


def test_a_ledger_that_is_damaged_lets_nothing_be_pruned(created: Registry) -> None:
    created.commit(DAY.plus(9))
    created.apply()
    created.aws.put(f"{created.aws.lake.processed}/_ledger/2026/01/14.json", b"{")
    assert created.plan().changes == ()


def test_the_view_is_made_anew_when_its_definition_is_another(created: Registry) -> None:
    put_view(created.aws, "users", "SELECT 1")
    (change,) = created.plan().changes
    assert (change.action, change.kind, change.needs) == ("update", "view", CREATE_TABLES)
    assert created.apply() == []
    created.apply(CREATE_TABLES)
    assert created.plan().changes == ()


def test_a_view_somebody_else_made_from_the_same_words_is_right_and_one_changed_since_is_not(created: Registry) -> None:
    put_view(created.aws, "users", created.compared().wanted.views[0].sql.replace("\n", " "))
    assert created.plan().changes == ()
    created.aws.boto("glue").delete_table(DatabaseName=DATABASE, Name="users")
    created.apply(CREATE_TABLES)
    created.edit_table("users", ViewOriginalText="/* Presto View: bm90IGpzb24= */")
    assert [(c.action, c.name) for c in created.plan().changes] == [("update", "users")]
