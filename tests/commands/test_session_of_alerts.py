"""The sessions of docs/alerts.md print what they say they print."""

from __future__ import annotations

import re

from tests.commands.lakes import Put
from tests.conftest import REPO, Shell, event

PAGE = REPO / "docs" / "alerts.md"


def sessions() -> list[tuple[str, str]]:
    """Each command of the page's console blocks with what it prints."""
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    parts = [part.partition("\n") for block in blocks for part in block.split("$ ")[1:]]
    return [(command, printed.strip()) for command, _, printed in parts]


def test_the_sessions_print_what_the_page_says(shell: Shell, put_raw: Put) -> None:
    bought = [
        event(user=f"u{n}", time=f"2026-01-05T13:00:0{n}Z", action="purchase", page_url="/checkout") for n in (1, 2)
    ]
    put_raw("2026/01/05/13", [*bought, event(user="u3", time="2026-01-05T13:00:03Z")], "part-0.json")
    for command, printed in sessions():
        if "--audit" in command:
            late = event(user="u4", time="2026-01-05T12:59:59Z", action="purchase", page_url="/checkout")
            put_raw("2026/01/05/14", [late], "part-0.json")
            shell("backfill", "2026-01-05", "2026-01-06")
        ran = shell(*command.split()[1:], code=1 if "--audit" in command else 0)
        # The page has what is said and what is printed as a terminal mixes them.
        assert sorted((ran.err + ran.out).splitlines()) == sorted(printed.splitlines())
