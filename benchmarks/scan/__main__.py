"""The scan for alerts: against typical handlers, in bounded memory, soon after a cold start.

    python -m benchmarks.scan [--events 250000] [--runs 9] [--imports 31] [--sizes 64,512,2000]

Exit code 1 if a target is missed, or if anybody finds anything but the purchases there are.
"""

from __future__ import annotations

import argparse
import platform
import sys
import zlib
from collections.abc import Callable, Sequence

from benchmarks.account import talk
from benchmarks.scan import imports, memory, speed
from benchmarks.transform.report import markdown

MB = memory.MB
Told = tuple[str, list[str]]  # a table, and the targets that were missed


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scan")
    parser.add_argument("--events", type=int, default=250_000, help="lines of the file that is scanned for speed")
    parser.add_argument("--runs", type=int, default=9, help="of each contestant")
    parser.add_argument("--imports", type=int, default=31, help="of each import")
    parser.add_argument("--sizes", type=numbers, default=[64, 512, 2000], help="MB of text scanned for memory")
    arguments = parser.parse_args(argv)
    talk("imports, speed, memory: two and a half minutes")
    print(f"Python {platform.python_version()}, zlib {zlib.ZLIB_RUNTIME_VERSION}\n")
    parts: list[Callable[[], Told]] = [
        lambda: of_imports(imports.measure(arguments.imports)),
        lambda: of_speed(speed.measure(arguments.events, arguments.runs)),
        lambda: of_memory(memory.measure(arguments.sizes)),
    ]
    missed = []
    for part in parts:
        text, found = part()
        print(text, end="\n\n", flush=True)
        missed += found
    print("\n".join(missed) or "Every target is met.")
    return int(bool(missed))


def numbers(text: str) -> list[int]:
    return sorted(map(int, text.split(",")))


def of_speed(found: speed.Speed) -> Told:
    ours, rows, missed = found.rows[0].cpu, [], []
    for row in found.rows:
        ratio = row.cpu / ours
        target = "" if row.target is None else f"at least {row.target:g}"
        rows.append([row.name, f"{row.cpu:.3f}", f"{found.text / MB / row.cpu:,.0f}", f"{ratio:.2f}", target])
        if row.target is not None and ratio < row.target:
            missed.append(f"MISSED: {row.name}: {ratio:.2f} times ours, not {target}")
    title = (
        f"{found.events:,} events of {found.text / found.events:.0f} bytes, 1 % purchases: {found.text / MB:.0f} MB, "
        f"{found.zipped / MB:.1f} MB as gzip"
    )
    return f"{title}\n\n{markdown(['', 'CPU s', 'MB of text / s', 'CPU ÷ first', 'target'], rows)}", missed


def of_memory(found: memory.Memory) -> Told:
    base, rows = found.idle[memory.HANDLER], []
    most = f"below {memory.MOST / MB:.0f}"
    for code, rss in found.idle.items():
        rows.append([code, "", f"{rss / MB:.1f}", "", "", ""])
    missed, before = [], None
    for peak in found.peaks:
        above = peak.rss - base
        grown = f"{(peak.rss - before.rss) / MB:+.1f}" if before and before.name == peak.name else ""
        ours = peak.name.startswith("clickctl")
        shown = [f"{peak.text / MB:,.0f}", f"{peak.rss / MB:,.1f}", f"{above / MB:,.1f}", grown, most if ours else ""]
        rows.append([peak.name, *shown])
        if ours and above >= memory.MOST:
            missed.append(f"MISSED: {peak.name}: {above / MB:.1f} MB above the handler's imports")
        before = peak
    heads = ["", "MB of text", "peak MB", f"above {memory.HANDLER.split()[1]}", "growth", "target"]
    return markdown(heads, rows), missed


def of_imports(found: dict[str, imports.Import]) -> Told:
    base, rows, missed = found[imports.BOTO3], [], []
    for name, one in found.items():
        alone, process = one.alone / base.alone, one.process / base.process
        target = "" if name == imports.BOTO3 else f"below {imports.MOST}"
        shown = [f"{alone:.2f}", target, f"{1000 * one.process:.0f}", f"{process:.2f}"]
        rows.append([name, f"{1000 * one.alone:.0f}", *shown])
        if target and alone >= imports.MOST:
            missed.append(f"MISSED: {name}: {alone:.2f} times boto3's")
    return markdown(["", "import ms", "÷ boto3's", "target", "process ms", "÷ boto3's"], rows), missed


if __name__ == "__main__":
    sys.exit(main())
