"""clickctl init --from-terraform: the configuration of what Terraform made, or no file at all."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.config import load_config
from clickctl.render.toml import toml
from tests.conftest import REPO, Ran, Shell

TOPIC = "arn:aws:sns:eu-central-1:123456789012:clickstream-purchases"
ROOT = "s3://clickstream-123456789012-eu-central-1"
VALUE: dict[str, Any] = {  # by the alphabet, as Terraform prints objects
    "alerts": {"action": "purchase", "function": "clickstream-alerts", "max_messages": 50, "topic": TOPIC},
    "athena": {"max_scan_gb": 0.5, "workgroup": "clickstream"},
    "aws": {"region": "eu-central-1"},
    "backend": "aws",
    "catalog": {"database": "clickstream", "facts": "fact_clicks", "users": "dim_users", "users_view": "users"},
    "glue": {"dollars_per_dpu_hour": 0.44, "job": "clickstream", "workers": 10},
    "lake": {
        "alerts": f"{ROOT}-alerts/clickstream",
        "processed": f"{ROOT}-processed/clickstream",
        "quarantine": f"{ROOT}-processed/quarantine",
        "raw": f"{ROOT}-raw/clickstream",
    },
    "quality": {"actions": ["purchase", 'say "hé"\\'], "max_lateness": "7d", "null_tokens": ["", "-"]},
    "redshift": {"cluster": None, "hot_days": 10, "workgroup": "clickstream"},
}


def printed(value: object = VALUE, name: str = "clickctl") -> str:
    """What `terraform output -json` prints."""
    return json.dumps({name: {"sensitive": False, "type": "dynamic", "value": value}, "other": {"value": 1}})


def changed(section: str, **keys: object) -> dict[str, Any]:
    return {**VALUE, section: {**VALUE.get(section, {}), **keys}}


@pytest.fixture
def at(shell: Shell) -> Shell:
    """A folder without a configuration."""
    shell.config.unlink()
    return shell


def piped(at: Shell, text: bytes) -> Ran:
    argv = [sys.executable, "-m", "clickctl", "init", "--from-terraform", "-"]
    done = subprocess.run(argv, cwd=at.folder, env={**os.environ, "PYTHONPATH": str(REPO)}, input=text,
                          capture_output=True, timeout=60)  # fmt: skip
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def terraform(at: Shell, script: str) -> dict[str, str]:
    """A program of that name on the PATH, and a folder to be asked about: what it prints is the test's."""
    for name in ("bin", "infra"):
        (at.folder / name).mkdir()
    program = at.folder / "bin" / "terraform"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


def refused(at: Shell, ran: Ran, *told: str) -> None:
    assert ran.code == 3
    assert "Nothing was changed." in ran.err
    assert " next: " in ran.err
    for text in told:
        assert text in ran.err
    assert not at.config.exists()
    assert not list(at.folder.glob(".*"))


def test_the_file_says_what_terraform_made_and_nothing_else(at: Shell) -> None:
    (at.folder / "outputs.json").write_text(printed())
    ran = at("init", "--from-terraform", "outputs.json")
    assert ran.err.splitlines()[-1].endswith("Next: clickctl doctor")
    written = tomllib.loads(at.config.read_text())
    assert written == {**VALUE, "redshift": {"hot_days": 10, "workgroup": "clickstream"}}
    loaded = load_config(at.config, {})
    assert loaded.quality.actions == ("purchase", 'say "hé"\\')
    assert loaded.athena.max_scan_gb == 0.5
    assert loaded.redshift.hot_days == 10


def test_the_file_is_in_the_order_of_the_example_and_every_section_has_its_comment(at: Shell) -> None:
    piped(at, printed().encode())
    text = at.config.read_text()
    lines = text.splitlines()
    example = (REPO / "config.example.toml").read_text().splitlines()

    def heads(lines: list[str]) -> list[str]:
        return [line.split("]")[0] for line in lines if line.startswith("[")]

    sections = heads(lines)
    assert len(sections) == len(VALUE) - 1
    assert set(sections) < set(heads(example))
    keys = [line.split(" = ")[0] for line in lines if " = " in line and line[0] not in "#["]
    assert keys[:2] == ["backend", "raw"]
    assert keys.index("job") < keys.index("workers") < keys.index("dollars_per_dpu_hour")
    assert all("  # " in line for line in lines if line.startswith("["))
    assert "--from-terraform" in lines[0]
    assert "role_arn" in text


def test_a_folder_is_asked_with_its_outputs_as_json(at: Shell) -> None:
    (at.folder / "outputs.json").write_text(printed())
    env = terraform(at, 'echo "$@" >called; echo "│ Warning: old" >&2; cat outputs.json')
    at("init", "--from-terraform", "infra", env=env)
    assert (at.folder / "called").read_text() == "-chdir=infra output -no-color -json\n"
    assert load_config(at.config, {}).glue.workers == 10


def test_another_file_can_be_named_and_is_in_the_next_command(at: Shell) -> None:
    (at.folder / "outputs.json").write_text(printed())
    ran = at("--config", "other.toml", "init", "--from-terraform", "outputs.json")
    assert "clickctl --config other.toml doctor" in ran.err
    assert load_config(at.folder / "other.toml", {}).backend == "aws"
    assert not at.config.exists()


def test_a_configuration_that_is_there_stays_unless_it_is_forced_and_keeps_its_mode(at: Shell) -> None:
    at.config.write_text("mine = true\n")
    at.config.chmod(0o640)
    env = terraform(at, "touch asked; exit 1")
    ran = at("init", "--from-terraform", "infra", env=env, code=3)
    assert "--force" in ran.err
    assert not (at.folder / "asked").exists()
    (at.folder / "outputs.json").write_text("{}")
    at("init", "--force", "--from-terraform", "outputs.json", code=3)
    assert at.config.read_text() == "mine = true\n"

    (at.folder / "outputs.json").write_text(printed())
    at("init", "--force", "--from-terraform", "outputs.json", "--detailed-exitcode", code=10)
    assert load_config(at.config, {}).backend == "aws"
    assert stat.S_IMODE(at.config.stat().st_mode) == 0o640


def test_a_new_file_can_be_read_by_whom_the_umask_lets(at: Shell) -> None:
    before = os.umask(0o027)
    try:
        piped(at, printed().encode())
    finally:
        os.umask(before)
    assert stat.S_IMODE(at.config.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (changed("glue", jobb="x"), "glue.jobb: unknown key. next: Did you mean glue.job?"),
        (changed("extra", key=1), "extra: unknown key."),
        (changed("glue", workers=1), "glue: workers must be 2 or more"),
        (changed("glue", workers="4"), "glue.workers: '4' is not a whole number"),
        (changed("redshift", password="hunter2"), "No password belongs in this file"),
        ({**VALUE, "lake": {}}, "lake: is missing"),
        ({**VALUE, "lake": "s3://x"}, "lake: 's3://x' is not a table"),
        (changed("alerts", topic=[{"arn": TOPIC}]), "is no string, number, true, false or list of them"),
        (changed("alerts", topic="\ud800"), "surrogates not allowed"),
    ],
)
def test_what_a_command_would_refuse_is_never_written(at: Shell, given: object, told: str) -> None:
    ran = piped(at, printed(given).encode())
    parts = [part for part in told.split(" next: ") if part]
    refused(at, ran, 'The output "clickctl" of stdin', *parts)


def test_variables_of_the_shell_do_not_hide_what_the_file_says(at: Shell) -> None:
    (at.folder / "outputs.json").write_text(printed(changed("glue", workers=1)))
    ran = at("init", "--from-terraform", "outputs.json", env={"CLICKCTL_GLUE_WORKERS": "4"}, code=3)
    refused(at, ran, "workers must be 2 or more")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "What was read from stdin is not JSON."),
        (b"Warning: No outputs found", "'terraform output -json' prints"),
        (b"\xff\xfe\xfd", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"{}", "nothing has been applied there. next: Outputs come with 'terraform apply'"),
        (b"[1]", 'has no output "clickctl"'),
        (
            b'{"bucket": {"value": "x"}}',
            'has no output "clickctl". next: Is it clickctl\'s folder terraform/, and its workspace?',
        ),
        (json.dumps(VALUE).encode(), "All of them are wanted: 'terraform output -json'."),
        (printed("text").encode(), 'has no output "clickctl"'),
    ],
)
def test_what_is_no_output_of_terraforms_is_said_with_what_to_run(at: Shell, text: bytes, told: str) -> None:
    refused(at, piped(at, text), *told.split(" next: "))


def test_terraform_that_fails_is_quoted_without_its_warnings_and_frames(at: Shell) -> None:
    said = "Warning: old\\n│ Error: Backend initialization required\\n│ \\n│ Reason: none"
    env = terraform(at, f"printf '{said}' >&2; exit 1")
    ran = at("init", "--from-terraform", "infra", env=env, code=3)
    refused(at, ran, "terraform failed in infra: Backend initialization required Reason: none", "terraform init")


def test_a_terraform_that_cannot_be_run_and_a_place_without_a_name_are_no_defects(at: Shell) -> None:
    env = terraform(at, "")
    program = Path(env["PATH"].split(os.pathsep)[0], "terraform")
    program.write_bytes(b"\x7fELF, but not of this machine")
    refused(at, at("init", "--from-terraform", "infra", env=env, code=3), "Cannot run", "Exec format error")
    assert "--from-terraform names no place." in at("init", "--from-terraform", "", code=2).err


def test_a_configuration_that_is_a_link_stays_one(at: Shell) -> None:
    (at.folder / "real.toml").write_text("")
    (at.folder / "clickctl.toml").symlink_to("real.toml")
    (at.folder / "outputs.json").write_text(printed())
    at("init", "--from-terraform", "outputs.json", "--force")
    assert (at.folder / "clickctl.toml").is_symlink()
    assert "Written by" in (at.folder / "real.toml").read_text()


def test_a_state_without_outputs_and_no_terraform_at_all_are_told_apart(at: Shell) -> None:
    env = terraform(at, "echo '{}'")
    ran = at("init", "--from-terraform", "infra", env=env, code=3)
    refused(at, ran, "Terraform's state of infra has no outputs", "terraform apply")
    ran = at("init", "--from-terraform", "infra", env={"PATH": str(at.folder / "infra")}, code=3)
    refused(at, ran, "There is no terraform on the PATH.", "terraform output -json > outputs.json")
    ran = at("init", "--from-terraform", "nowhere", env=env, code=3)
    refused(at, ran, "Cannot read nowhere: No such file or directory.")


def test_two_ways_at_once_are_refused(at: Shell) -> None:
    ran = at("init", "--local", "lake", "--from-terraform", "infra", code=2)
    assert "two ways" in ran.err
    assert not (at.folder / "lake").exists()


def test_a_place_where_no_file_can_be_is_told(at: Shell) -> None:
    (at.folder / "outputs.json").write_text(printed())
    ran = at("--config", "no/where.toml", "init", "--from-terraform", "outputs.json", code=3)
    refused(at, ran, "Cannot write no/where.toml", "--config")


VALUES = st.recursive(
    st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)
TABLES = st.dictionaries(st.text(), VALUES | st.dictionaries(st.text(), VALUES, max_size=4), max_size=6)


@given(TABLES)
def test_what_is_written_as_toml_is_read_as_it_was(table: dict[str, Any]) -> None:
    assert tomllib.loads(toml(table, {})) == table


def test_the_toml_is_as_people_write_it() -> None:
    table = {"a": {"list": [1, 0.5, True], "deeper": {"x": "tab\t"}}, "top": "é"}
    assert toml(table, {"a": "why", "a.deeper": "how"}) == (
        'top = "é"\n\n[a]  # why\nlist = [1, 0.5, true]\n\n[a.deeper]  # how\nx = "tab\\t"\n'
    )
