"""A lake whose ledgers say what is wished, and a Glue catalog beside it."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from clickctl.aws.catalog import GlueCatalog
from clickctl.aws.lake import S3Lake
from clickctl.domain.hours import Day, HourRange
from clickctl.domain.layout import TABLES, ledger_key, output_file
from clickctl.domain.ledger import OutputFile, UnitEntry, dump
from clickctl.domain.rules import QualityRules
from clickctl.liveness import ProcessLiveness
from clickctl.plan.catalog import CREATE_TABLES, Applied, CatalogPlan
from clickctl.ports import Answer
from clickctl.publish import Publisher
from clickctl.registering import Comparison, apply_changes, compare, observe_days_with_rows
from clickctl.roots import AwsSettings
from clickctl.settings import CatalogSettings
from tests.aws.harness.account import Aws
from tests.aws.harness.replies import Reply
from tests.aws.harness.requests import Request
from tests.plan.facts import commit, ledger

DATABASE, FACTS, USERS = "clickstream", "fact_clicks", "dim_users"
RULES = QualityRules()


@dataclass(frozen=True)
class AthenaOfViews:
    """What Athena does with CREATE OR REPLACE VIEW: a table of Glue whose text is in Athena's own words."""

    aws: Aws

    def rows(self, table: str, days: Sequence[Day], limit: int) -> Answer:
        raise NotImplementedError

    def run(self, sql: str, parameters: Sequence[str] = ()) -> Answer:
        head, _, select = sql.partition(" AS\n")
        name = head.removeprefix("CREATE OR REPLACE VIEW ").strip('"')
        put_view(self.aws, name, f"\n{select.upper()}\n")
        return Answer((), ())


def views_are_made(aws: Aws) -> None:
    """Athena makes a view in Glue when it is asked to, also by a process of its own."""

    def start(request: Request) -> Reply:
        AthenaOfViews(aws).run(json.loads(request.body)["QueryString"])
        return aws.server.moto.answer(request)

    aws.handlers["athena.StartQueryExecution"] = start


def put_view(aws: Aws, name: str, sql: str) -> None:
    text = base64.b64encode(json.dumps({"originalSql": sql, "catalog": "awsdatacatalog"}).encode()).decode()
    glue = aws.boto("glue")
    there = name in [table["Name"] for table in glue.get_tables(DatabaseName=DATABASE)["TableList"]]
    (glue.update_table if there else glue.create_table)(DatabaseName=DATABASE, TableInput={
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {text} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {"Columns": [{"Name": "user_id", "Type": "string"}], "Location": "", "SerdeInfo": {}},
        "PartitionKeys": [],
    })  # fmt: skip


@dataclass(frozen=True)
class Registry:
    """The lake and the catalog of one test."""

    aws: Aws

    @property
    def publisher(self) -> Publisher:
        return Publisher(S3Lake(AwsSettings()), self.aws.lake, ProcessLiveness())

    @property
    def catalog(self) -> GlueCatalog:
        return GlueCatalog(AwsSettings(), CatalogSettings(), self.aws.lake.processed, lambda: AthenaOfViews(self.aws))

    def commit(self, arrival: Day, *event_days: Day) -> None:
        """A ledger whose one commit has a file of each table on these event-days. The files are not there."""
        files = tuple(OutputFile(table, day, output_file(table, day, arrival, 0), 10, 1)
                      for table in TABLES for day in event_days or (arrival,))  # fmt: skip
        document = ledger({arrival: UnitEntry(commit(arrival, files=files))}, arrival)
        self.aws.put(f"{self.aws.lake.processed}/{ledger_key(arrival)}", dump(document))

    def compared(self, hours: HourRange | None = None, year: int = 2026) -> Comparison:
        rows = observe_days_with_rows(self.publisher, hours, RULES).rows
        return compare(self.catalog, self.publisher.lake, rows, hours, year)

    def plan(self, hours: HourRange | None = None, year: int = 2026) -> CatalogPlan:
        return self.compared(hours, year).plan

    def apply(self, *flags: str, hours: HourRange | None = None, year: int = 2026) -> Sequence[Applied]:
        return apply_changes(self.catalog, self.publisher.lake, self.compared(hours, year), flags)

    def create(self) -> None:
        """Database, tables and view, and all days registered."""
        assert not [one for one in self.apply(CREATE_TABLES) if one.error]

    def partitions(self, name: str = FACTS) -> dict[tuple[str, ...], str]:
        """Location by values."""
        pages = self.aws.boto("glue").get_paginator("get_partitions").paginate(DatabaseName=DATABASE, TableName=name)
        return {tuple(p["Values"]): p["StorageDescriptor"]["Location"] for page in pages for p in page["Partitions"]}

    def days(self, name: str = FACTS) -> list[str]:
        return sorted("-".join(values) for values in self.partitions(name))

    def table(self, name: str = FACTS) -> dict[str, Any]:
        return dict(self.aws.boto("glue").get_table(DatabaseName=DATABASE, Name=name)["Table"])

    def edit_table(self, name: str = FACTS, **changes: Any) -> None:
        """As somebody would, by hand."""
        fields = ("Name", "Description", "TableType", "Parameters", "PartitionKeys", "StorageDescriptor")
        now = {field: value for field, value in self.table(name).items() if field in fields}
        parameters = {**now["Parameters"], **changes.pop("Parameters", {})}
        edited = {**now, "Parameters": parameters, **changes}
        self.aws.boto("glue").update_table(DatabaseName=DATABASE, TableInput=edited)

    def edit_partition(self, day: Day, name: str = FACTS, **changes: Any) -> None:
        values = str(day).split("-")
        glue = self.aws.boto("glue")
        there = glue.get_partition(DatabaseName=DATABASE, TableName=name, PartitionValues=values)["Partition"]
        edited = {
            "Values": values,
            "StorageDescriptor": {**there["StorageDescriptor"], **changes.pop("storage", {})},
            **changes,
        }
        glue.update_partition(DatabaseName=DATABASE, TableName=name, PartitionValueList=values, PartitionInput=edited)

    def forget(self, *days: Day, name: str = FACTS) -> None:
        """Take partitions away, as somebody would by hand."""
        drop = partial(self.aws.boto("glue").delete_partition, DatabaseName=DATABASE, TableName=name)
        for day in days:
            drop(PartitionValues=str(day).split("-"))


def told(applied: Collection[Applied]) -> list[tuple[str, str, str]]:
    """Action, name and day of each change that was made or had been made."""
    return [(one.change.action, one.change.name, str(one.change.day)) for one in applied if not one.error]
