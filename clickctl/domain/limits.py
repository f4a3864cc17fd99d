"""What `dq-report` judges by: for each check the most that is still good, and the most that is only a warning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

NONE = math.inf
"""No limit: `inf` in TOML and on the command line."""

Limit = tuple[float, ...]
"""Warn above the first, fail above the second; one number alone is both."""


@dataclass(frozen=True)
class QualityLimits:
    """`[quality.limits]`. What each is measured in, and why these defaults: docs/data-quality.md."""

    missing: Limit = (0.0, 0.0)
    late: Limit = (1.0, 3.0)
    failed: Limit = (0.0, 0.0)
    torn: Limit = (0.0, 0.0)
    stale: Limit = (0.0, NONE)
    volume: Limit = (4.0, 6.5)
    quarantined: Limit = (0.02, 0.10)
    duplicates: Limit = (0.10, 0.50)
    nulls: Limit = (0.05, 0.25)
    actions: Limit = (2.0, 10.0)
    fields: Limit = (0.0, NONE)
    lateness: Limit = (0.05, 0.25)
    skew: Limit = (600.0, NONE)
    newest_event: Limit = (3.0, 6.0)
    newest_commit: Limit = (3.0, 6.0)
    newest_load: Limit = (3.0, 24.0)
    alerts: Limit = (0.0, 0.0)
    small_files: Limit = (100.0, 1000.0)
    large_files: Limit = (4.0, NONE)
    file_skew: Limit = (4.0, NONE)
    cost: Limit = (NONE, NONE)
    rows: Limit = (0.0, 0.0)
    doubled: Limit = (0.02, 0.10)
    required: Limit = (0.0, 0.0)
    orphans: Limit = (0.0, 0.0)
    users: Limit = (0.0, 0.0)

    def __post_init__(self) -> None:
        for f in fields(self):
            limit = getattr(self, f.name)
            if not 1 <= len(limit) <= 2 or any(math.isnan(value) or value < 0 for value in limit):
                raise ValueError(f"{f.name}: {list(limit)} is not [warn, fail], two numbers of 0 or more, or inf")
            if limit[0] > limit[-1]:
                raise ValueError(f"{f.name}: it would fail above {limit[-1]:g} before it warns above {limit[0]:g}")

    def of(self, check: str) -> tuple[float, float]:
        """Warn above the one, fail above the other."""
        limit: Limit = getattr(self, check)
        return limit[0], limit[-1]


NAMES = tuple(f.name for f in fields(QualityLimits))


def with_limits(limits: QualityLimits, given: Sequence[str]) -> QualityLimits:
    """The limits with those of a command line over them, each `NAME=FAIL` or `NAME=WARN,FAIL`. Raises ValueError."""
    changed: dict[str, Limit] = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in NAMES:
            raise ValueError(f"{name!r} is none of the checks: {', '.join(NAMES)}")
        try:
            changed[name] = tuple(float(part) for part in value.split(","))
        except ValueError:
            raise ValueError(f"{text!r} is not NAME=FAIL or NAME=WARN,FAIL, like quarantined=0.01,0.05") from None
    return replace(limits, **changed)
