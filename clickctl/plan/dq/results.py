"""What `dq-report` tells: frozen values, shown as a table, JSON, Markdown or a page.

docs/dq-report.schema.json describes the JSON. Times are UTC. Counts of an hour are by ARRIVAL hour, and None
where they are not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from clickctl.domain.errors import EXIT_FAILED, EXIT_OK
from clickctl.domain.hours import Day, Hour


class Verdict(StrEnum):
    GOOD = "good"
    WARN = "warn"
    FAIL = "fail"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Check:
    """One check: what was seen, the limits (`warn` and `fail`: above them; None: no limit), and where to look closer.

    `value` is in `unit`; `since` is the first hour or day of the present run of those over the limit.
    """

    name: str
    group: str
    verdict: Verdict
    seen: str
    value: float | None
    unit: str
    warn: float | None
    fail: float | None
    since: str = ""
    command: str = ""


@dataclass(frozen=True)
class Counts:
    """lines = facts + duplicates + quarantined."""

    lines: int = 0
    facts: int = 0
    quarantined: int = 0

    @property
    def duplicates(self) -> int:
        return self.lines - self.facts - self.quarantined


@dataclass(frozen=True)
class Expected:
    """What the same hour of earlier weeks had (their median), and from where to where no warning is given."""

    facts: float
    low: float
    high: float


@dataclass(frozen=True)
class HourFigures:
    """One arrival hour: its state as in `status`, the unit that holds it, its counts, what was expected of it.

    `deviations` is how far the facts are from the expected, in usual deviations, less than 0 for too few.
    `findings` names the checks that this hour is over the limit of, `verdict` is the worst of what they say of it.
    """

    hour: Hour
    state: str
    unit: str | None
    raw_files: int
    raw_bytes: int
    counts: Counts | None
    expected: Expected | None = None
    deviations: float | None = None
    findings: tuple[str, ...] = ()
    verdict: Verdict = Verdict.GOOD


@dataclass(frozen=True)
class GroupFigures:
    """The hours of a group (an hour, or a day) together; `name` is that hour or day.

    `committed` of `hours` hours are committed, maybe stale; `counts` is None where nothing is known of any.
    `reasons` of hours that are held by a whole day are in that day's group alone. `expected` is None unless
    it is known of every hour with counts.
    """

    name: str
    hours: int
    committed: int
    counts: Counts | None
    expected: Expected | None
    reasons: dict[str, int]
    findings: tuple[str, ...] = ()

    @property
    def counted(self) -> Counts:
        """For sums and charts."""
        return self.counts or Counts()


@dataclass(frozen=True)
class Example:
    """A quarantined record, its letters and digits masked."""

    source: str
    line: int | None
    bytes: int
    text: str


@dataclass(frozen=True)
class ReasonFigures:
    """One reason for quarantine: how many lines have it, where it was seen last, and some of them."""

    reason: str
    lines: int
    share: float
    newest: str
    command: str
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Totals:
    """Sums. `lines` to `quarantined` are of the range's hours; of a day that does not tell of its hours, all of it.

    All others are known by unit only: they are of the `units` that hold any hour of the range, whole. Bytes;
    `dollars` and `dpu_hours` are None where nothing is billed. `nulls` and `actions` count facts,
    `unknown_fields` lines, of `unit_lines`. `newest_event` and `newest_commit` are of the arrival days of the
    range and, where it reaches the present, of the last two; `newest_load` is when load-hot last changed the
    warehouse; empty: none.
    """

    lines: int
    facts: int
    duplicates: int
    quarantined: int
    units: int
    unit_lines: int
    bytes_in: int
    bytes_out: int
    files_in: int
    files_out: int
    actions: dict[str, int]
    nulls: dict[str, int]
    unknown_fields: dict[str, int]
    event_days: dict[str, int]
    newest_event: str
    newest_commit: str
    newest_load: str
    dpu_hours: float | None
    dollars: float | None

    @property
    def unit_facts(self) -> int:
        """The facts of the units, whole."""
        return sum(self.event_days.values())


@dataclass(frozen=True)
class DayVerified:
    """One event-day in the tables beside the ledger's. `doubled` facts have a click_id that is there already,
    `unknown_users` is how many users of its facts have no row of that day in dim_users."""

    day: Day
    facts: int
    facts_in_ledger: int
    users: int
    users_in_ledger: int
    doubled: int
    required_nulls: int
    unknown_users: int
    nulls: dict[str, int]


@dataclass(frozen=True)
class Verified:
    """What --verify found by asking the tables, and what that cost (0 where nothing is billed).

    `orphans` are files that no commit has, `lost` those of commits that are not there, or have another size.
    `skipped` event-days could not be looked at in peace: why, by day. `view` says what is wrong with the view
    of users; empty: nothing, or there is none.
    """

    days: tuple[DayVerified, ...]
    orphans: tuple[str, ...]
    lost: tuple[str, ...]
    skipped: dict[str, str]
    view: str
    queries: int
    bytes_scanned: int
    dollars: float
    seconds: float


@dataclass(frozen=True)
class DqReport:
    """The whole report on the arrival hours [first, end); `at` is when it was made (ISO 8601)."""

    at: str
    lake: str
    first: Hour
    end: Hour
    verdict: Verdict
    verdicts: dict[str, int]
    checks: tuple[Check, ...]
    totals: Totals
    group: str
    groups: tuple[GroupFigures, ...]
    hours: tuple[HourFigures, ...]
    reasons: tuple[ReasonFigures, ...]
    history_weeks: int
    ledgers_read: int
    verified: Verified | None = None
    version: int = 1

    def exit_code(self, fail_on: Verdict) -> int:
        """1 where a check is as bad as `fail_on`, or worse."""
        bad = (Verdict.FAIL,) if fail_on is Verdict.FAIL else (Verdict.WARN, Verdict.FAIL)
        return EXIT_FAILED if self.verdict in bad else EXIT_OK


ORDER: Mapping[Verdict, int] = {Verdict.NOT_JUDGED: -1, Verdict.GOOD: 0, Verdict.WARN: 1, Verdict.FAIL: 2}
"""How bad a verdict is."""
