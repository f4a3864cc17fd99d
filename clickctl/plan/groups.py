"""Units to job runs: few enough to be cheap, small enough that one failure costs little."""

from __future__ import annotations

from collections.abc import Iterable

from clickctl.plan.backfill import PlannedUnit

UNITS_PER_RUN = 24
"""A day of hours."""

_BYTES_PER_RUN = 2_000_000_000
"""Some minutes of work for a few workers: a larger run saves no start-up worth having."""


def group_units(items: Iterable[PlannedUnit], most: int) -> list[tuple[PlannedUnit, ...]]:
    """Neighbours share a run, `most` at a time and no more bytes than keep a run short. Order is kept."""
    groups: list[list[PlannedUnit]] = []
    size = 0
    for item in items:
        if not groups or len(groups[-1]) >= most or size + item.bytes_in > _BYTES_PER_RUN:
            groups.append([])
            size = 0
        groups[-1].append(item)
        size += item.bytes_in
    return [tuple(group) for group in groups]
