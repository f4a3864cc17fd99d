"""One report on data quality: made, shown, and put wherever else it is wanted."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from clickctl.commands.context import Root, now
from clickctl.commands.files import check_place, whole_file
from clickctl.config import Config
from clickctl.domain.errors import NOTHING, ClickctlError, UsageError
from clickctl.domain.hours import HourRange
from clickctl.domain.limits import QualityLimits, with_limits
from clickctl.inspecting import Inspector, examples_of
from clickctl.plan.dq.examples import with_examples
from clickctl.plan.dq.judging import Judged
from clickctl.plan.dq.report import dq_report
from clickctl.plan.dq.results import DqReport, Verified
from clickctl.plan.dq.tables import table_checks
from clickctl.publish import Publisher
from clickctl.render.console import show_fitted, show_json, show_text
from clickctl.render.words import printable, query_cost

if TYPE_CHECKING:
    from clickctl.metrics import Metrics

_OTHER = "Give --html another FILE."


@dataclass(frozen=True)
class Asked:
    """The words of the command line."""

    hours: HourRange
    group: str
    limits: Sequence[str]
    verify: bool
    samples: bool
    page: str
    emit: str


@dataclass
class DqRun:
    """`trouble` is what went wrong in asking the tables: it is told after the report, which goes without them.

    `done` tells what was written or put.
    """

    options: Root
    config: Config
    asked: Asked
    trouble: ClickctlError | None = None
    done: list[str] = field(default_factory=list)

    def run(self) -> DqReport:
        """Places that cannot be written and settings that are wrong are told before all work."""
        limits = self._limits()
        emitter = None
        if self.asked.emit:
            from clickctl.wiring import emitter_for

            emitter = emitter_for(self.config)
        if self.asked.page:
            check_place(self.asked.page, replace=True, hint=_OTHER)
        report = self._made(limits)
        self._show(report)
        if self.asked.page:
            self._write_page(report)
        if emitter:
            self._emit(report, emitter)
        if self.trouble:
            self.trouble.changed = " ".join(self.done) or NOTHING
            raise self.trouble
        return report

    def _write_page(self, report: DqReport) -> None:
        from clickctl.render.page import page

        name = self.asked.page
        with whole_file(name, replace=True, hint=_OTHER, keep_mode=True) as file:
            file.write(page(report, self.options.talk.again).encode())
        self.done.append("The page was written.")
        self.options.talk.say("page", f"Wrote {printable(name)}.", file=name)

    def _emit(self, report: DqReport, emitter: Metrics) -> None:
        from clickctl.metrics import report_metrics

        metrics = report_metrics(report)
        try:
            emitter.put(metrics)
        except ClickctlError as error:
            error.changed = " ".join([*self.done, error.changed.removeprefix(NOTHING)]).strip() or NOTHING
            raise
        self.done.append("The metrics were put.")
        self.options.talk.say("emitted", f"{len(metrics)} metrics put to CloudWatch.", metrics=len(metrics))

    def _limits(self) -> QualityLimits:
        try:
            return with_limits(self.config.limits, self.asked.limits)
        except ValueError as error:
            raise UsageError(f"--limit: {error}.", hint="clickctl dq-report --help") from None

    def _made(self, limits: QualityLimits) -> DqReport:
        from clickctl.wiring import publisher_for

        config, asked = self.config, self.asked
        publisher = publisher_for(config.lake, config.aws)
        alerted = bool(config.alerts.topic or config.alerts.function)
        inspector = Inspector(publisher, config.quality, limits, config.job.target_file_mb * 1_000_000,
                              config.alerts.action, alerted)  # fmt: skip
        seen = inspector.see(asked.hours, now())
        verified, tables = self._verified(publisher, limits) if asked.verify else (None, [])
        report = _with_limits(dq_report(seen, config.lake.processed, asked.group, tables, verified), asked.limits)
        if not asked.samples:
            return report
        return with_examples(report, examples_of(publisher, seen.units, [one.reason for one in report.reasons]))

    def _verified(self, publisher: Publisher, limits: QualityLimits) -> tuple[Verified | None, list[Judged]]:
        from clickctl.verifying import Verifier
        from clickctl.wiring import catalog_for, query_for

        config = self.config
        verifier = Verifier(publisher, query_for(config), catalog_for(config), config.catalog, config.quality,
                            config.athena.max_scan_gb * 1e9)  # fmt: skip
        try:
            found = verifier.verify(self.asked.hours.days)
        except UsageError:
            raise
        except ClickctlError as error:
            self.trouble = error
            return None, table_checks(None, limits, error.message)
        self.trouble = verifier.trouble
        cost = query_cost(found.bytes_scanned, found.dollars, found.seconds)
        self.options.talk.say("verified", f"Asked the tables with {found.queries} queries: {cost}.",
                              queries=found.queries, bytes_scanned=found.bytes_scanned, dollars=found.dollars,
                              seconds=found.seconds)  # fmt: skip
        return found, table_checks(found, limits, self.trouble.message if self.trouble else "")

    def _show(self, report: DqReport) -> None:
        if self.options.json:
            show_json(report)
        elif self.options.markdown:
            from clickctl.render.dq_markdown import markdown

            show_text(markdown(report, self.options.talk.again))
        else:
            from clickctl.render.dq import dq

            show_fitted(lambda width: dq(report, width, self.options.verbose, self.options.talk.again))


def _with_limits(report: DqReport, limits: Sequence[str]) -> DqReport:
    """The commands that look closer by the same limits."""
    flags = "".join(f" --limit {shlex.quote(text)}" for text in limits)
    checks = (
        replace(check, command=check.command + flags) if check.command.startswith("clickctl dq-report") else check
        for check in report.checks
    )
    return replace(report, checks=tuple(checks))
