"""clickctl load-hot: the last days in the warehouse, equal to the lake."""

from __future__ import annotations

import signal
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from clickctl.commands.context import Root, now, root
from clickctl.domain.errors import NOTHING, ClickctlError, UsageError, nothing_changed
from clickctl.domain.hours import Day, parse_unit
from clickctl.render.console import show, show_json

if TYPE_CHECKING:
    from clickctl.config import Config
    from clickctl.loading import Loader
    from clickctl.plan.hot import Load
    from clickctl.plan.hot_report import DayDone, HotReport

_LEAST, _MOST = 7, 30


@dataclass(frozen=True)
class _Asked:
    """The words of the command. `days` is 0 where the configuration says it."""

    days: int
    only: Sequence[str]
    full: bool
    create_tables: bool
    rebuild_users: bool
    dry_run: bool
    wait: bool

    @property
    def again(self) -> str:
        """The command that does it, for a dry run, or goes on with it."""
        words = [f"--days {self.days}"] if self.days else []
        words += [f"--day {day}" for day in self.only]
        flags = ("full", "create_tables", "rebuild_users")
        words += [f"--{flag.replace('_', '-')}" for flag in flags if getattr(self, flag)]
        return " ".join(["clickctl load-hot", *words])


def command(
    context: typer.Context,
    days: Annotated[
        int | None, typer.Option(help="Event-days to keep, 7 to 30; default: redshift.hot_days.", metavar="N")
    ] = None,
    day: Annotated[list[str] | None, typer.Option(help="Only this event-day; may be repeated.", metavar="D")] = None,
    full: Annotated[bool, typer.Option("--full", help="Load days again that have not changed, too.")] = False,
    create_tables: Annotated[bool, typer.Option("--create-tables", help="Make the tables, where missing.")] = False,
    rebuild_users: Annotated[
        bool, typer.Option("--rebuild-users", help="Learn from all of the lake when users were first seen.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for another load to end, instead of exit code 4.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")] = False,
) -> None:
    """Keep the last days in the warehouse as in the lake.

    Loads the event-days whose files changed, each in one transaction, and gives up those that left
    the window. Redshift on aws, a DuckDB file on the local backend. Safe to repeat, and from cron.

    \b
    Examples:
      clickctl load-hot
      clickctl load-hot --dry-run
      clickctl load-hot --day 2026-01-05 --full
      clickctl load-hot --create-tables --rebuild-users
    """
    options = root(context)
    if days is not None and not _LEAST <= days <= _MOST:
        raise UsageError(f"--days {days}: the hot window has {_LEAST} to {_MOST} days.")
    config = options.load()
    asked = _Asked(days or 0, day or [], full, create_tables, rebuild_users, dry_run, wait)
    report = _report(options, config, asked, now())
    _show(options, report)
    options.finish(report.exit_code, changed=report.changes)


def _report(options: Root, config: Config, asked: _Asked, moment: datetime) -> HotReport:
    from clickctl.plan.hot_report import hot_report

    hot_days = asked.days or config.redshift.hot_days
    first = Day(moment.date()).plus(1 - hot_days)
    loader = _loader(options, config, asked, first, f"{moment:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}")
    warehouse = loader.warehouse
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: rolled back, and said so
    with closing(warehouse):
        with nothing_changed():
            only = _chosen(asked.only, first, moment)
            planned = loader.plan(only=only, full=asked.full, create=asked.create_tables)
        names = tuple(map(loader.sql.table, planned.tables))
        report = partial(hot_report, warehouse.name, planned.plan, hot_days, tables=names,
                         rebuild=asked.rebuild_users, command=asked.again)  # fmt: skip
        if asked.dry_run:
            return report(None, planned.loads, moment)
        if asked.create_tables:
            warehouse.create()
            options.talk.say("created", f"Made in the warehouse: {', '.join(names) or 'nothing new'}.", tables=names)
        done: dict[Day, DayDone] = {}

        def tell(day: DayDone) -> None:
            done[day.plan.day] = day
            _tell(options, day)

        with _kept(names, done), _noted(loader, planned.loads, done):
            loader.execute(planned.plan, tell)
            users = loader.rebuild_users() if asked.rebuild_users else None
            return report(done, warehouse.observe().loads if done else planned.loads, now(), users=users)


def _loader(options: Root, config: Config, asked: _Asked, first: Day, load_id: str) -> Loader:
    from clickctl.loading import Loader
    from clickctl.wiring import hot_sql, publisher_for, warehouse_for

    def waiting() -> None:
        options.talk.say("waiting", "Another load is at work: waiting for it to end.")

    warehouse = warehouse_for(config, waiting if asked.wait else None)
    publisher = publisher_for(config.lake, config.aws)
    return Loader(publisher, warehouse, hot_sql(config), config.quality, first, lambda: now().replace(tzinfo=None),
                  load_id, asked.again)  # fmt: skip


@contextmanager
def _kept(tables: Sequence[str], done: Mapping[Day, DayDone]) -> Iterator[None]:
    """An error, or Ctrl-C, does not undo what was done before it, and says so."""
    try:
        yield
    except (ClickctlError, KeyboardInterrupt) as stop:
        kept = [*tables, *sorted(str(day) for day, end in done.items() if not end.error)]
        text = f"Done before that, and kept: {', '.join(kept)}."
        if kept and isinstance(stop, ClickctlError):
            stop.changed = text if stop.changed == NOTHING else f"{stop.changed} {text}".strip()
        elif kept:
            stop.add_note(text)
        raise


@contextmanager
def _noted(loader: Loader, loads: Mapping[Day, Load], done: Mapping[Day, DayDone]) -> Iterator[None]:
    """However it ends: what was changed is noted in the lake, for `dq-report`."""
    try:
        yield
    finally:
        if changed := {day: end.load for day, end in done.items() if not end.error}:
            held = ({**loads, **changed}).values()
            newest = max((load.newest_event for load in held if load and load.fingerprint), default=None)
            loader.note(f"{newest.isoformat()}Z" if newest else "")


def _tell(options: Root, done: DayDone) -> None:
    from clickctl.plan.hot_report import told
    from clickctl.render.hot import day_line

    day = done.plan
    fields = {"day": day.day, "verdict": day.verdict, "seconds": round(done.seconds, 3)}
    if done.error:
        options.talk.say("day_failed", day_line(done), **fields, reason=told(done.error), hint=done.error.hint)
    else:
        options.talk.say("day_done", day_line(done), **fields)


def _chosen(words: Collection[str], first: Day, moment: datetime) -> list[Day]:
    """The days of --day, all of which must lie in the window."""
    units = [parse_unit(word, moment) for word in words]
    if hours := [unit for unit in units if not isinstance(unit, Day)]:
        raise UsageError(f"--day {hours[0]} is an hour; the warehouse holds event-days.", hint=f"--day {hours[0].day}")
    days = [unit.day for unit in units]
    if outside := [day for day in days if day < first]:
        raise UsageError(f"--day {outside[0]} lies before the hot window, which begins with {first}.")
    return days


def _show(options: Root, report: HotReport) -> None:
    from clickctl.render.hot import hot, summary

    show_json(report) if options.json else show(hot(report))
    event = "loaded_hot" if report.applied else "planned_hot"
    options.talk.say(event, f"{summary(report)} {report.next}", newest_event=report.newest_event,
                     age_seconds=report.age_seconds, next=report.next)  # fmt: skip
