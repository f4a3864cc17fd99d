"""The configuration: TOML and environment to one frozen value.

Flag > CLICKCTL_SECTION_KEY > AWS_* > file > default. No file is an error with a hint, never a
silent default. Every key is shown with its default in config.example.toml.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from clickctl.domain.errors import ConfigError
from clickctl.domain.limits import Limit, QualityLimits
from clickctl.domain.rules import QualityRules
from clickctl.domain.structure import StructureError, from_plain, hints
from clickctl.roots import AlertSettings, AwsSettings, LakeRoots
from clickctl.settings import AthenaSettings, CatalogSettings, GlueSettings, JobSettings, RedshiftSettings

BACKENDS = ("aws", "local")
REDSHIFT_PASSWORD = "CLICKCTL_REDSHIFT_PASSWORD"
"""The variable with the password for redshift.host. It is no setting: it never becomes part of a Config."""

_RESERVED = ("CLICKCTL_CONFIG", "CLICKCTL_PROFILE", "CLICKCTL_REGION", REDSHIFT_PASSWORD)
_PASSWORD_KEYS = ("password", "passwd", "pass", "pwd")


@dataclass(frozen=True)
class Config:
    """The whole configuration; `source` is the file it came from, `limits` its [quality.limits]."""

    lake: LakeRoots
    backend: str = "local"
    aws: AwsSettings = field(default_factory=AwsSettings)
    quality: QualityRules = field(default_factory=QualityRules)
    limits: QualityLimits = field(default_factory=QualityLimits)
    job: JobSettings = field(default_factory=JobSettings)
    glue: GlueSettings = field(default_factory=GlueSettings)
    catalog: CatalogSettings = field(default_factory=CatalogSettings)
    athena: AthenaSettings = field(default_factory=AthenaSettings)
    redshift: RedshiftSettings = field(default_factory=RedshiftSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    source: str = ""

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise ValueError(f"backend: {self.backend!r} is not one of {', '.join(BACKENDS)}")
        if self.backend == "aws" and not self.lake.processed.startswith("s3://"):
            raise ValueError('backend "aws" needs s3:// roots in [lake]')

    @property
    def engine(self) -> str:
        """The engine units run on unless a flag says otherwise."""
        return self.job.engine or ("glue" if self.backend == "aws" else "local")


def find_config(flag: str | None, env: Mapping[str, str]) -> Path:
    """The file to read: --config, $CLICKCTL_CONFIG, ./clickctl.toml, ~/.config/clickctl/config.toml."""
    if named := flag or env.get("CLICKCTL_CONFIG"):
        return Path(named)
    # Not Path.home(): it raises where a user has no home, as in many containers.
    usual = [Path("clickctl.toml"), Path(os.path.expanduser("~/.config/clickctl/config.toml"))]
    for path in usual:
        if path.is_file():
            return path
    raise ConfigError(
        f"No configuration found: neither {usual[0]} nor {usual[1]} is there.",
        hint="Run 'clickctl init --local lake' to make one, or name one with --config FILE.",
    )


def load_config(path: Path, env: Mapping[str, str]) -> Config:
    """Read a file and lay the environment over it. Raises ConfigError naming the key at fault."""
    try:
        plain = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Cannot read {path}: {error}.", hint="Check --config and $CLICKCTL_CONFIG.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}.") from None
    for name in ("source", "limits"):
        if name in plain:
            raise ConfigError(f"{path}: {name}: unknown key.", hint=_LIMITS if name == "limits" else "")
    _lift_limits(plain)
    ours = {name: env[name] for name in sorted(env) if name.startswith("CLICKCTL_") and name not in _RESERVED}
    _overlay(plain, {**_of_the_sdk(env), **ours})
    try:
        return from_plain(Config, {**plain, "source": str(path)}, strict=True)
    except StructureError as error:
        if error.path.startswith("limits"):
            error = StructureError(f"quality.{error.path}", error.problem)
        raise ConfigError(f"{path}: {error}.", hint=_suggestion(error, ours)) from None


_LIMITS = "Limits stand under [quality.limits]."


def _lift_limits(plain: dict[str, Any]) -> None:
    """Limits are no part of the rules that make rows: changing one must make no commit stale. A number is a list."""
    quality = plain.get("quality")
    if isinstance(quality, dict) and "limits" in quality:
        found = quality.pop("limits")
        numbers = (int, float)
        plain["limits"] = (
            {name: [value] if type(value) in numbers else value for name, value in found.items()}
            if isinstance(found, dict)
            else found
        )


def _of_the_sdk(env: Mapping[str, str]) -> dict[str, str]:
    """What the SDK's own variables say wins over the file."""
    said = {
        "CLICKCTL_AWS_REGION": env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION"),
        "CLICKCTL_AWS_PROFILE": env.get("AWS_PROFILE"),
    }
    return {name: value for name, value in said.items() if value}


def _overlay(plain: dict[str, Any], env: Mapping[str, str]) -> None:
    """CLICKCTL_JOB_ENGINE=spark becomes job.engine = "spark"; lists are comma-separated."""
    settings = {f"CLICKCTL_{'_'.join(_in_file(words)).upper()}": words for words in _keys()}
    for name, text in env.items():
        if name not in settings:
            hint = _did_you_mean(name, [*settings, *_RESERVED])
            raise ConfigError(f"The environment variable {name} is no setting of clickctl.", hint=hint)
        *sections, key = settings[name]
        target, kind = plain, Config
        for section in sections:
            target, kind = target.setdefault(section, {}), hints(kind)[section]
        if isinstance(target, dict):  # else the file is wrong there, which is told when it is read
            target[key] = _from_text(hints(kind)[key], text, name)


def _from_text(wanted: Any, text: str, name: str) -> Any:
    if wanted in (int, float):
        try:
            return wanted(text)
        except ValueError:
            raise ConfigError(f"{name}={text!r} is not a {'whole ' if wanted is int else ''}number.") from None
    if wanted == Limit:
        return [_from_text(float, part, name) for part in text.split(",")]
    return text if wanted is str else [part.strip() for part in text.split(",")] if text else []


def _keys() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [("backend",)]
    for section, kind in hints(Config).items():
        if section not in ("backend", "source"):
            found += [(section, f.name) for f in fields(kind)]
    return found


def _in_file(words: tuple[str, ...]) -> tuple[str, ...]:
    return ("quality", *words) if words[0] == "limits" else words


def _suggestion(error: StructureError, env: Mapping[str, str]) -> str:
    if error.path.rpartition(".")[2].lower() in _PASSWORD_KEYS:
        return f"No password belongs in this file: use IAM, redshift.secret, or with redshift.host {REDSHIFT_PASSWORD}."
    section = f"CLICKCTL_{error.path.split('.')[0].upper()}"
    if over := [name for name in env if name.startswith(section)]:
        return f"The environment overrides the file here: check {', '.join(over)}."
    if error.problem != "unknown key":
        return "config.example.toml shows every key with its default."
    names = {".".join(words[:n]) for words in map(_in_file, _keys()) for n in range(1, len(words) + 1)}
    return _did_you_mean(error.path, sorted(names))


def _did_you_mean(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]}?" if close else "config.example.toml shows every key with its default."
