"""Who takes part: how each is started, and what facts it told.

The peers print facts by the names used here; those of clickctl are taken out of its report. Counts of zero are
left out, and a fact that somebody cannot tell is not held against him.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.dq.environment import peers_python
from benchmarks.dq.lake import END, FIRST, REPOSITORY, LocalLake
from benchmarks.dq.scanned import Facts, micros, named

PEERS = Path(__file__).with_name("peers")
REPORT, VERIFY = "clickctl dq-report", "clickctl dq-report --verify"
DUCKDB, SODA, GX = "DuckDB script", "Soda contracts", "Great Expectations"
NAMES = {"clickctl": REPORT, "verify": VERIFY, "duckdb": DUCKDB, "soda": SODA, "gx": GX}
SCANNING = (DUCKDB, SODA, GX)
WORDS = ["dq-report", str(FIRST), str(END), "--output", "json"]
BAD_DATA = 1  # dq-report ends with it when a check failed; the sample's data may well be bad


@dataclass(frozen=True)
class Contestant:
    argv: list[str]
    told: Callable[[str], Facts]
    fine: tuple[int, ...] = (0,)


def contestants(lake: LocalLake, work: Path, names: list[str]) -> dict[str, Contestant]:
    made = {}
    for name in names:
        title = NAMES[name]
        if title in (REPORT, VERIFY):
            words = WORDS + (["--verify"] if title == VERIFY else [])
            argv = [sys.executable, "-m", "clickctl", "--config", str(lake.config), *words]
            made[title] = Contestant(argv, of_report, (0, BAD_DATA))
        else:
            python = sys.executable if title == DUCKDB else peers_python(work)
            script = {DUCKDB: "duckdb_sql.py", SODA: "soda_contracts.py", GX: "gx_suite.py"}[title]
            argv = [python, str(PEERS / script), str(lake.home), str(FIRST), str(END)]
            made[title] = Contestant(argv, json.loads)
    return made


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CLICKCTL_"))}
    silent = {"SODA_CORE_TELEMETRY_ENABLED": "false", "GX_ANALYTICS_ENABLED": "false"}  # else they call home
    return {**kept, **silent, "PYTHONPATH": str(REPOSITORY)}


def of_report(text: str) -> Facts:
    report = json.loads(text)
    totals, hours = report["totals"], [hour["counts"] or {"facts": 0} for hour in report["hours"]]
    facts: Facts = {"facts": totals["facts"], "newest event": micros(totals["newest_event"])}
    facts |= {"facts of all hours": sum(counts["facts"] for counts in hours)}
    facts |= named("nulls in", totals["nulls"]) | named("facts of", totals["event_days"])
    facts |= named("facts with", totals["actions"])
    facts |= named("rejects:", {reason["reason"]: reason["lines"] for reason in report["reasons"]})
    return facts | (of_verified(report["verified"]["days"]) if report["verified"] else {})


def of_verified(days: Sequence[Mapping[str, Any]]) -> Facts:
    """What the tables say of the event-days of the range; of earlier ones the ledgers."""
    facts = named("facts of", {day["day"]: day["facts"] for day in days})
    return {**facts, "doubled facts": sum(day["doubled"] for day in days), "users": sum(day["users"] for day in days)}


def wrongs(told: Mapping[str, Facts]) -> dict[str, list[str]]:
    """Of each contestant, the facts in which it differs from most of those that tell them."""
    found: dict[str, list[str]] = {name: [] for name in told}
    for fact in dict.fromkeys(fact for facts in told.values() for fact in facts):
        values = {name: facts[fact] for name, facts in told.items() if fact in facts}
        right = Counter(values.values()).most_common(1)[0][0]
        for name, value in values.items():
            if value != right:
                found[name].append(f"{fact}: {value:,}, not {right:,}")
    return found
