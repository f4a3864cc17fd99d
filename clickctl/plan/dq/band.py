"""The anomaly rule: an hour against the same hour of earlier weeks, by median and median absolute deviation (MAD).

The middle of earlier weeks cannot be moved by one bad week, and neither can the usual deviation from it.
Everything is measured on a logarithmic scale, because traffic grows and shrinks by factors: half of what is
usual is as far off as twice of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

FEWEST_POINTS = 3
"""Fewer earlier weeks than this: not judged."""

_TO_SIGMA = 1.4826  # of normally distributed values the standard deviation is so many times the MAD
_LEAST = 0.10  # of the logarithm: hours that differ by less than a few tenths are never worth a word
_ROOM = 1.5  # the middle of a few weeks is itself some way off
_CHANCE = 2.0  # by 1 / sqrt(n) the logarithm of a count n of independent events differs; with room to spare

_WIDEST = 20.0  # as a logarithm, half a milliard times: no band needs to be wider, and no number overflows


@dataclass(frozen=True)
class Usual:
    """What is usual for one hour: `middle` facts, and a deviation from it that is nothing special, as a logarithm."""

    middle: float
    deviation: float

    def deviations(self, facts: int) -> float:
        """How far from the middle, in usual deviations; less than 0 for too few."""
        return (_log(facts) - _log(self.middle)) / self.deviation

    def band(self, deviations: float) -> tuple[float, float]:
        """The facts that are not more than so many deviations away: from, to."""
        factor = math.exp(min(_WIDEST, deviations * self.deviation))
        return max(0.0, (self.middle + 1) / factor - 1), (self.middle + 1) * factor - 1


def usual(points: Sequence[int], spread: float = 0.0) -> Usual | None:
    """Of the same hour in earlier weeks; None of fewer than FEWEST_POINTS.

    `spread` is how much the hours of this lake usually differ (usual_spread): a few weeks of one hour can
    agree by chance.
    """
    if len(points) < FEWEST_POINTS:
        return None
    middle = median(points)
    own = _TO_SIGMA * median(abs(_log(point) - _log(middle)) for point in points)
    return Usual(middle, max(own, _LEAST, _ROOM * spread, _CHANCE / math.sqrt(middle + 1)))


def usual_spread(histories: Iterable[Sequence[int]]) -> float:
    """By how much the logarithm of an hour's facts usually differs, of all hours together.

    From differences of neighbouring weeks, not from a middle: the middle of three is one of them.
    """
    steps = [abs(_log(a) - _log(b)) for points in histories for a, b in pairwise(points)]
    return _TO_SIGMA / math.sqrt(2) * median(steps) if steps else 0.0


def _log(facts: float) -> float:
    return math.log(facts + 1)
