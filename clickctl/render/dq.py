"""The data-quality report on one screen: the verdict, what is not good, the hours, the bars, the commonest reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from clickctl.plan.dq.judging import percent
from clickctl.plan.dq.results import ORDER, Check, DqReport, ReasonFigures, Verdict
from clickctl.render.dq_calendar import calendar, sparklines
from clickctl.render.dq_details import details
from clickctl.render.dq_words import headline, limits_of, totals_line
from clickctl.render.words import number, printable

STYLES = {Verdict.FAIL: "bold red", Verdict.WARN: "yellow", Verdict.GOOD: "green", Verdict.NOT_JUDGED: "dim"}
_TOP = 5


def dq(report: DqReport, width: int, verbose: bool, again: Callable[[str], str] = str) -> RenderableType:
    """The report for a terminal of this width. `again` completes a command so that it can be typed as it stands."""
    parts: list[RenderableType] = [
        Text(headline(report), style=STYLES[report.verdict]),
        Text(f"Arrival hours [{report.first}, {report.end}), UTC. {totals_line(report.totals)}"),
        Text(),
        *_checks(report.checks, verbose, again),
        Text(),
        *calendar(report, width, whole=verbose),
        Text(),
    ]
    if report.totals.lines:
        parts.append(sparklines(report, width))
    if report.reasons:
        parts.append(_reasons(report.reasons if verbose else report.reasons[:_TOP], width, verbose))
    if len(report.reasons) > _TOP and not verbose:
        parts.append(Text(f"{len(report.reasons) - _TOP} more reasons: --verbose", style="dim"))
    if verbose:
        parts += details(report)
    return Group(*parts)


def _checks(checks: Iterable[Check], verbose: bool, again: Callable[[str], str]) -> list[RenderableType]:
    """What is not good comes first, each with its limit and its command; the rest by name, or one by one."""
    found = list(checks)
    bad = sorted((check for check in found if ORDER[check.verdict] > 0), key=lambda check: -ORDER[check.verdict])
    parts: list[RenderableType] = [part for check in bad for part in _bad(check, again)]
    rest = Table.grid(padding=(0, 2, 0, 0))
    rest.add_column(no_wrap=True)
    rest.add_column(no_wrap=verbose)
    rest.add_column(overflow="fold")
    for verdict in (Verdict.GOOD, Verdict.NOT_JUDGED):
        its = [check for check in found if check.verdict is verdict]
        if verbose:
            for check in its:
                rest.add_row(Text(verdict, style=STYLES[verdict]), Text(check.name), Text(printable(check.seen)))
        elif its:
            rest.add_row(Text(verdict, style=STYLES[verdict]), Text(", ".join(check.name for check in its)))
    return [*parts, rest]


def _bad(check: Check, again: Callable[[str], str]) -> list[RenderableType]:
    head = Table.grid(padding=(0, 2, 0, 0))
    head.add_column(no_wrap=True, width=4)
    head.add_column(no_wrap=True)
    head.add_column(overflow="fold")
    head.add_row(Text(check.verdict, style=STYLES[check.verdict]), Text(check.name, style="bold"),
                 Text(printable(check.seen)))  # fmt: skip
    since = f"; since {check.since}" if check.since else ""
    parts: list[RenderableType] = [head, Padding(Text(limits_of(check) + since, style="dim"), (0, 0, 0, 6))]
    if check.command:  # never broken into lines by us: it is there to be copied
        parts.append(Text(f"      {again(check.command)}", no_wrap=True, overflow="ignore"))
    return parts


def _reasons(reasons: Iterable[ReasonFigures], width: int, verbose: bool) -> RenderableType:
    """The commonest reasons, with an example as far as there is room; all examples under --verbose."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("quarantined for", no_wrap=True, overflow="ellipsis", max_width=30)
    table.add_column("lines", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    if verbose:
        table.add_column("masked examples", overflow="fold")
    else:
        table.add_column("for example, masked", overflow="ellipsis", no_wrap=True, max_width=max(20, width - 56))
    for one in reasons:
        examples = [printable(example.text) for example in one.examples]
        shown = "\n".join(examples) if verbose else next(iter(examples), "")
        table.add_row(Text(printable(one.reason)), number(one.lines), percent(one.share), Text(shown))
    return table
