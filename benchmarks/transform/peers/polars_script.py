"""The day's transform in Polars: `python polars_script.py RAW OUT`.

An hour at a time on as many threads as there are cores (Polars parses JSON on one), then one frame
for duplicates and users. Polars cannot decode a struct and keep one field of it as text, and
json_decode fails on the first malformed line, so attributes come by json_path_match first and tell
most good lines from malformed ones; the other fields come by one json_decode. It has no SHA-256:
hashlib hashes a built column. It cannot write INT96: its event_time is an INT64 timestamp.
Tried and slower: json_path_match for each field (about +18 CPU s); no faster: read_ndjson of the good lines.
"""

from __future__ import annotations

import gzip
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import polars as pl

FIELDS = ["event_time", "user_id", "session_id", "action", "page_url", "user_agent", "ip"]
EVENT = pl.Struct(dict.fromkeys(FIELDS, pl.String))
ACTIONS = ["page_view", "click", "search", "add_to_cart", "purchase"]
KEYED = ["user_id", "session_id", "action", "page_url", "attrs"]
FACT = ["click_id", "event_time", *KEYED]


def main(raw: Path, out: Path) -> None:
    folders = sorted(raw.glob("*/*/*/*"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hours = list(pool.map(read_hour, folders))
    events = pl.concat(hours)
    quarantine(events.filter(pl.col("reasons") != ""), out / "quarantine")
    good = events.filter(pl.col("reasons") == "").with_columns(date=pl.col("event_time").dt.date())
    write(good.unique("click_id", keep="any").select(*FACT, "date"), out / "fact_clicks")
    write(users(good), out / "dim_users")


def read_hour(folder: Path) -> pl.DataFrame:
    hour = datetime.strptime("/".join(folder.parts[-4:]), "%Y/%m/%d/%H").replace(tzinfo=UTC)
    line, attrs = pl.col("line"), pl.col("attrs")
    lines = pl.scan_lines(folder / "*.json.gz", name="line", include_file_paths="file").collect()
    lines = lines.filter(line.str.strip_chars() != "").with_columns(attrs=line.str.json_path_match("$.attributes"))
    doubtful = lines.filter(attrs.is_null()).with_columns(is_json=line.str.json_path_match("$").is_not_null())
    whole = pl.concat([lines.filter(attrs.is_not_null()), doubtful.filter("is_json").drop("is_json")])
    events = judged(whole.with_columns(line.str.json_decode(EVENT).struct.unnest()), hour)
    malformed = doubtful.filter(~pl.col("is_json")).select("file", "line", reasons=pl.lit("malformed_json"))
    return pl.concat([with_click_id(events), malformed], how="diagonal")


def judged(events: pl.DataFrame, hour: datetime) -> pl.DataFrame:
    time, action = pl.col("event_time"), pl.col("action")
    events = events.with_columns(
        time.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=False),
        *(known(name) for name in ("user_id", "session_id")),
    )
    out_of_range = (time < hour - timedelta(days=7)) | (time >= hour + timedelta(hours=2))
    tests = {
        "missing_user_id": pl.col("user_id").is_null(),
        "unparseable_event_time": time.is_null(),
        "event_time_out_of_range": out_of_range,
        "action_not_permitted": ~action.is_in(ACTIONS).fill_null(False),
    }
    found = [pl.when(test).then(pl.lit(reason)) for reason, test in tests.items()]
    return events.with_columns(reasons=pl.concat_str(found, separator=",", ignore_nulls=True)).with_columns(
        pl.when(pl.col("reasons") != "").then(name).alias(name) for name in ("line", "file")
    )


def known(name: str) -> pl.Expr:
    text = pl.col(name)
    return pl.when(~text.str.strip_chars().is_in(["", "-"])).then(text).alias(name)


def with_click_id(events: pl.DataFrame) -> pl.DataFrame:
    values = [pl.col("event_time").dt.epoch("us").cast(pl.String), *map(pl.col, KEYED)]
    texts = [(value.str.len_bytes().cast(pl.String) + ":" + value).fill_null("N") for value in values]
    encoded = events.select(pl.concat_str(texts).cast(pl.Binary)).to_series()
    return events.with_columns(click_id=pl.Series([sha256(text).hexdigest()[:32] for text in encoded.to_list()]))


def users(good: pl.DataFrame) -> pl.DataFrame:
    """Two steps: agent and address seldom change, so little is left for the second to compare."""
    time = pl.col("event_time")
    seen = good.group_by("date", "user_id", "user_agent", "ip").agg(first_seen=time.min(), last_seen=time.max())
    return seen.group_by("date", "user_id").agg(
        pl.col("first_seen").min(),
        pl.col("last_seen").max(),
        *(pl.col(name).sort_by("last_seen", name).drop_nulls().last() for name in ("user_agent", "ip")),
    )


def write(rows: pl.DataFrame, table: Path) -> None:
    for (day,), part in rows.partition_by("date", as_dict=True, include_key=False).items():
        folder = table / f"year={day:%Y}" / f"month={day:%m}" / f"day={day:%d}"
        folder.mkdir(parents=True)
        part.write_parquet(folder / "part-0.parquet", compression="snappy")


def quarantine(bad: pl.DataFrame, folder: Path) -> None:
    folder.mkdir(parents=True)
    records = bad.select("file", pl.col("reasons").str.split(","), "line").write_ndjson()
    (folder / "part-0.json.gz").write_bytes(gzip.compress(records.encode()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
