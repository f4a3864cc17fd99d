"""The report in the terminal and as Markdown: golden texts in tests/render/golden.

`UPDATE_GOLDEN=1` writes them anew.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Literal

import pytest
from rich.cells import cell_len
from rich.console import Console

from clickctl.render.console import rendered
from clickctl.render.dq import dq
from clickctl.render.dq_markdown import markdown
from tests.render.dq_sample import empty_report, sample_report

GOLDEN = Path(__file__).parent / "golden"


def shown(
    width: int,
    days: int = 3,
    *,
    verbose: bool = False,
    colour: Literal["standard"] | None = None,
    hostile: bool = False,
) -> str:
    console = Console(file=io.StringIO(), highlight=False, emoji=False, markup=False, width=width,
                      color_system=colour, force_terminal=colour is not None)  # fmt: skip
    return rendered(console, dq(sample_report(days, hostile=hostile), width, verbose), width)


def same(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("width", [80, 120, 200])
def test_one_screen_tells_verdict_checks_hours_bars_and_reasons(width: int) -> None:
    text = shown(width)
    same(f"dq-{width}.txt", text)
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [80, 120])
def test_colour_marks_what_is_not_good_and_changes_no_word(width: int) -> None:
    text = shown(width, colour="standard")
    same(f"dq-{width}-colour.txt", text)
    plain = Console(file=io.StringIO(), width=width)
    with plain.capture() as bare:
        from rich.text import Text

        plain.print(Text.from_ansi(text), soft_wrap=True, end="")
    assert [line.rstrip() for line in bare.get().splitlines()] == shown(width).splitlines()


def test_a_month_fits_side_by_side_and_verbose_has_every_group() -> None:
    same("dq-120-month.txt", shown(120, 30))
    same("dq-120-verbose.txt", shown(120, 3, verbose=True))


@pytest.mark.parametrize("days", [1, 3, 30, 90])
@pytest.mark.parametrize("width", [80, 100, 200])
def test_no_line_is_wider_than_the_terminal_but_for_commands(width: int, days: int) -> None:
    wide = [line for line in shown(width, days).splitlines() if cell_len(line) > width]
    assert [line for line in wide if not line.startswith("      clickctl ")] == []


def test_texts_of_others_cannot_command_a_terminal() -> None:
    text = shown(120, hostile=True) + shown(120, hostile=True, verbose=True)
    assert all(char.isprintable() for char in text.replace("\n", ""))


def test_a_terminal_without_such_letters_gets_plain_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    calendar = shown(80).split("quarantined for")[0]
    assert calendar.replace("…", "").isascii()


def test_an_empty_lake_has_a_report_too() -> None:
    console = Console(file=io.StringIO(), width=80)
    text = rendered(console, dq(empty_report(), 80, False), 80)
    assert "There is no line" in text and "·" * 24 in text


def test_markdown_has_every_check_and_no_text_of_others_is_markup() -> None:
    same("dq.md", markdown(sample_report(3)))
    text = markdown(sample_report(3, hostile=True))
    assert "<img" not in text and "<b>" not in text and "<script" not in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count(" | ") for line in tables} <= {3, 5}
    assert all(char.isprintable() for char in text.replace("\n", ""))
