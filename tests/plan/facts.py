"""Small facts to decide on: raw files, commits, ledgers of one day, and whole made-up lakes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from clickctl.domain.hours import Day, Hour, Unit
from clickctl.domain.layout import FACTS, output_file
from clickctl.domain.ledger import (
    Commit,
    Failure,
    InputFile,
    Ledger,
    OutputFile,
    Owner,
    Publishing,
    UnitEntry,
    fingerprint,
)
from clickctl.domain.quality import Quality
from clickctl.domain.rules import QualityRules
from clickctl.plan.partition import Seen
from clickctl.plan.status import HourSeen, StatusReport, hour_status, report
from clickctl.plan.unit import related

DAY = Day(date(2026, 1, 5))
HOUR = Hour(datetime(2026, 1, 5, 13, tzinfo=UTC))
LATER = Hour(datetime(2026, 1, 20, 12, tzinfo=UTC))
RULES = QualityRules()
OTHER_RULES = QualityRules(actions=("*",))
FAILURE = Failure("run0", "2026-01-05T14:05:00Z", "the disk is full", "Free some room.")


def raw(hour: Hour, name: str = "part-0.json.gz", etag: str = "e1", size: int = 100) -> InputFile:
    return InputFile(f"{hour.path}/{name}", etag, size)


def commit(
    unit: Unit, inputs: Iterable[InputFile] = (), *, rules: QualityRules = RULES, run: str = "run1",
    files: tuple[OutputFile, ...] | None = None, bytes_in: int = 0, seconds: float = 1.0,
) -> Commit:  # fmt: skip
    read = tuple(sorted(inputs))
    if files is None:
        files = (OutputFile(FACTS, unit.day, output_file(FACTS, unit.day, unit, 0), 10, 1),)
    quality = Quality(bytes_in=bytes_in)
    return Commit(
        run, "2026-01-05T14:05:00Z", read, fingerprint(read), files, quality, rules.name, "0.1.0", "local", seconds
    )


def publishing(run: str = "run2") -> Publishing:
    return Publishing(run, Owner("host", 1, "then", "2026-01-05T14:05:00Z"), (), ())


def ledger(entries: dict[Unit, UnitEntry], day: Day = DAY) -> Ledger:
    found = Ledger(day)
    for unit, entry in entries.items():
        found = found.with_entry(unit, entry)
    return found


def committed(*units: Unit, **how: object) -> Ledger:
    """A ledger in which these are committed from one file an hour, as `raw` makes it."""
    return ledger({unit: UnitEntry(commit(unit, map(raw, unit.hours), **how)) for unit in units})  # type: ignore[arg-type]


@dataclass(frozen=True)
class World:
    """A made-up lake: what lies where, and which publishing runs are dead."""

    days: dict[Day, Ledger]
    raw: Mapping[Hour, tuple[InputFile, ...]]
    dead: frozenset[str] = field(default_factory=frozenset)
    blocked: frozenset[Hour] = field(default_factory=frozenset)
    present: Hour = LATER

    def seen(self, unit: Unit) -> Seen:
        """As clickctl.observe sees it."""
        ledger = self.days[unit.day]
        runs = [other for other in related(unit, ledger) if ledger.entry(other).publishing]
        torn = [str(other) in self.dead for other in runs]
        inputs = tuple(sorted(file for hour in unit.hours for file in self.raw.get(hour, ())))
        obstacles = tuple(f"{hour.path}/part-9.json" for hour in unit.hours if hour in self.blocked)
        return Seen(unit, inputs, ledger, torn=any(torn), busy=not all(torn), obstacles=obstacles)

    def status(self, hours: Iterable[Hour]) -> StatusReport:
        from clickctl.domain.hours import HourRange

        wanted = list(hours)
        seen = [
            HourSeen(hour, self.days[hour.day], self.raw.get(hour, ()), self.dead, hour in self.blocked)
            for hour in wanted
        ]
        span = HourRange(wanted[0], wanted[-1].plus(1))
        return report(span, (hour_status(one, RULES, self.present) for one in seen))


_FORMS = ("nothing", "waiting", "committed", "rewritten", "added", "old rules", "expired", "failed", "failed again")
_RUNS = ("", "", "", "alive", "dead")


@st.composite
def _entry(draw: st.DrawFn, unit: Unit, files: dict[Hour, tuple[InputFile, ...]], dead: set[str]) -> UnitEntry:
    """Draw what became of a unit, and lay down the raw files that go with it."""
    form = draw(st.sampled_from(_FORMS))
    behind = [raw(hour) for hour in unit.hours[:3]]
    if form in ("nothing", "expired"):
        present: list[InputFile] = []
    elif form == "rewritten":
        present = [raw(hour, etag="e2") for hour in unit.hours[:3]]
    elif form == "added":
        present = [*behind, raw(unit.hours[0], "part-1.json")]
    else:
        present = behind
    for hour in unit.hours[:3]:
        if found := tuple(sorted(file for file in present if file.key.startswith(f"{hour.path}/"))):
            files[hour] = found
    entry = UnitEntry()
    if form in ("committed", "rewritten", "added", "expired", "failed again"):
        entry = UnitEntry(commit(unit, behind))
    elif form == "old rules":
        entry = UnitEntry(commit(unit, behind, rules=OTHER_RULES))
    if form.startswith("failed"):
        entry = replace(entry, failure=FAILURE)
    if form != "nothing" and (run := draw(st.sampled_from(_RUNS))):
        entry = replace(entry, publishing=publishing())
        dead |= {str(unit)} if run == "dead" else set()
    return entry


@st.composite
def worlds(draw: st.DrawFn, length: int = 3) -> World:
    """Some days, each held as hours, as a day, or with a failed day over its hours."""
    files: dict[Hour, tuple[InputFile, ...]] = {}
    dead: set[str] = set()
    found = {}
    for n in range(length):
        day = DAY.plus(n)
        if draw(st.integers(0, 3)) == 0:
            found[day] = ledger({day: draw(_entry(day, files, dead))}, day)
            continue
        busy = draw(st.lists(st.sampled_from(day.hours), max_size=4, unique=True))
        if draw(st.integers(0, 2)) == 0:
            busy = list(day.hours)
        form: dict[Unit, UnitEntry] = {hour: draw(_entry(hour, files, dead)) for hour in busy[:6]}
        files.update({hour: (raw(hour),) for hour in busy[6:]})
        found[day] = ledger(form, day)
        if draw(st.integers(0, 5)) == 0:
            found[day] = found[day].with_entry(day, UnitEntry(failure=FAILURE))
    blocked = frozenset(draw(st.lists(st.sampled_from(DAY.hours), max_size=1)))
    present = draw(st.sampled_from((LATER, DAY.plus(1).first_hour.plus(7), DAY.plus(length).first_hour)))
    return World(found, files, frozenset(dead), blocked, present)
