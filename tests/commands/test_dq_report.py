"""clickctl dq-report as people and cron run it: exit codes, forms of output, words that are wrong."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clickctl.domain.limits import NAMES
from clickctl.plan.dq.judging import CHECKS
from clickctl.roots import LakeRoots
from tests.commands.lakes import Put, events, fill
from tests.commands.terminal import on_a_terminal
from tests.conftest import REPO, Shell, event

pytest.importorskip("pyarrow")

DAY = str(datetime.now(UTC).date() - timedelta(days=3))
NEXT = str(datetime.now(UTC).date() - timedelta(days=2))
RANGE = (f"{DAY}T13", f"{DAY}T15")


@pytest.fixture
def filled(shell: Shell, put_raw: Put) -> Shell:
    """Two hours, each with 30 facts and a bad line: 3.2 %."""
    fill(put_raw, DAY, (13, 14), 30)
    shell("backfill", *RANGE)
    return shell


def checks(ran: Any) -> dict[str, Any]:
    return {check["name"]: check for check in ran.json["checks"]}


def test_the_exit_code_is_what_was_asked_to_fail_on(filled: Shell) -> None:
    warned = filled("dq-report", *RANGE, "--output", "json")
    assert {name: c["verdict"] for name, c in checks(warned).items() if c["verdict"] == "warn"} == {
        "quarantined": "warn"
    }
    assert warned.json["verdict"] == "warn"
    filled("dq-report", *RANGE, "--fail-on", "warn", "--quiet", code=1)
    filled("dq-report", *RANGE, "--limit", "quarantined=0.01", code=1)
    filled("dq-report", *RANGE, "--fail-on", "warn", "--limit", "quarantined=0.5,inf")
    filled("dq-report", *RANGE, env={"CLICKCTL_QUALITY_LIMITS_QUARANTINED": "0.001,0.01"}, code=1)


def test_one_screen_leads_to_the_records_that_were_set_aside(filled: Shell) -> None:
    ran = filled("dq-report", *RANGE)
    lines = ran.out.splitlines()
    assert lines[0].startswith("WARN: 1 warned") and len(lines) < 25 and max(map(len, lines)) <= 80
    command = next(line for line in lines if line.startswith("      clickctl "))
    shown = filled(*command.split()[1:])
    assert '"action": "hover"' in shown.out
    assert "action_not_permitted" in ran.out and '"action":"hover" in ' in ran.out
    assert '"action"' not in filled("dq-report", *RANGE, "--no-samples").out


def test_a_report_reads_and_changes_nothing(filled: Shell, roots: LakeRoots) -> None:
    from tests.commands.lakes import tree

    before = tree(Path(roots.processed).parent)
    filled("dq-report", "--last", "30d", code=1)
    filled("dq-report", *RANGE, "--verify")
    assert tree(Path(roots.processed).parent) == before


def test_verify_compares_the_tables_with_the_ledgers(filled: Shell, roots: LakeRoots) -> None:
    good = filled("dq-report", DAY, NEXT, "--verify", "--output", "json", code=1)  # 22 hours are missing
    assert {checks(good)[name]["verdict"] for name in ("rows", "doubled", "required", "orphans", "users")} == {"good"}
    assert good.json["verified"]["days"][0]["facts"] == 60
    assert "3 queries" in good.err
    file = next(Path(roots.processed, "fact_clicks").rglob("*.parquet"))
    file.with_name(file.name.replace("-0000", "-0007")).write_bytes(file.read_bytes())
    bad = checks(filled("dq-report", DAY, NEXT, "--verify", "--output", "json", code=1))
    assert {name for name in ("rows", "doubled", "orphans") if bad[name]["verdict"] == "fail"} == {
        "rows", "doubled", "orphans"
    }  # fmt: skip
    assert "-0007.parquet" in filled("dq-report", DAY, NEXT, "--verify", "--verbose", code=1).out


def test_the_page_is_whole_private_and_replaced(filled: Shell, tmp_path: Path) -> None:
    page, other = tmp_path / "dq.html", tmp_path / "other"
    ran = filled("dq-report", *RANGE, "--html", str(page))
    assert ran.out.startswith("WARN") and f"Wrote {page}" in ran.err
    assert "</html>" in page.read_text("utf-8") and stat.S_IMODE(page.stat().st_mode) == 0o600
    page.write_text("before")
    page.chmod(0o644)
    filled("dq-report", *RANGE, "--html", str(page))
    assert "</html>" in page.read_text("utf-8") and stat.S_IMODE(page.stat().st_mode) == 0o644
    other.write_text("not ours")
    page.unlink()
    page.symlink_to(other)
    filled("dq-report", *RANGE, "--html", str(page))
    assert other.read_text() == "not ours" and not page.is_symlink()
    assert [path.name for path in tmp_path.iterdir() if ".html" in path.name] == ["dq.html"]


def test_trouble_in_looking_is_never_exit_code_1(filled: Shell, tmp_path: Path, roots: LakeRoots) -> None:
    for place in (str(tmp_path), "/dev/full", "no/such/folder.html"):
        wrong = filled("dq-report", *RANGE, "--html", place, code=2)
        assert "Give --html another FILE." in wrong.err and wrong.out == ""
    filled("dq-report", *RANGE, "--emit", "cloudwatch", code=3)
    filled("--config", "none.toml", "dq-report", code=3)
    catalog = Path(roots.processed, "_catalog.duckdb")
    catalog.write_bytes(b"this is no database at all" * 100)
    asked = filled("dq-report", *RANGE, "--verify", code=None)
    assert asked.code > 1 and asked.out.startswith("WARN")  # what the ledgers tell is shown all the same


def test_a_damaged_ledger_is_a_failed_check_of_its_day(filled: Shell, roots: LakeRoots) -> None:
    Path(roots.processed, "_ledger", *DAY.split("-")).with_suffix(".json").write_bytes(b"{")
    ran = filled("dq-report", *RANGE, "--output", "json", code=1)
    assert checks(ran)["failed"]["verdict"] == "fail" and "not a ledger document" in checks(ran)["failed"]["seen"]


@pytest.mark.parametrize(("words", "said"), [
    (["--last", "7w"], "24h, 7d or 30d"), (["--last", "0h"], "no number"), (["--last", "7d", DAY], "goes up to now"),
    (["--fail-on", "good"], "warn, fail"), (["--group", "week"], "hour, day"), (["--emit", "x"], "cloudwatch"),
    (["--limit", "speed=1"], "none of the checks"), (["--limit", "volume=a"], "volume=a"),
    (["--limit", "volume=8,4"], "before it warns"), (["--limit", "volume=-1"], "volume"),
    (["--limit", "volume=1,2,3"], "volume"), (["--limit", "volume=nan"], "volume"), ([NEXT, DAY], "empty"),
    (["tomorrow"], "not an hour or a day"),
])  # fmt: skip
def test_words_that_are_wrong_are_told_with_what_is_right(shell: Shell, words: list[str], said: str) -> None:
    ran = shell("dq-report", *words, code=2)
    assert said in ran.err and ran.out == ""


def test_markdown_is_for_this_command_alone(filled: Shell) -> None:
    assert filled("dq-report", *RANGE, "--output", "md").out.startswith("# Data quality: WARN")
    assert "md" in filled("status", "--output", "md", code=2).err


def test_an_empty_lake_fails_as_missing_and_says_so(shell: Shell) -> None:
    ran = shell("dq-report", "--last", "3d", code=1)
    assert ran.out.startswith("FAIL: 1 failed") and "no hour has raw files" in ran.out


def test_in_cron_there_is_no_colour_and_nothing_is_cut(filled: Shell) -> None:
    ran = filled("--log-format", "json", "dq-report", *RANGE, "--verbose", env={"TERM": "dumb", "LANG": "C"})
    assert "\x1b" not in ran.out and "…" not in ran.out.split("masked examples")[0]
    ascii_only = filled("dq-report", *RANGE, env={"PYTHONIOENCODING": "ascii"})
    assert ascii_only.out.isascii()


def test_hostile_records_and_fields_are_shown_as_text(shell: Shell, put_raw: Put) -> None:
    evil = "\x1b[2J\u202e</script><script>alert(1)</script>"
    hour = f"{DAY.replace('-', '/')}/13"
    put_raw(hour, [event(f"{DAY}T13:00:00Z", **{evil: 1}), event(f"{DAY}T13:00:01Z", action=evil)])
    shell("run-partition", f"{DAY}T13")
    page = Path(shell.folder, "dq.html")
    for words in ([], ["--verbose"], ["--output", "md"], ["--html", str(page)]):
        ran = shell("dq-report", f"{DAY}T13", f"{DAY}T14", *words, code=1)
        assert "\x1b" not in ran.out and "\u202e" not in ran.out
    assert "<script>alert" not in page.read_text("utf-8")


def test_hours_of_a_day_that_is_run_as_a_whole_keep_their_figures(shell: Shell, put_raw: Put) -> None:
    fill(put_raw, DAY, (13,), 30)
    put_raw(f"{DAY.replace('-', '/')}/14", events(DAY, 14, 10))
    shell("run-partition", DAY)
    ran = shell("dq-report", DAY, NEXT, "--output", "json", "--group", "hour", code=1)
    facts = {hour["hour"]: hour["counts"] for hour in ran.json["hours"] if hour["counts"]}
    assert facts == {
        f"{DAY}T13": {"lines": 31, "facts": 30, "quarantined": 1},
        f"{DAY}T14": {"lines": 11, "facts": 10, "quarantined": 1},
    }


def test_json_has_stable_keys_and_no_numbers_that_json_has_not(filled: Shell) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    text = filled("dq-report", *RANGE, "--output", "json", "--limit", "volume=inf").out
    plain = json.loads(text, parse_constant=refuse)
    assert plain["version"] == 1 and {check["name"] for check in plain["checks"]} < set(NAMES)


def test_every_limit_is_one_of_a_check_that_has_a_group_and_a_unit() -> None:
    assert set(NAMES) == set(CHECKS)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anywhere")
def test_a_ledger_that_may_not_be_read_is_named(filled: Shell, roots: LakeRoots) -> None:
    path = Path(roots.processed, "_ledger", *DAY.split("-")).with_suffix(".json")
    path.chmod(0)
    ran = filled("dq-report", *RANGE, code=5)
    assert str(path) in ran.err


def test_no_stderr_and_a_full_one_do_not_make_good_data_bad(filled: Shell) -> None:
    words = f"dq-report {' '.join(RANGE)} --limit quarantined=0.5 --verify"
    python = f"{sys.executable} -m clickctl"
    env = {**os.environ, "PYTHONPATH": str(REPO), "CLICKCTL_CONFIG": str(filled.config)}
    for line, code in ((f"{words} 2>/dev/full", 0), (f"{words} 2>&-", 0), (f"{words} >&-", 0),
                       ("dq-report --last 7w 2>/dev/full", 2), ("dq-report --nonsense 2>/dev/full", 5)):  # fmt: skip
        done = subprocess.run(f"{python} {line}", shell=True, cwd=filled.folder, env=env, capture_output=True)
        assert done.returncode == code, (line, done)


def test_limits_of_the_command_line_go_along_with_the_command_that_looks_closer(filled: Shell) -> None:
    ran = filled("dq-report", *RANGE, "--limit", "duplicates=0", "--limit", "small_files=0", code=None)
    commands = [line.strip() for line in ran.out.splitlines() if line.startswith("      clickctl dq-report")]
    assert all(command.endswith("--limit duplicates=0 --limit small_files=0") for command in commands)


def test_an_end_without_a_first_is_no_range(shell: Shell) -> None:
    assert "there is no FIRST" in shell("dq-report", "", NEXT, code=2).err


def test_json_on_a_terminal_cannot_command_it(shell: Shell, put_raw: Put) -> None:
    put_raw(f"{DAY.replace('-', '/')}/13", [event(f"{DAY}T13:00:00Z", **{"a\u009bb\u202ec": 1})])
    shell("run-partition", f"{DAY}T13")
    env = {"CLICKCTL_CONFIG": str(shell.config)}
    text = on_a_terminal(shell, "dq-report", f"{DAY}T13", f"{DAY}T14", "--output", "json", env=env)
    assert "\u009b" not in text and "\u202e" not in text and "\\u009b" in text
