"""clickctl load-hot on the local backend: a DuckDB file equal to the last days of the lake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clickctl.roots import LakeRoots
from tests.commands.lakes import Put, fill, tree
from tests.conftest import REPO, Shell

duckdb = pytest.importorskip("duckdb")

TODAY = datetime.now(UTC).date()
YESTERDAY = str(TODAY - timedelta(days=1))
FIRST = str(TODAY - timedelta(days=13))


@pytest.fixture
def filled(shell: Shell, put_raw: Put) -> Shell:
    """Two hours of yesterday, with two facts each."""
    fill(put_raw, YESTERDAY, (13, 14))
    shell("backfill", f"{YESTERDAY}T13", f"{YESTERDAY}T15")
    return shell


@pytest.fixture
def file(roots: LakeRoots) -> Path:
    return Path(roots.processed, "_warehouse.duckdb")


def rows(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as database:
        found: list[tuple[Any, ...]] = database.execute(sql).fetchall()
        return found


@contextmanager
def opened(file: Path) -> Iterator[None]:
    """Another process has the file open."""
    code = f"import duckdb, sys; c = duckdb.connect({str(file)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout and process.stdout.readline() == "open\n"
        try:
            yield
        finally:
            process.kill()


def test_a_session_of_loading_is_told_day_by_day(filled: Shell, file: Path) -> None:
    made = filled("load-hot", "--create-tables")
    out = re.sub(r"\d+\.\d s|\d+\.\d kB", lambda found: "x" * len(found[0]), made.out).splitlines()
    assert out[0] == f"{file}: event-days from {FIRST} on (14 days, UTC)"
    assert out[1] == "day         verdict  files  rows   bytes  duplicates   took"
    assert out[2] == f"{FIRST}  empty        0     0     0 B           0"
    assert out[-2:] == [
        f"{YESTERDAY}  load         4     4  xxxxxx           0  xxxxx  not loaded yet",
        f"{TODAY}  empty        0     0     0 B           0",
    ]
    said = re.sub(r"\d+\.\d s", "0.1 s", made.err).splitlines()
    assert said[:2] == [
        "Made in the warehouse: fact_clicks, dim_users, clickctl_user_days, clickctl_first_seen, clickctl_loads, "
        "clickctl_lock.",
        f"{YESTERDAY} loaded: 4 facts of 4 files, in 0.1 s",
    ]
    told = re.fullmatch(
        r"13 days without rows, 1 day loaded\. Newest event (\S+), .* old\. "
        r"Next: clickctl load-hot --create-tables --rebuild-users",
        said[2],
    )
    assert told and told[1] == f"{YESTERDAY}T14:00:00.000001Z"
    assert rows(file, "SELECT count(*), count(DISTINCT user_id) FROM fact_clicks JOIN dim_users USING (user_id)") == [
        (4, 4)
    ]


def test_nothing_is_touched_when_nothing_changed_and_the_exit_codes_tell(filled: Shell, file: Path) -> None:
    filled("load-hot", "--create-tables", "--detailed-exitcode", code=10)
    before = tree(file.parent)
    filled("load-hot", "--detailed-exitcode")
    assert tree(file.parent) == before


def test_a_dry_run_changes_nothing_and_says_what_to_run(filled: Shell, file: Path) -> None:
    planned = filled("load-hot", "--create-tables", "--dry-run", "--detailed-exitcode", code=10)
    assert not file.exists()
    assert planned.out.splitlines()[1].startswith("Tables to make: fact_clicks, dim_users, clickctl_user_days, ")
    assert f"{YESTERDAY}  load         4     4" in planned.out
    assert planned.err == (
        "13 days without rows, 1 day to load. The warehouse is empty. Next: clickctl load-hot --create-tables\n"
    )


def test_json_has_stable_keys(filled: Shell) -> None:
    plain = filled("load-hot", "--create-tables", "--output", "json").json
    assert list(plain) == ["warehouse", "first", "hot_days", "applied", "tables", "days", "newest_event", "age_seconds",
                           "rebuild_users", "users", "next", "exit_code"]  # fmt: skip
    assert list(plain["days"][0]) == ["day", "verdict", "reason", "outcome", "files", "rows", "bytes", "facts",
                                      "duplicates", "cut", "seconds", "error", "hint"]  # fmt: skip
    assert plain["newest_event"] == f"{YESTERDAY}T14:00:00.000001Z"


def test_a_file_that_another_process_has_open_is_exit_code_4(filled: Shell, file: Path) -> None:
    filled("load-hot", "--create-tables")
    with opened(file):
        refused = filled("load-hot", code=4)
    assert refused.err.startswith(f"error: {file} is in use by another process")
    assert "Nothing was changed." in refused.err
    assert "--wait" in refused.err


def test_with_wait_the_file_is_waited_for(filled: Shell, file: Path) -> None:
    filled("load-hot", "--create-tables")
    argv = [sys.executable, "-m", "clickctl", "load-hot", "--wait", "--full"]
    env = {**os.environ, "PYTHONPATH": str(REPO)}
    with opened(file):
        waiting = subprocess.Popen(argv, cwd=filled.folder, env=env, stdout=-3, stderr=-1, text=True)
        assert waiting.stderr and waiting.stderr.readline() == "Another load is at work: waiting for it to end.\n"
    _, said = waiting.communicate()
    assert waiting.returncode == 0
    assert f"{YESTERDAY} loaded: 4 facts" in said


def test_missing_tables_are_a_matter_of_configuration(filled: Shell) -> None:
    refused = filled("load-hot", code=3)
    assert refused.err == (
        "error: The warehouse has no table fact_clicks, dim_users, clickctl_user_days, clickctl_first_seen, "
        "clickctl_loads, clickctl_lock.\n       Nothing was changed.\n next: clickctl load-hot --create-tables\n"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--days", "6"), "--days 6: the hot window has 7 to 30 days."),
        (("--days", "31"), "--days 31: the hot window has 7 to 30 days."),
        (("--day", "2026-01-01"), f"--day 2026-01-01 lies before the hot window, which begins with {FIRST}."),
        (("--day", "soon"), "'soon' is not an hour or a day."),
        (("--day", f"{YESTERDAY}T13"), f"--day {YESTERDAY}T13 is an hour; the warehouse holds event-days."),
    ],
)
def test_words_that_make_no_sense_are_refused(filled: Shell, words: tuple[str, ...], told: str) -> None:
    assert filled("load-hot", *words, code=2).err.startswith(f"error: {told}\n       Nothing was changed.\n")


def test_a_damaged_file_fails_its_day_alone_and_names_the_command_that_mends_it(
    filled: Shell, put_raw: Put, roots: LakeRoots, file: Path
) -> None:
    fill(put_raw, str(TODAY), (0,))
    filled("run-partition", f"{TODAY}T00")
    year, month, day = YESTERDAY.split("-")
    folder = Path(roots.processed, "fact_clicks", f"year={year}", f"month={month}", f"day={day}")
    damaged = sorted(folder.iterdir())[1]
    damaged.write_bytes(damaged.read_bytes()[:-8])
    failed = filled("load-hot", "--create-tables", code=1)
    unit = f"{YESTERDAY}T14"
    assert f"{YESTERDAY} failed: fact_clicks/year={year}/month={month}/day={day}/{damaged.name} cannot be" in failed.err
    assert failed.err.endswith(f"Next: clickctl run-partition {unit} --force\n")
    assert rows(file, "SELECT count(*) FROM clickctl_loads") == [(1,)]
    filled("run-partition", unit, "--force")
    filled("load-hot")
    assert rows(file, "SELECT count(*) FROM fact_clicks") == [(6,)]


def test_the_command_that_follows_a_dry_run_is_the_same_without_it(filled: Shell) -> None:
    filled("load-hot", "--create-tables", "--days", "7")
    planned = filled("load-hot", "--days", "7", "--full", "--day", "yesterday", "--dry-run")
    assert planned.err.endswith("Next: clickctl load-hot --days 7 --day yesterday --full\n")


def test_days_that_were_loaded_are_named_where_the_users_cannot_be_rebuilt(filled: Shell, roots: LakeRoots) -> None:
    Path(roots.processed, "_ledger", "2020", "01").mkdir(parents=True)
    Path(roots.processed, "_ledger", "2020", "01", "01.json").write_text("{")
    failed = filled("load-hot", "--create-tables", "--rebuild-users", code=1)
    assert "error: The users were not rebuilt: The ledger " in failed.err
    assert f"clickctl_loads, clickctl_lock, {YESTERDAY}.\n" in failed.err.split("and kept: ")[1]


def test_a_dry_run_names_the_rebuilding_of_users(filled: Shell) -> None:
    filled("load-hot", "--create-tables")
    planned = filled("load-hot", "--rebuild-users", "--dry-run", "--detailed-exitcode", code=10)
    assert ", users to rebuild. " in planned.err
    assert planned.err.endswith("Next: clickctl load-hot --rebuild-users\n")


def test_any_skew_that_is_permitted_can_be_loaded_with(filled: Shell, file: Path) -> None:
    filled("load-hot", "--create-tables", env={"CLICKCTL_QUALITY_MAX_SKEW": "9999999d"})
    assert rows(file, "SELECT count(*) FROM fact_clicks") == [(4,)]


def test_the_reason_of_a_failed_day_is_in_the_log(filled: Shell, roots: LakeRoots) -> None:
    filled("load-hot", "--create-tables")
    for path in Path(roots.processed, "fact_clicks").rglob("*.parquet"):
        path.unlink()
    failed = filled("load-hot", "--full", "--log-format", "json", code=1)
    [line] = [line for line in map(json.loads, failed.err.splitlines()) if line["event"] == "day_failed"]
    assert "cannot be loaded: it is not there" in line["reason"]
    assert line["hint"] == f"clickctl run-partition {YESTERDAY}T13 --force"


def test_a_damaged_page_of_a_file_names_the_file_and_its_unit(filled: Shell, roots: LakeRoots) -> None:
    filled("load-hot", "--create-tables")
    path = sorted(Path(roots.processed, "fact_clicks").rglob("*.parquet"))[1]
    data = bytearray(path.read_bytes())
    data[4:80] = b"\xff" * 76
    path.write_bytes(data)
    failed = filled("load-hot", "--full", code=1)
    assert f"{path} cannot be loaded: " in failed.err
    assert failed.err.endswith(f"Next: clickctl run-partition {YESTERDAY}T14 --force\n")


def test_the_next_command_has_the_words_that_were_given(filled: Shell) -> None:
    refused = filled("load-hot", "--days", "30", "--full", code=3)
    assert refused.err.endswith("next: clickctl load-hot --days 30 --full --create-tables\n")
    made = filled("load-hot", "--days", "30", "--create-tables")
    assert made.err.endswith("Next: clickctl load-hot --days 30 --create-tables --rebuild-users\n")


@pytest.mark.parametrize(
    ("path", "told"),
    [("{folder}/clickctl.toml/x.duckdb", "its folder cannot be used: "), ("{folder}/clickctl.toml", "")],
)
def test_a_place_where_no_warehouse_can_be_is_told(filled: Shell, path: str, told: str) -> None:
    env = {"CLICKCTL_REDSHIFT_PATH": path.format(folder=filled.folder)}
    refused = filled("load-hot", "--create-tables", code=5, env=env)
    assert refused.err.startswith(f"error: {env['CLICKCTL_REDSHIFT_PATH']}: {told}")
    assert "next: Check the file and its folder, or name another one with [redshift] path." in refused.err


def test_two_that_make_the_tables_at_once_both_end_well(filled: Shell, file: Path) -> None:
    argv = [sys.executable, "-m", "clickctl", "load-hot", "--create-tables", "--wait"]
    env = {**os.environ, "PYTHONPATH": str(REPO)}
    both = [subprocess.Popen(argv, cwd=filled.folder, env=env, stdout=-3, stderr=-1, text=True) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert rows(file, "SELECT count(*) FROM fact_clicks") == [(4,)]


def test_a_damaged_ledger_holds_the_days_it_may_concern(filled: Shell, roots: LakeRoots) -> None:
    Path(roots.processed, "_ledger", f"{YESTERDAY.replace('-', '/')}.json").write_text("{")
    left = filled("load-hot", "--create-tables", code=1)
    assert f"{YESTERDAY}  held         0     0    0 B           0        left; The ledger" in left.out
    assert "14 days left" in left.err
