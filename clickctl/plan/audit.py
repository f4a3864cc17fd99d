"""Facts against receipts: which events of the alerted action were never alerted. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from clickctl.domain.errors import EXIT_FAILED, EXIT_OK
from clickctl.domain.hours import Hour, HourRange

_EXAMPLES = 20


@dataclass(frozen=True)
class AuditHour:
    """One hour of event time. `facts` are distinct events in the tables, `alerted` those of them with an alert.

    `missed` have none. `uncommitted` are alerts of events that are not in the tables (yet).
    """

    hour: Hour
    facts: int
    alerted: int
    missed: int
    uncommitted: int


@dataclass(frozen=True)
class AuditReport:
    """`missed` are the click_ids of some that were missed; `without_receipt` counts raw files that explain it.

    Bytes and dollars are what the query cost, 0 where nothing is billed.
    """

    first: str
    end: str
    action: str
    hours: tuple[AuditHour, ...]
    missed: tuple[str, ...]
    without_receipt: int
    bytes_scanned: int
    dollars: float
    next: str

    @property
    def exit_code(self) -> int:
        return EXIT_FAILED if self.missed else EXIT_OK


def audit(
    hours: HourRange,
    arrivals: HourRange,
    action: str,
    facts: Mapping[str, str],
    alerts: Mapping[str, str],
    unreceived: Collection[Hour],
    cost: tuple[int, float],
) -> AuditReport:
    """`facts` and `alerts` tell the hour, as `2026-01-05T13`, of each click_id; `arrivals` are the hours in which such
    events may have arrived, `unreceived` the hour of each raw file of those that has no receipt."""
    missed = {mark: hour for mark, hour in facts.items() if mark not in alerts}
    uncommitted = {mark: hour for mark, hour in alerts.items() if mark not in facts}
    counts = [Counter(found.values()) for found in (facts, missed, uncommitted)]
    told = []
    for hour in hours:
        seen, lost, more = (count[str(hour)] for count in counts)
        if seen or more:
            told.append(AuditHour(hour, seen, seen - lost, lost, more))
    examples = tuple(sorted(missed))[:_EXAMPLES]
    return AuditReport(
        str(hours.first), str(hours.end), action, tuple(told), examples, len(unreceived), *cost,
        next=_next(arrivals, examples, sorted(unreceived)),
    )  # fmt: skip


def _next(arrivals: HourRange, missed: Sequence[str], unreceived: Sequence[Hour]) -> str:
    """Replays go by arrival hours, events by their own."""
    if missed and not unreceived:  # their files have receipts: the rules were others then, or a receipt was changed
        return f"Next: clickctl alerts-replay {arrivals.words} --all"
    if unreceived:
        span = HourRange(unreceived[0], unreceived[-1].plus(1))
        return f"Next: clickctl alerts-replay {span.words}"
    return "Nothing more to do."
