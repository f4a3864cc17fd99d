"""What a person or cron is told when AWS cannot be used: one message, the right exit code, no secret."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from clickctl.domain.hours import unit_from_name
from clickctl.domain.layout import ledger_key
from clickctl.domain.ledger import Ledger, Owner, Publishing, UnitEntry, dump
from clickctl.publish import now_text
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.requests import Request
from tests.aws.test_glue_engine import create_tables
from tests.aws.troubles import (
    AGAIN,
    COMMANDS,
    CREDENTIALS,
    DAY,
    GLUE,
    HOUR,
    LAKE,
    POLICY,
    ROLE,
    SECRETS,
    SIGNATURE,
    STORAGE,
    TWICE,
    Arrange,
    Case,
    denied,
    fault,
    nothing,
)
from tests.conftest import REPO, Ran, event

TABLE = [
    pytest.param(case, words, id=f"{case.what}: {words}")
    for case in (*CREDENTIALS, *STORAGE, *GLUE)
    for words in case.commands.split()
]


@pytest.fixture
def account(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Aws:
    """A job, an hour to run, and a ledger to read; credentials that would be known if they were shown."""
    aws.create_job()
    aws.put_raw(HOUR, [event(user=f"u{n}") for n in range(5)])
    put_ledger(aws, Ledger(unit_from_name(DAY).day))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return aws


def put_ledger(aws: Aws, ledger: Ledger) -> None:
    aws.put(f"{aws.lake.processed}/{ledger_key(ledger.day)}", dump(ledger))


def events(ran: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.err.splitlines()]


def refuse_secrets(text: str) -> None:
    assert not [secret for secret in (*SECRETS.values(), SIGNATURE) if secret in text]


@pytest.mark.parametrize(("case", "command"), TABLE)
def test_what_is_wrong_is_one_message_with_an_exit_code_and_what_to_do(account: Aws, case: Case, command: str) -> None:
    case.arrange(account)
    shell = account.shell(**case.sections)
    ran = shell(*COMMANDS[command], *case.flags, "--log-format", "json", env=case.env, code=case.code)
    assert ran.out == ""
    [told] = [said for said in events(ran) if said["level"] == "error"]
    assert set(told) == {"at", "level", "event", "message", "changed", "hint", "exit_code"}
    assert (told["event"], told["exit_code"]) == ("error", case.code)
    assert case.says in told["message"]
    assert case.hint in told["hint"]
    assert case.changed in told["changed"]
    assert len(told["message"]) < 700
    refuse_secrets(ran.err)


def test_the_sdks_own_limit_of_attempts_is_kept(account: Aws) -> None:
    account.faults.add(Fault("s3.*", "throttle"))
    account.shell()("status", HOUR, f"{DAY}T14", env=TWICE, code=5)
    assert len(account.calls) == 2


@pytest.mark.parametrize("command", LAKE.split())
def test_people_are_told_in_three_lines(account: Aws, command: str) -> None:
    fault("s3.*", "ExpiredToken", "The provided token has expired.", 400)(account)
    said = account.shell()(*COMMANDS[command], code=3).err.splitlines()
    assert said[0].startswith("error: s3://")
    assert said[0].endswith(": AWS refused the credentials: ExpiredToken: The provided token has expired.")
    assert said[1:] == ["       Nothing was changed.", f" next: {AGAIN}"]


@pytest.mark.parametrize(
    ("flags", "arrange", "sections", "env", "says"),
    [
        (("--profile", "nobody"), nothing, {}, {}, "The config profile (nobody) could not be found"),
        ((), nothing, {}, {"AWS_SECRET_ACCESS_KEY": ""}, "missing: AWS_SECRET_ACCESS_KEY"),
        ((), fault("sts.AssumeRole", "AccessDenied", "no"), {"aws": {"role_arn": ROLE}}, {}, "the role cannot be ass"),
    ],
    ids=["a profile that is not there", "half credentials", "a role that cannot be assumed"],
)
def test_doctor_tells_of_credentials_in_one_line_and_of_nothing_else(
    account: Aws, flags: tuple[str, ...], arrange: Arrange, sections: Any, env: dict[str, str], says: str
) -> None:
    arrange(account)
    ran = account.shell(**sections)("doctor", *flags, "--output", "json", env=env, code=3)
    [line] = [check for check in ran.json["checks"] if check["verdict"] == "fail"]
    assert (line["name"], ran.err) == ("credentials", "")
    assert says in line["seen"]
    refuse_secrets(ran.out)


@pytest.mark.parametrize("engine", ["glue", "local"])
def test_one_hour_that_fails_among_three_ends_with_1_and_the_others_are_committed(account: Aws, engine: str) -> None:
    for hour in ("14", "15"):
        account.put_raw(f"{DAY}T{hour}", [event(f"{DAY}T{hour}:00:00Z")])
    create_tables(account)
    fault("s3.HeadObject", "AccessDenied", "", match="2026/01/05/14/")(account)
    ran = account.shell()(*COMMANDS["backfill"], "--engine", engine, "--output", "json", code=1)
    assert ran.json["counts"] == {"committed": 2, "failed": 1}
    [failed] = [unit for unit in ran.json["units"] if unit["outcome"] == "failed"]
    assert (failed["unit"], failed["hint"]) == (f"{DAY}T14", POLICY)
    assert "2026/01/05/14/part-0.json.gz: 403: Forbidden" in failed["reason"]
    assert f"Next: {POLICY} Then: clickctl backfill {HOUR} 2026-01-05T16" in ran.err
    assert "error: " not in ran.err


def test_hours_none_of_which_can_be_started_end_with_1_and_one_piece_of_advice(account: Aws) -> None:
    account.put_raw(f"{DAY}T14", [event(f"{DAY}T14:00:00Z")])
    denied("glue.StartJobRun")(account)
    ran = account.shell()(*COMMANDS["backfill"], "--output", "json", code=1)
    assert [unit["outcome"] for unit in ran.json["units"]] == ["failed", "failed"]
    assert ran.err.count(POLICY) == 1


def test_rows_that_are_committed_are_said_to_be_where_the_catalog_refuses(account: Aws) -> None:
    create_tables(account)
    denied("glue.BatchCreatePartition")(account)
    ran = account.shell()("run-partition", HOUR, "--log-format", "json", code=5)
    [told] = [said for said in events(ran) if said["level"] == "error"]
    assert "glue.BatchCreatePartition" in told["message"] and POLICY in told["message"]
    assert (told["changed"][:23], told["hint"]) == ("The rows are committed;", "clickctl register-partitions")
    again = account.shell()("register-partitions", code=5)
    assert "Failed:" in again.out and POLICY in again.out
    assert "2 changes failed. Next: clickctl register-partitions" in again.err


def busy(aws: Aws) -> None:
    """Another machine is publishing the hour."""
    owner = Owner(host="elsewhere", pid=1, started=now_text(), renewed_at=now_text())
    unit = unit_from_name(HOUR)
    claim = UnitEntry(publishing=Publishing("other", owner, (), ()))
    put_ledger(aws, Ledger(unit.day).with_entry(unit, claim))


@pytest.mark.parametrize(
    ("code", "words", "arrange"),
    [
        (0, "run-partition 2026-01-05T13 --dry-run", nothing),
        (10, "run-partition 2026-01-05T13 --detailed-exitcode", create_tables),
        (1, "run-partition 2026-01-05T14", nothing),
        (2, "run-partition 2026-01-05T99", nothing),
        (3, "run-partition 2026-01-05T13 --profile nobody", nothing),
        (4, "run-partition 2026-01-05T13", busy),
        (4, "backfill 2026-01-05T13 2026-01-05T14", busy),
        (5, "run-partition 2026-01-05T13", denied("glue.GetJobRuns")),
    ],
    ids=lambda value: str(value) if isinstance(value, (int, str)) else "",
)
def test_every_exit_code_is_met_on_aws(account: Aws, code: int, words: str, arrange: Arrange) -> None:
    arrange(account)
    account.shell()(*words.split(), code=code)


@pytest.mark.parametrize("log", ["text", "json"])
def test_ctrl_c_ends_with_130_and_tells_of_the_query_that_could_not_be_cancelled(account: Aws, log: str) -> None:
    asked = threading.Event()

    def running(request: Request) -> dict[str, Any]:
        asked.set()
        return {"QueryExecution": {"QueryExecutionId": "q-1", "Status": {"State": "RUNNING"}}}

    account.handlers["athena.StartQueryExecution"] = lambda _: {"QueryExecutionId": "q-1"}
    account.handlers["athena.GetQueryExecution"] = running
    denied("athena.StopQueryExecution")(account)
    argv = [sys.executable, "-m", "clickctl", "register-partitions", "--create-tables", "--log-format", log]
    env = {**os.environ, "PYTHONPATH": str(REPO), "CLICKCTL_CONFIG": str(account.shell().config)}
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        assert asked.wait(60)
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=60)
    assert (command.returncode, out) == (130, "")
    left = "Athena query q-1 could not be cancelled and may go on: "
    if log == "text":
        assert err.startswith(f"Interrupted. {left}") and err.endswith(" Run the same command again to carry on.\n")
        assert len(err.splitlines()) == 1
    else:
        [said] = events(Ran(130, out, err))
        [note] = said["notes"]
        assert said["event"] == "interrupted" and note.startswith(left)
    refuse_secrets(err)
