"""What every command shares: options anywhere, exit codes, help, streams that end early."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import clickctl
from clickctl.cli import COMMANDS, hoisted, main
from clickctl.domain.hours import ACCEPTED
from tests.commands.lakes import Put, fill
from tests.commands.terminal import on_a_terminal
from tests.conftest import REPO, Shell


class Here:
    """Runs clickctl in this process: enough where nothing heavy happens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: str, code: int) -> str:
        self._monkeypatch.setattr(sys, "argv", ["clickctl", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        assert ended.value.code == code, out + err
        assert "Traceback" not in err
        return f"{out}{err}"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return Here(monkeypatch, capsys)


def test_the_version_is_told_wherever_it_is_asked_for(here: Here) -> None:
    for words in (("--version",), ("--quiet", "--version"), ("status", "--version")):
        assert here(*words, code=0) == f"clickctl {clickctl.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_examples_that_can_be_copied(here: Here, command: str) -> None:
    text = here(command, "--help", code=0)
    assert text.splitlines()[2] == f"  {COMMANDS[command]}"
    _, _, examples = text.partition("Example")
    lines = [line for line in examples.splitlines() if line.startswith("    clickctl ")]
    assert lines
    assert all(f" {command}" in line for line in lines)


def test_the_help_lists_every_command_in_a_line_of_its_own_and_the_exit_codes(here: Here) -> None:
    text = here("--help", code=0)
    for command in COMMANDS:
        (line,) = [line for line in text.splitlines() if line.startswith(f"  {command}")]
        assert line.endswith(f" {COMMANDS[command]}")
    assert "4 conflict with another run" in " ".join(text.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run-partition", "2026-01-05T13", "--forse"), "There is no option --forse. Did you mean --force?"),
        (("backfill", "2026-01-05", "2026-01-06", "--max-paralel", "3"), "Did you mean --max-parallel?"),
        (("backfill", "--dryrun"), "There is no option --dryrun. Did you mean --dry-run?"),
        (("status", "--outptu", "json"), "Did you mean --output?"),
        (("status", "-x"), "There is no option -x."),
        (("--confg", "x", "status"), "--confg"),
        (("stauts",), "No such command 'stauts'"),
        (("run-partition",), "Missing argument"),
        (("run-partition", "-3h", "-4h"), "unexpected extra argument"),
        (("status", "--output", "yaml"), "'yaml' is not one of table, json"),
        (("status", "--log-format", "xml"), "'xml' is not one of text, json"),
        (("backfill", "2026-01-05", "2026-01-06", "--max-parallel", "-1"), "-1"),
        (("backfill", "2026-01-05"), "Give FIRST and END, or --plan FILE."),
        (("backfill", "2026-01-05", "2026-01-05"), "is empty"),
        (("run-partition", "2026-01-05T99"), f"Accepted: {ACCEPTED}."),
        (("status", "tomorrow"), "'tomorrow' is not an hour or a day."),
    ],
)
def test_words_that_are_wrong_end_with_2_and_say_what_would_be_right(
    here: Here, words: tuple[str, ...], told: str
) -> None:
    assert told in here(*words, code=2)


def test_an_engine_and_a_selection_that_do_not_exist_are_refused_even_by_a_dry_run(here: Here, shell: Shell) -> None:
    config = ("--config", str(shell.config), "--dry-run")
    assert "--engine 'sprak' is not one of glue, local, spark." in here(
        "run-partition", "-3h", "--engine", "sprak", *config, code=2
    )
    words = ("backfill", "-3h", "last-hour", "--only", "broken", *config)
    assert "--only 'broken' is not one of missing, stale, failed, all." in here(*words, code=2)


@pytest.mark.parametrize("words", [("status",), ("run-partition", "-3h"), ("backfill", "-3h", "last-hour")])
def test_no_configuration_ends_with_3_and_tells_how_to_make_one(here: Here, words: tuple[str, ...]) -> None:
    text = here(*words, code=3)
    assert "No configuration found" in text
    assert "clickctl init --local lake" in text


def test_a_configuration_that_is_wrong_ends_with_3(here: Here, shell: Shell) -> None:
    shell.config.write_text("[lake]\nrwa = 1\n")
    assert "Did you mean lake.raw?" in here("--config", str(shell.config), "status", code=3)


def test_root_options_may_stand_anywhere_but_not_behind_two_dashes() -> None:
    words = ["run-partition", "--output", "json", "-3h", "--quiet", "--force", "--config=x.toml", "--log-format"]
    front = ["--output", "json", "--quiet", "--config=x.toml", "--log-format"]
    assert hoisted(words) == [*front, "run-partition", "-3h", "--force"]
    assert hoisted(["run-partition", "--", "--quiet"]) == ["run-partition", "--", "--quiet"]


@pytest.mark.parametrize("command", ["status", "--output json status 2025-12-01 2026-01-05", "status --help"])
def test_a_reader_that_goes_away_is_met_with_silence(shell: Shell, command: str) -> None:
    line = f"{sys.executable} -m clickctl --config {shell.config} {command} | head -1"
    ran = subprocess.run(
        ["sh", "-c", line], env={**os.environ, "PYTHONPATH": str(REPO)}, capture_output=True, text=True
    )
    assert ran.stderr == ""
    assert len(ran.stdout.splitlines()) == 1


def test_output_that_cannot_be_written_is_never_a_success(shell: Shell) -> None:
    with open("/dev/full", "w") as full:
        argv = [sys.executable, "-m", "clickctl", "--config", str(shell.config), "status"]
        ran = subprocess.run(
            argv, env={**os.environ, "PYTHONPATH": str(REPO)}, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ran.returncode == 5
    assert ran.stderr == "error: Cannot write the output: No space left on device.\n"


def test_colours_are_for_terminals_that_want_them(shell: Shell, put_raw: Put) -> None:
    fill(put_raw, "2026-01-05", [13])
    words = ("status", "2026-01-05", "2026-01-06")
    assert "\x1b[" in on_a_terminal(shell, *words, env={"NO_COLOR": "", "COLUMNS": "100"})
    for env in ({"NO_COLOR": "1"}, {"NO_COLOR": "", "TERM": "dumb"}):
        plain = on_a_terminal(shell, *words, env={**env, "COLUMNS": "30"})
        assert "\x1b[3" not in plain
        assert "clickctl run-partition 2026-01-05T13  # 1 hour waiting" in plain
