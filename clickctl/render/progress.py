"""Progress of a backfill on stderr: a bar on a terminal, a line a unit elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clickctl.execute import UnitResult
from clickctl.render.console import Talk, console_for
from clickctl.render.words import plural, size, span


@contextmanager
def progress(talk: Talk, sizes: dict[str, int]) -> Iterator[Callable[[UnitResult], None]]:
    """A function to call with each finished unit; `sizes` is bytes of input by unit."""
    animated = sys.stderr.isatty() and not talk.json_lines and not talk.quiet and os.environ.get("TERM") != "dumb"
    if not animated:
        yield lambda result: tell(talk, result)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console_for(sys.stderr), transient=True) as bar:
        task = bar.add_task(f"0/{len(sizes)} units", total=sum(sizes.values()) or None)
        finished = 0

        def done(result: UnitResult) -> None:
            nonlocal finished
            finished += 1
            bar.update(task, advance=sizes.get(str(result.unit), 0), description=f"{finished}/{len(sizes)} units")
            if result.exit_code:
                bar.console.print(_sentence(result), markup=False)

        yield done


def tell(talk: Talk, result: UnitResult) -> None:
    """One line for a unit that is done with."""
    talk.say("unit", _sentence(result), **_fields(result))


def _fields(result: UnitResult) -> dict[str, object]:
    q = result.quality
    counts = {"lines": q.lines, "facts": q.facts, "duplicates": q.duplicates, "quarantined": q.quarantined} if q else {}
    said = {"reason": result.reason, "hint": result.hint} if result.exit_code else {}
    return {"unit": result.unit, "outcome": result.outcome, "seconds": result.seconds, **counts, **said}


def _sentence(result: UnitResult) -> str:
    if result.changed and result.quality:
        facts, took = plural(result.quality.facts, "fact"), span(result.seconds)
        return f"{result.unit} committed: {facts} of {size(result.quality.bytes_in)} in {took}"
    return f"{result.unit} {result.outcome}: {result.reason}"
