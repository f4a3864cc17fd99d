"""What a run counts about the data it saw. Sums of these are again one of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

REASONS = (
    "malformed_json",
    "not_an_object",
    "missing_user_id",
    "unparseable_event_time",
    "event_time_out_of_range",
    "action_not_permitted",
    "invalid_utf8",
    "line_too_long",
    "corrupt_file",
)
"""And `wrong_type:<field>` for each field."""

KEPT_NAMES = 50
KEPT_LENGTH = 100
OTHER = "(other)"
"""At most so many actions and unknown fields, with names no longer, are named in a commit; the rest
count as `(other)`."""


@dataclass(frozen=True)
class Quality:
    """Counts of one unit. Times are ISO 8601 in UTC; sizes are bytes.

    `lines` excludes blank ones; lines = facts + duplicates + quarantined. `quarantined` counts
    lines, `reasons` counts reasons, of which one line can have several. `days` is facts by
    event-day. `users` is rows of dim_users: one per user and event-day. `longest` is the bytes of the
    longest text of each column, over the rows of both tables: of several counts, the greatest. `hourly_…`
    count by arrival hour; a fact that arrived in several hours of a day counts in the first of them.
    """

    lines: int = 0
    facts: int = 0
    duplicates: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    actions: dict[str, int] = field(default_factory=dict)
    nulls: dict[str, int] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    unknown_fields: dict[str, int] = field(default_factory=dict)
    longest: dict[str, int] = field(default_factory=dict)
    min_event_time: str | None = None
    max_event_time: str | None = None
    users: int = 0
    files_in: int = 0
    files_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    hourly_lines: dict[str, int] = field(default_factory=dict)
    hourly_facts: dict[str, int] = field(default_factory=dict)
    hourly_quarantined: dict[str, int] = field(default_factory=dict)

    @property
    def balances(self) -> bool:
        """Promise P4: every line ended in exactly one place."""
        return self.lines == self.facts + self.duplicates + self.quarantined


def total(parts: Iterable[Quality]) -> Quality:
    """Add counts up: of files to a unit, of units to a report."""
    parts = list(parts)
    sums: dict[str, object] = {}
    for f in fields(Quality):
        values = [getattr(part, f.name) for part in parts]
        if f.name in ("min_event_time", "max_event_time"):
            known = [value for value in values if value is not None]
            sums[f.name] = (min if f.name.startswith("min") else max)(known, default=None)
        elif f.name == "longest":
            columns = sorted({name for value in values for name in value})
            sums[f.name] = {name: max(value.get(name, 0) for value in values) for name in columns}
        elif f.type.startswith("dict"):
            counts: Counter[str] = Counter()
            for value in values:
                counts.update(value)
            sums[f.name] = dict(sorted(counts.items()))
        else:
            sums[f.name] = sum(values)
    return Quality(**sums)  # type: ignore[arg-type]


def keep_common(counts: dict[str, int]) -> dict[str, int]:
    """The commonest KEPT_NAMES names, the rest under `(other)`: a commit stays small whatever is sent."""
    named = {name: count for name, count in counts.items() if name != OTHER and len(name) <= KEPT_LENGTH}
    ranked = sorted(named.items(), key=lambda item: (-item[1], item[0]))
    kept = dict(sorted(ranked[:KEPT_NAMES]))
    if rest := sum(counts.values()) - sum(kept.values()):
        kept[OTHER] = rest
    return kept
