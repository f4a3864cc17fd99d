"""awswrangler: the facts of each day named, read from the lake and given to redshift.copy.

    awswrangler_copy.py LAKE append|upsert DAY…

The login is in STANDIN, as JSON. One connection for all days, and a copy for each, as clickctl has a transaction.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence

import awswrangler
import redshift_connector

TEXTS = ("click_id", "user_id", "session_id", "action", "page_url", "attrs")
WIDTHS = {"page_url": 8192, "attrs": 65535}


def main(lake: str, mode: str, days: Sequence[str]) -> None:
    login = json.loads(os.environ["STANDIN"])
    began = time.perf_counter()
    with redshift_connector.connect(**login) as connection:
        for day in days:
            year, month, number = day.split("-")
            frame = awswrangler.s3.read_parquet(f"{lake}/fact_clicks/year={year}/month={month}/day={number}/")
            awswrangler.redshift.copy(
                df=frame,
                path=f"{lake}/_wrangler/{day}/",
                con=connection,
                schema="public",
                table="fact_clicks",
                iam_role="arn:aws:iam::123456789012:role/copy",
                mode=mode,
                primary_keys=["click_id"],
                dtype=dict.fromkeys(TEXTS, "string"),
                varchar_lengths=WIDTHS,
            )
    print(time.perf_counter() - began)


main(sys.argv[1], sys.argv[2], sys.argv[3:])
