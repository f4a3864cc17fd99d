"""The calls of the Glue Data Catalog this program makes, each safe to repeat.

Limits of a call (botocore's model of Glue): BatchCreatePartition and BatchUpdatePartition 100
partitions, BatchDeletePartition 25, BatchGetPartition 1,000; GetPartitions 1,000 a page, and up to
10 segments side by side. The batch calls answer 200 with an error for each partition that failed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import botocore.exceptions

from clickctl.aws.clients import client
from clickctl.aws.errors import code_of, explained, shown
from clickctl.domain.errors import CommitConflict, EngineError
from clickctl.domain.hours import Day
from clickctl.plan.tables import values_of
from clickctl.roots import AwsSettings

GET_BATCH = 1000
WRITE_BATCH = {"add": 100, "update": 100, "prune": 25}
SEGMENTS = 5

_TRIES = 6
_AGAIN = "Run the same command again."
_DONE_ALREADY = {"add": "AlreadyExistsException", "prune": "EntityNotFoundException"}

Plain = dict[str, Any]


@dataclass(frozen=True)
class GlueCalls:
    """One database of the catalog of this account and region."""

    aws: AwsSettings
    database: str

    @property
    def client(self) -> Any:
        with explained("Glue"):
            return client("glue", self.aws)

    @property
    def table_fields(self) -> frozenset[str]:
        """Those of TableInput."""
        return frozenset(self.client.meta.service_model.shape_for("TableInput").members)

    def has_database(self) -> bool:
        with explained(f"Glue database {self.database}"), _unless("EntityNotFoundException"):
            self.client.get_database(Name=self.database)
            return True
        return False

    def create_database(self) -> None:
        wanted = {"Name": self.database, "Description": "The tables of clickctl's lake"}
        with explained(f"Glue database {self.database}"), _unless("AlreadyExistsException"):
            self.client.create_database(DatabaseInput=wanted)

    def table(self, name: str) -> Plain | None:
        """A table or view as GetTable gives it."""
        with self._explained(name), _unless("EntityNotFoundException"):
            found: Plain = self.client.get_table(DatabaseName=self.database, Name=name)["Table"]
            return found
        return None

    def create_table(self, wanted: Plain) -> None:
        with self._explained(wanted["Name"]), _unless("AlreadyExistsException"):
            self.client.create_table(DatabaseName=self.database, TableInput=wanted)

    def change_table(self, name: str, change: Callable[[Plain], Plain | None]) -> None:
        """Replace a table by what `change` makes of it as it is now, or leave it for None.

        Whoever changed it meanwhile is not overwritten: the version that was read is named, and
        the change made anew on the present one. The replaced version stays in Glue's archive.
        """
        for attempt in range(_TRIES):
            if (present := self.table(name)) is None:
                raise EngineError(f"{self._named(name)} is gone.", hint=_AGAIN, changed="")
            if (wanted := change(present)) is None:
                return
            version = {"VersionId": present["VersionId"]} if present.get("VersionId") else {}
            with self._explained(name), _unless("ConcurrentModificationException"):
                self.client.update_table(DatabaseName=self.database, TableInput=wanted, **version)
                return
            _pause(attempt)
        raise CommitConflict(f"{self._named(name)} was changed by others {_TRIES} times over.", hint=_AGAIN, changed="")

    def segment(self, name: str, number: int) -> list[Plain]:
        """The partitions of one of SEGMENTS parts of a table."""
        with self._explained(name):
            pages = self.client.get_paginator("get_partitions").paginate(
                DatabaseName=self.database,
                TableName=name,
                Segment={"SegmentNumber": number, "TotalSegments": SEGMENTS},
                PaginationConfig={"PageSize": 1000},
            )
            return [partition for page in pages for partition in page["Partitions"]]

    def registered(self, name: str, days: Sequence[Day]) -> list[Plain]:
        """Of at most GET_BATCH days those that are registered; what a call leaves over is asked for again."""
        found: list[Plain] = []
        keys = [{"Values": list(values_of(day))} for day in days]
        for attempt in range(_TRIES):
            with self._explained(name):
                reply = self.client.batch_get_partition(
                    DatabaseName=self.database, TableName=name, PartitionsToGet=keys
                )
            found += reply.get("Partitions") or ()
            if not (keys := reply.get("UnprocessedKeys") or []):
                return found
            _pause(attempt)
        raise EngineError(f"{self._named(name)}: {len(keys)} partitions could not be read.", hint=_AGAIN, changed="")

    def write(self, name: str, action: str, partitions: Sequence[Plain]) -> dict[tuple[str, ...], str]:
        """Add, update or prune partitions, WRITE_BATCH at most: by values, why some failed.

        What was done already, by others or by a call whose answer was lost, has not failed.
        """
        for attempt in range(_TRIES):
            with self._explained(name), _unless("ConcurrentModificationException"):
                return _failures(action, self._write(name, action, partitions))
            _pause(attempt)
        raise CommitConflict(f"{self._named(name)} was changed by others {_TRIES} times over.", hint=_AGAIN, changed="")

    def _write(self, name: str, action: str, partitions: Sequence[Plain]) -> Plain:
        where = {"DatabaseName": self.database, "TableName": name}
        if action == "add":
            reply = self.client.batch_create_partition(**where, PartitionInputList=partitions)
        elif action == "update":
            entries = [{"PartitionValueList": one["Values"], "PartitionInput": one} for one in partitions]
            reply = self.client.batch_update_partition(**where, Entries=entries)
        else:
            values = [{"Values": one["Values"]} for one in partitions]
            reply = self.client.batch_delete_partition(**where, PartitionsToDelete=values)
        found: Plain = reply
        return found

    def _named(self, name: str) -> str:
        return f"Glue table {self.database}.{name}"

    def _explained(self, name: str) -> AbstractContextManager[None]:
        return explained(self._named(name))


def _failures(action: str, reply: Plain) -> dict[tuple[str, ...], str]:
    found = {}
    for error in reply.get("Errors") or ():
        detail = error.get("ErrorDetail") or {}
        code = detail.get("ErrorCode") or "unknown error"
        if code != _DONE_ALREADY.get(action):
            values = error.get("PartitionValues") or error.get("PartitionValueList") or ()
            found[tuple(values)] = f"{code}: {shown(detail.get('ErrorMessage') or 'no message')}"
    return found


@contextmanager
def _unless(code: str) -> Iterator[None]:
    """Go on after this block where the service answers with this error."""
    try:
        yield
    except botocore.exceptions.ClientError as error:
        if code_of(error) != code:
            raise


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, 0.05 * 2**attempt))
