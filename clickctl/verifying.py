"""Asks the tables what the ledgers say of them: rows, click_ids, nulls, users and files, by event-day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date

from clickctl.domain.errors import ClickctlError, UsageError
from clickctl.domain.hours import Day
from clickctl.domain.layout import FACTS, TABLES, USERS, owner_of, partition_prefix
from clickctl.domain.rules import QualityRules
from clickctl.ledgers import first_arrival, read_ledgers
from clickctl.plan.catalog import DaysWithRows
from clickctl.plan.dq.results import DayVerified, Verified
from clickctl.plan.dq.tables import LedgersSay, ledgers_say, settled, stray_files
from clickctl.ports import Answer, Catalog, Query
from clickctl.publish import Publisher
from clickctl.settings import CatalogSettings
from clickctl.sqlfiles import statement_on

_AT_ONCE = 16
_COLUMNS = ("session_id", "action", "page_url", "attrs")
_Answers = dict[Day, dict[str, int]]
"""The figures of each event-day by their names in the statements."""


@dataclass
class Verifier:
    """Looks at event-days. `max_scan_bytes` 0: as much as it takes. `answers` tell what was spent."""

    publisher: Publisher
    query: Query
    catalog: Catalog
    names: CatalogSettings
    rules: QualityRules
    max_scan_bytes: float
    answers: list[Answer] = field(default_factory=list)
    trouble: ClickctlError | None = None

    def verify(self, days: Sequence[Day]) -> Verified:
        """What there is. A query that fails is kept in `trouble`: what was listed is found all the same.

        A day that runs publish into meanwhile is skipped, and one that an unreadable ledger may tell of.
        Raises UsageError where more would be scanned than permitted; nothing was asked then.
        """
        before, unread = self._ledgers(days)
        self._refuse_much(before)
        there, view = self._files(days), self._view()  # what is free comes first: it may be refused
        answers = self._asked(before)
        after, still_unread = self._ledgers(days)
        skipped = _skipped(days, before, after, unread | still_unread, there)
        calm = [day for day in days if day not in skipped]
        orphans, lost = stray_files(after, there, calm)
        rows = () if self.trouble else tuple(self._day(day, after, answers) for day in calm)
        return replace(
            self.spent, days=tuple(day for day in rows if day.facts or day.facts_in_ledger), view=view,
            orphans=tuple(orphans), lost=tuple(lost), skipped={str(day): why for day, why in skipped.items()},
        )  # fmt: skip

    @property
    def spent(self) -> Verified:
        """What was asked so far and what it took; nothing of what was found."""
        return Verified(
            (), (), (), {}, "", len(self.answers),
            sum(answer.bytes_scanned for answer in self.answers),
            round(sum(answer.dollars for answer in self.answers), 6),
            round(sum(answer.seconds for answer in self.answers), 3),
        )  # fmt: skip

    def _ledgers(self, days: Sequence[Day]) -> tuple[LedgersSay, frozenset[Day]]:
        """And the arrival days whose ledger cannot be read, which the check `failed` tells of."""
        read = read_ledgers(self.publisher, first_arrival(days[0], self.rules))
        return ledgers_say(read.ledgers, days), frozenset(read.damaged)

    def _refuse_much(self, say: LedgersSay) -> None:
        size = sum(file.size for files in say.files.values() for file in files.values())
        if 0 < self.max_scan_bytes < size:
            raise UsageError(
                f"--verify could scan {size / 1e9:,.3g} GB, and [athena] max_scan_gb is {self.max_scan_bytes / 1e9:g}.",
                hint="Give a shorter range, leave --verify out, or raise athena.max_scan_gb.",
            )

    def _asked(self, say: LedgersSay) -> _Answers:
        """Of all days together, whatever there is of each; every statement reads their partitions alone."""
        names, days = self.names, sorted(say.files)
        try:
            facts = self._counts(statement_on("dq/facts", days, facts=names.facts))
            users = self._counts(statement_on("dq/users", days, users=names.users))
            unknown = self._counts(statement_on("dq/unknown_users", days, facts=names.facts, users=names.users))
        except ClickctlError as error:
            self.trouble = error
            return {}
        days_seen = facts.keys() | users.keys()
        return {day: {**facts.get(day, {}), **users.get(day, {}), **unknown.get(day, {})} for day in days_seen}

    def _counts(self, sql: str) -> _Answers:
        answer = self.query.run(sql)
        self.answers.append(answer)
        found: _Answers = {}
        for row in answer.rows:
            named = dict(zip(answer.columns, row, strict=True))
            year, month, day = (int(str(named.pop(part))) for part in ("year", "month", "day"))
            found[Day(date(year, month, day))] = {name: int(str(value)) for name, value in named.items()}
        return found

    def _files(self, days: Iterable[Day]) -> dict[str, int]:
        """The size of every object in these partitions, by its key."""
        root = f"{self.publisher.roots.processed}/"
        prefixes = [root + partition_prefix(table, day) for table in TABLES for day in days]
        with ThreadPoolExecutor(_AT_ONCE, "verify") as pool:
            listed = pool.map(lambda prefix: list(self.publisher.lake.list(prefix)), prefixes)
            return {info.location.removeprefix(root): info.size for infos in listed for info in infos}

    def _day(self, day: Day, say: LedgersSay, answers: _Answers) -> DayVerified:
        seen = answers.get(day, {})
        facts = seen.get("facts", 0)
        return DayVerified(
            day, facts, say.rows(FACTS, day), seen.get("users", 0), say.rows(USERS, day),
            facts - seen.get("click_ids", 0), seen.get("required_nulls", 0), seen.get("unknown", 0),
            {name: seen.get(name, 0) for name in _COLUMNS},
        )  # fmt: skip

    def _view(self) -> str:
        """What is wrong with the view of users, where there is one."""
        name = self.names.users_view
        wanted = {view.name: view.sql for view in self.catalog.wanted(DaysWithRows({}), 1).views}
        made = self.catalog.observe([]).views
        return f"the view {name} is not as it should be" if name in made and made[name] != wanted.get(name) else ""


def _skipped(
    days: Iterable[Day], before: LedgersSay, after: LedgersSay, unread: frozenset[Day], there: Iterable[str]
) -> dict[Day, str]:
    """Why an event-day cannot be judged: a run is at it, or the ledger of units with files in it cannot be read."""
    theirs = [(key, owner.day) for key in there if (owner := owner_of(key)) and owner.day in unread]
    calm = set(settled(before, after))
    found: dict[Day, str] = {}
    for day in days:
        prefixes = tuple(partition_prefix(table, day) for table in TABLES)
        of = [owner for key, owner in theirs if key.startswith(prefixes)] + [day] * (day in unread)
        if of:
            found[day] = f"the ledger of {of[0]} cannot be read"
        elif day not in calm:
            found[day] = f"a run is publishing into {day}, or died doing so"
    return found
