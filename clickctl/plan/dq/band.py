"""The anomaly rule: an hour against the same hour of earlier weeks, by median and median absolute deviation (MAD).

The middle of earlier weeks cannot be moved by one bad week, and neither can the usual deviation from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

FEWEST_POINTS = 3
"""Fewer earlier weeks than this: not judged."""

_TO_SIGMA = 1.4826  # of normally distributed values the standard deviation is so many times the MAD
_FEW_POINTS = 1.5  # the MAD of a few values is too small; of three or four by about this
_LEAST_SHARE = 0.10  # counts that differ by less than some tenths of this are never worth a word
_CHANCE = 1.5  # times the square root of a count: what independent events differ by, with room to spare


@dataclass(frozen=True)
class Usual:
    """What is usual for one hour: `middle` facts, and a deviation from it that is nothing special."""

    middle: float
    deviation: float

    def deviations(self, facts: int) -> float:
        """How far from the middle, in usual deviations; less than 0 for too few."""
        return (facts - self.middle) / self.deviation

    def band(self, deviations: float) -> tuple[float, float]:
        return max(0.0, self.middle - deviations * self.deviation), self.middle + deviations * self.deviation


def usual(points: Sequence[int], spread: float = 0.0) -> Usual | None:
    """Of the same hour in earlier weeks; None of fewer than FEWEST_POINTS.

    `spread` is how much the hours of this lake usually differ from their middle, as a share of it: a few
    weeks of one hour can agree by chance.
    """
    if len(points) < FEWEST_POINTS:
        return None
    middle = median(points)
    own = _TO_SIGMA * median(abs(point - middle) for point in points)
    least = max(_LEAST_SHARE, spread) * middle
    return Usual(middle, max(own, least, _CHANCE * math.sqrt(middle + 1)))


def usual_spread(histories: Iterable[Sequence[int]]) -> float:
    """How much the hours of a lake differ from the middle of their own history, as a share of it."""
    shares: list[float] = []
    for points in histories:
        if len(points) >= FEWEST_POINTS and (middle := median(points)):
            shares += [abs(point - middle) / middle for point in points]
    return _TO_SIGMA * _FEW_POINTS * median(shares) if shares else 0.0
