"""The month's data quality as checks of Soda, version 4: `python soda_contracts.py LAKE FIRST END`.

A contract for each of the views. Soda gathers all counts of a contract into one query, so a day is a row count with
a filter; hours are left out, they were 792 more. Tried and no faster: doubled keys in the contract of the facts.
Version 3 (SodaCL) takes DuckDB 1.0.0 and no other.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import duckdb
from soda_core.common.yaml import ContractYamlSource  # type: ignore[import-not-found]
from soda_core.contracts.contract_verification import (  # type: ignore[import-not-found]
    ContractVerificationSession,
)
from soda_duckdb.common.data_sources.duckdb_data_source import (  # type: ignore[import-not-found]
    DuckDBDataSourceImpl,
)

from benchmarks.dq.scanned import ACTIONS, COLUMNS, REASONS, Facts, event_days, tell, views

ROWS = """
  - row_count:
      name: "{name}"
      qualifier: n{number}
      filter: {filter}"""
OF_KEYS = """
dataset: lake/main/keys
columns:
  - name: click_id
    checks:
      - duplicate: {name: doubled facts}"""
OF_USERS = """
dataset: lake/main/users
columns: []
checks:
  - row_count: {name: users}"""
METRIC = """
  - metric:
      name: {name} event
      qualifier: {name}
      expression: epoch_us({function}(event_time))
      threshold: {{must_be_greater_than: 0}}"""


def main(home: Path, first: str, end: str) -> None:
    connection = duckdb.connect()
    views(connection, home, first, end)
    lake = DuckDBDataSourceImpl.from_existing_cursor(connection, "lake")
    contracts = [of_facts(first, end), OF_KEYS, OF_USERS, of_reasons()]
    found = ContractVerificationSession.execute(
        contract_yaml_sources=[ContractYamlSource.from_str(text) for text in contracts], data_source_impls=[lake]
    )
    if found.has_errors:
        raise SystemExit(found.get_logs_str())
    checks = [check for contract in found.contract_verification_results for check in contract.check_results]
    facts: Facts = {check.check.name: int(check.threshold_value) for check in checks}
    tell({name: value for name, value in facts.items() if value})


def filtered(filters: Iterable[tuple[str, str]]) -> str:
    """A row count for each name and filter."""
    return "".join(ROWS.format(name=name, number=n, filter=text) for n, (name, text) in enumerate(filters))


def of_facts(first: str, end: str) -> str:
    days = [(f"facts of {day}", f"event_time::DATE = DATE '{day}'") for day in event_days(first, end)]
    actions = [(f"facts with {action}", f"action = '{action}'") for action in ACTIONS]
    columns = [f"\n  - name: {name}\n    checks:\n      - missing: {{name: nulls in {name}}}" for name in COLUMNS]
    rows = "\nchecks:\n  - row_count: {name: facts}"
    times = METRIC.format(name="oldest", function="min") + METRIC.format(name="newest", function="max")
    return f"dataset: lake/main/facts\ncolumns:{''.join(columns)}{rows}{filtered(days + actions)}{times}"


def of_reasons() -> str:
    reasons = filtered((f"rejects: {reason}", f"reason = '{reason}'") for reason in REASONS)
    return f"dataset: lake/main/reasons\ncolumns: []\nchecks:{reasons}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
