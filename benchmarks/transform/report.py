"""The measurements as a Markdown table and as a bar chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import median

from benchmarks.transform.measure import Cost

YARDSTICKS = ("duckdb", "pyspark-tuned")
ROW, LABEL, BAR, FONT = 34, 140, 440, "font-family='system-ui, sans-serif' font-size='14'"
OURS, THEIRS = "#2f6fde", "#9aa5b1"  # readable on white and on black alike


@dataclass(frozen=True)
class Standing:
    """One contestant's medians."""

    name: str
    cpu: float
    wall: float
    rss: float
    rate: float  # events per CPU second
    verdict: str


def standing(name: str, costs: Sequence[Cost], events: int, verdict: str) -> Standing:
    cpu = median(cost.cpu for cost in costs)
    wall, rss = median(cost.wall for cost in costs), median(cost.rss for cost in costs)
    return Standing(name, cpu, wall, rss, events / cpu, verdict)


def table(standings: Sequence[Standing]) -> str:
    """A row for each contestant, best first; a ratio of 2.0 means twice the CPU of the yardstick."""
    ordered = sorted(standings, key=lambda row: row.cpu)
    bases = {"best": ordered[0].cpu} | {row.name: row.cpu for row in ordered if row.name in YARDSTICKS}
    heads = ["", "CPU s", "wall s", "peak MB", "events / CPU s", *(f"CPU ÷ {name}" for name in bases), "rows"]
    rows = [
        [row.name, f"{row.cpu:.1f}", f"{row.wall:.1f}", f"{row.rss / 1e6:,.0f}", f"{row.rate:,.0f}"]
        + [f"{row.cpu / base:.2f}" for base in bases.values()]
        + [row.verdict]
        for row in ordered
    ]
    return markdown(heads, rows)


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """First column to the left, the others to the right; aligned in plain text as well."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [
        " | ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in (heads, rule, *rows))
    ]
    return "\n".join(f"| {line} |" for line in lines)


def spread(costs: Mapping[str, Sequence[Cost]]) -> str:
    """How far apart the runs were: a table without this says little."""
    return "\n".join(f"  {name}: CPU s {', '.join(f'{cost.cpu:.1f}' for cost in runs)}" for name, runs in costs.items())


def chart(standings: Sequence[Standing], title: str, path: Path) -> None:
    """CPU seconds as horizontal bars, best on top."""
    ordered = sorted(standings, key=lambda row: row.cpu)
    width, height = LABEL + BAR + 110, ROW * (len(ordered) + 1) + 12
    scale = BAR / ordered[-1].cpu
    bars = "\n".join(_bar(row, ROW * (i + 1), scale) for i, row in enumerate(ordered))
    path.write_text(
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' "
        f"height='{height}' role='img' {FONT}>\n<title>{escape(title)}</title>\n"
        f"<text x='0' y='20' font-weight='600' fill='#6b7684'>{escape(title)}</text>\n{bars}\n</svg>\n",
        "utf-8",
    )


def _bar(row: Standing, top: int, scale: float) -> str:
    fill = OURS if row.name.startswith("clickctl") else THEIRS
    length, middle = max(2, round(row.cpu * scale)), top + 18
    wrong = "" if row.verdict == "right" else f" ({row.verdict})"
    return (
        f"<text x='{LABEL - 10}' y='{middle}' text-anchor='end' fill='#6b7684'>{escape(row.name)}</text>"
        f"<rect x='{LABEL}' y='{top + 4}' width='{length}' height='{ROW - 14}' rx='3' fill='{fill}'/>"
        f"<text x='{LABEL + length + 8}' y='{middle}' fill='#6b7684'>{row.cpu:.1f} s{escape(wrong)}</text>"
    )
