"""A report on data quality as one HTML file: no network, no script but its own, whatever is in the data.

Three walls against markup in the data: Jinja escapes every value, `printable` shows what could turn or hide a
line, and the content security policy knows the one style and the one script by their hashes, so that nothing
else would run even if the other two failed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from clickctl.plan.dq.results import ORDER, Check, DqReport, GroupFigures, Totals, Verdict
from clickctl.render import page_charts, page_hours
from clickctl.render.dq_words import limits_of
from clickctl.render.words import dollars, number, plural, printable, query_cost, share, size

if TYPE_CHECKING:
    from jinja2 import Environment

_MOST = 12  # names in a list, files in trouble: the rest is told as a count
_MARKS = {Verdict.GOOD: "✓", Verdict.WARN: "▲", Verdict.FAIL: "◆", Verdict.NOT_JUDGED: "-"}


def page(report: DqReport, again: Callable[[str], str] = str) -> str:
    """The file's text. `again` completes a command so that it can be typed as it stands."""
    from markupsafe import Markup

    environment = _environment()
    style, script = _template("page.css"), _template("page.js")
    environment.filters["again"] = again
    return environment.get_template("page.html").render(
        policy=_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        report=report,
        headline=_headline(report),
        counted=_counted(report),
        checks=_by_group(report.checks),
        tiles=_tiles(report.totals),
        hours=page_hours.calendar(report),
        charts=page_charts.charts(report),
        table=_table(report),
        lists=_lists(report),
        most=_MOST,
    )


def _environment() -> Environment:
    """Jinja with everything that is put in escaped and made visible, and typing errors in names told."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value,
    )
    environment.filters.update(
        number=number, size=size, percent=_percent, plural=plural, look=page_hours.look, limits=limits_of,
        mark=_MARKS.__getitem__,
    )  # fmt: skip
    environment.globals["query_cost"] = query_cost
    return environment


def _percent(part: float) -> str:
    return f"{100 * part:.2f} %"


def _template(name: str) -> str:
    return files("clickctl.render").joinpath("templates", name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """`data:` is for the empty icon: browsers ask for one where none is named."""

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; style-src {hashed(style)}; script-src {hashed(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _headline(report: DqReport) -> str:
    judged = [check for check in report.checks if check.verdict is not Verdict.NOT_JUDGED]
    bad = sum(check.verdict is report.verdict for check in judged)
    if report.verdict is Verdict.NOT_JUDGED:
        return "Nothing could be judged"
    if report.verdict is Verdict.GOOD:
        return f"{plural(len(judged), 'check')}, all good"
    verb = {Verdict.FAIL: "fail", Verdict.WARN: "warn"}[report.verdict]
    return f"{number(bad)} of {plural(len(judged), 'check')} {verb}{'s' if bad == 1 else ''}"


def _counted(report: DqReport) -> list[tuple[Verdict, int, list[tuple[int, str]]]]:
    """The verdicts, worst first, how many checks have each, and the names of those to look at."""
    found = []
    for verdict in sorted(Verdict, key=lambda verdict: -ORDER[verdict]):
        if count := report.verdicts.get(verdict, 0):
            bad = ORDER[verdict] > 0
            names = [(n, check.name) for n, check in enumerate(report.checks) if bad and check.verdict is verdict]
            found.append((verdict, count, names))
    return found


def _by_group(checks: tuple[Check, ...]) -> dict[str, list[tuple[int, Check]]]:
    found: dict[str, list[tuple[int, Check]]] = {}
    for n, check in enumerate(checks):
        found.setdefault(check.group, []).append((n, check))
    return found


def _tiles(totals: Totals) -> list[tuple[str, str, str]]:
    """What, how much, and a remark."""
    t = totals
    tiles = [
        (
            "Lines",
            number(t.lines),
            f"of {plural(t.units, 'unit')} with {plural(t.files_in, 'raw file')}, {size(t.bytes_in)}",
        ),
        ("Facts", number(t.facts), f"{plural(t.files_out, 'file')}, {size(t.bytes_out)}"),
        ("Duplicates", number(t.duplicates), f"{share(t.duplicates, t.lines)} of lines"),
        ("Quarantined", number(t.quarantined), f"{share(t.quarantined, t.lines)} of lines"),
        ("Newest event", *_moment(t.newest_event)),
        ("Newest commit", *_moment(t.newest_commit)),
        ("Newest load", *_moment(t.newest_load)),
    ]
    if t.dollars is not None or t.dpu_hours is not None:
        spent = "-" if t.dollars is None else dollars(t.dollars)
        tiles.append(("Cost of live commits", spent, "" if t.dpu_hours is None else f"{t.dpu_hours:,.2f} DPU-hours"))
    return tiles


def _moment(text: str) -> tuple[str, str]:
    """The day, and the time of day below it."""
    day, _, time = text.partition("T")
    return day or "none", f"{time[:8]}Z" if time else ""


_Cell = tuple[str, float | None, str]
"""A text, the number to sort it by (None: sorted as text), and a tooltip."""


def _table(report: DqReport) -> dict[str, Any]:
    """The groups, one a row, each with the hour of the calendar that it begins with."""
    heads = (report.group, "committed", "lines", "facts", "of expected", "duplicates", "dup. share",
             "quarantined", "quar. share", "findings")  # fmt: skip
    known = page_charts.known_groups(report)
    rows = [(group.name, _row(group, known[group.name])) for group in report.groups]
    places: dict[str, str] = {}
    for one in report.hours:
        places |= {str(one.hour): str(one.hour)}
        places.setdefault(str(one.hour.day), str(one.hour))
    return {"heads": heads, "rows": [(name, places.get(name, ""), row) for name, row in rows]}


def _row(group: GroupFigures, known: bool) -> list[_Cell]:
    counts, expected = group.counted, group.expected
    usual: _Cell = ("-", None, "")
    if expected and expected.facts:
        part = counts.facts / expected.facts
        usual = (f"{100 * part:.0f} %", part, page_charts.expected_words(expected))
    parts = [_share(part, counts.lines) for part in (counts.duplicates, counts.quarantined)]
    numbers = [_count(counts.lines), _count(counts.facts), usual,
               _count(counts.duplicates), parts[0], _count(counts.quarantined), parts[1]]  # fmt: skip
    return [
        (f"{group.committed} of {group.hours}", group.committed, ""),
        *(numbers if known else [("-", None, "no counts")] * len(numbers)),
        (", ".join(group.findings) or "-", len(group.findings), ""),
    ]  # fmt: skip


def _count(count: int) -> _Cell:
    return number(count), count, ""


def _share(part: int, of: int) -> _Cell:
    return share(part, of), part / of if of else None, ""


def _lists(report: DqReport) -> list[dict[str, Any]]:
    """Counts by name, the commonest first."""
    t = report.totals
    days = {str(one.hour.day) for one in report.hours}
    within = sum(count for day, count in t.event_days.items() if day in days)
    by_day = {"in the range": within, **{day: n for day, n in t.event_days.items() if day not in days}}
    return [
        _list("Actions", "of facts", t.actions, t.unit_facts, "No facts."),
        _list("Nulls", "of facts, by column", t.nulls, t.unit_facts, "No nulls."),
        _list("Unknown fields", "of lines", t.unknown_fields, t.unit_lines, "None: every field is in the contract."),
        _list("Event-days", "of facts", by_day if t.event_days else {}, t.unit_facts, "No facts."),
    ]


def _list(title: str, of: str, counts: Mapping[str, int], whole: int, none: str) -> dict[str, Any]:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    items = [(name, count, count / whole if whole else 0.0) for name, count in ranked[:_MOST] if count]
    more = ranked[_MOST:]
    rest = (len(more), sum(count for _, count in more))
    return {"title": title, "of": of, "items": items, "rest": rest, "none": none}
