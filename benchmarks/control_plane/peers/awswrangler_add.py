"""awswrangler: one call of add_parquet_partitions for each table, and no read before it.

It sends its batches of 100 one after the other. `--side-by-side` gives each table a thread.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import awswrangler
import boto3

from clickctl.plan.tables import COLUMNS


def main(root: str, first: str, count: int, at_once: int) -> None:
    days = [date.fromisoformat(first) + timedelta(days=n) for n in range(count)]
    sessions = dict.fromkeys(COLUMNS, boto3.Session())
    if at_once > 1:  # clients of one session must not be made side by side
        sessions = {table: boto3.Session() for table in COLUMNS}
    values = {
        table: {
            f"{root}/{table}/year={day:%Y}/month={day:%m}/day={day:%d}/": [f"{day:%Y}", f"{day:%m}", f"{day:%d}"]
            for day in days
        }
        for table in COLUMNS
    }

    def add(table: str) -> None:
        awswrangler.catalog.add_parquet_partitions(
            database="clickstream",
            table=table,
            partitions_values=values[table],
            columns_types=dict(COLUMNS[table]),
            compression="snappy",
            boto3_session=sessions[table],
        )

    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(add, values))
    print(time.perf_counter() - began)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), 2 if "--side-by-side" in sys.argv else 1)
