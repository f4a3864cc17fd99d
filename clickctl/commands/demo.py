"""clickctl demo: a lake of made-up events, run and shown."""

from __future__ import annotations

import gzip
import json
import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clickctl.commands.context import Root, now, root, runner_for
from clickctl.commands.init import write_config
from clickctl.config import Config, load_config
from clickctl.domain.errors import EXIT_FAILED, EXIT_OK, ConfigError
from clickctl.domain.hours import HourRange, hour_of
from clickctl.domain.layout import FACTS, USERS
from clickctl.render.console import can_show, show

if TYPE_CHECKING:
    from clickctl.execute import UnitResult
    from clickctl.wiring import Backend


def command(
    context: typer.Context,
    hours: Annotated[int, typer.Option(help="Hours of events.", min=1, max=240)] = 6,
    events: Annotated[int, typer.Option(help="Events in all.", min=100, max=5_000_000)] = 30_000,
    folder: Annotated[str, typer.Option("--folder", help="Where to make the lake; emptied if it is a demo's.")] = "clickctl-demo",
    seed: Annotated[int, typer.Option(help="Another seed, other events.")] = 7,
) -> None:
    """Make a sample lake, run it, and show its rows, its quarantine and its status.

    The events are made up: Zipf users, sessions, duplicates, late events and a few of every kind
    of bad record. Everything lies in one folder; delete it when you are done.

    Example: clickctl demo --hours 24 --events 200000
    """
    options = root(context)
    place = Path(folder).absolute()
    _make_folder(place)
    config_file = place / "clickctl.toml"
    write_config(config_file, place / "lake", force=True)
    config = load_config(config_file, {})
    first = hour_of(now() - timedelta(hours=hours))
    _generate(options, config, first.start, hours, events, seed)
    from clickctl.wiring import backend_for

    backend = backend_for(config, units_at_once=2)
    results = _run(options, backend, config, HourRange(first, first.plus(hours)))
    _show_rows(backend, HourRange(first, first.plus(hours)))
    _show_quarantine(Path(config.lake.quarantine))
    _show_status(backend, config, HourRange(first, first.plus(hours)))
    options.talk.say("demo", f"\nLook around: clickctl --config {config_file} status")
    options.finish(EXIT_FAILED if any(result.exit_code for result in results) else EXIT_OK, changed=True)


def _make_folder(place: Path) -> None:
    """A fresh folder. One that is not a demo's own is left alone."""
    marker = place / ".clickctl-demo"
    try:
        if place.exists() and any(place.iterdir()):
            if not marker.exists():
                raise ConfigError(f"{place} is there and is no demo's folder.", hint="Name another with --folder.")
            shutil.rmtree(place)
        place.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError as error:
        raise ConfigError(f"Cannot make {place}: {error}.", hint="Name another with --folder.") from None


def _generate(options: Root, config: Config, first: object, hours: int, events: int, seed: int) -> None:
    from clickctl.render.words import number, size
    from clickctl.sample import Sample, write_sample

    began = time.monotonic()
    sample = Sample(hours=hours, events=events, seed=seed)
    written = write_sample(Path(config.lake.raw), first, sample)  # type: ignore[arg-type]
    text = f"Made {number(events)} events in {hours} hours, {size(written)} of raw files, in {time.monotonic() - began:.1f} s."
    options.talk.say("sample", text, events=events, hours=hours, bytes=written)


def _run(options: Root, backend: Backend, config: Config, hours: HourRange) -> tuple[UnitResult, ...]:
    import os
    import threading

    from clickctl.execute import observe_days, plan_range, run_many
    from clickctl.render.progress import progress
    from clickctl.render.units import results_table

    days = observe_days(backend.publisher, hours)
    items = [item for item in plan_range(backend.publisher, days, hours, config.quality, None, hour_of(now())) if item.runs]
    engine = backend.engine(config.job.engine)
    try:
        with progress(options.talk, {str(item.unit): item.bytes_in for item in items}) as on_done:
            results = run_many(
                runner_for(backend, config), items, engine, at_once=os.cpu_count() or 1, force=False,
                fail_fast=False, stop=threading.Event(), on_done=on_done,
            )  # fmt: skip
    finally:
        engine.close()
    show("\nWhat was run (clickctl backfill):")
    show(results_table(results))
    return results


def _show_rows(backend: Backend, hours: HourRange) -> None:
    from rich.table import Table

    for table, drop in ((FACTS, "click_id"), (USERS, "")):
        columns, rows = backend.query.rows(table, hours.days[:1], 5)
        shown = Table(box=None, pad_edge=False, header_style="bold")
        keep = [n for n, name in enumerate(columns) if name not in (drop, "year", "month", "day")]
        for n in keep:
            shown.add_column(columns[n], no_wrap=True, overflow="ellipsis", max_width=26)
        for row in rows:
            shown.add_row(*(str(row[n])[:60] for n in keep))
        show(f"\nThe first rows of {table} (times in UTC):")
        show(shown)


def _show_quarantine(folder: Path) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("reasons", "source", "line", "bytes, as they came"):
        table.add_column(name, no_wrap=True, overflow="ellipsis", max_width=44)
    seen: set[str] = set()
    for path in sorted(folder.rglob("part-*.json.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for record in map(json.loads, lines):
                reasons = ", ".join(record["reasons"])
                if reasons not in seen:
                    seen.add(reasons)
                    table.add_row(reasons, record["source"], str(record["line"]), repr(record.get("raw", "…base64"))[1:60])
    show("\nOne record of each kind in quarantine:")
    show(table)


def _show_status(backend: Backend, config: Config, hours: HourRange) -> None:
    from clickctl.execute import status_of
    from clickctl.render.status import status

    show("\nThe lake's state (clickctl status):" if can_show("●") else "\nStatus:")
    show(status(status_of(backend.publisher, hours, config.quality, hours.end), details=False))
