"""The Lambda's settings, from its environment: variables of clickctl's own names (docs/configuration.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from clickctl.domain.errors import ConfigError
from clickctl.domain.rules import QualityRules
from clickctl.roots import AlertSettings, AwsSettings

_SECTIONS: dict[str, Any] = {"quality": QualityRules, "alerts": AlertSettings, "aws": AwsSettings}
_HINT = "docs/alerts.md tells which variables the function needs."


class Settings(NamedTuple):
    """`raw` and `alerts_root` are s3:// prefixes without a slash at the end."""

    raw: str
    alerts_root: str
    quality: QualityRules
    alerts: AlertSettings
    aws: AwsSettings


def settings_of(env: Mapping[str, str]) -> Settings:
    """Raises ConfigError for what is missing or wrong."""
    raw, alerts = _root(env, "CLICKCTL_LAKE_RAW"), _root(env, "CLICKCTL_LAKE_ALERTS")
    found = Settings(raw, alerts, **{name: _section(env, name, kind) for name, kind in _SECTIONS.items()})
    if not found.quality.permits(found.alerts.action):
        action = found.alerts.action
        raise ConfigError(f"CLICKCTL_ALERTS_ACTION={action!r} is none of CLICKCTL_QUALITY_ACTIONS.", hint=_HINT)
    return found


def _root(env: Mapping[str, str], name: str) -> str:
    found = env.get(name, "").rstrip("/")
    if not found.startswith("s3://"):
        raise ConfigError(f"{name}={found!r} is not an s3:// prefix.", hint=_HINT)
    return found


def _section(env: Mapping[str, str], section: str, kind: Any) -> Any:
    given = {}
    for field in fields(kind):
        text = env.get(f"CLICKCTL_{section}_{field.name}".upper())
        if text is not None:
            given[field.name] = _value(field.type, text, f"CLICKCTL_{section}_{field.name}".upper())
    try:
        return kind(**given)
    except ValueError as error:
        raise ConfigError(f"The variables CLICKCTL_{section.upper()}_…: {error}.", hint=_HINT) from None


def _value(kind: object, text: str, name: str) -> object:
    if kind == "int":
        try:
            return int(text)
        except ValueError:
            raise ConfigError(f"{name}={text!r} is not a whole number.", hint=_HINT) from None
    return tuple(part.strip() for part in text.split(",")) if str(kind).startswith("tuple") else text
