"""The entries about what is in the data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("duckdb")

from clickctl.domain.layout import FACTS
from tests.conftest import event
from tests.runbook.places import DAY, Folders

H13, H14 = "2026-01-05T13", "2026-01-05T14"


def bad(**fields: Any) -> dict[str, Any]:
    return event(f"{H13}:00:00Z", **fields)


def test_dq_report_fails(here: Folders) -> None:
    for number in range(24):
        here.put(f"2026-01-05T{number:02}", *(f"/{number}/{page}" for page in range(20)))
    here.put(H13, *(bad(action="hover", page_url=f"/{page}") for page in range(20)))
    here.lake.run(DAY[0])
    failed = here.run("clickctl dq-report", code=1)
    assert failed.out.startswith("FAIL: 1 failed") and f"clickctl quarantine show {H13}" in failed.out
    here.put(H13, *(f"/13/{page}" for page in range(20)))
    here.lake.run(DAY[0])
    assert not here.shell("dq-report", *DAY).out.startswith("FAIL")


def test_quarantine_burst(here: Folders) -> None:
    here.put(H13, "/a", bad(user=None), bad(user=""))
    here.put(H13, "/b", name="part-1.json")
    broken = Path(here.lake.raw(H13, "part-1.json"))
    broken.write_bytes(broken.read_bytes() + b'{"event_time": "2026-01-05T13:00:00Z", "user_id": "mended"\n')
    here.lake.run(H13)
    shown = here.run("clickctl quarantine show")
    assert "3 records in quarantine" in shown.out and "2026/01/05/13/part-0.json, line 2" in shown.out
    counted = here.run("clickctl quarantine export 2026-01-05 2026-01-06 --reason malformed_json |").out
    assert counted.strip() == '1 "source": "2026/01/05/13/part-1.json"'
    here.run("clickctl quarantine export")
    lines = (here.folder / "part-mended.json").read_text()
    assert lines == '{"event_time": "2026-01-05T13:00:00Z", "user_id": "mended"\n'
    mended = json.loads(f'{lines.rstrip()}, "action": "click", "page_url": "/mended"}}')
    here.put(H14, mended, run=True)
    assert here.lake.pages() == ["/a", "/b", "/mended"]
    a_new_action(here)


def a_new_action(here: Folders) -> None:
    here.put(H13, bad(action="hover", page_url="/hovered"), name="part-2.json")
    here.lake.run(H13)
    here.with_new_rules(actions=["*"])
    here.run("terraform")
    assert [one["command"] for one in here.terraform] == ["apply"]
    here.run("clickctl backfill")
    assert here.lake.pages() == ["/a", "/b", "/hovered", "/mended"]


def test_duplicate_rows_are_reported(here: Folders) -> None:
    twice = event("2026-01-05T13:59:59Z", "u", page_url="/twice")
    for hour in (H13, H14):
        here.put(hour, f"/{hour}", twice, run=True)
    query = here.entry.take("python3 -")
    found = here.bash(query).out
    assert "part-2026010513-0000.parquet" in found and "part-2026010514-0000.parquet" in found
    assert "2 committed hours become one day" in here.run("clickctl run-partition").out
    assert "part-" not in here.bash(query).out
    [owned] = [Path(here.lake.roots.processed, key) for key in here.lake.files() if key.startswith(FACTS)]
    stray = owned.with_name("part-2026010513-0000.parquet")
    shutil.copy(owned, stray)
    verify = here.entry.take("clickctl dq-report")
    told = here.bash(verify, code=1).out
    assert "orphans" in told and stray.name in told and owned.name not in told
    stray.unlink()
    checked = here.bash(verify, code=1).out.splitlines()  # this lake has hours that are missing
    assert [line.split()[0] for line in checked if "orphans" in line.split()[:2]] == ["good"]
    assert "part-" not in here.bash(query).out


def test_late_data(here: Folders) -> None:
    here.put(H13, "/a", run=True)
    here.put(H13, "/late", name="part-late.json")
    here.put(H14, "/b", event("2025-12-20T00:00:00Z", "u", page_url="/old"))
    assert here.run("clickctl backfill 2026-01-05 2026-01-06\n").err.endswith("Nothing more to do.\n")
    assert here.lake.pages() == ["/a", "/b", "/late"]
    assert "event_time_out_of_range" in here.shell("quarantine", "show", DAY[0]).out
    here.with_new_rules(max_lateness="30d")
    here.run("terraform")
    assert [one["command"] for one in here.terraform] == ["apply"]
    here.run("clickctl backfill")
    assert here.lake.pages() == ["/a", "/b", "/late", "/old"]
    assert "event_time_out_of_range" not in here.shell("quarantine", "show", DAY[0], code=None).out
