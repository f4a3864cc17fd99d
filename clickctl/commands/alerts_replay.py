"""clickctl alerts-replay: alerts that were not sent, sent once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from clickctl.commands.context import Root, now, root, stopping
from clickctl.domain.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    UsageError,
    nothing_changed,
)
from clickctl.domain.hours import HourRange, hour_of, parse_range
from clickctl.render.console import show, show_json

if TYPE_CHECKING:
    from clickctl.alerting import Again, Alerter
    from clickctl.config import Config
    from clickctl.letters import Mail
    from clickctl.many import Stop
    from clickctl.plan.replay import ReplayDone, ReplayItem, ReplayReport

_WAIT = 2.0  # seconds between two looks for what the function is to write


@dataclass(frozen=True)
class _Asked:
    """The words of the command."""

    first: str
    end: str
    everything: bool
    from_dlq: bool
    force: bool
    in_process: bool
    at_once: int

    @property
    def mode(self) -> str:
        return "from-dlq" if self.from_dlq else "all" if self.everything else "missing"

    @property
    def again(self) -> Again:
        from clickctl.alerting import Again

        return Again.ALL if self.force else Again.NEW if self.everything else Again.NO

    def command(self, hours: HourRange | None) -> str:
        """The same again, as it is typed."""
        words = ["clickctl alerts-replay", *([hours.words] if hours and not self.from_dlq else [])]
        words += [f"--{self.mode}"] if self.mode != "missing" else []
        return " ".join([*words, *(["--force"] if self.force else []), *(["--in-process"] if self.in_process else [])])


def command(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="First arrival hour, UTC; default: a day ago.", metavar="FIRST")] = "",
    end: Annotated[str, typer.Argument(help="Hour or day after the last; default: now.", metavar="END")] = "",
    missing: Annotated[bool, typer.Option("--missing", help="Raw files without a sent receipt; the default.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every raw file: what is new in it is sent.")] = False,
    from_dlq: Annotated[bool, typer.Option("--from-dlq", help="What the dead-letter queue holds.")] = False,
    audit: Annotated[bool, typer.Option("--audit", help="Compare the facts with the receipts; send nothing.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Local lakes: follow new raw files until Ctrl-C.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Send again what was sent.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would be sent; send nothing.")] = False,
    max_parallel: Annotated[int, typer.Option(help="Raw files side by side.", min=1, max=64, metavar="N")] = 4,
    in_process: Annotated[bool, typer.Option("--in-process", help="Scan here, not in the Lambda function.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Send the alerts that were not sent.

    Looks for raw files without a receipt, scans them and tells the topic, each alert once. Safe to
    repeat, and beside the Lambda. --audit compares the purchases in the tables with the receipts.

    \b
    Examples:
      clickctl alerts-replay 2026-01-05 2026-01-06 --dry-run
      clickctl alerts-replay 2026-01-05T13 2026-01-05T16
      clickctl alerts-replay --from-dlq
      clickctl alerts-replay --audit 2026-01-05 2026-01-06
    """
    options = root(context)
    asked = _Asked(first, end, everything, from_dlq, force, in_process, max_parallel)
    _refuse_mixtures(asked, missing=missing, audit=audit, watch=watch, dry_run=dry_run)
    hours = _range(first, end)
    config = options.load()
    if audit:
        from clickctl.commands.alerts_audit import audit_alerts

        audit_alerts(options, config, hours)
    elif watch:
        from clickctl.commands.alerts_watch import watch_alerts

        watch_alerts(options, config, hours.first if first else None)
    else:
        _Replay(options, config, asked, hours).run(dry_run=dry_run, yes=yes)


def _refuse_mixtures(asked: _Asked, *, missing: bool, audit: bool, watch: bool, dry_run: bool) -> None:
    modes = {"--missing": missing, "--all": asked.everything, "--from-dlq": asked.from_dlq, "--audit": audit,
             "--watch": watch}  # fmt: skip
    given = [name for name, on in modes.items() if on]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} do not go together: give one of them.")
    if (audit or watch) and (asked.force or dry_run or asked.in_process):
        raise UsageError(f"{given[0]} goes with a range alone.", hint=f"clickctl alerts-replay {given[0]}")
    if asked.from_dlq and asked.first:
        raise UsageError(
            "--from-dlq takes what the queue holds: give no range.", hint="clickctl alerts-replay --from-dlq"
        )
    if asked.force and not (asked.everything or asked.from_dlq or asked.first):
        raise UsageError("--force sends again what was sent: say for which hours, FIRST and END.")


def _range(first: str, end: str) -> HourRange:
    present = hour_of(now()).plus(1)
    return parse_range(first, end or str(present), now()) if first else HourRange(present.plus(-25), present)


class _Replay:
    """One replay: observe, show, ask, execute, show."""

    def __init__(self, options: Root, config: Config, asked: _Asked, hours: HourRange) -> None:
        from clickctl.wiring import alerter_for

        self.options, self.config, self.asked, self.hours = options, config, asked, hours
        self.alerter: Alerter = alerter_for(config, f"{os.uname().nodename}-{uuid4().hex[:12]}", options.talk.say)
        self.items: tuple[ReplayItem, ...] = ()
        self.mail: Mail | None = None

    def run(self, *, dry_run: bool, yes: bool) -> None:
        try:
            with nothing_changed():
                todo = self._observe()
                audience = tuple(self.alerter.topic.audience() if self.alerter.topic else ())
            if dry_run:
                report = self._report(todo, self._previews(todo), audience)
                self._show(report)
                self.options.finish(report.exit_code, changed=bool(todo))
            self._confirm(todo, audience, yes)
            done, interrupted = self._execute(todo)
        finally:
            if self.mail:
                self.mail.release()
        report = self._report(todo, done, audience, applied=True)
        self._show(report)
        code = EXIT_INTERRUPTED if interrupted else report.exit_code
        self.options.finish(code, changed=any(one.outcome in ("sent", "asked") for one in done))

    def _observe(self) -> tuple[ReplayItem, ...]:
        from clickctl.plan.replay import to_replay
        from clickctl.replaying import see_items

        if self.asked.from_dlq:
            from clickctl.letters import Mail
            from clickctl.wiring import dead_letters_for

            self.mail = Mail(dead_letters_for(self.config), self.alerter.receipts, self.config.lake.raw)
            self.mail.read()
            self.items = self.mail.todo
            return self.items
        self.items = see_items(self.alerter.lake, self.config.lake, self.hours)
        return to_replay(self.items, everything=self.asked.everything or self.asked.force)

    def _previews(self, todo: Sequence[ReplayItem]) -> tuple[ReplayDone, ...]:
        from clickctl.replaying import Preview, replay

        with stopping(self.options.talk) as stop:
            return replay(
                todo, Preview(self.alerter, self.asked.again), at_once=self.asked.at_once,
                stopped=stop.noticed, on_done=lambda done: None,
            )  # fmt: skip

    def _confirm(self, todo: Sequence[ReplayItem], audience: Sequence[str], yes: bool) -> None:
        """On a terminal, show what would page whom and ask; elsewhere (cron) the command itself is the answer."""
        from clickctl.render.alerts import plan_text

        if not todo:
            return
        text = plan_text(todo, audience, self.config.alerts.max_messages)
        self.options.talk.say("plan", text, files=len(todo), audience=audience)
        if sys.stdin.isatty() and sys.stderr.isatty() and not yes and not typer.confirm("Send them?", err=True):
            self.options.talk.say("declined", "Nothing was changed.")
            raise typer.Exit(EXIT_FAILED)

    def _execute(self, todo: Sequence[ReplayItem]) -> tuple[tuple[ReplayDone, ...], bool]:
        from clickctl.render.alerts import done_line
        from clickctl.replaying import replay

        def tell(done: ReplayDone) -> None:
            if self.mail:
                self.mail.note(done)
            self.options.talk.say("replayed", done_line(done), source=done.source, outcome=done.outcome,
                                  alerts=done.alerts, messages=done.messages, error=done.error)  # fmt: skip

        with stopping(self.options.talk) as stop:
            act = self._way(stop)
            done = replay(todo, act, at_once=self.asked.at_once, stopped=stop.noticed, on_done=tell)
        return done, stop.asked

    def _way(self, stop: Stop) -> Callable[[ReplayItem], ReplayDone]:
        from clickctl.replaying import ByFunction, InProcess, patience
        from clickctl.wiring import function_for

        function = None if self.asked.in_process else function_for(self.config)
        if function is None:
            return InProcess(self.alerter, self.asked.again)
        return ByFunction(self.alerter, self.asked.again, function, patience(_WAIT, lambda: stop.asked))

    def _report(
        self,
        todo: Sequence[ReplayItem],
        done: Sequence[ReplayDone],
        audience: tuple[str, ...],
        *,
        applied: bool = False,
    ) -> ReplayReport:
        from clickctl.plan.replay import replay_report

        letters = self.mail.reports(applied=applied) if self.mail else ()

        hours = None if self.asked.from_dlq else self.hours
        return replay_report(
            self.asked.mode, hours, self.items, todo, done, letters, audience=audience, applied=applied,
            command=self.asked.command(hours),
        )  # fmt: skip

    def _show(self, report: ReplayReport) -> None:
        from clickctl.render.alerts import replayed, summary

        show_json(report) if self.options.json else show(replayed(report))
        event = "replay_done" if report.applied else "replay_planned"
        self.options.talk.say(event, f"{summary(report)} {report.next}", counts=report.counts, next=report.next)
