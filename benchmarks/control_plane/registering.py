"""Registering 3,650 partitions: 1,825 days, each in both tables, which are there and have none.

The years of those days are not projected yet, as when tables are made first and history is filled
in later: clickctl also mends that, with one UpdateTable for each table.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from benchmarks.account import Aws, Spent, clickctl, fail_unless, peer
from clickctl.aws.glue_tables import new_table_input
from clickctl.domain.hours import Day
from clickctl.domain.layout import TABLES, ledger_key, output_file, partition_prefix
from clickctl.domain.ledger import Commit, InputFile, Ledger, OutputFile, UnitEntry, dump, fingerprint
from clickctl.domain.quality import Quality
from clickctl.domain.rules import QualityRules
from clickctl.plan.catalog import DaysWithRows, wanted_tables
from clickctl.plan.tables import values_of

FIRST, DAYS = Day(date(2021, 1, 1)), 1825
PART = 25  # one ALTER TABLE for each is done for so small a part, and multiplied
DATABASE = "clickstream"
CATALOG, COMMAND = "clickctl, days known", "clickctl register-partitions, all of it"
WRANGLER, WRANGLERS = "awswrangler.add_parquet_partitions", "the same, both tables side by side"
ALTER = f"ALTER TABLE for each (a {PART}th, times {PART})"


def measure(aws: Aws, runs: int) -> dict[str, list[Spent]]:
    put_ledgers(aws)
    aws.boto("glue").create_database(DatabaseInput={"Name": DATABASE})
    known, days = [str(aws.config_file()), str(FIRST), str(DAYS)], [aws.lake.processed, str(FIRST), str(DAYS)]
    contestants: dict[str, Callable[[], Spent]] = {
        CATALOG: lambda: peer(aws, "control_plane/peers/known_days.py", *known),
        COMMAND: lambda: clickctl(aws, "register-partitions", "--quiet"),
        WRANGLER: lambda: peer(aws, "control_plane/peers/awswrangler_add.py", *days),
        WRANGLERS: lambda: peer(aws, "control_plane/peers/awswrangler_add.py", *days, "--side-by-side"),
    }
    found: dict[str, list[Spent]] = {name: [] for name in contestants}
    for _ in range(runs):
        for name, run in contestants.items():
            empty_tables(aws)
            found[name].append(run())
            fail_unless(registered(aws) == expected(aws), True, f"{name}: all days registered, where they lie")
    return {**found, ALTER: [alter_tables(aws)]}


def put_ledgers(aws: Aws) -> None:
    """Each arrival day was committed as one, from a raw file an hour, with a file of each table."""

    def put(day: Day) -> None:
        files = tuple(OutputFile(table, day, output_file(table, day, day, 0), 10, 1) for table in TABLES)
        inputs = tuple(InputFile(f"{hour.path}/part-0.json.gz", "0" * 32, 10) for hour in day.hours)
        commit = Commit(
            "run", "2026-01-01T00:00:00Z", inputs, fingerprint(inputs), files, Quality(), QualityRules().name,
            "0", "glue", 1.0,
        )  # fmt: skip
        aws.put(f"{aws.lake.processed}/{ledger_key(day)}", dump(Ledger(day).with_entry(day, UnitEntry(commit))))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, all_days()))


def empty_tables(aws: Aws) -> None:
    """As --create-tables makes them for a lake without rows."""
    glue, year = aws.boto("glue"), date.today().year
    there = [table["Name"] for table in glue.get_tables(DatabaseName=DATABASE)["TableList"]]
    rows = DaysWithRows(dict.fromkeys(TABLES, frozenset()))
    for table in wanted_tables({name: name for name in TABLES}, aws.lake.processed, rows, year):
        if table.name in there:
            glue.delete_table(DatabaseName=DATABASE, Name=table.name)
        glue.create_table(DatabaseName=DATABASE, TableInput=new_table_input(table))


def registered(aws: Aws) -> dict[str, dict[tuple[str, ...], str]]:
    """By table and values, the location."""
    return {
        table: {tuple(one["Values"]): one["StorageDescriptor"]["Location"] for one in found["Partitions"]}
        for table in TABLES
        for found in [aws.server.moto.call("glue", "GetPartitions", DatabaseName=DATABASE, TableName=table)]
    }


def expected(aws: Aws) -> dict[str, dict[tuple[str, ...], str]]:
    root = aws.lake.processed
    return {table: {values_of(day): f"{root}/{partition_prefix(table, day)}" for day in all_days()} for table in TABLES}


def all_days() -> list[Day]:
    return [FIRST.plus(n) for n in range(DAYS)]


def alter_tables(aws: Aws) -> Spent:
    """Athena answers at once that a statement is done: how long it takes in truth is not known here."""
    statements: list[str] = []

    def start(request: Any) -> dict[str, str]:
        statements.append(request.json["QueryString"])
        return {"QueryExecutionId": request.json["ClientRequestToken"]}

    aws.handlers["athena.StartQueryExecution"] = start
    aws.handlers["athena.GetQueryExecution"] = lambda _: {"QueryExecution": {"Status": {"State": "SUCCEEDED"}}}
    spent = peer(aws, "control_plane/peers/alter_table.py", aws.lake.processed, str(FIRST), str(DAYS // PART))
    fail_unless(len(set(statements)), 2 * DAYS // PART, ALTER)
    return spent.times(PART)
