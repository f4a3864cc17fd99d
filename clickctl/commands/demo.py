"""clickctl demo: a lake of made-up events, run and shown."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clickctl.commands.context import Root, now, root
from clickctl.commands.init import write_config
from clickctl.commands.running import run_units
from clickctl.config import Config, load_config
from clickctl.domain.errors import EXIT_FAILED, EXIT_OK, ConfigError
from clickctl.domain.hours import Day, Hour, HourRange, hour_of
from clickctl.domain.layout import FACTS, USERS
from clickctl.render.console import show, show_json

if TYPE_CHECKING:
    from clickctl.execute import UnitResult
    from clickctl.plan.status import StatusReport
    from clickctl.wiring import Backend


@dataclass(frozen=True)
class DemoReport:
    """What --output json shows: where the lake lies, what was run, how it is."""

    config: str
    units: tuple[UnitResult, ...]
    status: StatusReport


def command(
    context: typer.Context,
    hours: Annotated[int, typer.Option(help="Hours of events.", metavar="N", min=1, max=240)] = 6,
    events: Annotated[int, typer.Option(help="Events in all.", metavar="N", min=100, max=5_000_000)] = 30_000,
    folder: Annotated[
        str, typer.Option(help="Where to make the lake; emptied if it is a demo's.", metavar="FOLDER")
    ] = "clickctl-demo",
    seed: Annotated[int, typer.Option(help="Another seed, other events.", metavar="N")] = 7,
) -> None:
    """Make a sample lake, run it, and show it.

    The events are made up: Zipf users, sessions, duplicates, late events and a few of every kind
    of bad record. Everything lies in one folder; delete it when you are done.

    \b
    Example:
      clickctl demo --hours 24 --events 200000
    """
    options = root(context)
    place = Path(folder).absolute()
    _make_folder(place)
    config_file = place / "clickctl.toml"
    write_config(config_file, place / "lake", force=True)
    config = load_config(config_file, {})
    first = hour_of(now() - timedelta(hours=hours))
    span = HourRange(first, first.plus(hours))
    _generate(options, config, first, hours, events, seed)
    from clickctl.survey import status_of
    from clickctl.wiring import Manner, backend_for

    backend = backend_for(config, Manner(units_at_once=2), options.talk.say)
    results = _run(options, backend, config, span)
    report = status_of(backend.publisher, span, config.quality, span.end)
    if options.json:
        show_json(DemoReport(str(config_file), results, report))
    else:
        _show(config, results, report)
    again = f"clickctl --config {config_file}"
    options.talk.say("demo", f"\nLook around: {again} status, or {again} dq-report", config=str(config_file))
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


def _generate(options: Root, config: Config, first: Hour, hours: int, events: int, seed: int) -> None:
    from clickctl.render.words import number, size, span
    from clickctl.sample import Sample, write_sample

    began = time.monotonic()
    sample = Sample(hours=hours, events=events, seed=seed)
    written = write_sample(Path(config.lake.raw), first.start, sample)
    took = span(time.monotonic() - began)
    text = f"Made {number(events)} events in {hours} hours, {size(written)} of raw files, in {took}."
    options.talk.say("sample", text, events=events, hours=hours, bytes=written)


def _run(options: Root, backend: Backend, config: Config, hours: HourRange) -> tuple[UnitResult, ...]:
    from clickctl.survey import observe_days, plan_units, units_in

    days = observe_days(backend.publisher, hours.days)
    items = plan_units(backend.publisher, days, units_in(days, hours, hours.end), config.quality, None)
    results, _ = run_units(options, backend, config, items, config.job.engine, at_once=os.cpu_count() or 1)
    return results


def _show(config: Config, results: tuple[UnitResult, ...], report: StatusReport) -> None:
    from clickctl.render.status import status
    from clickctl.render.units import results_table

    show("\nWhat was run (clickctl backfill):")
    show(results_table(results))
    _show_rows(config, report.first.day)
    _show_quarantine(config)
    show("\nThe state of the lake (clickctl status):")
    show(status(report, details=False))


def _show_rows(config: Config, day: Day) -> None:
    from rich.table import Table

    from clickctl.wiring import query_for

    query = query_for(config)
    for table, drop in ((FACTS, "click_id"), (USERS, "")):
        answer = query.rows(table, (day,), 5)
        shown = Table(box=None, pad_edge=False, header_style="bold")
        keep = [n for n, name in enumerate(answer.columns) if name not in (drop, "year", "month", "day")]
        for n in keep:
            shown.add_column(answer.columns[n], no_wrap=True, overflow="ellipsis", max_width=26)
        for row in answer.rows:
            shown.add_row(*(str(row[n])[:60] for n in keep))
        show(f"\nThe first rows of {table} (times in UTC):")
        show(shown)


def _show_quarantine(config: Config) -> None:
    from rich.table import Table

    from clickctl.plan.quarantine import Record
    from clickctl.quarantined import records
    from clickctl.wiring import lake_for

    lake, kinds = lake_for(config.lake, config.aws), dict[str, Record]()
    for info in lake.list(f"{config.lake.quarantine}/"):
        for record in records(lake, info.location):
            kinds.setdefault(", ".join(record.reasons), record)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("reasons", "source", "line", "bytes, as they came"):
        table.add_column(name, no_wrap=True, overflow="ellipsis", max_width=44)
    for reasons, record in kinds.items():
        table.add_row(reasons, record.source, str(record.line), repr(record.head)[2:60])
    show("\nOne record of each kind in quarantine (clickctl quarantine show):")
    show(table)
