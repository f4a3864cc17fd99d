"""Reads what an audit of alerts compares: the facts of the alerted action, and the receipts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from clickctl.domain.hours import Hour, HourRange
from clickctl.domain.receipts import ReceiptName, receipt_key
from clickctl.domain.rules import QualityRules, duration
from clickctl.lakes import Lake
from clickctl.plan.audit import AuditReport, audit
from clickctl.plan.replay import to_replay
from clickctl.ports import Query
from clickctl.receipts import Receipts
from clickctl.replaying import see_raw, see_receipts
from clickctl.roots import LakeRoots
from clickctl.sqlfiles import statement_on

_AT_ONCE = 16


def audit_range(
    hours: HourRange, present: Hour, lake: Lake, roots: LakeRoots, rules: QualityRules, query: Query,
    facts: str, action: str,
) -> AuditReport:  # fmt: skip
    """Compare a range of event hours. Receipts are read of every arrival hour that such events may have."""
    answer = query.run(statement_on("actions", hours.days, facts=facts), [action])
    in_tables = {str(mark): str(hour)[:13].replace(" ", "T") for mark, hour in answer.rows}
    arrivals = _arrivals(hours, present, rules)
    names = see_receipts(lake, roots, arrivals)
    final = [name for name in names if not name.pending]
    receipts = Receipts(lake, roots.alerts, "audit")
    with ThreadPoolExecutor(_AT_ONCE, "receipt") as pool:
        alerted: dict[str, str] = {}
        for found in pool.map(lambda name: _alerts_in(receipts, name), final):
            alerted.update(found)
    wanted = set(map(str, hours))
    unreceived = [item.hour for item in to_replay(see_raw(lake, roots, arrivals, names), everything=False)]
    of_range = {mark: hour for mark, hour in in_tables.items() if hour in wanted}
    cost = (answer.bytes_scanned, answer.dollars)
    return audit(hours, arrivals, action, of_range, alerted, unreceived, cost)


def _arrivals(hours: HourRange, present: Hour, rules: QualityRules) -> HourRange:
    """The arrival hours of events of these hours; none lies in the future."""
    early, late = (math.ceil(duration(text) / 3600) for text in (rules.max_skew, rules.max_lateness))
    room = int((present.start - hours.end.start) / timedelta(hours=1)) + 1
    end = hours.end.plus(max(0, min(late, room)))
    try:
        return HourRange(hours.first.plus(-early), end)
    except OverflowError:  # further back than there are hours
        return HourRange(hours.first, end)


def _alerts_in(receipts: Receipts, name: ReceiptName) -> dict[str, str]:
    """The hour of each alert of a receipt, by its id."""
    return dict(_hours_of(receipts.lines(receipt_key(name.source, name.etag))))


def _hours_of(lines: Iterable[bytes]) -> Iterable[tuple[str, str]]:
    for line in lines:
        try:
            plain = json.loads(line)
            yield str(plain["alert_id"]), str(plain["event_time"])[:13]
        except (ValueError, KeyError, TypeError):
            continue
