"""clickctl register-partitions over a lake of folders: views that anybody with DuckDB can open."""

from __future__ import annotations

from pathlib import Path

import pytest

from clickctl.roots import LakeRoots
from tests.commands.lakes import Put, fill, tree
from tests.conftest import Shell

duckdb = pytest.importorskip("duckdb")


@pytest.fixture
def filled(shell: Shell, put_raw: Put) -> Shell:
    """One committed hour: two facts."""
    fill(put_raw, "2026-01-05", (13,))
    shell("run-partition", "2026-01-05T13")
    return shell


@pytest.fixture
def file(roots: LakeRoots) -> Path:
    return Path(roots.processed, "_catalog.duckdb")


def rows(file: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as database:
        found: list[tuple[object, ...]] = database.execute(sql).fetchall()
        return found


def test_views_are_made_once_and_find_new_days_by_themselves(filled: Shell, file: Path, put_raw: Put) -> None:
    made = filled("register-partitions")
    assert made.out == (
        f"{file}: 1 event-day with rows\n"
        "Done:\n  create view fact_clicks: missing\n  create view dim_users: missing\n  create view users: missing\n"
    )
    assert made.err == "3 changes made. Nothing more to do.\n"
    assert rows(file, "SELECT count(*), min(year), min(month), min(day) FROM fact_clicks") == [(2, "2026", "01", "05")]
    fill(put_raw, "2026-02-03", (7,))
    filled("run-partition", "2026-02-03T07")
    assert rows(file, "SELECT count(*), max(month) FROM fact_clicks") == [(4, "02")]
    assert rows(file, "SELECT count(DISTINCT user_id) = count(*), count(*) FROM users") == [(True, 4)]
    before = tree(file.parent)
    assert filled("register-partitions").err == "The catalog is as it should be. Nothing more to do.\n"
    assert tree(file.parent) == before


def test_a_check_and_a_dry_run_change_nothing_and_tell_by_their_exit_codes(filled: Shell, file: Path) -> None:
    before = tree(filled.folder)
    checked = filled("register-partitions", "--check", "--output", "json", code=10).json
    assert list(checked) == ["catalog", "days", "applied", "drift", "tables", "changes", "problems", "next"]
    assert list(checked["changes"][0]) == [
        "action", "kind", "name", "day", "reason", "needs", "outcome", "error", "exit_code",
    ]  # fmt: skip
    assert (checked["drift"], checked["applied"]) == (True, False)
    assert "To do:\n  create view fact_clicks: missing" in filled("register-partitions", "--dry-run").out
    filled("register-partitions", "--dry-run", "--detailed-exitcode", code=10)
    assert tree(filled.folder) == before
    filled("register-partitions", "--detailed-exitcode", code=10)
    filled("register-partitions", "--detailed-exitcode")
    assert filled("register-partitions", "--check", "--output", "json").json["drift"] is False


def test_a_view_that_somebody_changed_is_made_anew(filled: Shell, file: Path) -> None:
    filled("register-partitions")
    with duckdb.connect(str(file)) as database:
        database.execute("CREATE OR REPLACE VIEW users AS SELECT 1 AS one")
        database.execute("CREATE VIEW mine AS SELECT 2 AS two")
    assert "update view users: another definition" in filled("register-partitions", "--check", code=10).out
    filled("register-partitions")
    assert rows(file, "SELECT count(*) FROM users") == [(2,)]
    assert rows(file, "FROM mine") == [(2,)]


def test_a_catalog_that_is_in_use_is_a_conflict(filled: Shell, file: Path) -> None:
    filled("register-partitions")
    with duckdb.connect(str(file)):
        for words in (("register-partitions",), ("register-partitions", "--check")):
            ran = filled(*words, code=4)
            assert f"{file} is in use by another process" in ran.err
            assert " next: Close it there, then run the same command again." in ran.err


def test_what_is_in_the_way_of_a_view_is_told(filled: Shell, file: Path) -> None:
    with duckdb.connect(str(file)) as database:
        database.execute("CREATE TABLE users AS SELECT 1 AS one")
    ran = filled("register-partitions", code=1)
    assert "Failed:\n  create view users: missing. The view users in" in ran.out
    assert ran.err == "2 changes made, 1 change failed. Next: clickctl register-partitions\n"
    file.write_bytes(b"no database")
    damaged = filled("register-partitions", code=5)
    assert "Check the file and its folder" in damaged.err


def test_a_lake_without_rows_is_told_so(shell: Shell, file: Path) -> None:
    ran = shell("register-partitions")
    assert ran.err == "No rows are committed here. Next: clickctl status\n"
    shell("register-partitions", "--check")
    assert not file.exists()


def test_a_damaged_ledger_is_named_and_the_rest_done(filled: Shell, file: Path, roots: LakeRoots) -> None:
    Path(roots.processed, "_ledger/2026/01/06.json").write_bytes(b"{")
    ran = filled("register-partitions", code=1)
    assert "Could not be read:\n  The ledger" in ran.out
    assert "_ledger/2026/01/06.json is not a ledger document." in ran.out
    assert "docs/runbook.md, 'ledger damaged'" in ran.err
    assert rows(file, "SELECT count(*) FROM fact_clicks") == [(2,)]
    filled("register-partitions", "--check", code=1)


def test_the_file_can_lie_elsewhere_and_folders_have_any_name(filled: Shell, roots: LakeRoots, tmp_path: Path) -> None:
    odd = tmp_path / "o'dd [lake] {1,2} *"
    odd.mkdir()
    Path(roots.processed).rename(odd / "processed")
    config = filled.config.read_text().replace(roots.processed, str(odd / "processed"))
    filled.config.write_text(config + '[catalog]\npath = "here.duckdb"\nfacts = "clicks"\n')
    filled("register-partitions")
    assert rows(tmp_path / "here.duckdb", "SELECT count(*) FROM clicks") == [(2,)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--check", "--prune"), "--check changes nothing: give no other flag with it."),
        (("--check", "--dry-run"), "--check changes nothing: give no other flag with it."),
        (("2026-01-01",), "Give FIRST and END, or neither."),
        (("2026-01-02", "2026-01-01"), "is empty."),
    ],
)
def test_words_that_make_no_sense_are_refused(shell: Shell, words: tuple[str, ...], told: str) -> None:
    assert told in shell("register-partitions", *words, code=2).err


def test_views_over_s3_are_refused(shell: Shell, roots: LakeRoots) -> None:
    text = shell.config.read_text()
    for name in ("raw", "processed", "quarantine", "alerts"):
        text = text.replace(getattr(roots, name), f"s3://bucket/{name}")
    shell.config.write_text(text)
    ran = shell("register-partitions", code=3)
    assert 'next: Set backend = "aws" to register it with Glue.' in ran.err
