"""clickctl doctor over a lake of folders, and how its lines look."""

from __future__ import annotations

import io
import os
import re
import stat
import tomllib
from pathlib import Path

import pytest

from clickctl.commands.context import now
from clickctl.commands.doctor import examined
from clickctl.config import Config
from clickctl.domain.hours import Day, hour_of
from clickctl.domain.layout import ledger_key
from clickctl.local.doctor import PACKAGES
from clickctl.plan.checks import Report, Subject, Verdict
from clickctl.render.console import console_for, rendered
from clickctl.render.doctor import doctor
from clickctl.roots import LakeRoots
from clickctl.wiring import doctor_for
from tests.commands.lakes import Put, fill, tree
from tests.commands.terminal import on_a_terminal
from tests.conftest import REPO, Shell

OK, WARN, FAIL, SKIPPED = Verdict


def now_day() -> Day:
    return hour_of(now()).day


def test_a_sound_lake_is_told_line_by_line_and_left_as_it_was(shell: Shell, put_raw: Put, tmp_path: Path) -> None:
    fill(put_raw, "2026-01-05", [13])
    shell("run-partition", "2026-01-05T13")
    before = tree(tmp_path)
    ran = shell("doctor", "--output", "json")
    assert list(ran.json) == ["checks", "ok", "warn", "fail", "skipped"]
    assert list(ran.json["checks"][0]) == ["name", "resource", "verdict", "seen", "hint", "exit_code"]
    assert [check["name"] for check in ran.json["checks"]] == [
        "packages", "scratch", "read raw", "write processed", "write quarantine", "write alerts",
        "staging", "ledger", "query",
        "views",
        "warehouse",
    ]  # fmt: skip
    assert (ran.json["fail"], ran.json["skipped"]) == (0, 2)
    assert tree(tmp_path) == before
    assert ran.err == ""


def test_views_for_people_are_looked_at_once_they_are_made(shell: Shell, put_raw: Put) -> None:
    fill(put_raw, "2026-01-05", [13])
    shell("run-partition", "2026-01-05T13")
    shell("register-partitions")
    assert "views             DuckDB: as they should be, in " in shell("doctor").out


def test_the_warehouse_is_looked_at_once_it_is_made(
    shell: Shell, put_raw: Put, roots: LakeRoots, tmp_path: Path
) -> None:
    fill(put_raw, str(now_day()), [0])
    shell("run-partition", f"{now_day()}T00")
    file = f"{roots.processed}/_warehouse.duckdb"
    assert f"warehouse         {file}: none made yet; clickctl load-hot --create-tables would" in shell("doctor").out
    shell("load-hot", "--create-tables")
    before = tree(tmp_path)
    told = shell("doctor").out
    assert f"{file}: 6 tables, as they should be; 1 day loaded, newest event {now_day()}T" in told
    assert tree(tmp_path) == before


def test_a_warehouse_with_other_tables_fails(shell: Shell, roots: LakeRoots) -> None:
    duckdb = pytest.importorskip("duckdb")
    for root in (roots.raw, roots.processed):
        Path(root).mkdir(parents=True)
    with duckdb.connect(f"{roots.processed}/_warehouse.duckdb") as database:
        database.execute("CREATE TABLE fact_clicks (click_id VARCHAR)")
    told = shell("doctor", code=3).out
    assert "missing: dim_users, clickctl_user_days" in told
    assert "fact_clicks: column event_time is missing" in told
    assert "next: Alter the table, or rename it and run 'clickctl load-hot --create-tables'." in told


def test_a_warehouse_that_is_no_database_fails(shell: Shell, roots: LakeRoots) -> None:
    for root in (roots.raw, roots.processed):
        Path(root).mkdir(parents=True)
    Path(roots.processed, "_warehouse.duckdb").write_bytes(b"no database" * 1000)
    assert (
        "next: Check the file and its folder, or name another one with [redshift] path." in shell("doctor", code=5).out
    )


def test_a_warehouse_in_use_is_passed_over(shell: Shell, roots: LakeRoots) -> None:
    duckdb = pytest.importorskip("duckdb")
    for root in (roots.raw, roots.processed):
        Path(root).mkdir(parents=True)
    with duckdb.connect(f"{roots.processed}/_warehouse.duckdb"):
        assert "_warehouse.duckdb: in use by another process, perhaps a load" in shell("doctor").out


def test_a_new_lake_needs_nothing_but_its_raw_folder(shell: Shell, roots: LakeRoots) -> None:
    ran = shell("doctor", code=3)
    assert f"fail     read raw          {roots.raw}: there is no such folder" in ran.out
    assert "next: Make it, or correct [lake]" in ran.out
    Path(roots.raw).mkdir(parents=True)
    assert f"{roots.processed}: the first run makes it" in shell("doctor").out


def test_folders_that_cannot_be_used_are_named_and_hide_nothing_else(shell: Shell, roots: LakeRoots) -> None:
    Path(roots.raw).mkdir(parents=True)
    Path(roots.quarantine).touch()
    env = {"CLICKCTL_JOB_SPILL_DIR": str(shell.folder / "gone")}
    report = shell("doctor", "--output", "json", env=env, code=3).json
    failed = {check["name"]: check["hint"] for check in report["checks"] if check["verdict"] == FAIL}
    assert list(failed) == ["scratch", "write quarantine"]
    assert failed["scratch"] == "Name another folder in job.spill_dir."
    assert len(report["checks"]) == 11


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else_fails(shell: Shell, roots: LakeRoots) -> None:
    for root in (roots.raw, roots.processed):
        Path(root).mkdir(parents=True)
    Path(roots.processed).chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert "cannot be written: Permission denied" in shell("doctor", code=3).out


def test_a_damaged_ledger_of_today_fails(shell: Shell, roots: LakeRoots) -> None:
    Path(roots.raw).mkdir(parents=True)
    ledger = Path(roots.processed, ledger_key(now_day()))
    ledger.parent.mkdir(parents=True)
    ledger.write_text("{")
    assert "is not a ledger document" in shell("doctor", code=5).out


def test_a_package_that_is_missing_is_a_line_and_not_the_end(
    config: Config, roots: LakeRoots, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(roots.raw).mkdir(parents=True)
    monkeypatch.setitem(PACKAGES["local"], "no-such-package", ">=1")
    report = examined(doctor_for(config, now_day()))
    assert [check.name for check in report.checks if check.verdict is FAIL] == ["packages"]
    assert "not installed: no-such-package" in report.checks[0].seen
    assert report.checks[0].hint == "pip install 'clickctl[local]'"


@pytest.mark.parametrize(("home", "code", "told"), [("", 0, "java              this machine: Java "),
                                                    ("/nowhere", 3, "next: Set JAVA_HOME to a Java 17.")])  # fmt: skip
def test_java_is_looked_at_for_the_spark_engine(
    shell: Shell, roots: LakeRoots, java: None, home: str, code: int, told: str
) -> None:
    Path(roots.raw).mkdir(parents=True)
    env = {"CLICKCTL_JOB_ENGINE": "spark", **({"JAVA_HOME": home} if home else {})}
    assert told in shell("doctor", env=env, code=code).out


def test_versions_are_those_the_package_asks_for() -> None:
    extras = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for extra, wanted in PACKAGES.items():
        asked = dict(re.fullmatch(r"([\w-]+)(.*)", text).groups() for text in extras[extra] if "[" not in text)  # type: ignore[union-attr]
        assert wanted.items() <= asked.items()


def sample() -> Report:
    return Report((
        Subject("packages", "this machine").ok("clickctl 1.0.0, Python 3.11.9, boto3 1.40.1"),
        Subject("bucket", "s3://company-raw").fail("there is no such bucket", "Make it, or correct [lake]."),
        Subject("write processed", "s3://company-processed/clickstream").ok("may be written"),
        Subject("table", "clickstream.fact_clicks").warn("2 recent days are not registered as they should be",
                                                         "clickctl register-partitions"),
        Subject("permissions", "of the caller").skipped("IAM may not be asked"),
    ))  # fmt: skip


GOLDEN = """\
ok       packages         this machine: clickctl 1.0.0, Python 3.11.9, boto3
                          1.40.1
fail     bucket           s3://company-raw: there is no such bucket
                          next: Make it, or correct [lake].
ok       write processed  s3://company-processed/clickstream: may be written
warn     table            clickstream.fact_clicks: 2 recent days are not
                          registered as they should be
                          next: clickctl register-partitions
skipped  permissions      of the caller: IAM may not be asked
2 ok, 1 warn, 1 fail, 1 skipped
"""


def test_80_columns_without_colour() -> None:
    assert rendered(console_for(io.StringIO()), doctor(sample()), 80) == GOLDEN


def test_off_a_terminal_every_line_is_whole() -> None:
    lines = rendered(console_for(io.StringIO()), doctor(sample()), None).splitlines()
    assert len(lines) == len(sample().checks) + 3
    assert lines[4].endswith("clickstream.fact_clicks: 2 recent days are not registered as they should be")


def test_on_a_terminal_the_mark_is_a_word_and_a_colour(shell: Shell, roots: LakeRoots) -> None:
    Path(roots.raw).mkdir(parents=True)
    assert "\x1b[32mok" in on_a_terminal(shell, "doctor", env={"NO_COLOR": "", "COLUMNS": "100"})
