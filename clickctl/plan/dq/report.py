"""From what was seen to the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from clickctl.plan.dq.completeness import completeness
from clickctl.plan.dq.figures import by_place, group_figures, hour_figures, reason_figures, totals, with_findings
from clickctl.plan.dq.freshness import alerts, cost, files, freshness
from clickctl.plan.dq.judging import Judged, worst
from clickctl.plan.dq.results import DqReport, Verdict, Verified
from clickctl.plan.dq.seen import QualitySeen
from clickctl.plan.dq.validity import actions, lateness, new_fields, nulls, rejects, skew, volume


def dq_report(
    seen: QualitySeen, lake: str, group: str, tables: Sequence[Judged] = (), verified: Verified | None = None
) -> DqReport:
    """`tables` are the checks of what --verify found."""
    hours = hour_figures(seen)
    sums = totals(seen, hours)
    judged = [
        *completeness(seen), volume(seen, hours), *rejects(seen, hours), nulls(seen), actions(seen), new_fields(seen),
        lateness(seen), skew(seen), *freshness(seen, sums), alerts(seen), *files(seen), cost(seen, sums), *tables,
    ]  # fmt: skip
    found = by_place({one.check.name: one.over for one in judged})
    hours = with_findings(hours, found)
    verdicts = Counter(one.check.verdict for one in judged)
    return DqReport(
        at=seen.now.isoformat(timespec="seconds").replace("+00:00", "Z"), lake=lake,
        first=seen.hours.first, end=seen.hours.end,
        verdict=worst(one.check.verdict for one in judged),
        verdicts={verdict.value: verdicts[verdict] for verdict in Verdict},
        checks=tuple(one.check for one in judged), totals=sums, group=group,
        groups=group_figures(hours, seen, group, found), hours=hours, reasons=reason_figures(seen.units),
        history_weeks=seen.known_weeks, ledgers_read=sum(bool(ledger.units) for ledger in seen.ledgers.values()),
        verified=verified,
    )  # fmt: skip
