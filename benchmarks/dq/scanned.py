"""What the scanning peers share: which files hold what arrived in a range, DuckDB's views on them, names of facts.

Imports nothing of clickctl: the peers live in an environment of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

COLUMNS = ("click_id", "event_time", "user_id", "session_id", "action", "page_url", "attrs")
ACTIONS = ("page_view", "click", "search", "add_to_cart", "purchase")
REASONS = ("malformed_json", "missing_user_id", "unparseable_event_time", "action_not_permitted")
LATEST = 3  # days that an event of the sample is late, at most
Facts = dict[str, int | str]


def views(connection: duckdb.DuckDBPyConnection, home: Path, first: str, end: str) -> None:
    """Makes views of what arrived on the days [first, end); `reasons` has a row for each reason of a rejected line.

    A file's name tells the arrival day whose run wrote it, so what is not of the range is not even opened. `keys` and
    `users` are of the event-days [first, end) alone: those --verify looks at, as all of their rows are in the range.
    """
    connection.execute("SET TimeZone = 'UTC'")
    facts, users, rejects = files_of(home, first, end)
    since = f"TIMESTAMPTZ '{first} 00:00:00+00'"
    connection.execute(f"CREATE VIEW facts AS SELECT * FROM read_parquet({facts}, hive_partitioning = false)")
    connection.execute(f"CREATE VIEW keys AS SELECT click_id FROM facts WHERE event_time >= {since}")
    connection.execute(
        f"""CREATE VIEW users AS SELECT user_id FROM read_parquet({users}, hive_partitioning = false)
            WHERE first_seen >= {since}"""
    )
    connection.execute(
        f"""CREATE VIEW reasons AS SELECT unnest(reasons) AS reason
            FROM read_json({rejects}, format = 'newline_delimited', columns = {{'reasons': 'VARCHAR[]'}})"""
    )


def files_of(home: Path, first: str, end: str) -> list[list[str]]:
    """Files of facts, of users and of rejects."""
    folders = [home / "processed" / "fact_clicks", home / "processed" / "dim_users", home / "quarantine"]
    patterns = ["*/*/*/part-*.parquet", "*/*/*/part-*.parquet", "*/*/*/part-*.json.gz"]
    return [of_range(folder.glob(pattern), first, end) for folder, pattern in zip(folders, patterns, strict=True)]


def of_range(paths: Iterable[Path], first: str, end: str) -> list[str]:
    owners = {day.replace("-", "") for day in days(first, end)}
    return sorted(str(path) for path in paths if path.name.split("-")[1][:8] in owners)


def days(first: str, end: str) -> list[str]:
    start, count = date.fromisoformat(first), (date.fromisoformat(end) - date.fromisoformat(first)).days
    return [str(start + timedelta(n)) for n in range(count)]


def event_days(first: str, end: str) -> list[str]:
    """The days that events of these arrival days can belong to."""
    return days(str(date.fromisoformat(first) - timedelta(LATEST)), end)


def named(prefix: str, counts: dict[str, int]) -> Facts:
    """Counts of nothing are left out: not everybody tells them."""
    return {f"{prefix} {name}": count for name, count in counts.items() if count}


def micros(moment: str) -> int:
    """Since 1970, of a time that is in UTC where it does not say."""
    at = datetime.fromisoformat(moment)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return int(at.replace(microsecond=0).timestamp()) * 1_000_000 + at.microsecond


def tell(facts: Facts) -> None:
    print(json.dumps(facts))
