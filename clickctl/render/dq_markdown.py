"""The report as Markdown, for a ticket or a chat."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from clickctl.plan.dq.judging import percent
from clickctl.plan.dq.results import Counts, DqReport
from clickctl.render.dq_words import headline, limits_of, totals_line
from clickctl.render.words import number, printable, share

_SPECIAL = "\\`*_{}[]#|~$"


def markdown(report: DqReport, again: Callable[[str], str] = str) -> str:
    lines = [
        f"# Data quality: {headline(report)}",
        "",
        f"Arrival hours [{report.first}, {report.end}), UTC, of {code(report.lake)}, as of {report.at}. "
        f"{totals_line(report.totals)}",
        "",
        *_table(
            ("verdict", "check", "seen", "limits", "since", "to look closer"),
            (
                (check.verdict, check.name, seen(check.seen), limits_of(check), check.since,
                 code(again(check.command)) if check.command else "")
                for check in report.checks
            ),
        ),
    ]  # fmt: skip
    if report.reasons:
        rows = (
            (code(one.reason), number(one.lines), percent(one.share),
             " ".join(code(example.text) for example in one.examples))
            for one in report.reasons
        )  # fmt: skip
        lines += ["", "## Quarantined", "", *_table(("reason", "lines", "share", "masked examples"), rows)]
    counts = (
        (one.name, f"{one.committed}/{one.hours}", *_figures(one.counts), ", ".join(one.findings))
        for one in report.groups
    )
    heads = (report.group, "hours", "facts", "duplicates", "quarantined", "over a limit")
    lines += ["", f"## By {report.group}", "", *_table(heads, counts)]
    return "\n".join(lines) + "\n"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (heads, ("---",) * len(heads), *rows)]


def _figures(counts: Counts | None) -> tuple[str, str, str]:
    if counts is None:
        return "-", "-", "-"
    lines = counts.lines
    return number(counts.facts), share(counts.duplicates, lines), share(counts.quarantined, lines)


def text(value: str) -> str:
    """A text of others as it is, whatever Markdown or HTML would make of it."""
    return escape("".join(f"\\{char}" if char in _SPECIAL else char for char in printable(value)))


def seen(value: str) -> str:
    """What would become a link or call somebody in a chat is put in code."""
    return code(value) if "@" in value or "://" in value else text(value)


def code(value: str) -> str:
    """The same in a fixed-width font. Tables end cells at a bar even there; HTML code has no such trouble."""
    return f"<code>{escape(printable(value)).replace('|', '&#124;').replace('`', '&#96;')}</code>"
