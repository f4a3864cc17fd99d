"""The words for checks, in the terminal, in Markdown and on the page alike."""

from __future__ import annotations

from clickctl.plan.dq.results import Check, DqReport, Totals, Verdict
from clickctl.render.words import dollars, number, plural, share

SAID = {Verdict.FAIL: "failed", Verdict.WARN: "warned", Verdict.GOOD: "good", Verdict.NOT_JUDGED: "not judged"}


def headline(report: DqReport) -> str:
    """`FAIL: 2 failed, 1 warned, 15 good, 4 not judged`."""
    counts = [f"{report.verdicts[v]} {said}" for v, said in SAID.items() if report.verdicts.get(v)]
    return f"{report.verdict.upper()}: {', '.join(counts)}"


def totals_line(totals: Totals) -> str:
    """What the range holds, in a sentence."""
    if not totals.lines:
        return "There is no line in this range."
    text = (
        f"{plural(totals.facts, 'fact')} of {plural(totals.lines, 'line')}, "
        f"{share(totals.duplicates, totals.lines)} duplicates, {share(totals.quarantined, totals.lines)} quarantined"
    )
    newest = f"; newest event {totals.newest_event[:19]}Z, newest commit {totals.newest_commit}"
    billed = "" if totals.dollars is None else f"; {dollars(totals.dollars)} for {totals.dpu_hours:.2f} DPU-hours"
    return f"{text}{newest}{billed}."


def limits_of(check: Check) -> str:
    """`above 2 % warns, above 10 % fails`; empty where there is no limit."""
    if check.warn is not None and check.warn == check.fail:
        return f"above {amount(check.fail, check.unit)} fails"
    said = [(check.warn, "warns"), (check.fail, "fails")]
    return ", ".join(f"above {amount(limit, check.unit)} {does}" for limit, does in said if limit is not None)


def amount(value: float, unit: str) -> str:
    """A value as its unit is read: `2 %`, `3 hours`, `10 times`, `10 minutes`, `$1.20`."""
    if unit == "share":
        return f"{100 * value:.3g} %"
    if unit == "dollars":
        return dollars(value)
    if unit == "seconds" and value >= 120:
        return f"{value / 60:.3g} minutes"
    whole = number(int(value)) if float(value).is_integer() else f"{value:,.2f}"
    return f"{whole} {unit[:-1] if value == 1 and unit.endswith('s') else unit}"
