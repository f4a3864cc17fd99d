"""One report on data quality: made, shown, and put wherever else it is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clickctl.commands.context import Root, now
from clickctl.config import Config
from clickctl.domain.errors import ClickctlError, UsageError
from clickctl.domain.hours import HourRange
from clickctl.domain.limits import QualityLimits, with_limits
from clickctl.inspecting import Inspector, examples_of
from clickctl.plan.dq.examples import with_examples
from clickctl.plan.dq.judging import Judged
from clickctl.plan.dq.report import dq_report
from clickctl.plan.dq.results import DqReport, Verified
from clickctl.plan.dq.tables import unasked
from clickctl.publish import Publisher
from clickctl.render.console import show_fitted, show_json, show_text
from clickctl.render.words import query_cost


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
    """`trouble` is what went wrong in asking the tables: it is told after the report, which goes without them."""

    options: Root
    config: Config
    asked: Asked
    trouble: ClickctlError | None = None

    def run(self) -> DqReport:
        limits = self._limits()
        if self.asked.emit:
            from clickctl.wiring import emitter_for

            emitter = emitter_for(self.config)  # an error of the configuration comes before all work
        report = self._made(limits)
        self._show(report)
        if self.asked.page:
            self._write_page(report)
        if self.asked.emit:
            from clickctl.metrics import report_metrics

            metrics = report_metrics(report)
            emitter.put(metrics)
            text = f"{len(metrics)} metrics put to CloudWatch."
            self.options.talk.say("emitted", text, metrics=len(metrics))
        if self.trouble:
            raise self.trouble
        return report

    def _limits(self) -> QualityLimits:
        try:
            return with_limits(self.config.limits, self.asked.limits)
        except ValueError as error:
            raise UsageError(f"--limit: {error}.") from None

    def _made(self, limits: QualityLimits) -> DqReport:
        from clickctl.wiring import publisher_for

        config, asked = self.config, self.asked
        publisher = publisher_for(config.lake, config.aws)
        alerted = bool(config.alerts.topic or config.alerts.function)
        inspector = Inspector(publisher, config.quality, limits, config.job.target_file_mb * 1_000_000,
                              config.alerts.action, alerted)  # fmt: skip
        seen = inspector.see(asked.hours, now())
        verified, tables = self._verified(publisher, limits) if asked.verify else (None, [])
        report = dq_report(seen, config.lake.processed, asked.group, tables, verified)
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
            return verifier.verify(self.asked.hours.days, limits)
        except UsageError:
            raise
        except ClickctlError as error:
            self.trouble = error
            return None, unasked(error.message, limits)
        finally:
            spent = verifier.spent
            cost = query_cost(spent.bytes_scanned, spent.dollars, spent.seconds)
            self.options.talk.say("verified", f"Asked the tables with {spent.queries} queries: {cost}.",
                                  queries=spent.queries, bytes_scanned=spent.bytes_scanned, dollars=spent.dollars,
                                  seconds=spent.seconds)  # fmt: skip

    def _show(self, report: DqReport) -> None:
        if self.options.json:
            show_json(report)
        elif self.options.markdown:
            from clickctl.render.dq_markdown import markdown

            show_text(markdown(report, self.options.talk.again))
        else:
            from clickctl.render.dq import dq

            show_fitted(lambda width: dq(report, width, self.options.verbose, self.options.talk.again))

    def _write_page(self, report: DqReport) -> None:
        from clickctl.commands.quarantine_sink import target
        from clickctl.render.page import page

        name = self.asked.page
        with target(name, force=True) as file:  # for its owner's eyes: even masked, the examples are of persons
            file.write(page(report, self.options.talk.again).encode())
        self.options.talk.say("page", f"Wrote {name}.", file=name)
