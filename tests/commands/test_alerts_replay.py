"""clickctl alerts-replay over a lake of folders."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from clickctl import packaging
from clickctl.packaging import write_packages
from clickctl.roots import LakeRoots
from tests.commands.lakes import Put
from tests.commands.terminal import on_a_terminal
from tests.commands.test_backfill_interrupted import started, wait_for
from tests.conftest import REPO, Ran, Shell, event

HOUR, RANGE = "2026-01-05T13", ("2026-01-05T12", "2026-01-05T15")
USERS = ["u1", "u2", "u3"]


def purchases(*users: Any) -> list[dict[str, Any]]:
    return [event(user="nobody"), *(event(user=user, action="purchase") for user in users)]


def told(ran: Ran) -> Counter[str]:
    """Whose purchases the terminal was told of, under --log-format json."""
    lines = [json.loads(line) for line in ran.err.splitlines()]
    return Counter(line["user_id"] for line in lines if line["event"] == "alert")


def test_purchases_are_told_once_and_each_file_has_a_receipt(shell: Shell, put_raw: Put, roots: LakeRoots) -> None:
    put_raw("2026/01/05/13", purchases(*USERS))
    put_raw("2026/01/05/14", purchases(), "part-0.json")
    planned = shell("alerts-replay", *RANGE, "--dry-run", "--log-format", "json", "--output", "json")
    assert told(planned) == Counter()
    assert (planned.json["counts"], planned.json["applied"]) == ({"planned": 2}, False)
    assert not Path(roots.alerts).exists()
    first = shell("alerts-replay", *RANGE, "--log-format", "json", "--output", "json")
    assert told(first) == Counter(USERS)
    assert first.json["counts"] == {"sent": 2}
    assert first.json["next"] == "Nothing more to do."
    again = shell("alerts-replay", *RANGE, "--log-format", "json", "--output", "json")
    assert told(again) == Counter()
    assert again.json["files"] == []
    receipts = [path for path in Path(roots.alerts).rglob("*") if path.is_file() and path.name != ".lock"]
    assert sorted(path.parent.name for path in receipts) == ["13", "14"]


def test_detailed_exit_codes_tell_whether_anything_was_sent(shell: Shell, put_raw: Put) -> None:
    shell("alerts-replay", *RANGE, "--detailed-exitcode", code=0)
    put_raw("2026/01/05/13", purchases(*USERS))
    shell("alerts-replay", *RANGE, "--detailed-exitcode", "--dry-run", code=10)
    shell("alerts-replay", *RANGE, "--detailed-exitcode", code=10)
    shell("alerts-replay", *RANGE, "--detailed-exitcode", code=0)


def test_one_broken_file_fails_and_the_others_are_told(shell: Shell, put_raw: Put) -> None:
    path = put_raw("2026/01/05/13", purchases(*USERS))
    put_raw("2026/01/05/14", purchases("u4"), "part-0.json")
    path.write_bytes(path.read_bytes()[:-9])
    ran = shell("alerts-replay", *RANGE, "--log-format", "json", code=1)
    assert "u4" in told(ran)
    assert "  2026/01/05/13/part-0.json.gz cannot be read to its end" in ran.out
    again = shell("alerts-replay", *RANGE, "--log-format", "json", code=1)
    assert told(again) == Counter()
    put_raw("2026/01/05/13", purchases(*USERS))
    assert told(ran) + told(shell("alerts-replay", *RANGE, "--log-format", "json")) == Counter([*USERS, "u4"])


def test_the_table_fits_eighty_columns_and_says_what_was_done(shell: Shell, put_raw: Put) -> None:
    put_raw("2026/01/05/13", purchases(*USERS), "part-0.json")
    ran = shell("alerts-replay", *RANGE)
    assert ran.out.splitlines() == [
        "Alerts of arrival hours [2026-01-05T12, 2026-01-05T15), UTC",
        "  to this terminal",
        "hour (UTC)     files  replayed  bytes  alerts  messages  failed",
        "2026-01-05T13      1         1  725 B       3         3       0",
    ]
    assert ran.err.splitlines()[-1] == "1 file sent; 3 messages sent. Nothing more to do."


def test_on_a_terminal_it_shows_what_would_page_whom_and_asks(shell: Shell, put_raw: Put) -> None:
    put_raw("2026/01/05/13", purchases(*USERS), "part-0.json")
    seen = on_a_terminal(shell, "alerts-replay", *RANGE, answer="n\n", code=1)
    assert "1 raw file to scan, 725 B: at most 100 messages each, to this terminal." in seen
    assert "Nothing was changed." in seen
    assert "alert:" in on_a_terminal(shell, "alerts-replay", *RANGE, answer="y\n")
    on_a_terminal(shell, "alerts-replay", *RANGE)  # nothing to ask for


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--missing", "--all"), "do not go together"),
        (("--audit", "--watch"), "do not go together"),
        (("--audit", "--force", *RANGE), "goes with a range alone"),
        (("--force",), "say for which hours"),
        (("--from-dlq", *RANGE), "give no range"),
        (("2026-01-05", "2026-01-05"), "is empty"),
    ],
)
def test_what_makes_no_sense_together_is_refused(shell: Shell, words: tuple[str, ...], says: str) -> None:
    assert says in shell("alerts-replay", *words, code=2).err


def test_an_action_that_is_no_fact_is_refused(shell: Shell, put_raw: Put) -> None:
    env = {"CLICKCTL_ALERTS_ACTION": "buy"}
    assert "is none of quality.actions" in shell("alerts-replay", *RANGE, env=env, code=3).err


def test_quiet_does_not_silence_alerts(shell: Shell, put_raw: Put) -> None:
    put_raw("2026/01/05/13", purchases("u1"))
    assert "alert:" in shell("--quiet", "alerts-replay", *RANGE).err


def test_lines_of_many_files_at_once_stay_lines(shell: Shell, put_raw: Put) -> None:
    for number in range(12):
        put_raw("2026/01/05/13", purchases(*range(20)), f"part-{number}.json")
    ran = shell("alerts-replay", *RANGE, "--max-parallel", "12", "--log-format", "json")
    assert sum(told(ran).values()) == 240


def test_a_name_that_is_no_text_is_alerted_all_the_same(shell: Shell, put_raw: Put, roots: LakeRoots) -> None:
    path = put_raw("2026/01/05/13", purchases("u1"), "part-0.json")
    path.rename(os.fsdecode(os.fsencode(path.parent) + b"/part-\xff.json"))
    assert told(shell("alerts-replay", *RANGE, "--log-format", "json")) == Counter(["u1"])
    assert shell("alerts-replay", *RANGE, "--output", "json").json["files"] == []


def test_what_is_pending_without_its_state_is_sent_from_its_lines(shell: Shell, put_raw: Put, roots: LakeRoots) -> None:
    """A state that was damaged and moved away, of a file that is no more."""
    path = put_raw("2026/01/05/13", purchases(*USERS))
    shell("alerts-replay", *RANGE)
    [receipt] = Path(roots.alerts, "2026/01/05/13").glob("*.ndjson")
    pending = Path(roots.alerts, "_pending/2026/01/05/13", receipt.name)
    receipt.rename(pending)
    path.unlink()
    assert told(shell("alerts-replay", *RANGE, "--log-format", "json")) == Counter(USERS)
    assert receipt.exists() and not pending.exists()


def test_there_is_no_queue_on_a_lake_of_folders(shell: Shell) -> None:
    assert "no dead-letter queue" in shell("alerts-replay", "--from-dlq", code=3).err


def test_an_audit_finds_the_purchases_that_were_never_told(shell: Shell, put_raw: Put) -> None:
    put_raw("2026/01/05/13", purchases(*USERS))
    late = event(user="late", action="purchase", time="2026-01-05T12:10:00Z")
    put_raw("2026/01/05/14", [late], "part-1.json")
    shell("backfill", "2026-01-05", "2026-01-06")
    ran = shell("alerts-replay", *RANGE, "--audit", "--output", "json", code=1)
    assert [(hour["hour"], hour["facts"], hour["missed"]) for hour in ran.json["hours"]] == [
        ("2026-01-05T12", 1, 1),
        ("2026-01-05T13", 3, 3),
    ]
    assert ran.json["next"] == "Next: clickctl alerts-replay 2026-01-05T13 2026-01-05T15"
    shell(*ran.json["next"].split()[2:])
    again = shell("alerts-replay", *RANGE, "--audit", "--output", "json")
    assert [(hour["alerted"], hour["missed"], hour["uncommitted"]) for hour in again.json["hours"]] == [
        (1, 0, 0),
        (3, 0, 0),
    ]
    assert again.json["next"] == "Nothing more to do."


def test_an_audit_tells_of_alerts_whose_events_are_not_in_the_tables(shell: Shell, put_raw: Put) -> None:
    put_raw("2026/01/05/13", purchases(*USERS))
    shell("alerts-replay", *RANGE)
    ran = shell("alerts-replay", *RANGE, "--audit")
    assert ran.out.splitlines()[1:] == [
        "hour (UTC)     facts  alerted  missed  not in the tables",
        "2026-01-05T13      0        0       0                  3",
    ]


def test_a_watched_lake_tells_of_new_files_until_ctrl_c(shell: Shell, put_raw: Put) -> None:
    with started(shell, "alerts-replay", "2026-01-05", "--watch", "--config", str(shell.config)) as process:
        wait_for(process, "Watching")
        put_raw("2026/01/05/13", purchases("u1"))
        wait_for(process, "'u1'")
        put_raw("2026/01/05/14", purchases("u2"))
        wait_for(process, "'u2'")
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    assert told(shell("alerts-replay", *RANGE, "--log-format", "json")) == Counter()


def test_a_settled_file_that_grows_tells_what_is_new(shell: Shell, put_raw: Put) -> None:
    put_raw("2026/01/05/13", purchases("u1"), "part-0.json")
    shell("alerts-replay", *RANGE)
    put_raw("2026/01/05/13", purchases("u1", "u2"), "part-0.json")
    assert told(shell("alerts-replay", *RANGE, "--log-format", "json")) == Counter(["u2"])


def test_names_and_pages_that_would_command_the_terminal_are_shown_escaped(shell: Shell, put_raw: Put) -> None:
    bad = event(user="\x1b[2J", action="purchase", page_url="\x1b]0;title\x07")
    put_raw("2026/01/05/13", [bad], "part-\x1b[2J.json")
    ran = shell("alerts-replay", *RANGE)
    assert "part-\\x1b[2J.json done" in ran.err
    assert "\x1b" not in ran.out + ran.err


def test_packages_are_the_same_bytes_each_time_and_hold_what_the_lambda_needs(shell: Shell) -> None:
    first, second = (shell("package", "--out", out, "--output", "json").json for out in ("one", "two"))
    assert [one["sha256"] for one in first] == [one["sha256"] for one in second]
    assert [Path(one["path"]).name for one in first] == [
        "clickctl-alerts-0.1.0.zip", "clickctl-0.1.0.zip", "clickstream_job.py",
    ]  # fmt: skip


def test_a_stray_file_and_its_dates_are_no_part_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "copy"
    for folder in ("clickctl", "lambda_src"):
        shutil.copytree(REPO / folder, home / folder, ignore=shutil.ignore_patterns("__pycache__"))
    before = [package.sha256 for package in write_packages(tmp_path / "one")]
    (home / "clickctl" / "local.toml").write_text("secret")
    os.utime(home / "clickctl" / "cli.py", (0, 0))
    (home / "clickctl" / "cli.py").chmod(0o600)
    monkeypatch.setattr(packaging, "_home", lambda: home)
    assert [package.sha256 for package in write_packages(tmp_path / "two")] == before


def test_the_lambdas_zip_is_all_it_needs_beside_the_sdk(shell: Shell) -> None:
    archive = Path(shell.folder, shell("package", "--output", "json").json[0]["path"])
    code = (
        f"import sys; sys.path.insert(0, {str(archive)!r}); import lambda_src.handler\n"
        "ours = [m for name, m in sys.modules.items() if name.split('.')[0] in ('clickctl', 'lambda_src')]\n"
        f"assert all(m.__file__.startswith({str(archive)!r}) for m in ours), ours\n"
        "print(len(ours), 'pyarrow' in sys.modules, 'typer' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=shell.folder, check=True)
    count, *others = done.stdout.split()
    assert int(count) > 20
    assert others == ["False", "False"]
