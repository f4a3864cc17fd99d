"""Made-up lakes as their ledgers tell of them: weeks of hours with a daily and a weekly shape, and faults to plant."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from clickctl.domain.hours import Day, Hour, HourRange, Unit
from clickctl.domain.layout import FACTS, USERS, output_file
from clickctl.domain.ledger import Commit, InputFile, Ledger, OutputFile, Owner, Publishing, UnitEntry, fingerprint
from clickctl.domain.limits import QualityLimits
from clickctl.domain.loads import LoadNote
from clickctl.domain.quality import Quality, total
from clickctl.domain.rules import QualityRules
from clickctl.plan.dq.report import dq_report
from clickctl.plan.dq.results import Check, DqReport
from clickctl.plan.dq.seen import AlertsSeen, QualitySeen, history_days
from clickctl.plan.status import HourSeen, hour_status, report

RULES = QualityRules()
END = Day(date(2026, 3, 2))  # a Monday
ACTIONS = {"page_view": 0.58, "click": 0.26, "search": 0.1, "add_to_cart": 0.05, "purchase": 0.01}


@dataclass
class World:
    """A lake in which every hour is committed, most days as a whole, the last two by hours."""

    days: int
    seed: int = 0
    size: float = 20_000
    noise: float = 0.05
    weeks: int = 8
    quality: dict[Hour, Quality] = field(default_factory=dict)
    raw: dict[Hour, tuple[InputFile, ...]] = field(default_factory=dict)
    by_hours: set[Day] = field(default_factory=set)
    uncommitted: set[Hour] = field(default_factory=set)
    torn: set[Hour] = field(default_factory=set)
    stale: set[Hour] = field(default_factory=set)
    alerts: AlertsSeen = field(default_factory=lambda: AlertsSeen("purchase", (), None, False))
    load: LoadNote | None = None
    window: HourRange | None = None
    present: Hour = END.first_hour
    costs: dict[Hour, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        first = END.plus(-self.days - 7 * self.weeks)
        for n in range((END.date - first.date).days):
            for hour in first.plus(n).hours:
                self.quality[hour] = self._made(hour, random)
                self.raw[hour] = (InputFile(f"{hour.path}/part-0.json.gz", "e1", self.quality[hour].bytes_in),)
        self.by_hours |= {END.plus(-1), END.plus(-2)}

    def _made(self, hour: Hour, random: np.random.Generator) -> Quality:
        by_day = 1.1 - math.cos((hour.start.hour - 3) / 24 * 2 * math.pi)
        wanted = self.size * by_day * (0.6 if hour.start.weekday() > 4 else 1) * random.lognormal(0, self.noise)
        return counted(hour, int(random.poisson(wanted)), random)

    @staticmethod
    def span(days: int) -> tuple[Day, ...]:
        return tuple(END.plus(-n) for n in range(days, 0, -1))

    @property
    def hours(self) -> HourRange:
        return self.window or HourRange(END.plus(-self.days).first_hour, END.first_hour)

    def judged(self, limits: QualityLimits | None = None, group: str = "day") -> DqReport:
        return dq_report(self.seen(limits), "lake", group)

    def check(self, name: str, limits: QualityLimits | None = None) -> Check:
        return next(check for check in self.judged(limits).checks if check.name == name)

    def seen(self, limits: QualityLimits | None = None) -> QualitySeen:
        present = self.present
        earlier, weeks = history_days(self.hours.days)
        recent = [day for day in (present.day.plus(-1), present.day) if day not in (*earlier, *self.hours.days)]
        ledgers = {day: self._ledger(day) for day in (*earlier, *self.hours.days, *recent)}
        torn = frozenset(str(hour) for hour in self.torn)
        statuses = [
            hour_status(HourSeen(hour, ledgers[hour.day], self.raw.get(hour, ()), torn), RULES, present)
            for hour in self.hours
        ]
        return QualitySeen(
            self.hours, present.start + timedelta(minutes=20), present, report(self.hours, statuses),
            {day: ledger for day, ledger in ledgers.items() if day not in recent}, weeks,
            tuple(ledgers[day] for day in recent), self.began, self.alerts, self.load,
            limits or QualityLimits(), 128_000_000,
        )  # fmt: skip

    @property
    def began(self) -> Day | None:
        return min((hour.day for hour, files in self.raw.items() if files), default=None)

    def _ledger(self, day: Day) -> Ledger:
        hours = [hour for hour in day.hours if hour not in self.uncommitted and self.raw.get(hour)]
        ledger = Ledger(day)
        if not hours:
            return ledger
        if day not in self.by_hours and not self.uncommitted & set(day.hours) and not self.torn & set(day.hours):
            return ledger.with_entry(day, UnitEntry(self._commit(day, hours)))
        for hour in hours:
            entry = UnitEntry(self._commit(hour, [hour]))
            if hour in self.torn:
                entry = replace(entry, publishing=Publishing("dead", Owner("h", 1, "then", "then"), (), ()))
            ledger = ledger.with_entry(hour, entry)
        return ledger

    def _commit(self, unit: Unit, hours: list[Hour]) -> Commit:
        inputs = tuple(file for hour in hours for file in self.raw[hour])
        if self.stale & set(hours):
            inputs = tuple(replace(file, etag="before") for file in inputs)
        quality = total(self.quality[hour] for hour in hours)
        files = tuple(
            OutputFile(table, unit.day, output_file(table, unit.day, unit, 0), 100 * quality.facts, quality.facts)
            for table in (FACTS, USERS)
        )
        at = (unit.hours[-1].plus(1).start + timedelta(minutes=5)).isoformat().replace("+00:00", "Z")
        cost = self.costs.get(hours[0]) if len(hours) == 1 else None
        return Commit("run", at, inputs, fingerprint(inputs), files, quality, RULES.name, "0", "local", 1.0, cost)


def counted(hour: Hour, facts: int, random: np.random.Generator, rejects: float = 0.005) -> Quality:
    """The counts of an hour with so many facts, as the kernel would make them."""
    duplicates, quarantined = (int(random.poisson(share * facts)) for share in (0.02, rejects))
    late = int(random.poisson(0.01 * facts))
    shares = random.multinomial(facts, list(ACTIONS.values()))
    lines, name = facts + duplicates + quarantined, str(hour)
    newest = hour.start + timedelta(minutes=59, seconds=58)
    return Quality(
        lines=lines, facts=facts, duplicates=duplicates, quarantined=quarantined,
        reasons={"malformed_json": quarantined} if quarantined else {},
        actions=dict(zip(ACTIONS, map(int, shares), strict=True)),
        nulls={"session_id": int(random.poisson(0.003 * facts)), "page_url": 0, "action": 0, "attrs": 0},
        days={str(hour.day): facts - late, str(hour.day.plus(-1)): late}, unknown_fields={"app_version": facts // 50},
        min_event_time=hour.start.isoformat(), max_event_time=newest.isoformat().replace("+00:00", ".000000Z"),
        users=facts // 10, files_in=1, files_out=2, bytes_in=50 * lines, bytes_out=60 * facts,
        hourly_lines={name: lines}, hourly_facts={name: facts}, hourly_quarantined={name: quarantined},
    )  # fmt: skip


def at(hour: int, *, days_ago: int = 1) -> Hour:
    """An hour of one of the last days of a world."""
    return END.plus(-days_ago).hours[hour]


def moment(hour: Hour) -> datetime:
    return hour.start.astimezone(UTC)
