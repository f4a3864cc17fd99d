"""A lake of many small files, written without running anything: an hour unit for every hour of many days."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pyarrow as pa

from clickctl.domain.hours import Day, Hour
from clickctl.domain.layout import FACTS, TABLES, ledger_key, output_file
from clickctl.domain.ledger import Commit, Ledger, OutputFile, UnitEntry, dump, fingerprint
from clickctl.domain.quality import Quality
from clickctl.domain.rules import QualityRules
from clickctl.lakes import Lake
from clickctl.transform.chunks import Target
from clickctl.transform.rows import click_ids
from clickctl.transform.schemas import FACT_CHUNK, USER_CHUNK
from clickctl.transform.write import write_file


def fill_hours(lake: Lake, processed: str, days: Iterable[Day], rows: int = 1) -> None:
    """Commit every hour of these days, each with so many clicks, each of them another user's."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda day: _fill(lake, processed, day, rows, Path(folder)), days))


def _fill(lake: Lake, processed: str, day: Day, rows: int, folder: Path) -> None:
    ledger = Ledger(day)
    for hour in day.hours:
        files = tuple(_written(lake, processed, table, hour, rows, folder) for table in TABLES)
        quality = Quality(lines=rows, facts=rows, longest={"page_url": 20})
        commit = Commit("made", str(hour), (), fingerprint(()), files, quality, QualityRules().name, "0", "local", 1.0)
        ledger = ledger.with_entry(hour, UnitEntry(commit))
    present = lake.get(f"{processed}/{ledger_key(day)}")
    lake.put_if(f"{processed}/{ledger_key(day)}", dump(ledger), present[1] if present else None)


def _written(lake: Lake, processed: str, table: str, hour: Hour, rows: int, folder: Path) -> OutputFile:
    key = output_file(table, hour.day, hour, 0)
    path = folder / f"{table}-{hour}.parquet"
    made = write_file(Target(table, hour.day, 0), [_batch(table, hour, rows).serialize()], path)
    lake.upload(path, f"{processed}/{key}")
    return OutputFile(table, hour.day, key, made.size, made.rows)


def _batch(table: str, hour: Hour, rows: int) -> pa.RecordBatch:
    at = pa.array([round((hour.start + timedelta(seconds=n)).timestamp() * 1e6) for n in range(rows)])
    users = pa.array([f"{hour}-{n}" for n in range(rows)])
    nulls, none = pa.nulls(rows, pa.string()), pa.nulls(rows, pa.int64())
    if table == FACTS:
        texts = [users, nulls, nulls, pa.array([f"/{hour}/{n}" for n in range(rows)]), nulls]
        return pa.record_batch([click_ids(at, texts), at, *texts], schema=FACT_CHUNK)
    return pa.record_batch([users, at, at, nulls, none, nulls, none], schema=USER_CHUNK)
