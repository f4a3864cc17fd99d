"""The settings that decide which lines become rows: `[quality]` of the configuration."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

TRANSFORM_VERSION = 1
"""Raise this when the kernel's output changes for the same input: every commit becomes stale."""

_DURATION = re.compile(r"(\d{1,7})\s*([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class QualityRules:
    """What a row must be. Durations as `7d`, `36h`, `90m`, `30s`."""

    actions: tuple[str, ...] = ("page_view", "click", "search", "add_to_cart", "purchase")
    null_tokens: tuple[str, ...] = ("", "-")
    max_lateness: str = "7d"
    max_skew: str = "1h"
    max_line_bytes: int = 1_048_576

    def __post_init__(self) -> None:
        for name in ("max_lateness", "max_skew"):
            try:
                duration(getattr(self, name))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        if not 1024 <= self.max_line_bytes <= 64 * 1_048_576:
            raise ValueError("max_line_bytes must lie between 1024 and 67108864")
        if not self.actions:
            raise ValueError('actions is empty: every event would be rejected; ["*"] permits any')

    def permits(self, action: str) -> bool:
        return self.actions == ("*",) or action in self.actions

    @property
    def name(self) -> str:
        """One word for the rules that make a commit: the kernel's version and these settings."""
        settings = [self.actions, self.null_tokens, self.max_lateness, self.max_skew, self.max_line_bytes]
        return f"{TRANSFORM_VERSION}/{hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:8]}"


def duration(text: str) -> int:
    """`7d`, `36h`, `90m`, `30s` in seconds; ValueError otherwise."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write 7d, 36h, 90m or 30s")
    return int(match[1]) * _SECONDS[match[2]]
