"""The session that docs/operations.md shows under "On AWS" is what the commands print."""

from __future__ import annotations

import re

from tests.aws.harness.account import Aws
from tests.aws.registry import views_are_made
from tests.conftest import REPO, event

UNLIKE = (  # what differs between two runs, and the width of columns with it
    (r"jr_\S+", "jr"),
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


def session() -> list[tuple[list[str], str]]:
    """Each command of the page's session, and what it is said to print."""
    page = (REPO / "docs/operations.md").read_text("utf-8").split("## On AWS")[1]
    block = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
    found = [command.partition("\n") for command in block.split("$ clickctl ")[1:]]
    return [(words.split(), output) for words, _, output in found]


def test_the_session_on_aws_is_what_the_commands_print(aws: Aws) -> None:
    aws.create_job()
    views_are_made(aws)
    for hour in ("2026-01-05T12", "2026-01-05T13", "2026-01-06T09"):
        rows = [event(f"{hour}:0{n}:00Z", f"u{n}", page_url=f"/{n}") for n in range(5)]
        aws.put_raw(hour, [*rows, rows[0], event(f"{hour}:30:00Z", None)])
    shell = aws.shell()
    for words, output in session():
        ran = shell(*words, code=None)
        assert told(ran.err + ran.out) == told(output), words
