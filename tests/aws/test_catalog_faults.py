"""The Glue catalog when calls fail, in part or as a whole."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from clickctl.domain.errors import EngineError
from clickctl.domain.hours import Day, HourRange
from clickctl.plan.catalog import CREATE_TABLES, PRUNE
from clickctl.registering import register_days
from tests.aws.harness.faults import Fault
from tests.aws.harness.requests import Request
from tests.aws.registry import FACTS, USERS, Registry, told

DAY = Day(date(2026, 1, 5))
WRITES = ("BatchCreate", "BatchUpdate", "BatchDelete", "Create", "Update", "Delete")


def text(*days: Day) -> list[str]:
    return [str(day) for day in days]


def test_answers_that_are_lost_change_nothing_about_the_end(registry: Registry) -> None:
    writes = ("CreateDatabase", "CreateTable", "BatchCreatePartition", "BatchUpdatePartition", "UpdateTable")
    registry.aws.faults.add(*(Fault(f"glue.{name}", "lose", times=1) for name in writes))
    assert not [one for one in registry.apply(CREATE_TABLES) if one.error]
    assert registry.plan().changes == ()
    registry.forget(DAY)
    register_days(registry.catalog, [DAY.plus(9)])
    registry.aws.faults.add(Fault("glue.BatchDeletePartition", "lose", times=1))
    assert ("prune", FACTS, str(DAY.plus(9))) in told(registry.apply(PRUNE))
    assert registry.plan().changes == ()


def test_a_batch_that_is_refused_is_its_own_error_and_not_that_of_others(created: Registry) -> None:
    many = [DAY.plus(n) for n in range(10, 260)]
    created.commit(DAY.plus(9), *many)
    refused = f'"{DAY.plus(10).date:%m}", "{DAY.plus(10).date:%d}"'
    fault = Fault("glue.BatchCreatePartition", "error", match=refused, code="InternalServiceException", status=400)
    created.aws.faults.add(fault)
    applied = [one for one in created.apply() if one.change.kind == "partition"]
    failed = [one for one in applied if one.error]
    assert len(failed) == 200  # the batch of each table that held this day
    assert all("InternalServiceException" in one.error and one.exit_code == 5 for one in failed)
    created.aws.faults.reset()
    assert not [one for one in created.apply() if one.error]
    assert created.plan().changes == ()


def test_throttling_is_waited_out(created: Registry) -> None:
    created.commit(DAY.plus(9), *(DAY.plus(n) for n in range(10, 210)))
    created.aws.faults.add(Fault("glue.*", "throttle", times=2))
    assert not [one for one in created.apply() if one.error]
    assert created.plan().changes == ()


def test_errors_of_single_partitions_in_an_answer_that_is_a_success_are_seen(created: Registry) -> None:
    days = [DAY.plus(n) for n in range(10, 14)]
    created.commit(DAY.plus(9), *days)
    moto = created.aws.server.moto

    def partly(request: Request) -> Any:
        wanted = json.loads(request.body)
        others = [one for one in wanted["PartitionInputList"] if one["Values"][2] != "16"]
        moto.call("glue", "BatchCreatePartition", **{**wanted, "PartitionInputList": others})
        detail = {"ErrorCode": "ResourceNumberLimitExceededException", "ErrorMessage": "too many"}
        done = {"ErrorCode": "AlreadyExistsException", "ErrorMessage": "Partition already exists."}
        return {"Errors": [
            {"PartitionValues": ["2026", "01", "16"], "ErrorDetail": detail},
            {"PartitionValues": ["2026", "01", "15"], "ErrorDetail": done},
        ]}  # fmt: skip

    created.aws.handlers["glue.BatchCreatePartition"] = partly
    failed = [one for one in created.apply() if one.error]
    assert [(one.change.name, str(one.change.day)) for one in failed] == [(FACTS, "2026-01-16"), (USERS, "2026-01-16")]
    assert failed[0].error == "ResourceNumberLimitExceededException: too many"
    assert len(created.days()) == 8


def test_all_segments_and_pages_of_a_table_are_read(created: Registry) -> None:
    """As Glue does it: each segment has its own part of the partitions, a few to a page."""
    moto = created.aws.server.moto

    def paged(request: Request) -> Any:
        wanted = json.loads(request.body)
        segment, start = wanted.pop("Segment"), int(wanted.pop("NextToken", 0))
        wanted.pop("MaxResults")
        every = moto.call("glue", "GetPartitions", **wanted)["Partitions"]
        mine = [
            one for one in every if int("".join(one["Values"])) % segment["TotalSegments"] == segment["SegmentNumber"]
        ]
        more = {"NextToken": str(start + 2)} if len(mine) > start + 2 else {}
        return {"Partitions": mine[start : start + 2], **more}

    created.commit(DAY.plus(9), *(DAY.plus(n) for n in range(9, 40)))
    created.aws.handlers["glue.GetPartitions"] = paged
    created.apply()
    assert created.plan().changes == ()
    assert created.plan().kept == {FACTS: 36, USERS: 36}


def test_what_a_read_leaves_unprocessed_is_asked_for_again(created: Registry) -> None:
    moto, asked = created.aws.server.moto, []

    def some(request: Request) -> Any:
        wanted = json.loads(request.body)
        keys = wanted["PartitionsToGet"]
        asked.append(len(keys))
        reply = moto.call("glue", "BatchGetPartition", **{**wanted, "PartitionsToGet": keys[:2]})
        return {**reply, "UnprocessedKeys": keys[2:]}

    created.aws.handlers["glue.BatchGetPartition"] = some
    hours = HourRange(DAY.first_hour, DAY.plus(5).first_hour)
    assert created.plan(hours).changes == ()
    assert sorted(asked) == [1, 1, 3, 3, 5, 5]


def test_a_table_that_cannot_be_made_stops_what_needs_it_and_nothing_else(registry: Registry) -> None:
    registry.aws.faults.add(
        Fault("glue.CreateTable", "error", match='"dim_users"', code="AccessDeniedException", message="not you")
    )
    applied = registry.apply(CREATE_TABLES)
    failed = {one.change.kind: one.error for one in applied if one.error}
    assert "AccessDeniedException: not you" in failed["table"]
    assert failed["partition"] == failed["view"] == "not tried: the table dim_users could not be made"
    assert len(registry.days(FACTS)) == 5
    registry.aws.faults.reset()
    registry.create()
    assert registry.plan().changes == ()


def test_what_cannot_be_read_is_an_error_of_the_service(created: Registry) -> None:
    created.aws.faults.add(Fault("glue.GetPartitions", "error", code="AccessDeniedException", message="not you"))
    with pytest.raises(EngineError, match=r"Glue table clickstream\.fact_clicks: AccessDeniedException: not you"):
        created.plan()
