"""Whether two outputs hold the same rows, in whatever order and however many files."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import duckdb

FACT = ("click_id", "event_time", "user_id", "session_id", "action", "page_url", "attrs")
USER = ("user_id", "first_seen", "last_seen", "user_agent", "ip")
TIMES = ("event_time", "first_seen", "last_seen")
Digest = dict[str, int]  # what was measured → its value; equal digests mean equal rows


@dataclass(frozen=True)
class Outputs:
    """Where a contestant leaves its work: folders of Parquet, and one of .json.gz."""

    facts: Path
    users: Path
    quarantine: Path


def digest(outputs: Outputs) -> Digest:
    facts = _sums("fact_clicks", outputs.facts, FACT, "event_time")
    users = _sums("dim_users", outputs.users, USER, "first_seen")
    return {**facts, **users, "quarantine records": _lines(outputs.quarantine)}


def differences(expected: Digest, found: Digest) -> list[str]:
    """What differs, in words. Checksums say where to look, counts say how far off it is."""
    return [
        f"{what} differ" if "checksum" in what else f"{what}: {found.get(what, 0):,}, not {value:,}"
        for what, value in expected.items()
        if found.get(what) != value
    ]


def _sums(table: str, folder: Path, columns: tuple[str, ...], time: str) -> Digest:
    """Counts and, for each column, a sum of hashes: the same for the same rows in any order."""
    plain = {name: f"epoch_us({name}::TIMESTAMP)" if name in TIMES else name for name in columns}
    day = f"{time}::TIMESTAMP::DATE"
    measures = {
        "rows": "count(*)",
        "days": f"count(DISTINCT {day})",
        f"distinct {columns[0]} per day": f"count(DISTINCT ({columns[0]}, {day}))",
        "rows checksum": f"sum(hash({', '.join(plain.values())}))",
        **{f"{name} checksum": f"sum(hash({value}))" for name, value in plain.items()},
    }
    values = ", ".join(f"coalesce({value}, 0)::HUGEINT" for value in measures.values())
    files = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = false)"
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    row = connection.execute(f"SELECT {values} FROM {files}").fetchone()
    return {f"{table} {name}": value for name, value in zip(measures, row or (), strict=True)}


def _lines(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*.json.gz"):
        with gzip.open(path, "rb") as lines:
            total += sum(1 for line in lines if line.strip())
    return total
