"""The sessions on AWS that the documents show are what the commands print."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from clickctl.config import REDSHIFT_PASSWORD
from tests.aws.harness.account import Aws
from tests.aws.registry import views_are_made
from tests.backends.hot import redshift_settings
from tests.conftest import REPO, Shell, event

if TYPE_CHECKING:
    from tests.redshift.server import Standin

UNLIKE = (  # what differs between two runs, and the width of columns with it
    (r"jr_\S+", "jr"),
    (r"\d+ h \d+ min", "time"),
    (r"\d\.\d kB", "size"),
    (r"year=\S+", "file"),
    (r"\d+\.\d s", "seconds"),
    (r"\d+ s", "seconds"),
    (r"s3://[a-z]+-\w+", "s3"),
    (r" +", " "),
)


def told(text: str) -> list[str]:
    """Its lines without what differs, in no order: a terminal mixes stdout and stderr."""
    for pattern, same in UNLIKE:
        text = re.sub(pattern, same, text)
    return sorted(line.strip() for line in text.splitlines() if line.strip())


def session(page: str) -> list[tuple[list[str], str]]:
    """Each command of a page's first session, and what it is said to print."""
    block = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
    found = [command.partition("\n") for command in block.split("$ clickctl ")[1:]]
    return [(words.split(), output) for words, _, output in found]


def check(shell: Shell, words: list[str], output: str) -> None:
    ran = shell(*words, code=None)
    assert told(ran.err + ran.out) == told(output), words


def test_the_session_on_aws_is_what_the_commands_print(aws: Aws) -> None:
    aws.create_job()
    views_are_made(aws)
    for hour in ("2026-01-05T12", "2026-01-05T13", "2026-01-06T09"):
        rows = [event(f"{hour}:0{n}:00Z", f"u{n}", page_url=f"/{n}") for n in range(5)]
        aws.put_raw(hour, [*rows, rows[0], event(f"{hour}:30:00Z", None)])
    shell = aws.shell()
    page = (REPO / "docs/operations.md").read_text("utf-8")
    for words, output in session(page.split("## On AWS")[1]):
        check(shell, words, output)


SHOWN = date(2026, 11, 26)
"""The day on which the session of docs/warehouse.md was."""


def test_the_session_of_load_hot_is_what_the_commands_print(
    aws: Aws, standin: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = datetime.now(UTC).date() - SHOWN

    def now(text: str) -> str:
        return re.sub(r"\d{4}-\d\d-\d\d", lambda day: str(date.fromisoformat(day[0]) + since), text)

    monkeypatch.setenv(REDSHIFT_PASSWORD, standin.password)
    views_are_made(aws)
    shell = aws.shell(redshift=redshift_settings(standin))
    shell("register-partitions", "--create-tables")
    for hour in map(now, ("2026-11-24T09", "2026-11-25T12", "2026-11-25T13", "2026-11-25T14")):
        rows = [event(f"{hour}:0{n}:00Z", f"u{n}", page_url=f"/{n}") for n in range(5)]
        again = event(now("2026-11-25T12:00:00Z"), "u0", page_url="/0")
        aws.put_raw(hour, [again] if hour.endswith("T14") else [*rows, rows[0]])
        shell("run-partition", hour, "--engine", "local")
    aws.put_raw(now("2026-11-25T13"), [event(now("2026-11-25T13:00:00Z"), "u0", page_url="/again")])
    page = (REPO / "docs/warehouse.md").read_text("utf-8")
    for words, output in session(page):
        check(shell, [now(word) for word in words], now(output))
