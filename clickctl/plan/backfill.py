"""A range to the units that must run: days for whole days, hours for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from clickctl.domain.errors import RunFailed
from clickctl.domain.hours import Day, Hour, HourRange, Unit
from clickctl.domain.ledger import Ledger, fingerprint
from clickctl.domain.rules import QualityRules
from clickctl.plan.partition import Decision, Seen, Verdict, decide, hours_current


class Only(StrEnum):
    """Which units of a range to run."""

    MISSING = "missing"
    STALE = "stale"
    FAILED = "failed"
    ALL = "all"


_WANTED = {
    Only.MISSING: {Verdict.MISSING, Verdict.COMPACT, Verdict.RUNNING},
    Only.STALE: {Verdict.STALE, Verdict.RUNNING},
    Only.FAILED: {Verdict.FAILED, Verdict.TORN, Verdict.RUNNING},
    Only.ALL: set(Verdict),
}


@dataclass(frozen=True)
class PlannedUnit:
    """One unit of a plan. `fingerprint` freezes its input; `bytes_in` is its size."""

    unit: Unit
    verdict: str
    reason: str
    bytes_in: int
    files_in: int
    fingerprint: str

    @property
    def runs(self) -> bool:
        return Verdict(self.verdict).runs

    @property
    def needs_help(self) -> bool:
        return Verdict(self.verdict).needs_help

    def __post_init__(self) -> None:
        Verdict(self.verdict)  # a saved plan can hold any text


@dataclass(frozen=True)
class BackfillPlan:
    """What a backfill will do, and on what it was decided. Saved as JSON by --plan-out.

    `items` are in the order they run. `seconds` of wall time and `dollars` are estimates; None when
    nothing is known.
    """

    first: Hour
    end: Hour
    items: tuple[PlannedUnit, ...]
    transform: str
    code_version: str
    force: bool = False
    seconds: float | None = None
    dollars: float | None = None

    @property
    def hours(self) -> HourRange:
        return HourRange(self.first, self.end)

    @property
    def to_run(self) -> tuple[PlannedUnit, ...]:
        return tuple(item for item in self.items if item.runs)


def units_of(hours: HourRange, ledgers: dict[Day, Ledger], present: Hour) -> tuple[Unit, ...]:
    """Whole days as days, other hours as hours, save those of a day that is held as a day.

    The day of `present`, the hour that is now filling, is not over and so not whole.
    """
    units: dict[Unit, None] = {}
    for day in hours.days:
        wanted = [hour for hour in day.hours if hours.first <= hour < hours.end]
        whole = len(wanted) == len(day.hours) and day < present.day
        ledger = ledgers.get(day, Ledger(day))
        units |= dict.fromkeys([day] if whole else [ledger.unit_of(hour) for hour in wanted])
    return tuple(units)


def plan_unit(seen: Seen, rules: QualityRules, only: Only | None) -> PlannedUnit:
    """The verdict on one unit of a backfill.

    A day whose hours are all committed and current is left alone unless `only` is all: making it
    compact is the night's work, not a repair.
    """
    decision = decide(seen, rules, force=only is Only.ALL)
    if decision.verdict is Verdict.COMPACT and only is not Only.ALL:
        if hours_current(seen, rules):
            decision = Decision(Verdict.UNCHANGED, "all its hours are committed, inputs unchanged")
        else:
            decision = Decision(_day_verdict(seen), "some of its hours are missing, stale or failed")
    if only is not None and decision.verdict.runs and decision.verdict not in _WANTED[only]:
        decision = Decision(Verdict.UNCHANGED, f"{decision.verdict}, but only {only} was asked for")
    size = sum(file.size for file in seen.inputs)
    return PlannedUnit(seen.unit, decision.verdict, decision.reason, size, len(seen.inputs), fingerprint(seen.inputs))


def _day_verdict(seen: Seen) -> Verdict:
    entries = [seen.ledger.entry(hour) for hour in seen.unit.hours]
    if any(entry.failure for entry in entries):
        return Verdict.FAILED
    committed = {hour.path for hour in seen.unit.hours if seen.ledger.entry(hour).commit}
    waiting = {file.key[:13] for file in seen.inputs} - committed
    return Verdict.MISSING if waiting else Verdict.STALE


def estimate(
    items: Iterable[PlannedUnit], ledgers: Iterable[Ledger], engine: str, at_once: int
) -> tuple[float | None, float | None]:
    """Seconds of wall time and US dollars, by the bytes of this engine's commits in these ledgers.

    None where there are none to judge by, and no dollars for an engine that is not billed.
    """
    commits = [commit for ledger in ledgers for commit in ledger.committed().values() if commit.engine == engine]
    todo = [item for item in items if item.runs]
    if not todo:
        return 0.0, None
    size, lanes = sum(item.bytes_in for item in todo), min(at_once, len(todo))
    seconds = _per_byte((commit.quality.bytes_in, commit.seconds) for commit in commits)
    dollars = _per_byte((commit.quality.bytes_in, commit.cost) for commit in commits if commit.cost is not None)
    return (
        None if seconds is None else round(size * seconds / lanes, 1),
        None if dollars is None else round(size * dollars, 4),
    )


def _per_byte(spent: Iterable[tuple[int, float]]) -> float | None:
    known = list(spent)
    done = sum(size for size, _ in known)
    return sum(amount for _, amount in known) / done if done else None


def refuse_drift(plan: BackfillPlan, present: dict[Unit, PlannedUnit], rules: QualityRules, version: str) -> None:
    """A saved plan runs only on what it was made for. Raises RunFailed naming what drifted.

    `present` is what would be planned today for each unit of the plan.
    """
    problems = []
    if plan.transform != rules.name:
        problems.append(f"the rules are {rules.name}, the plan was made for {plan.transform}")
    if plan.code_version != version:
        problems.append(f"this is clickctl {version}, the plan was made by {plan.code_version}")
    held = [item.unit for item in plan.to_run if present[item.unit].unit != item.unit]
    if held:
        problems.append(f"the day of {_some(held)} is held as a whole by now")
    same = [item for item in plan.to_run if item.unit not in held]
    if changed := [item.unit for item in same if present[item.unit].fingerprint != item.fingerprint]:
        problems.append(f"the raw files of {_some(changed)} changed")
    if problems:
        raise RunFailed(
            f"The plan no longer fits: {'; '.join(problems)}.",
            hint=f"Make a new one: clickctl backfill {plan.hours.words} --plan-out FILE",
        )


def _some(units: Sequence[Unit]) -> str:
    return ", ".join(map(str, units[:5])) + (f" and {len(units) - 5} more" if len(units) > 5 else "")
