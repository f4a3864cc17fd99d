"""The month's data quality as suites of Great Expectations: `python gx_suite.py LAKE FIRST END`.

Over views on DuckDB, through SQLAlchemy. GX gathers plain counts into one query and asks once more for each column
whose values it counts. A row condition would be a scan for each day, so event_day is a column of the view.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import great_expectations as gx  # type: ignore[import-not-found]
from great_expectations import expectations as gxe
from great_expectations.execution_engine import (  # type: ignore[import-not-found]
    sqlalchemy_execution_engine as engine,
)

from benchmarks.dq.scanned import ACTIONS, COLUMNS, REASONS, Facts, event_days, micros, named, tell, views


class DuckDb(str):
    value = "duckdb"


# GX fetches rows after it gave the connection back, which in DuckDB ends the result. It must keep it, as for SQLite.
engine._PERSISTED_CONNECTION_DIALECTS += (DuckDb("duckdb"),)


def main(home: Path, first: str, end: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = f"{folder}/views.duckdb"
        with duckdb.connect(database) as connection:
            views(connection, home, first, end)
            connection.execute("CREATE VIEW dated AS SELECT *, event_time::DATE::VARCHAR AS event_day FROM facts")
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        lake = context.data_sources.add_sql("lake", connection_string=f"duckdb:///{database}")
        tell(of_facts(lake, event_days(first, end)) | of_keys(lake) | of_users(lake) | of_reasons(lake))


def results(lake: Any, table: str, expectations: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each expectation has seen, by the name given to it here."""
    batch = lake.add_table_asset(table, table_name=table).add_batch_definition_whole_table(table).get_batch()
    suite = gx.ExpectationSuite(table)
    for name, expectation in expectations.items():
        expectation.meta = {"name": name}
        suite.add_expectation(expectation)
    found = batch.validate(suite).results
    return {one.expectation_config.meta["name"]: one.result for one in found}


def of_facts(lake: Any, days: list[str]) -> Facts:
    found = results(lake, "dated", {
        "rows": some_rows(),
        "oldest": gxe.ExpectColumnMinToBeBetween(column="event_time", min_value=datetime(2020, 1, 1)),
        "newest": gxe.ExpectColumnMaxToBeBetween(column="event_time", min_value=datetime(2020, 1, 1)),
        "actions": shares("action", ACTIONS),
        "days": shares("event_day", days),
        **{name: gxe.ExpectColumnValuesToNotBeNull(column=name) for name in COLUMNS},
    })  # fmt: skip
    rows = found["rows"]["observed_value"]
    nulls = {name: found[name]["unexpected_count"] for name in COLUMNS}
    facts: Facts = {"facts": rows}
    facts |= {f"{name} event": micros(str(found[name]["observed_value"])) for name in ("oldest", "newest")}
    facts |= named("nulls in", nulls) | counts("facts of", found["days"], rows)
    return facts | counts("facts with", found["actions"], rows - nulls["action"])


def of_keys(lake: Any) -> Facts:
    distinct = gxe.ExpectColumnUniqueValueCountToBeBetween(column="click_id", min_value=1)
    found = results(lake, "keys", {"rows": some_rows(), "distinct": distinct})
    return {"doubled facts": found["rows"]["observed_value"] - found["distinct"]["observed_value"]}


def of_users(lake: Any) -> Facts:
    return {"users": results(lake, "users", {"rows": some_rows()})["rows"]["observed_value"]}


def of_reasons(lake: Any) -> Facts:
    found = results(lake, "reasons", {"rows": some_rows(), "reasons": shares("reason", REASONS)})
    return counts("rejects:", found["reasons"], found["rows"]["observed_value"])


def some_rows() -> Any:
    return gxe.ExpectTableRowCountToBeBetween(min_value=1)


def shares(column: str, values: Sequence[str]) -> Any:
    """The one expectation that tells what it saw of each value."""
    alike = {"values": list(values), "weights": [1 / len(values)] * len(values)}
    return gxe.ExpectColumnKLDivergenceToBeLessThan(column=column, partition_object=alike, threshold=10)


def counts(prefix: str, result: dict[str, Any], rows: int) -> Facts:
    """It tells shares of the rows that are not null."""
    seen = result["details"]["observed_partition"]
    pairs = zip(seen["values"], seen["weights"], strict=True)
    return named(prefix, {value: round(rows * weight) for value, weight in pairs})


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
