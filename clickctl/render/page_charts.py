"""The page's charts, as numbers to draw: columns over time. Widths are per cent, so that they fit any screen;
heights are pixels, so that no text is stretched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from clickctl.plan.dq.results import DqReport, Expected, GroupFigures
from clickctl.render.words import number, plural, share

HEIGHT = 150
_COMMONEST = 5
_TICKS = 5
_WIDEST = 8.0  # per cent: one or two columns are no wall
_UNKNOWN = "no counts"
_THIN = 60  # more columns than this touch each other


@dataclass(frozen=True)
class Box:
    """A rectangle; `kind` is its CSS class."""

    kind: str
    x: float
    width: float
    y: int
    height: int


@dataclass(frozen=True)
class Column:
    """One group: the boxes in it, and its figures in a line."""

    x: float
    width: float
    words: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Chart:
    """`across` and `up` are the ticks: where, what, and for those across how the text is anchored."""

    title: str
    remark: str
    legend: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    across: tuple[tuple[float, str, str], ...]
    up: tuple[tuple[float, str], ...]
    least_width: int


@dataclass(frozen=True)
class _Scale:
    """Values to pixels, 0 at the bottom."""

    top: float

    def box(self, kind: str, x: float, width: float, low: float, high: float) -> Box:
        """What stands on the ground can be seen, however little it is."""
        y = self._y(high) if low or not high else min(self._y(high), HEIGHT - 1)
        return Box(kind, round(x, 4), round(width, 4), y, self._y(low) - y)

    def line(self, kind: str, x: float, width: float, at: float) -> Box:
        return Box(kind, round(x, 4), round(width, 4), self._y(at), 1)

    def _y(self, value: float) -> int:
        """Whole pixels, so that what is stacked has no seams."""
        return round(HEIGHT * (1 - min(value, self.top) / self.top))


@dataclass(frozen=True)
class _Slot:
    """Where a column stands, in per cent: `x` and `width` of its share of the width, and of its bar."""

    x: float
    width: float
    bar_x: float
    bar: float


def charts(report: DqReport) -> list[Chart]:
    """Those that there is something to show in."""
    known = known_groups(report)
    if not any(known.values()):
        return []
    drawn = [_volume(report, known), _rejects(report, known)]
    return [*drawn, _reasons(report)] if any(group.reasons for group in report.groups) else drawn


def expected_words(expected: Expected) -> str:
    return f"expected {number(round(expected.low))} to {number(round(expected.high))}"


def known_groups(report: DqReport) -> dict[str, bool]:
    """Whether there are counts of a group: not to know any is not the same as none."""
    return {group.name: group.counts is not None for group in report.groups}


def _slots(count: int) -> list[_Slot]:
    width = 100 / count
    bar = width + 0.03 if count > _THIN else min(0.72 * width, _WIDEST)  # no seams where pixels are rounded
    return [_Slot(n * width, width, n * width + max(0.0, width - bar) / 2, bar) for n in range(count)]


def _chart(title: str, remark: str, legend: Sequence[tuple[str, str]], groups: Sequence[GroupFigures],
           boxes: Callable[[GroupFigures, _Slot], list[Box]], words: Callable[[GroupFigures], str],
           up: Sequence[tuple[float, str]]) -> Chart:  # fmt: skip
    slots = _slots(len(groups))
    columns = (
        Column(round(slot.x, 3), round(slot.width, 3), f"{group.name}: {words(group)}", tuple(boxes(group, slot)))
        for group, slot in zip(groups, slots, strict=True)
    )
    across = _across([group.name for group in groups], slots)
    return Chart(title, remark, tuple(legend), tuple(columns), across, tuple(up), len(groups))


def _across(names: Sequence[str], slots: Sequence[_Slot]) -> tuple[tuple[float, str, str], ...]:
    """A few names, evenly spaced; of many hours, the midnights."""
    midnights = [n for n, name in enumerate(names) if name.endswith("T00")]
    places = midnights if len(midnights) > 1 else list(range(len(names)))
    ticks = []
    for n in places[:: ceil(len(places) / max(_TICKS, len(names) // 120))]:
        slot, name = slots[n], names[n][5:10] if len(midnights) > 1 else names[n][5:]
        if n < 0.06 * len(names):  # neither end of the axis is cut off
            ticks.append((slot.x, "start", name))
        elif n > 0.94 * len(names):
            ticks.append((slot.x + slot.width, "end", name))
        else:
            ticks.append((slot.x + slot.width / 2, "middle", name))
    return tuple(ticks)


def _top(values: Sequence[float], least: float) -> float:
    """A round number that nothing is above, and whose half is round too."""
    most = max([*values, least])
    power = 10.0 ** floor(log10(most))
    return next(step * power for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * power >= most * 0.9999)


def _up(top: float, words: Callable[[float], str]) -> list[tuple[float, str]]:
    return [(HEIGHT * (1 - part), words(top * part)) for part in (0, 0.5, 1)]


def _short(count: float) -> str:
    """`1.5M`, for an axis."""
    for unit in ("", "k", "M", "G"):
        if count < 1000:
            return f"{count:g}{unit}"
        count /= 1000
    return f"{count:g}T"


def _volume(report: DqReport, known: dict[str, bool]) -> Chart:
    groups = report.groups
    highs = [group.expected.high for group in groups if group.expected]
    scale = _Scale(_top([*(group.counted.facts for group in groups), *highs], 2))
    dense = len(groups) > _THIN

    def boxes(group: GroupFigures, slot: _Slot) -> list[Box]:
        if not known[group.name]:
            return [scale.box("gap", slot.x, slot.width, 0, scale.top)]
        facts, e = group.counted.facts, group.expected
        found = [scale.box("odd" if e and not e.low <= facts <= e.high else "bar", slot.bar_x, slot.bar, 0, facts)]
        if e and dense:
            found.append(scale.box("band dense", slot.x, slot.width, e.low, e.high))
        elif e:
            found.append(scale.box("band", slot.x, slot.width, e.low, e.high))
            found += [scale.line("edge", slot.x, slot.width, at) for at in (e.low, e.high)]
        return found

    def words(group: GroupFigures) -> str:
        if not known[group.name]:
            return _UNKNOWN
        usual = f", {expected_words(group.expected)}" if group.expected else ""
        return f"{plural(group.counted.facts, 'fact')}{usual}; {group.committed} of {group.hours} hours committed"

    legend = [("bar", "facts"), ("odd", "facts outside the band"), ("band", "expected, from earlier weeks")]
    legend = legend if highs else legend[:1]
    legend += [("gap", _UNKNOWN)] if not all(known.values()) else []
    return _chart(f"Facts by {report.group}", "", legend, groups, boxes, words, _up(scale.top, _short))


def _rejects(report: DqReport, known: dict[str, bool]) -> Chart:
    groups = report.groups
    shares = {group.name: group.counted.quarantined / max(1, group.counted.lines) for group in groups}
    scale = _Scale(_top(list(shares.values()), 0.001))

    def boxes(group: GroupFigures, slot: _Slot) -> list[Box]:
        if not known[group.name]:
            return [scale.box("gap", slot.x, slot.width, 0, scale.top)]
        return [scale.box("reject", slot.bar_x, slot.bar, 0, shares[group.name])]

    def words(group: GroupFigures) -> str:
        if not known[group.name]:
            return _UNKNOWN
        part = share(group.counted.quarantined, group.counted.lines)
        return f"{part}, {number(group.counted.quarantined)} of {plural(group.counted.lines, 'line')}"

    legend = [("reject", "quarantined, of lines")]
    legend += [("gap", _UNKNOWN)] if not all(known.values()) else []
    up = _up(scale.top, lambda value: f"{100 * value:g} %")
    return _chart(f"Reject rate by {report.group}", "", legend, groups, boxes, words, up)


def _reasons(report: DqReport) -> Chart:
    """The commonest reasons have a colour each, the same in every column."""
    groups = report.groups
    totals: Counter[str] = Counter()
    for group in groups:
        totals.update(group.reasons)
    names = [name for name, _ in totals.most_common(_COMMONEST)]
    scale = _Scale(_top([sum(group.reasons.values()) for group in groups], 2))

    def parts(group: GroupFigures) -> list[tuple[str, str, int]]:
        found = [(f"r{n}", name, group.reasons.get(name, 0)) for n, name in enumerate(names)]
        return [*found, (f"r{_COMMONEST}", "other", sum(group.reasons.values()) - sum(count for _, _, count in found))]

    def boxes(group: GroupFigures, slot: _Slot) -> list[Box]:
        found, low = [], 0
        for kind, _, count in parts(group):
            if count:
                found.append(scale.box(kind, slot.bar_x, slot.bar, low, low + count))
            low += count
        return found

    def words(group: GroupFigures) -> str:
        return ", ".join(f"{number(count)} {name}" for _, name, count in parts(group) if count) or "nothing quarantined"

    legend = [(f"r{n}", name) for n, name in enumerate(names)]
    legend += [(f"r{_COMMONEST}", "other")] if len(totals) > _COMMONEST else []
    held = report.group == "hour" and any(one.unit and "T" not in one.unit for one in report.hours)
    remark = "Hours that are held by a whole day have no reasons of their own here." if held else ""
    return _chart(f"Reasons by {report.group}", remark, legend, groups, boxes, words, _up(scale.top, _short))
