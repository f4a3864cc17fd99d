"""The configuration that Terraform's output `clickctl` holds: asked of Terraform, or read from what it printed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from clickctl.domain.errors import ConfigError
from clickctl.domain.secrets import one_line
from clickctl.render.toml import toml

OUTPUT = "clickctl"
"""Name of the output (terraform/outputs.tf). Its value has the sections and keys of config.example.toml."""

_HEAD = f"""\
# Written by `clickctl init --from-terraform`, from the output "{OUTPUT}" of Terraform. Change things there, apply,
# and write this again with --force, which drops what was added here. docs/configuration.md tells every key.
"""
_COMMENTS = {
    "lake": "the buckets; raw is only read",
    "aws": 'role_arn = "…" here assumes a role: `terraform output roles` names them',
    "quality": "what becomes a row; the job and the alerts function have the same",
    "job": "of engines that run here; the Glue job has the same",
    "glue": "of every run that a command starts",
    "catalog": "names in the Glue catalog",
    "athena": "queries run in this workgroup, under its limits",
    "redshift": "the warehouse of load-hot; logins are asked of IAM",
    "alerts": "of the alerts function and of alerts-replay",
}
_FIRST = "Is it clickctl's folder terraform/, and its workspace? Outputs come with 'terraform apply'."


def configuration(place: str) -> str:
    """The configuration file's text, tried by reading it. `place` is a folder of Terraform's, a file, or `-` for stdin.

    Raises ConfigError where there is none, or where it would be refused when it is read.
    """
    value = _given(_output(_printed(place), place))
    try:
        text = f"{_HEAD}{toml(_ordered(value), _COMMENTS)}"
    except ValueError as error:
        raise ConfigError(f"{_of(place)} cannot be a configuration: {error}.", hint=_SAME) from None
    _try(text, place)
    return text


_SAME = "Take terraform/ and clickctl from one version."


def _printed(place: str) -> bytes:
    """What `terraform output -json` prints, or printed."""
    if Path(place).is_dir():
        return _asked(place)
    try:
        return sys.stdin.buffer.read() if place == "-" else Path(place).read_bytes()
    except OSError as error:
        hint = "Name a folder of Terraform's, a file that 'terraform output -json' was written to, or - for stdin."
        raise ConfigError(f"Cannot read {place}: {error.strerror}.", hint=hint) from None


def _asked(folder: str) -> bytes:
    if not (terraform := shutil.which("terraform")):
        hint = (
            "Install Terraform, or where it is: terraform output -json > outputs.json, "
            "then clickctl init --from-terraform outputs.json"
        )
        raise ConfigError("There is no terraform on the PATH.", hint=hint)
    words = [f"-chdir={folder}", "output", "-no-color", "-json"]
    try:
        done = subprocess.run([terraform, *words], stdin=subprocess.DEVNULL, capture_output=True)
    except OSError as broken:
        raise ConfigError(
            f"Cannot run {terraform}: {broken.strerror}.", hint="Is it a program of this machine's kind?"
        ) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").replace("│", " ")
        error = re.search(r"^\s*Error:?(.*)", said, re.MULTILINE | re.DOTALL)  # warnings come before it
        why = one_line(error[1] if error else said)
        hint = f"See what 'terraform {' '.join(words[:2])}' says; a new checkout needs 'terraform init' first."
        raise ConfigError(f"terraform failed in {folder}: {why or f'exit code {done.returncode}'}", hint=hint)
    return done.stdout


def _output(printed: bytes, place: str) -> dict[str, Any]:
    """The value of the output."""
    try:
        outputs = json.loads(printed)
    except (ValueError, RecursionError):
        hint = "It has to be what 'terraform output -json' prints, and nothing else."
        raise ConfigError(f"{_named(place)} is not JSON.", hint=hint) from None
    if not outputs:
        raise ConfigError(f"{_named(place)} has no outputs: nothing has been applied there.", hint=_FIRST)
    found = outputs.get(OUTPUT) if isinstance(outputs, dict) else None
    if not isinstance(found, dict) or not isinstance(found.get("value"), dict):
        hint = f"{_FIRST} All of them are wanted: 'terraform output -json'."
        raise ConfigError(f'{_named(place)} has no output "{OUTPUT}".', hint=hint)
    return dict(found["value"])


def _named(place: str) -> str:
    if place == "-":
        return "What was read from stdin"
    return f"Terraform's state of {place}" if Path(place).is_dir() else place


def _of(place: str) -> str:
    return f'The output "{OUTPUT}" of {"stdin" if place == "-" else place}'


def _given(value: dict[str, Any]) -> dict[str, Any]:
    """Without what Terraform left null, and without sections that are empty then: TOML has no null."""
    kept = {key: _given(item) if isinstance(item, dict) else item for key, item in value.items()}
    return {key: item for key, item in kept.items() if item is not None and item != {}}


def _ordered(value: dict[str, Any]) -> dict[str, Any]:
    """Sections and keys in the order of the configuration's own: Terraform has them by the alphabet."""
    from clickctl.config import Config
    from clickctl.domain.structure import hints

    def put(plain: dict[str, Any], known: Iterable[str]) -> dict[str, Any]:
        return {name: plain[name] for name in dict.fromkeys([*known, *plain]) if name in plain}

    kinds = hints(Config)
    return {
        name: put(item, [f.name for f in fields(kinds[name])])
        if isinstance(item, dict) and is_dataclass(kinds.get(name))
        else item
        for name, item in put(value, [f.name for f in fields(Config)]).items()
    }


def _try(text: str, place: str) -> None:
    """Read it as every command will, but without this shell's variables, which would hide what the file says."""
    from clickctl.config import load_config

    with tempfile.TemporaryDirectory(prefix="clickctl-init-") as folder:
        draft = Path(folder, "clickctl.toml")
        draft.write_text(text, "utf-8")
        try:
            load_config(draft, {})
        except ConfigError as error:
            why = error.message.removeprefix(f"{draft}: ")
            raise ConfigError(f"{_of(place)} would be refused: {why}", hint=f"{error.hint} {_SAME}".strip()) from None
