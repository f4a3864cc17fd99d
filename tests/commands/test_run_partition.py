"""clickctl run-partition: one unit, said and done."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clickctl.domain.ledger import VERSION
from clickctl.roots import LakeRoots
from tests.commands.lakes import Put, events, fill, tree
from tests.conftest import Shell, event

DAY, HOUR = "2026-01-05", "2026-01-05T13"
RESULT_KEYS = [
    *("unit", "outcome", "reason", "hint", "exit_code", "run_id", "seconds", "quality", "files", "replaced_files"),
    *("ignored_objects", "job_run", "dpu_hours", "dollars", "days"),
]


def test_an_hour_is_run_once_and_then_left_alone_until_forced(
    shell: Shell, put_raw: Put, roots: LakeRoots, tmp_path: Path
) -> None:
    put_raw("2026/01/05/13", [*events(DAY, 13), events(DAY, 13)[0]])
    put_raw("2026/01/05/13", b"", name="_SUCCESS")
    dry = shell("run-partition", HOUR, "--dry-run")
    assert "2026-01-05T13 (UTC) would run on local: missing, not committed yet; 1 raw file" in dry.out
    assert not Path(roots.processed).exists()

    ran = shell("run-partition", "2026-01-05/13", "--detailed-exitcode", code=10)
    assert ran.out.startswith("2026-01-05T13 (UTC) committed: not committed yet\n")
    for told in (
        "4 lines",
        "2 facts, 2 users",
        "duplicates   1 (25.00 %)",
        "1  action_not_permitted",
        "1 object not named",
    ):
        assert told in ran.out
    assert f"{roots.processed}/fact_clicks/year=2026/month=01/day=05/part-2026010513-0000.parquet" in ran.out
    before = tree(tmp_path)

    again = shell("--detailed-exitcode", "run-partition", HOUR)
    assert again.out.startswith("2026-01-05T13 (UTC) unchanged: already committed, inputs unchanged\n")
    assert "would run on local: forced" in shell("run-partition", HOUR, "--force", "--dry-run").out
    assert tree(tmp_path) == before

    forced = shell("run-partition", HOUR, "--force", "--output", "json").json
    assert list(forced) == RESULT_KEYS
    assert (forced["outcome"], forced["replaced_files"], forced["quality"]["facts"]) == ("committed", 3, 2)
    assert [path for path in forced["files"] if not Path(path).is_file()] == []
    after = tree(tmp_path)
    assert set(after) == set(before)
    assert not set(after.values()) & {
        stat for name, stat in before.items() if "part-2026010513" in name and "raw" not in name
    }


def test_an_hour_of_a_day_committed_as_a_day_reruns_the_day_and_says_so(shell: Shell, put_raw: Put) -> None:
    fill(put_raw, DAY, (3, 13))
    assert shell("run-partition", DAY, "--output", "json").json["quality"]["lines"] == 6
    put_raw("2026/01/05/13", events(DAY, 14), name="part-late.json")
    ran = shell("run-partition", HOUR, "--output", "json")
    assert "2026-01-05T13 belongs to a day that is committed as a whole: the unit is 2026-01-05." in ran.err
    assert (ran.json["unit"], ran.json["outcome"], ran.json["quality"]["lines"]) == (DAY, "committed", 9)
    assert ran.json["reason"] == "its raw files changed: 1 added"


def test_a_missing_hour_is_a_failure_that_says_where_it_looked(shell: Shell, roots: LakeRoots) -> None:
    before = datetime.now(UTC)
    ran = shell("run-partition", "-3h", code=1)
    hours = {f"{moment - timedelta(hours=3):%Y-%m-%dT%H}" for moment in (before, datetime.now(UTC))}
    assert ran.out[:13] in hours
    assert "no-raw: no raw files have arrived" in ran.out
    assert (
        f"next: Nothing lies in {roots.raw}/{ran.out[:13].replace('-', '/').replace('T', '/')}/: check the date"
        in ran.err
    )


def test_a_folder_where_a_raw_file_should_be_is_named(shell: Shell, put_raw: Put) -> None:
    fill(put_raw, DAY, [13])
    put_raw("2026/01/05/13/part-1.json", b"{}", name="x")
    ran = shell("run-partition", HOUR, code=1)
    assert "blocked: 2026/01/05/13/part-1.json is a folder where a raw file should be" in ran.out
    assert "Clear what is in the way" in ran.err


def test_a_ledger_of_a_newer_version_ends_the_command_and_stays_as_it_is(
    shell: Shell, put_raw: Put, roots: LakeRoots
) -> None:
    fill(put_raw, DAY, [13])
    ledger = Path(roots.processed, "_ledger/2026/01/05.json")
    ledger.parent.mkdir(parents=True)
    ledger.write_text(json.dumps({"version": VERSION + 1, "day": DAY, "units": {}}))
    before = tree(Path(roots.processed))
    ran = shell("run-partition", HOUR, "--output", "json", code=5)
    assert ran.out == ""
    assert f"this clickctl reads up to {VERSION}" in ran.err
    assert "Upgrade clickctl" in ran.err
    assert tree(Path(roots.processed)) == before


def test_names_the_terminal_cannot_show_do_not_end_the_command(shell: Shell, put_raw: Put) -> None:
    encoding = {"PYTHONIOENCODING": "ascii"}
    put_raw("2026/01/05/13", [{**event(f"{DAY}T13:00:00Z"), "größe_赤": 1}])
    assert "new fields" in shell("run-partition", HOUR, env=encoding).out
    ran = shell("run-partition", HOUR, "--output", "json", env=encoding)
    assert ran.json["quality"]["unknown_fields"] == {"größe_赤": 1}


def test_cron_gets_the_result_as_one_line_of_json(shell: Shell, put_raw: Put) -> None:
    fill(put_raw, DAY, (13,))
    ran = shell("run-partition", HOUR, "--log-format", "json")
    (line,) = (json.loads(text) for text in ran.err.splitlines())
    assert {key: line[key] for key in ("event", "unit", "outcome", "lines", "facts", "quarantined")} == {
        "event": "unit",
        "unit": HOUR,
        "outcome": "committed",
        "lines": 3,
        "facts": 2,
        "quarantined": 1,
    }
