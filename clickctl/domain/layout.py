"""Where every object lies, relative to the roots of `[lake]`. See docs/data-contract.md.

A name that begins with `_` is hidden from Spark, Athena and Spectrum, so the ledger and the
staging area can live beside the tables.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime

from clickctl.domain.hours import Day, Hour, Unit

FACTS = "fact_clicks"
USERS = "dim_users"
QUARANTINE = "quarantine"
TABLES = (FACTS, USERS)

_RAW_FILE = re.compile(r"part-[^/]*\.json(\.gz)?")
_RAW_KEY = re.compile(r"(\d{4}/\d\d/\d\d/\d\d)/([^/]*)", re.ASCII)
_LEDGER = re.compile(r"_ledger/(\d{4})/(\d\d)/(\d\d)\.json", re.ASCII)
_OWNED = re.compile(r"part-(\d{10}|\d{8})-(\d{4,})\.(parquet|json\.gz)")


def is_raw_file(name: str) -> bool:
    """True for the file names a unit reads; `_SUCCESS`, dot files and the like are passed over."""
    return _RAW_FILE.fullmatch(name) is not None


def raw_hour(key: str) -> Hour | None:
    """The arrival hour of a raw file by its key under the raw root, or None for a key that is no raw file's."""
    match = _RAW_KEY.fullmatch(key)
    if match is None or not is_raw_file(match[2]):
        return None
    try:
        return Hour(datetime.strptime(match[1], "%Y/%m/%d/%H").replace(tzinfo=UTC))
    except ValueError:
        return None


def raw_source(root: str, bucket: str, key: str) -> str:
    """The key of an object of S3 relative to the raw root; empty for what is no raw file of this lake."""
    source = f"s3://{bucket}/{key}".removeprefix(f"{root}/")
    return source if raw_hour(source) else ""


def bucket_and_key(root: str, source: str) -> tuple[str, str]:
    """And back: where in S3 it lies."""
    bucket, _, key = f"{root}/{source}".removeprefix("s3://").partition("/")
    return bucket, key


def listing_prefixes(days: Collection[Day]) -> tuple[str, ...]:
    """What to list to see all under `YYYY/MM/DD/` of these days: whole months where a quarter is wanted, else days."""
    months: dict[str, list[Day]] = {}
    for day in sorted(set(days)):
        months.setdefault(day.path[:8], []).append(day)
    return tuple(
        prefix
        for month, wanted in months.items()
        for prefix in ([month] if len(wanted) >= 8 else [f"{day.path}/" for day in wanted])
    )


def raw_prefix(unit: Unit) -> str:
    """Under the raw root: `2026/01/05/13/` for an hour, `2026/01/05/` for a day."""
    return f"{unit.path}/"


def partition_prefix(table: str, day: Day) -> str:
    """Under the processed root: `fact_clicks/year=2026/month=01/day=05/`."""
    year, month, date = str(day).split("-")
    return f"{table}/year={year}/month={month}/day={date}/"


def output_file(table: str, day: Day, unit: Unit, index: int) -> str:
    """The name of one owned file: under the quarantine root for rejects, else under processed."""
    if table == QUARANTINE:
        return f"{day.path}/part-{unit.compact}-{index:04d}.json.gz"
    return f"{partition_prefix(table, day)}part-{unit.compact}-{index:04d}.parquet"


def owner_of(key: str) -> Unit | None:
    """The unit a file's name says it belongs to, or None for a file that is not ours."""
    match = _OWNED.fullmatch(key.rsplit("/", 1)[-1])
    if match is None:
        return None
    text = match[1]
    try:
        if len(text) == 8:
            return Day(datetime.strptime(text, "%Y%m%d").date())
        return Hour(datetime.strptime(text, "%Y%m%d%H").replace(tzinfo=UTC))
    except ValueError:
        return None


def ledger_key(day: Day) -> str:
    """Under the processed root."""
    return f"_ledger/{day.path}.json"


def ledger_day(key: str) -> Day | None:
    """The day of a ledger by its key under the processed root, or None for what is no ledger of ours."""
    match = _LEDGER.fullmatch(key)
    try:
        return Day(date(*map(int, match.groups()))) if match else None
    except ValueError:
        return None


def staging_prefix(unit: Unit, run_id: str) -> str:
    """Under the processed root: what one run has written and not yet published."""
    return f"_staging/{unit}/{run_id}/"


LOAD_NOTE = "_loads/latest.json"
"""Under the processed root: when the warehouse was last changed (domain/loads.py)."""


def loads_prefix(day: Day) -> str:
    """Under the processed root: what loading an event-day into the warehouse puts there for COPY to read."""
    return f"_loads/{day}/"
