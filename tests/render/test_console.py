"""The two streams, and numbers as people read them."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass

import pytest

from clickctl.domain.errors import LakeError
from clickctl.domain.hours import Hour
from clickctl.render.console import Talk, show, show_json
from clickctl.render.words import number, plural, share, size, span
from tests.plan.facts import HOUR


@dataclass(frozen=True)
class Found:
    unit: Hour
    note: str


def stdout(monkeypatch: pytest.MonkeyPatch, encoding: str) -> io.BytesIO:
    data = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(data, encoding, errors="backslashreplace"))
    return data


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_json_is_json_in_every_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    data = stdout(monkeypatch, encoding)
    show_json(Found(HOUR, "größe 赤 😀 \udce9"))
    sys.stdout.flush()
    assert json.loads(data.getvalue()) == {"unit": "2026-01-05T13", "note": "größe 赤 😀 \udce9"}


def test_text_of_others_is_shown_as_it_is_never_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show("part-[red]1[/].json :smile: 12345")
    assert capsys.readouterr().out == "part-[red]1[/].json :smile: 12345\n"


def test_long_lines_are_not_wrapped_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show("word " * 500)
    assert capsys.readouterr().out == ("word " * 500).rstrip() + "\n"


def test_an_error_says_what_failed_what_was_changed_and_what_is_next(capsys: pytest.CaptureFixture[str]) -> None:
    Talk(quiet=True).error(LakeError("The disk is full.", hint="Free some room."))
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: The disk is full.\n       Nothing was changed.\n next: Free some room.\n"


def test_quiet_silences_talk_but_no_errors(capsys: pytest.CaptureFixture[str]) -> None:
    Talk(quiet=True).say("plan", "3 units to run")
    Talk(quiet=True).error(LakeError("x", changed=""))
    assert capsys.readouterr().err == "error: x\n"


def test_json_lines_have_one_object_a_line_with_stable_first_keys(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(json_lines=True)
    talk.say("unit", "a sentence\nfor people", unit=HOUR, seconds=1.5)
    talk.error(LakeError("The disk\nis full.", hint="Free some room."))
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert list(first) == ["at", "level", "event", "unit", "seconds"]
    assert first["at"].endswith("Z")
    assert (first["level"], first["event"], first["unit"]) == ("info", "unit", "2026-01-05T13")
    assert list(second) == ["at", "level", "event", "message", "changed", "hint", "exit_code"]
    assert (second["level"], second["exit_code"]) == ("error", 5)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (99_949, "99.9 kB"), (99_950, "100 kB"), (999_499, "999 kB"),
        (999_500, "1.0 MB"), (1_330_000_000, "1.3 GB"), (2_500_000_000_000_000, "2500.0 TB"),
    ],
)  # fmt: skip
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (0.84, "0.8 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7_500, "2 h 5 min")],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_counts_and_shares() -> None:
    assert (number(1_234_567), share(1, 3), share(1, 0)) == ("1,234,567", "33.33 %", "-")
    assert [plural(n, "file") for n in (0, 1, 2_000)] == ["0 files", "1 file", "2,000 files"]
