"""clickctl quarantine: what was set aside is shown safely, and exported to the byte."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from clickctl.domain.layout import QUARANTINE
from clickctl.domain.ledger import UnitEntry, dump
from clickctl.local.lake import FolderLake
from clickctl.roots import LakeRoots
from tests.backends.small_lake import SmallLake, small_lake
from tests.commands.lakes import Put, tree
from tests.commands.terminal import on_a_terminal
from tests.conftest import REPO, Shell, event
from tests.plan.facts import HOUR, ledger, publishing

HOSTILE = b'{"a":"\x1b]0;owned\x07\x1b[2J \xc2\x9b31m \xe2\x80\xae txt.exe \r \x00"'
LATIN = b'{"page_url":"caf\xe9"}'
LONG = b'{"a":"' + b"x" * (1 << 20)
NAMELESS = json.dumps(event(user=None)).encode()
LINES = [HOSTILE, LATIN, LONG, NAMELESS, b"[1]"]
GOOD = json.dumps(event()).encode()
GZIP = b"\x1f\x8b" + random.Random(7).randbytes((2 << 20) + 10)
DAY = ("2026-01-05", "2026-01-06")


@pytest.fixture
def lake(tmp_path: Path, roots: LakeRoots, put_raw: Put) -> SmallLake:
    """13h: five kinds of bad lines and a damaged gzip; 14h: the same line twice, once good."""
    put_raw("2026/01/05/13", b"\n".join([*LINES, GOOD]), name="part-0.json")
    Path(roots.raw, "2026/01/05/13/part-1.json.gz").write_bytes(GZIP)
    put_raw("2026/01/05/14", b"[2]\n[3]\n" + GOOD, name="part-0.json")
    made = small_lake(FolderLake(), str(tmp_path / "lake"), tmp_path / "work")
    for hour in ("13", "14"):
        made.run(f"2026-01-05T{hour}")
    return made


def quarantine_file(lake: SmallLake, unit: str) -> Path:
    commit = lake.entry(unit).commit
    assert commit
    (file,) = [file for file in commit.files if file.table == QUARANTINE]
    return Path(lake.roots.quarantine, file.key)


def test_a_unit_is_shown_with_its_counts_its_records_and_the_next_command(
    lake: SmallLake, shell: Shell, tmp_path: Path
) -> None:
    before = tree(tmp_path)
    ran = shell("quarantine", "show", "2026-01-05T13", "--config", str(shell.config))
    head, shown, *records = ran.out.splitlines()
    assert head == (
        "2026-01-05T13 (UTC): 6 records in quarantine: 1 corrupt_file, 1 invalid_utf8, 1 line_too_long, "
        "1 malformed_json, 1 missing_user_id, 1 not_an_object"
    )
    command = f"clickctl --config {shell.config} quarantine export 2026-01-05T13 2026-01-05T14"
    assert shown == f"Shown: 6 of 6. To have them: {command}"
    assert records[0] == f"2026/01/05/13/part-0.json, line 1, {len(HOSTILE)} bytes: malformed_json"
    assert records[1] == r'  {"a":"\x1b]0;owned\x07\x1b[2J \x9b31m \u202e txt.exe \r \x00"'
    assert records[3] == r'  {"page_url":"caf\xe9"}'
    assert records[4] == f"2026/01/05/13/part-0.json, line 3, {len(LONG):,} bytes: line_too_long"
    assert records[5] == f"  {LONG[:600].decode()}… (its first bytes)"
    assert records[6].endswith(f"line 4, {len(NAMELESS)} bytes: missing_user_id")
    assert records[7] == f"  {NAMELESS.decode()}"
    assert records[10] == f"2026/01/05/13/part-1.json.gz, the whole file, {len(GZIP):,} bytes: corrupt_file"
    assert len(records) == 12
    assert ran.err == ""
    assert tree(tmp_path) == before


def test_on_a_terminal_records_are_cut_to_its_width_and_nothing_commands_it(lake: SmallLake, shell: Shell) -> None:
    env = {"COLUMNS": "60", "NO_COLOR": "1"}
    cut = on_a_terminal(shell, "quarantine", "show", "2026-01-05T13", env=env)
    bodies = [line for line in cut.splitlines() if line.startswith("  ")]
    assert len(bodies) == 6
    assert max(map(len, bodies)) == 60
    assert r'  {"a":"\x1b]0;owned\x07\x1b[2J \x9b31m \u202e txt.exe \r \…' in bodies
    whole = on_a_terminal(
        shell, "quarantine", "show", "2026-01-05T13", "--verbose", "--reason", "missing_user_id", env=env
    )
    assert f"  {NAMELESS.decode()}\n" in whole
    for words in (("show", "2026-01-05T13", "--output", "json"), ("export", *DAY, "--reason", "malformed_json")):
        seen = on_a_terminal(shell, "quarantine", *words, env=env)
        assert "owned" in seen
        assert not [c for c in seen if not c.isprintable() and c != "\n"]


def test_machines_get_every_record_with_its_bytes(lake: SmallLake, shell: Shell) -> None:
    view = shell("quarantine", "show", "2026-01-05T13", "--output", "json").json
    assert list(view) == ["unit", "units", "quarantined", "reasons", "reason", "matching", "records", "problems"]
    assert (view["unit"], view["units"], view["quarantined"], view["matching"]) == (
        "2026-01-05T13", ["2026-01-05T13"], 6, 6,
    )  # fmt: skip
    first, latin, long, *_, gzip = view["records"]
    assert first == {"reasons": ["malformed_json"], "source": "2026/01/05/13/part-0.json", "line": 1,
                     "bytes": len(HOSTILE), "raw": HOSTILE.decode(), "raw_base64": None, "cut": False}  # fmt: skip
    assert (latin["raw"], latin["raw_base64"]) == (None, "eyJwYWdlX3VybCI6ImNhZukifQ==")
    assert (long["bytes"], long["cut"], long["raw"]) == (len(LONG), True, LONG[:600].decode())
    assert (gzip["line"], gzip["bytes"], gzip["cut"]) == (None, len(GZIP), True)


def test_a_reason_and_a_limit_choose_and_a_reason_that_is_not_there_is_no_error(lake: SmallLake, shell: Shell) -> None:
    some = shell("quarantine", "show", "2026-01-05T14", "--reason", "not_an_object", "--limit", "1")
    assert "Shown: 1 of 2 with the reason not_an_object." in some.out
    assert some.out.splitlines()[3:] == ["  [2]"]
    none = shell("quarantine", "show", "2026-01-05T14", "--reason", "not_an")
    assert none.out.splitlines()[1:] == ["There is none with the reason not_an."]
    assert "2 not_an_object" in none.out
    exported = shell("quarantine", "export", *DAY, "--reason", "not_an")
    assert exported.out == ""
    assert "Reasons there are: corrupt_file, invalid_utf8, line_too_long, malformed_json, missing" in exported.err


def test_an_hour_of_a_day_is_shown_of_the_day_and_a_day_of_hours_as_its_hours(lake: SmallLake, shell: Shell) -> None:
    by_hours = shell("quarantine", "show", "2026-01-05", "--output", "json", "--reason", "not_an_object")
    assert by_hours.json["units"] == ["2026-01-05T13", "2026-01-05T14"]
    assert (by_hours.json["quarantined"], by_hours.json["matching"]) == (8, 3)
    assert "Not committed, and so not in this: 22 hours of 2026-01-05." in by_hours.err
    lake.run("2026-01-05")
    hour = shell("quarantine", "show", "2026-01-05T14", "--output", "json", "--limit", "1", "--log-format", "json")
    assert json.loads(hour.err)["event"] == "redirected"
    view = hour.json
    assert view["units"] == ["2026-01-05"]
    assert (view["quarantined"], view["reasons"], view["matching"]) == (2, {"not_an_object": 2}, 2)
    assert [one["raw"] for one in view["records"]] == ["[2]"]
    assert shell("quarantine", "export", "2026-01-05T14", DAY[1]).out.count("\n") == 2


def test_what_is_not_committed_ends_with_1_and_what_to_run(lake: SmallLake, shell: Shell) -> None:
    told = shell("quarantine", "show", "2026-01-05T15", code=1).err
    assert "error: 2026-01-05T15 is not committed: it has not been run.\n       Nothing was changed.\n" in told
    assert "Run 'clickctl run-partition 2026-01-05T15'" in told
    lake.put("2026-01-05T15", "/a")
    lake.run("2026-01-05T15")
    assert shell("quarantine", "show", "2026-01-05T15").out == "2026-01-05T15 (UTC): nothing is in quarantine.\n"


def test_records_are_exported_as_they_are_stored(lake: SmallLake, shell: Shell) -> None:
    ran = shell("quarantine", "export", *DAY)
    records = [json.loads(line) for line in ran.out.splitlines()]
    assert len(records) == 5 + 3 + 2  # the damaged gzip in three pieces
    assert [(one["piece"], one["more"]) for one in records if one["line"] is None] == [(0, True), (1, True), (2, False)]
    assert (
        "Not committed, and so not in this: 22 hours of [2026-01-05T00, 2026-01-06T00). See: clickctl status" in ran.err
    )
    assert "8 records of 2 files, " in ran.err
    log = shell("quarantine", "export", *DAY, "--reason", "not_an_object", "--log-format", "json").err.splitlines()
    said = json.loads(log[-1])
    assert (said["event"], said["records"], said["files"], said["reason"]) == ("exported", 3, 2, "not_an_object")


def test_original_lines_come_back_to_the_byte_and_can_be_delivered_again(
    lake: SmallLake, shell: Shell, tmp_path: Path
) -> None:
    mended = tmp_path / "mended.json"
    ran = shell("quarantine", "export", "2026-01-05T13", "2026-01-05T14", "--raw", "--to", str(mended))
    assert mended.read_bytes() == b"".join(line + b"\n" for line in LINES)
    assert "Left out, because a damaged file is no line: 2026/01/05/13/part-1.json.gz. Have it delivered" in ran.err
    assert mended.stat().st_mode & 0o777 == 0o600
    raw = Path(lake.roots.raw, "2026/01/05/20/part-9.json")
    raw.parent.mkdir(parents=True)
    raw.write_bytes(mended.read_bytes().replace(b'"user_id": null', b'"user_id": "u1"'))
    lake.run("2026-01-05T20")
    again = lake.entry("2026-01-05T20").commit
    assert again
    assert (again.quality.quarantined, again.quality.facts) == (4, 1)
    to_pipe = subprocess.run(
        [sys.executable, "-m", "clickctl", "quarantine", "export", "2026-01-05T13", "2026-01-05T14", "--raw"],
        env={**os.environ, "PYTHONPATH": str(REPO), "CLICKCTL_CONFIG": str(shell.config)}, capture_output=True,
    )  # fmt: skip
    assert to_pipe.stdout == mended.read_bytes()


def test_a_file_is_written_whole_and_none_is_overwritten_unasked(lake: SmallLake, shell: Shell, tmp_path: Path) -> None:
    words = ("quarantine", "export", *DAY, "--reason", "not_an_object", "--to")
    target = tmp_path / "bad.ndjson"
    target.write_text("mine")
    target.chmod(0o644)
    assert "--force" in shell(*words, str(target), code=2).err
    assert target.read_text() == "mine"
    report = shell(*words, str(target), "--force", "--output", "json", "--detailed-exitcode", code=10).json
    assert list(report) == [
        "first", "end", "reason", "to", "records", "files", "bytes", "left_out", "problems",
    ]  # fmt: skip
    assert (report["records"], report["bytes"]) == (3, target.stat().st_size)
    assert target.stat().st_mode & 0o777 == 0o600
    assert "is there and is no file" in shell(*words, str(tmp_path), "--force", code=2).err
    assert "is no folder" in shell(*words, str(tmp_path / "no/where"), code=2).err
    assert "Give --to FILE" in on_a_terminal(shell, "quarantine", "export", "--raw", code=2)
    assert not list(tmp_path.glob(".bad*"))


def test_a_damaged_file_and_a_missing_one_are_told_and_the_rest_is_kept(
    lake: SmallLake, shell: Shell, tmp_path: Path
) -> None:
    first, second = quarantine_file(lake, "2026-01-05T13"), quarantine_file(lake, "2026-01-05T14")
    data = second.read_bytes()
    second.write_bytes(data[:-9])
    ran = shell("quarantine", "show", "2026-01-05T14", code=1)
    assert "[2]" in ran.out
    assert f"error: {second} is damaged" in ran.err
    first.unlink()
    target = tmp_path / "rest.txt"
    ran = shell("quarantine", "export", *DAY, "--raw", "--to", str(target), code=1)
    assert target.read_bytes() == b"[2]\n[3]\n"
    assert f"error: {first} is missing, though the ledger names it." in ran.err
    assert f"error: {second} is damaged" in ran.err
    assert "clickctl run-partition 2026-01-05T13 --force" in ran.err


def test_a_damaged_ledger_hides_its_own_day_alone(lake: SmallLake, shell: Shell) -> None:
    damaged = Path(lake.roots.processed, "_ledger/2026/01/04.json")
    damaged.parent.mkdir(parents=True, exist_ok=True)
    damaged.write_text("{}")
    ran = shell("quarantine", "export", "2026-01-04", "2026-01-06", "--reason", "not_an_object", code=1)
    assert ran.out.count("\n") == 3
    assert f"error: The ledger {damaged} is not a ledger document." in ran.err


def test_a_torn_unit_is_no_success_of_an_export(lake: SmallLake, shell: Shell) -> None:
    torn = ledger({HOUR.plus(2): UnitEntry(publishing=publishing())}, HOUR.day)
    both = replace(torn, units={**lake.ledger(DAY[0]).units, **torn.units})
    Path(lake.roots.processed, "_ledger/2026/01/05.json").write_bytes(dump(both))
    ran = shell("quarantine", "export", *DAY, "--reason", "not_an_object", code=1)
    assert ran.out.count("\n") == 3
    assert "error: 2026-01-05T15 is torn: a run died while publishing it.\n next: Run 'clickctl run-part" in ran.err
    assert "Not committed, and so not in this: 21 hours" in ran.err


def test_options_and_hours_are_understood_in_a_group_as_elsewhere(shell: Shell) -> None:
    assert "is not committed" in shell("quarantine", "show", "-3h", "--quiet", code=1).err
    assert "Did you mean --reason?" in shell("quarantine", "export", "--raeson", "x", code=2).err
    help_of_group = shell("quarantine", "--help").out
    for command in ("show", "export"):
        assert f"    clickctl quarantine {command} " in help_of_group
        text = shell("quarantine", command, "--help").out
        assert f"    clickctl quarantine {command} " in text
        assert "personal data" in " ".join(text.split())
