"""One replay of alerts: observe, show what would page whom, ask, execute, show."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

import typer

from clickctl.commands.context import Root, stopping
from clickctl.domain.errors import EXIT_FAILED, EXIT_INTERRUPTED, ClickctlError, ConfigError, nothing_changed
from clickctl.domain.hours import HourRange
from clickctl.render.console import show, show_json

if TYPE_CHECKING:
    from clickctl.alerting import Again, Alerter
    from clickctl.config import Config
    from clickctl.letters import Mail
    from clickctl.many import Stop
    from clickctl.plan.replay import ReplayDone, ReplayItem, ReplayReport

_WAIT = 2.0  # seconds between two looks for what the function is to write


@dataclass(frozen=True)
class Asked:
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


def owner() -> str:
    """The name of this run, as claims tell it."""
    return f"{os.uname().nodename}-{uuid4().hex[:12]}"


def loud(options: Root) -> Callable[..., None]:
    """Alerts are what the command is for: --quiet does not silence them."""
    return replace(options.talk, quiet=False).say


def tell_done(options: Root, done: ReplayDone) -> None:
    """One file as it ends."""
    from clickctl.render.alerts import done_line

    options.talk.say("replayed", done_line(done), source=done.source, outcome=done.outcome,
                     alerts=done.alerts, messages=done.messages, error=done.error)  # fmt: skip


class Replay:
    """One replay: observe, show, ask, execute, show."""

    def __init__(self, options: Root, config: Config, asked: Asked, hours: HourRange) -> None:
        from clickctl.wiring import alerter_for

        self.options, self.config, self.asked, self.hours = options, config, asked, hours
        self.alerter: Alerter = alerter_for(config, owner(), loud(options))
        self.items: tuple[ReplayItem, ...] = ()
        self.mail: Mail | None = None

    def run(self, *, dry_run: bool, yes: bool) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: letters are let go, and it is said
        interrupted = False
        try:
            with nothing_changed():
                todo = self._observe()
                audience = tuple(self.alerter.topic.audience() if self.alerter.topic else ())
            if dry_run:
                done, interrupted = self._previews(todo)
            else:
                self._confirm(todo, audience, yes)
                done, interrupted = self._execute(todo)
        finally:
            self._release()
        report = self._report(todo, done, audience, applied=not dry_run)
        self._show(report)
        code = EXIT_INTERRUPTED if interrupted else report.exit_code
        changed = bool(todo) if dry_run else any(one.outcome in ("sent", "asked") for one in done)
        self.options.finish(code, changed=changed)

    def _release(self) -> None:
        """Whatever ended the command: letters that are not done come back, by themselves if need be."""
        try:
            if self.mail:
                self.mail.release()
        except ClickctlError as error:
            text = f"The letters that are left come back within half an hour only: {error.message}"
            self.options.talk.say("letters_held", text, error=error.message)

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

    def _previews(self, todo: Sequence[ReplayItem]) -> tuple[tuple[ReplayDone, ...], bool]:
        from clickctl.replaying import Preview, replay

        with stopping(self.options.talk) as stop:
            act = Preview(self.alerter, self.asked.again)
            done = replay(todo, act, at_once=self.asked.at_once, stopped=stop.noticed, on_done=lambda done: None)
        return done, stop.asked

    def _confirm(self, todo: Sequence[ReplayItem], audience: Sequence[str], yes: bool) -> None:
        """On a terminal, show what would page whom and ask; elsewhere (cron) the command itself is the answer."""
        from clickctl.render.alerts import plan_text

        if not todo:
            return
        if not yes and self.alerter.topic and not self.alerter.topic.is_heard(audience):
            hint = "Subscribe somebody (and confirm it), or give --yes: receipts then say it was sent."
            raise ConfigError("Nobody is subscribed to the topic: alerts would be lost.", hint=hint)
        text = plan_text(todo, audience, self.config.alerts.max_messages)
        self.options.talk.say("plan", text, files=len(todo), audience=audience)
        if sys.stdin.isatty() and sys.stderr.isatty() and not yes and not typer.confirm("Send them?", err=True):
            self.options.talk.say("declined", "Nothing was changed.")
            raise typer.Exit(EXIT_FAILED)

    def _execute(self, todo: Sequence[ReplayItem]) -> tuple[tuple[ReplayDone, ...], bool]:
        from clickctl.replaying import replay

        def tell(done: ReplayDone) -> None:
            if self.mail:
                self.mail.note(done)
            tell_done(self.options, done)

        with stopping(self.options.talk) as stop:
            act = self._way(stop)
            done = replay(todo, act, at_once=self.asked.at_once, stopped=stop.noticed, on_done=tell)
        return done, stop.asked

    def _way(self, stop: Stop) -> Callable[[ReplayItem], ReplayDone]:
        from clickctl.replaying import ByFunction, InProcess, patience
        from clickctl.wiring import function_for

        # Lambda may run a request twice, and what is sent again has no receipt to tell it by.
        function = None if self.asked.in_process or self.asked.force else function_for(self.config)
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
        hidden = self.mail.hidden() if self.mail else 0
        return replay_report(
            self.asked.mode, hours, self.items, todo, done, letters, audience=audience, applied=applied,
            command=self.asked.command(hours), hidden=hidden,
        )  # fmt: skip

    def _show(self, report: ReplayReport) -> None:
        from clickctl.render.alerts import replayed, summary

        show_json(report) if self.options.json else show(replayed(report))
        event = "replay_done" if report.applied else "replay_planned"
        self.options.talk.say(event, f"{summary(report)} {report.next}", counts=report.counts, next=report.next)
