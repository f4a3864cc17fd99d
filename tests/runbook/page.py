"""The runbook, entry by entry."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import REPO

PAGE = REPO / "docs/runbook.md"
_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)
START = "Runbook"
"""What comes before the first entry."""


@dataclass
class Entry:
    """One entry. Blocks are taken in the order of the page, or by how they begin; each can be taken once."""

    title: str
    text: str
    blocks: list[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.blocks = [(kind, textwrap.dedent(block)) for _, kind, block in _FENCED.findall(self.text)]

    @property
    def test(self) -> str:
        """The name of its test."""
        return "test_" + re.sub(r"\W+", "_", self.title.lower()).strip("_")

    @property
    def prose(self) -> str:
        return _FENCED.sub("", self.text)

    def take(self, begins: str, kind: str = "sh") -> str:
        """The first block left that begins so."""
        for number, (of_kind, block) in enumerate(self.blocks):
            if of_kind == kind and block.startswith(begins):
                del self.blocks[number]
                return block
        raise AssertionError(f"{PAGE.name}, {self.title!r}: no block ({kind}) is left that begins {begins!r}")


def entries() -> Iterator[Entry]:
    """What stands under each heading of the third level, and before the first of the second."""
    text = PAGE.read_text("utf-8")
    plain = _FENCED.sub(lambda block: re.sub(r"^#", " ", block[0], flags=re.MULTILINE), text)  # comments of a shell
    found = [*_HEADING.finditer(plain)]
    ends = [*(heading.start() for heading in found[1:]), len(text)]
    for heading, end in zip(found, ends, strict=True):
        if len(heading[1]) == 3 or heading[2] == START:
            yield Entry(heading[2], text[heading.end() : end])


def names_of_tests() -> set[str]:
    """The names of the tests of entries."""
    files = {*Path(__file__).parent.glob("test_*.py")} - {Path(__file__).with_name("test_page.py")}
    return {name for file in files for name in re.findall(r"^def (test_\w+)\(", file.read_text("utf-8"), re.MULTILINE)}
