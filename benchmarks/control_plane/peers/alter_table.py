"""What many a script does each night: one ALTER TABLE for a day, waited for."""

from __future__ import annotations

import sys
import time
from datetime import date, timedelta
from typing import Any

import boto3

from clickctl.domain.layout import TABLES


def main(root: str, first: str, count: int) -> None:
    athena = boto3.client("athena")
    began = time.perf_counter()
    for n in range(count):
        day = date.fromisoformat(first) + timedelta(days=n)
        for table in TABLES:
            done(athena, statement(root, table, day))
    print(time.perf_counter() - began)


def statement(root: str, table: str, day: date) -> str:
    keys = f"year='{day:%Y}', month='{day:%m}', day='{day:%d}'"
    place = f"{root}/{table}/year={day:%Y}/month={day:%m}/day={day:%d}/"
    return f"ALTER TABLE {table} ADD IF NOT EXISTS PARTITION ({keys}) LOCATION '{place}'"


def done(athena: Any, sql: str) -> None:
    started = athena.start_query_execution(
        QueryString=sql, QueryExecutionContext={"Database": "clickstream"}, WorkGroup="primary"
    )
    while True:
        found = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])
        if found["QueryExecution"]["Status"]["State"] == "SUCCEEDED":
            return
        time.sleep(1)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
