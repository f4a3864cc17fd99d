"""Asks the tables what the ledgers say of them: rows, click_ids, nulls, users and files, by event-day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date

from clickctl.domain.errors import UsageError
from clickctl.domain.hours import Day
from clickctl.domain.layout import FACTS, TABLES, USERS, owner_of, partition_prefix
from clickctl.domain.limits import QualityLimits
from clickctl.domain.rules import QualityRules
from clickctl.ledgers import first_arrival, read_ledgers
from clickctl.plan.catalog import DaysWithRows
from clickctl.plan.dq.judging import Judged
from clickctl.plan.dq.results import DayVerified, Verified
from clickctl.plan.dq.tables import LedgersSay, ledgers_say, settled, stray_files, table_checks
from clickctl.ports import Answer, Catalog, Query
from clickctl.publish import Publisher
from clickctl.settings import CatalogSettings
from clickctl.sqlfiles import statement_on

_AT_ONCE = 16
_COLUMNS = ("session_id", "action", "page_url", "attrs")
_Counts = dict[Day, dict[str, int]]


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

    def verify(self, days: Sequence[Day], limits: QualityLimits) -> tuple[Verified, list[Judged]]:
        """What there is, and the checks of it. A day that runs publish into meanwhile is not judged, nor one of
        which a ledger that cannot be read may tell.

        Raises UsageError where more would be scanned than permitted; nothing was asked then.
        """
        before, unread = self._ledgers(days)
        self._refuse_much(before)
        there, view = self._files(days), self._view()  # what is free comes first: it may be refused
        facts, users, unknown = self._asked(before)
        after, still_unread = self._ledgers(days)
        unclear = _unclear(days, unread | still_unread, there)
        calm = tuple(day for day in settled(before, after) if day not in unclear)
        orphans, lost = stray_files(after, there, calm)
        rows = (day for day in self._days(calm, after, facts, users) if day.facts or day.facts_in_ledger)
        found = replace(self.spent, days=tuple(rows), orphans=tuple(orphans), lost=tuple(lost))
        required = {day: facts.get(day, {}).get("required_nulls", 0) for day in calm}
        missing = {day: unknown.get(day, {}).get("unknown", 0) for day in calm}
        return found, table_checks(found, required, missing, view, len(before.files) - len(calm), limits)

    @property
    def spent(self) -> Verified:
        """What was asked so far and what it took; nothing of what was found."""
        return Verified(
            (), (), (), len(self.answers),
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
                f"--verify could scan {size / 1e9:,.1f} GB, and [athena] max_scan_gb is {self.max_scan_bytes / 1e9:g}.",
                hint="Give a shorter range, leave --verify out, or raise athena.max_scan_gb.",
            )

    def _asked(self, say: LedgersSay) -> tuple[_Counts, _Counts, _Counts]:
        """Of all days together, whatever there is of each; every statement reads their partitions alone."""
        names, days = self.names, sorted(say.files)
        statements = (
            statement_on("dq/facts", days, facts=names.facts),
            statement_on("dq/users", days, users=names.users),
            statement_on("dq/unknown_users", days, facts=names.facts, users=names.users),
        )
        facts, users, unknown = (self._counts(sql) for sql in statements)
        return facts, users, unknown

    def _counts(self, sql: str) -> _Counts:
        answer = self.query.run(sql)
        self.answers.append(answer)
        found: _Counts = {}
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

    def _days(self, calm: Iterable[Day], say: LedgersSay, facts: _Counts, users: _Counts) -> Iterable[DayVerified]:
        for day in calm:
            seen = facts.get(day, {})
            count = seen.get("facts", 0)
            yield DayVerified(
                day, count, say.rows(FACTS, day), users.get(day, {}).get("users", 0), say.rows(USERS, day),
                count - seen.get("click_ids", 0), {name: seen.get(name, 0) for name in _COLUMNS},
            )  # fmt: skip

    def _view(self) -> str:
        """What is wrong with the view of users, where there is one."""
        name = self.names.users_view
        wanted = {view.name: view.sql for view in self.catalog.wanted(DaysWithRows({}), 1).views}
        made = self.catalog.observe([]).views
        return f"the view {name} is not as it should be" if name in made and made[name] != wanted.get(name) else ""


def _unclear(days: Iterable[Day], unread: frozenset[Day], there: Iterable[str]) -> frozenset[Day]:
    """The event-days of which a ledger that cannot be read may tell: its own, and those with files of its units."""
    theirs = [key for key in there if (owner := owner_of(key)) and owner.day in unread]
    return frozenset(
        day
        for day in days
        if day in unread or any(key.startswith(partition_prefix(table, day)) for key in theirs for table in TABLES)
    )
