"""clickctl status, init and demo."""

from __future__ import annotations

from pathlib import Path

from clickctl.domain.quality import REASONS
from tests.commands.lakes import Put, fill, tree
from tests.conftest import Shell

WORDS_OF_REASONS = {*REASONS} - {"corrupt_file"}  # the demo's lines are bad, its files are whole


def test_status_shows_a_calendar_and_machines_every_hour(shell: Shell, put_raw: Put, tmp_path: Path) -> None:
    fill(put_raw, "2026-01-05", (3, 4, 13))
    before = tree(tmp_path)
    shown = shell("--verbose", "status", "2026-01-05", "2026-01-06", env={"PYTHONIOENCODING": "ascii"})
    assert "2026-01-05  ...oo........o.........." in shown.out
    assert "clickctl backfill 2026-01-05T03 2026-01-05T05  # 2 hours waiting" in shown.out
    assert "2026-01-05T13  waiting  raw files wait to be run" in shown.out
    assert shown.err == ""

    report = shell("status", "2026-01-05", "2026-01-06", "--output", "json").json
    assert list(report) == ["first", "end", "counts", "hours", "mend"]
    assert list(report["hours"][0]) == ["hour", "state", "unit", "reason", "mend", "raw_files", "raw_bytes"]
    assert report["counts"] == {"missing": 21, "waiting": 3}
    assert report["mend"][1] == {"command": "clickctl run-partition 2026-01-05T13", "states": ["waiting"], "hours": 1}
    assert tree(tmp_path) == before


def test_init_writes_a_configuration_that_works_and_overwrites_none(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "new.toml"
    made = shell("--config", str(target), "init", "--local", 'a "lake"')
    assert f'Put raw files under {tmp_path}/a "lake"/raw/YYYY/MM/DD/HH/' in made.err
    assert made.err.rstrip().endswith(f"clickctl --config {target} status")
    written = target.read_text()
    refused = shell("--config", str(target), "init", code=3)
    assert f"{target} is there already." in refused.err
    assert "--force" in refused.err
    assert target.read_text() == written
    assert not Path(tmp_path, "lake/raw").exists()
    assert "no raw files" in shell("--config", str(target), "status").out


def test_init_says_what_it_cannot_write(shell: Shell, tmp_path: Path) -> None:
    Path(tmp_path, "taken").touch()
    before = shell.config.read_text()
    for words in (("--local", "taken"), ("--config", "no/where.toml", "--local", "lake2")):
        ran = shell("init", "--force", *words, code=3)
        assert "error: Cannot write" in ran.err
        assert "--local or --config" in ran.err
    assert shell.config.read_text() == before


def test_the_demo_shows_its_rows_every_kind_of_bad_record_and_its_state(shell: Shell) -> None:
    ran = shell("demo", "--hours", "2", "--events", "7000", env={"PYTHONIOENCODING": "ascii", "LANG": "C"})
    for reason in WORDS_OF_REASONS:
        assert reason in ran.out
    for told in (
        "What was run",
        "The first rows of fact_clicks",
        "The first rows of dim_users",
        "##",
        "2 hours: committed",
    ):
        assert told in ran.out
    assert "Look around: clickctl --config" in ran.err
    other = Path(shell.folder, "mine")
    other.mkdir()
    other.joinpath("thesis.txt").touch()
    refused = shell("demo", "--folder", "mine", code=3)
    assert "is there and is no demo's folder" in refused.err
    assert other.joinpath("thesis.txt").exists()

    again = shell("demo", "--hours", "1", "--events", "500", "--output", "json", "--quiet").json
    assert list(again) == ["config", "units", "status"]
    assert again["status"]["counts"] == {"committed": 1}


def test_what_is_suggested_can_be_typed_as_it_stands(shell: Shell, put_raw: Put) -> None:
    fill(put_raw, "2026-01-05", (13,))
    named = ("--config", str(shell.config))
    told = shell("status", "2026-01-05", "2026-01-06", *named).out
    assert f"  clickctl --config {shell.config} run-partition 2026-01-05T13  # 1 hour waiting" in told
    assert "  clickctl run-partition 2026-01-05T13  # 1 hour waiting" in shell("status", "2026-01-05", "2026-01-06").out
