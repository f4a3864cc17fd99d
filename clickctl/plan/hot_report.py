"""What became of a load, as it is reported: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from clickctl.domain.errors import EXIT_CONFLICT, EXIT_FAILED, EXIT_OK, ClickctlError
from clickctl.domain.hours import Day
from clickctl.plan.hot import EXPIRE, HELD, DayPlan, HotPlan, Load

PLANNED, DONE, FAILED, LEFT = "planned", "done", "failed", "left"


@dataclass(frozen=True)
class DayDone:
    """What became of one day of a plan. `load` is what the warehouse has of it now; `error` why that is not more."""

    plan: DayPlan
    load: Load | None = None
    seconds: float = 0.0
    error: ClickctlError | None = None


@dataclass(frozen=True)
class DayReport:
    """One event-day. `outcome` is "" where nothing was to be done, else planned, done, failed or left.

    `rows` and `bytes` are those of the lake's files, for expire those that were loaded; `facts` the
    rows in the warehouse, `duplicates` and `cut` what was removed and shortened on the way.
    """

    day: Day
    verdict: str
    reason: str
    outcome: str
    files: int
    rows: int
    bytes: int
    facts: int = 0
    duplicates: int = 0
    cut: int = 0
    seconds: float = 0.0
    error: str = ""
    hint: str = ""


@dataclass(frozen=True)
class HotReport:
    """A run of load-hot. The window begins with `first`; `applied` is False for a dry run.

    `tables` are those that were made, or would be. `rebuild_users` says that users were rebuilt, or
    would be, `users` how many there are then. `newest_event` is the newest one in the warehouse (ISO
    8601, UTC), `age_seconds` how old it is, 0 for one that is ahead of its time.
    """

    warehouse: str
    first: Day
    hot_days: int
    applied: bool
    tables: tuple[str, ...]
    days: tuple[DayReport, ...]
    newest_event: str
    age_seconds: float | None
    rebuild_users: bool
    users: int | None
    next: str
    exit_code: int

    @property
    def changes(self) -> bool:
        """Whether anything was, or would be, changed."""
        return bool(self.tables) or self.rebuild_users or any(day.outcome in (DONE, PLANNED) for day in self.days)


def hot_report(
    warehouse: str, plan: HotPlan, hot_days: int, done: Mapping[Day, DayDone] | None, loads: Mapping[Day, Load],
    now: datetime, *, tables: tuple[str, ...] = (), rebuild: bool = False, users: int | None = None,
    command: str = "clickctl load-hot",
) -> HotReport:  # fmt: skip
    """`done` has the days that were attempted, None for a dry run; `loads` is what the warehouse holds in the end.

    `rebuild` says that users are rebuilt too; `command` is the one that goes on with it all.
    """
    days = tuple(_day(item, done) for item in plan.days)
    newest = max((load.newest_event for load in loads.values() if load.fingerprint), default=None)
    age = None if newest is None else max(0.0, (now.replace(tzinfo=None) - newest).total_seconds())
    text = "" if newest is None else newest.isoformat() + "Z"
    code = _exit_code(plan, done)
    following = _next(plan, days, done, f"Next: {command}", tables, rebuild)
    return HotReport(warehouse, plan.first, hot_days, done is not None, tables, days, text, age, rebuild, users,
                     following, code)  # fmt: skip


def _day(item: DayPlan, done: Mapping[Day, DayDone] | None) -> DayReport:
    expired = item.loaded if item.verdict == EXPIRE else None
    files, rows, size = len(item.lake.files), item.lake.rows, item.lake.bytes
    if expired:
        files, rows, size = expired.files, expired.facts + expired.duplicates, expired.bytes
    end = (done or {}).get(item.day, DayDone(item))
    item = end.plan  # what moved meanwhile was planned again
    load = end.load or (item.loaded if not (item.verdict == EXPIRE and item.day in (done or {})) else None)
    facts, duplicates, cut = (load.facts, load.duplicates, load.cut) if load else (0, 0, 0)
    error, hint = (told(end.error), end.error.hint) if end.error else ("", "")
    return DayReport(item.day, item.verdict, item.reason, _outcome(item, done), files, rows, size,
                     facts, duplicates, cut, round(end.seconds, 3), error, hint)  # fmt: skip


def told(error: ClickctlError) -> str:
    """What failed, and what was changed."""
    return f"{error.message} {error.changed}".rstrip()


def _outcome(item: DayPlan, done: Mapping[Day, DayDone] | None) -> str:
    if item.verdict == HELD:
        return LEFT
    if not item.changes:
        return ""
    if done is None:
        return PLANNED
    if item.day not in done:
        return LEFT
    return FAILED if done[item.day].error else DONE


def _exit_code(plan: HotPlan, done: Mapping[Day, DayDone] | None) -> int:
    """A dry run is well where it could look at everything."""
    codes = [end.error.exit_code for end in (done or {}).values() if end.error]
    if codes:
        return EXIT_FAILED if EXIT_FAILED in codes else codes[0]
    if done is not None and any(item.day not in done for item in plan.to_do):
        return EXIT_FAILED
    stuck = [item for item in plan.held if item.lake.torn or not item.lake.by]
    if stuck:
        return EXIT_FAILED
    return EXIT_CONFLICT if plan.held and done is not None else EXIT_OK


def _next(
    plan: HotPlan,
    days: tuple[DayReport, ...],
    done: Mapping[Day, DayDone] | None,
    again: str,
    tables: Collection[str],
    rebuild: bool,
) -> str:
    for item in plan.held:
        if item.lake.torn:
            return f"Next: clickctl run-partition {item.lake.by[0]}"
    if failed := [day for day in days if day.error]:
        return f"Next: {failed[0].hint}" if failed[0].hint else again
    if plan.held:
        return "Next: the same command, when that is done." if plan.held[0].lake.by else "Next: clickctl status"
    if done is None:
        return again if plan.to_do or tables or rebuild else "Nothing more to do."
    if "clickctl_first_seen" in tables and not rebuild:
        return f"{again} --rebuild-users"
    return "Nothing more to do."
