"""clickctl dq-report: is the data good?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from clickctl.commands.context import Root, now, root
from clickctl.domain.errors import EXIT_FAILED, EXIT_SERVICE, ClickctlError, UsageError, nothing_changed
from clickctl.domain.hours import LONGEST_RANGE, HourRange, hour_of, parse_range
from clickctl.domain.limits import QualityLimits, with_limits
from clickctl.render.console import show_fitted, show_json, show_text
from clickctl.render.words import query_cost

if TYPE_CHECKING:
    from clickctl.config import Config
    from clickctl.plan.dq.judging import Judged
    from clickctl.plan.dq.results import DqReport, Verified
    from clickctl.publish import Publisher

_LAST = re.compile(r"(\d{1,4})([hd])", re.ASCII)
_FEW_HOURS = 48


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


def command(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="First arrival hour or day, UTC.", metavar="FIRST")] = "",
    end: Annotated[str, typer.Argument(help="Hour or day after the last; default: now.", metavar="END")] = "",
    last: Annotated[str, typer.Option(help="The hours before now: 24h, 7d, 30d.", metavar="SPAN")] = "",
    verify: Annotated[bool, typer.Option("--verify", help="Ask the tables too, which scans them.")] = False,
    html: Annotated[str, typer.Option(help="Write the report as a page, too.", metavar="FILE")] = "",
    fail_on: Annotated[str, typer.Option(help="warn or fail: what ends with exit code 1.", metavar="WHAT")] = "fail",
    group: Annotated[str, typer.Option(help="hour or day; default: by the range.", metavar="BY")] = "",
    limit: Annotated[
        list[str] | None, typer.Option(help="Another limit, as quarantined=0.01,0.05.", metavar="CHECK=WARN,FAIL")
    ] = None,
    no_samples: Annotated[bool, typer.Option("--no-samples", help="Show no examples of bad records.")] = False,
    emit: Annotated[str, typer.Option(help="cloudwatch: put verdicts and counts as metrics.", metavar="WHERE")] = "",
) -> None:
    """Tell whether the data is good.

    Judges the ledgers of some arrival hours, without FIRST the last 24: what is missing, late or
    torn, volume against earlier weeks, rejects, duplicates, freshness, alerts, files, cost. Scans no
    table and costs a few reads, unless --verify asks Athena, or DuckDB. Exit code 0 if no check
    failed, 1 if one did; trouble in looking is never 1.

    \b
    Examples:
      clickctl dq-report
      clickctl dq-report --last 7d --html dq.html
      clickctl dq-report 2026-01-05 2026-01-06 --verify --verbose
      clickctl dq-report --last 24h --quiet --fail-on warn --limit quarantined=0.01,0.05
    """
    options = root(context)
    for name, value, known in (("--fail-on", fail_on, ("warn", "fail")), ("--group", group, ("", "hour", "day")),
                               ("--emit", emit, ("", "cloudwatch"))):  # fmt: skip
        if value not in known:
            raise UsageError(f"{name} {value!r} is not one of {', '.join(filter(None, known))}.")
    hours = _range(first, end, last)
    asked = Asked(hours, group or ("hour" if len(hours) <= _FEW_HOURS else "day"), limit or [], verify,
                  not no_samples, html, emit)  # fmt: skip
    with _never_failed():
        report = _report(options, options.load(), asked)
    from clickctl.plan.dq.results import Verdict

    options.finish(report.exit_code(Verdict(fail_on)), changed=False)


def _range(first: str, end: str, last: str) -> HourRange:
    """The hours that are over, unless END says otherwise."""
    present = hour_of(now())
    if not last:
        return parse_range(first, end or str(present), now()) if first else HourRange(present.plus(-24), present)
    match = _LAST.fullmatch(last)
    hours = int(match[1]) * (24 if match[2] == "d" else 1) if match else 0
    if first:
        raise UsageError("--last goes up to now: give no FIRST.", hint=f"clickctl dq-report --last {last}")
    if not 0 < hours <= LONGEST_RANGE:
        raise UsageError(f"--last {last!r} is no number of hours or days.", hint="Write 24h, 7d or 30d.")
    return HourRange(present.plus(-hours), present)


@contextmanager
def _never_failed() -> Iterator[None]:
    """Exit code 1 says that the data is bad: trouble in looking at it is not to say so."""
    try:
        with nothing_changed():
            yield
    except ClickctlError as error:
        if error.exit_code == EXIT_FAILED:
            error.exit_code = EXIT_SERVICE
        raise


def _report(options: Root, config: Config, asked: Asked) -> DqReport:
    """Make the report, show it, and put it where else it is wanted."""
    limits = _limits(config, asked.limits)
    if asked.emit:
        from clickctl.wiring import emitter_for

        emitter = emitter_for(config)  # an error of the configuration comes before all work
    report = _made(options, config, asked, limits)
    _show(options, report)
    if asked.page:
        _write_page(options, report, asked.page)
    if asked.emit:
        from clickctl.metrics import report_metrics

        metrics = report_metrics(report)
        emitter.put(metrics)
        options.talk.say("emitted", f"{len(metrics)} metrics put to CloudWatch.", metrics=len(metrics))
    return report


def _limits(config: Config, given: Sequence[str]) -> QualityLimits:
    try:
        return with_limits(config.limits, given)
    except ValueError as error:
        raise UsageError(f"--limit: {error}.") from None


def _made(options: Root, config: Config, asked: Asked, limits: QualityLimits) -> DqReport:
    from clickctl.inspecting import Inspector, examples_of
    from clickctl.plan.dq.examples import with_examples
    from clickctl.plan.dq.report import dq_report
    from clickctl.wiring import publisher_for

    publisher = publisher_for(config.lake, config.aws)
    alerted = bool(config.alerts.topic or config.alerts.function)
    inspector = Inspector(publisher, config.quality, limits, config.job.target_file_mb * 1_000_000,
                          config.alerts.action, alerted)  # fmt: skip
    seen = inspector.see(asked.hours, now())
    verified, tables = _verified(options, config, publisher, asked.hours, limits) if asked.verify else (None, [])
    report = dq_report(seen, config.lake.processed, asked.group, tables, verified)
    if not asked.samples:
        return report
    return with_examples(report, examples_of(publisher, seen.units, [one.reason for one in report.reasons]))


def _verified(
    options: Root, config: Config, publisher: Publisher, hours: HourRange, limits: QualityLimits
) -> tuple[Verified, list[Judged]]:
    from clickctl.verifying import Verifier
    from clickctl.wiring import catalog_for, query_for

    cap = config.athena.max_scan_gb * 1e9
    verifier = Verifier(publisher, query_for(config), catalog_for(config), config.catalog, config.quality, cap)
    found, checks = verifier.verify(hours.days, limits)
    cost = query_cost(found.bytes_scanned, found.dollars, found.seconds)
    options.talk.say("verified", f"Asked the tables with {found.queries} queries: {cost}.", queries=found.queries,
                     bytes_scanned=found.bytes_scanned, dollars=found.dollars, seconds=found.seconds)  # fmt: skip
    return found, checks


def _show(options: Root, report: DqReport) -> None:
    if options.json:
        show_json(report)
    elif options.markdown:
        from clickctl.render.dq_markdown import markdown

        show_text(markdown(report, options.talk.again))
    else:
        from clickctl.render.dq import dq

        show_fitted(lambda width: dq(report, width, options.verbose, options.talk.again))


def _write_page(options: Root, report: DqReport, name: str) -> None:
    from clickctl.commands.quarantine_sink import target
    from clickctl.render.page import page

    with target(name, force=True) as file:  # for its owner's eyes: even masked, the examples are of persons
        file.write(page(report, options.talk.again).encode())
    options.talk.say("page", f"Wrote {name}.", file=name)
