"""Replays of alerts as text: a row for each hour, and what was left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clickctl.plan.replay import ASKED, FAILED, PLANNED, LetterReport, ReplayDone, ReplayItem, ReplayReport
from clickctl.render.words import number, plural, printable, size

_MOST = 20  # files or letters in trouble that are told one by one


def replayed(report: ReplayReport) -> RenderableType:
    parts: list[RenderableType] = [Text(_heading(report))]
    parts += [Text(f"  to {who}") for who in _grouped(report.audience)]
    if any(hour.to_do for hour in report.hours):
        parts.append(_table(report))
    troubled = [one for one in report.files if one.error]
    if troubled:
        parts.append(Text("Failed:", style="red"))
        parts += [Text(f"  {_trouble(one)}") for one in troubled[:_MOST]]
        parts += [Text(f"  and {plural(len(troubled) - _MOST, 'other')}")] if len(troubled) > _MOST else []
    if report.letters:
        parts.append(_letters(report.letters))
    return Group(*parts)


def _heading(report: ReplayReport) -> str:
    where = f"arrival hours [{report.first}, {report.end}), UTC" if report.first else "the dead-letter queue"
    return f"Alerts {'' if report.applied else 'to be sent '}of {where}"


def _grouped(audience: Sequence[str]) -> list[str]:
    """Addresses of people are told by their domains alone, so many look the same."""
    counts = Counter(map(printable, audience))
    return [who if count == 1 else f"{who} ({count})" for who, count in counts.items()]


def _table(report: ReplayReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("hour (UTC)", no_wrap=True)
    for name in ("files", "replayed" if report.applied else "to do", "bytes", "alerts", "messages", "failed"):
        table.add_column(name, justify="right", no_wrap=True)
    for hour in report.hours:
        if hour.to_do:
            counts = (number(hour.alerts), "-" if hour.messages is None else number(hour.messages), number(hour.failed))
            files = (number(hour.files), number(hour.to_do), size(hour.bytes))
            table.add_row(str(hour.hour), *files, *counts)
    return table


def _letters(letters: Sequence[LetterReport]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("letter", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("")
    for letter in letters[:_MOST]:
        table.add_row(letter.id, letter.outcome, printable(letter.why or ", ".join(letter.objects)))
    if len(letters) > _MOST:
        table.add_row(f"and {plural(len(letters) - _MOST, 'other')}", "", "")
    return table


def plan_text(todo: Sequence[ReplayItem], audience: Sequence[str], most: int) -> str:
    """What would page whom, in a sentence."""
    sizes = sum(item.size for item in todo)
    who = ", ".join(_grouped(audience)) or "nobody: the topic has no subscription"
    return f"{plural(len(todo), 'raw file')} to scan, {size(sizes)}: at most {most} messages each, to {who}."


def done_line(done: ReplayDone) -> str:
    """One file as it ends, for the log."""
    source = printable(done.source)
    if done.outcome == FAILED:
        return f"failed: {_trouble(done)}"
    if done.outcome == ASKED:
        return f"{source}: the function was asked to scan it"
    if done.outcome != "sent":
        return f"{source}: {'its receipt is there' if done.outcome == 'already' else 'it is no more'}"
    if done.messages is None:
        return f"{source} done by the function: {plural(done.alerts, 'alert')} in its receipt"
    what = "a summary" if done.summarised else plural(done.messages, "message")
    return f"{source} done: {plural(done.alerts, 'alert')}, {what} sent"


def _trouble(done: ReplayDone) -> str:
    """Most errors name their file themselves."""
    return printable(done.error if done.source in done.error else f"{done.source}: {done.error}")


def summary(report: ReplayReport) -> str:
    words = {PLANNED: "to send", "already": "sent before", FAILED: "failed"}
    counts = [f"{plural(count, 'file')} {words.get(outcome, outcome)}" for outcome, count in report.counts.items()]
    verb = "sent" if report.applied else "to send"
    messages = "told by the function" if report.messages is None else f"{plural(report.messages, 'message')} {verb}"
    nothing = "No file without a receipt" if report.first else "No letter to be done"
    told = f"{', '.join(counts) or nothing}; {messages}."
    if not report.letters:
        return told
    deleted = sum(letter.outcome == "deleted" for letter in report.letters)
    verb = "deleted" if report.applied else "to delete"
    return f"{told} {plural(deleted, 'letter')} {verb}, {len(report.letters) - deleted} left."
