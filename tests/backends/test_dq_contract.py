"""Faults planted in a real lake, run by the real kernel: each is found by its check, on folders and on S3."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from clickctl.domain.hours import Day, Hour, HourRange, unit_from_name
from clickctl.domain.layout import FACTS, ledger_key, output_file
from clickctl.domain.ledger import Owner, Publishing, dump
from clickctl.domain.limits import QualityLimits
from clickctl.domain.rules import QualityRules
from clickctl.inspecting import Inspector, examples_of
from clickctl.plan.dq.report import dq_report
from clickctl.plan.dq.results import Check, DqReport, Verdict
from clickctl.plan.dq.tables import table_checks
from tests.backends.small_lake import SmallLake
from tests.conftest import event

pytest.importorskip("pyarrow")

MONDAYS = ("2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26", "2026-02-02")
LAST, FIRST_HOUR, END_HOUR, COUNT = MONDAYS[-1], 8, 18, 200
NOW = datetime(2026, 2, 3, 0, 20, tzinfo=UTC)
FINDINGS = {
    "missing": 8, "duplicates": 9, "volume": None, "quarantined": 12, "torn": 13, "fields": None, "late": 15,
    "lateness": None, "stale": 17,
}  # fmt: skip


def events(day: str, hour: int, count: int = COUNT, **changes: Any) -> list[bytes]:
    made = (event(f"{day}T{hour:02}:{n % 60:02}:{n // 60 % 60:02}.{n:06}Z", f"u{n % 20}", page_url=f"/{n}", **changes)
            for n in range(count))  # fmt: skip
    return [json.dumps(one).encode() for one in made]


def put(small: SmallLake, hour: str, lines: Iterable[bytes], name: str = "part-0.json") -> None:
    location = small.raw(hour, name)
    found = small.lake.get(location)
    small.lake.put_if(location, b"".join(line + b"\n" for line in lines), found[1] if found else None)


def weeks(small: SmallLake) -> None:
    """Four Mondays run as days, and the last one by its hours."""
    for day in MONDAYS:
        for hour in range(FIRST_HOUR, END_HOUR):
            put(small, f"{day}T{hour:02}", events(day, hour))
        if day != LAST:
            small.run(day)
        else:
            for hour in range(FIRST_HOUR, END_HOUR):
                small.run(f"{day}T{hour:02}")


def plant(small: SmallLake) -> None:
    """A fault in each hour of the last Monday, apart from two."""
    day = LAST
    small.lake.delete([small.raw(f"{day}T08")])
    _forget(small, f"{day}T08")
    put(small, f"{day}T09", [*events(day, 9), *events(day, 9)])
    put(small, f"{day}T10", events(day, 10, 2 * COUNT))
    put(small, f"{day}T11", events(day, 11, COUNT // 2))
    put(small, f"{day}T12", [*events(day, 12), *[b"{not json"] * 60])
    put(small, f"{day}T14", events(day, 14, consent=True))
    put(small, f"{day}T16", [line.replace(day.encode(), b"2026-01-31") for line in events(day, 16)])
    for hour in (9, 10, 11, 12, 14, 16):
        small.run(f"{day}T{hour:02}")
    _tear(small, f"{day}T13")
    _forget(small, f"{day}T15")
    put(small, f"{day}T17", events(day, 17, 3), "part-late.json")


def _tear(small: SmallLake, unit: str) -> None:
    owner = Owner("gone", 1, "then", "2026-02-02T14:00:00Z")
    _changed(small, unit, publishing=Publishing("dead", owner, (), ()))


def _forget(small: SmallLake, unit: str) -> None:
    """As if the unit had never been run."""
    files = small.entry(unit).commit.files  # type: ignore[union-attr]
    small.lake.delete([f"{small.roots.root(file.table)}/{file.key}" for file in files])
    _changed(small, unit, commit=None)


def _changed(small: SmallLake, unit: str, **changes: Any) -> None:
    ledger = small.ledger(unit[:10])
    ledger = ledger.with_entry(unit_from_name(unit), replace(small.entry(unit), **changes))
    location = f"{small.roots.processed}/{ledger_key(ledger.day)}"
    found = small.lake.get(location)
    assert found
    small.lake.put_if(location, dump(ledger), found[1])


def hours() -> HourRange:
    first, end = (unit_from_name(f"{LAST}T{hour:02}") for hour in (FIRST_HOUR, END_HOUR))
    assert isinstance(first, Hour) and isinstance(end, Hour)
    return HourRange(first, end)


def inspector(small: SmallLake) -> Inspector:
    return Inspector(small.publisher, QualityRules(), QualityLimits(), small.target_bytes, "purchase", False)


def report(small: SmallLake) -> DqReport:
    return dq_report(inspector(small).see(hours(), NOW), small.roots.processed, "hour")


def findings(found: DqReport) -> dict[str, Check]:
    return {check.name: check for check in found.checks if check.verdict in (Verdict.WARN, Verdict.FAIL)}


def test_every_fault_planted_in_a_lake_is_found_and_none_before(small: SmallLake) -> None:
    weeks(small)
    assert {name: check.seen for name, check in findings(report(small)).items()} == {}
    plant(small)
    found = findings(report(small))
    assert found.keys() == FINDINGS.keys(), {name: check.seen for name, check in found.items()}
    for name, hour in FINDINGS.items():
        assert hour is None or f"{LAST}T{hour:02}" in found[name].seen, found[name].seen
    marks = {figures.hour.start.hour: set(figures.findings) for figures in report(small).hours}
    assert marks[10] == marks[11] == {"volume"} and marks[12] == {"quarantined"}
    assert "'consent'" in found["fields"].seen and found["lateness"].since == LAST


def test_examples_of_what_was_set_aside_are_masked(small: SmallLake) -> None:
    bad = [*events(LAST, 9, 2, action="hover"), b'{"user_id":"anna@example.com", oops', *events(LAST, 9, 1, ip=7)]
    put(small, f"{LAST}T09", [*events(LAST, 9, 3), *bad])
    small.run(f"{LAST}T09")
    seen = inspector(small).see(hours(), NOW)
    found = examples_of(small.publisher, seen.units, ["action_not_permitted", "malformed_json", "wrong_type:ip"])
    assert [len(found[name]) for name in ("action_not_permitted", "malformed_json", "wrong_type:ip")] == [2, 1, 1]
    assert found["action_not_permitted"][0].text.startswith('"action":"hover" in {"event_time": "9999-99')
    assert found["wrong_type:ip"][0].text.startswith('"ip":9 in ')
    assert found["malformed_json"][0].text == '{"user_id":"xxxx@xxxxxxx.xxx", xxxx'
    assert (
        "anna" not in str(found)
        and "10.0.0.1" not in str(found)
        and "agent" not in str(found).replace("user_agent", "")
    )


def test_the_tables_are_asked_and_an_orphan_a_lost_file_and_doubled_rows_are_found(small_folder: SmallLake) -> None:
    from clickctl.local.catalog import DuckCatalog
    from clickctl.local.query import DuckQuery
    from clickctl.settings import CatalogSettings
    from clickctl.verifying import Verifier

    small, names = small_folder, CatalogSettings()
    put(small, f"{LAST}T09", events(LAST, 9))
    put(small, f"{LAST}T10", events(LAST, 10))
    small.run(f"{LAST}T09"), small.run(f"{LAST}T10")
    day = unit_from_name(LAST)
    assert isinstance(day, Day)

    def checks() -> dict[str, Check]:
        query, catalog = DuckQuery(small.lake, small.roots), DuckCatalog(small.lake, small.roots, names)
        verifier = Verifier(small.publisher, query, catalog, names, QualityRules(), 0)
        verified = verifier.verify([day])
        assert verified.queries == 3 and verifier.trouble is None
        return {one.check.name: one.check for one in table_checks(verified, QualityLimits())}

    assert {check.verdict for check in checks().values()} == {"good"}
    stray = output_file(FACTS, day, day.hours[3], 0)
    keys = [file.key for file in small.entry(f"{LAST}T09").commit.files if file.table == FACTS]  # type: ignore[union-attr]
    small.lake.copy(f"{small.roots.processed}/{keys[0]}", f"{small.roots.processed}/{stray}")
    found = checks()
    assert {name for name, check in found.items() if check.verdict == "fail"} == {"rows", "doubled", "orphans"}
    assert stray in found["orphans"].seen and f"{3 * COUNT} facts" in found["rows"].seen
    small.lake.delete([f"{small.roots.processed}/{key}" for key in (stray, keys[0])])
    lost = checks()["orphans"]
    assert "1 lost" in lost.seen and lost.command == f"clickctl run-partition {LAST}T09 --force"
