"""Reads what `dq-report` judges: ledgers, and listings of raw files and receipts. No table is scanned.

For a month: a read for each of some 50 ledgers, and a listing for each month or day of raw files and of receipts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby, islice

from clickctl.domain.errors import ClickctlError
from clickctl.domain.hours import Day, Hour, HourRange, Unit, hour_of
from clickctl.domain.layout import LOAD_NOTE, ledger_day, listing_prefixes
from clickctl.domain.ledger import Commit, InputFile
from clickctl.domain.limits import QualityLimits
from clickctl.domain.loads import LoadNote, load_note
from clickctl.domain.receipts import ReceiptName
from clickctl.domain.rules import QualityRules
from clickctl.observe import DaySeen, RawListing, list_raw_under, see_day
from clickctl.plan.dq.examples import EACH, files_to_read, masked
from clickctl.plan.dq.results import Example
from clickctl.plan.dq.seen import AlertsSeen, QualitySeen, history_days, reaches_present
from clickctl.plan.replay import items_of, to_replay
from clickctl.plan.status import INPUT_CHANGED, State, StatusReport
from clickctl.publish import Publisher
from clickctl.quarantined import records
from clickctl.receipts import names_under
from clickctl.survey import status_of_days

_AT_ONCE = 16
_MOST_RECORDS = 2000
_HEAD = 4096  # bytes of a record, to find the field at fault in


@dataclass(frozen=True)
class Inspector:
    """Looks at one lake. `action` is the alerted one; `alerted`: a topic or a function is configured for it."""

    publisher: Publisher
    rules: QualityRules
    limits: QualityLimits
    target_bytes: int
    action: str
    alerted: bool

    def see(self, hours: HourRange, now: datetime) -> QualitySeen:
        """Everything about a range of arrival hours at this moment (UTC)."""
        present = hour_of(now)
        earlier, weeks = history_days(hours.days)
        last = (present.day.plus(-1), present.day) if reaches_present(hours, present) else ()
        recent = [day for day in last if day not in hours.days and day not in earlier]
        with ThreadPoolExecutor(_AT_ONCE, "inspect") as pool:
            note, began = pool.submit(self._load_note), pool.submit(self._began)
            raw = self._raw(pool, hours.days)
            seen = list(pool.map(lambda day: see_day(self.publisher, day, raw.get(day, _NOTHING)), hours.days))
            # Days of earlier weeks that cannot be read are weeks less to compare with.
            others = list(pool.map(lambda day: see_day(self.publisher, day, _NOTHING), (*earlier, *recent)))
            days, status = self._settled({day.day: day for day in seen}, hours, present)
            alerts = self._alerts(pool, days.values())  # last: a receipt is there before its file is committed
        ledgers = {day.day: day.ledger for day in (*others, *days.values()) if not day.problem}
        return QualitySeen(
            hours=hours, now=now, present=present, status=status,
            ledgers={day: ledger for day, ledger in ledgers.items() if day not in recent}, weeks=weeks,
            recent=tuple(ledgers[day] for day in recent if day in ledgers), began=began.result(),
            alerts=alerts, load=note.result(), limits=self.limits, target_bytes=self.target_bytes,
        )  # fmt: skip

    def _settled(
        self, days: dict[Day, DaySeen], hours: HourRange, present: Hour
    ) -> tuple[dict[Day, DaySeen], StatusReport]:
        """The state of every hour. Days that seem torn, or to have other raw files than committed, are looked at again.

        A run may have ended since its ledger was read, or a file been committed since it was listed.
        """
        status = status_of_days(self.publisher, days, hours, self.rules, present)
        again = {one.hour.day for one in status.hours if one.state == State.TORN or one.reason == INPUT_CHANGED}
        if not again:
            return days, status
        days = {**days, **{day: see_day(self.publisher, day) for day in sorted(again)}}
        return days, status_of_days(self.publisher, days, hours, self.rules, present)

    def _began(self) -> Day | None:
        """The first arrival day that has a ledger."""
        root = f"{self.publisher.roots.processed}/"
        found = (ledger_day(info.location.removeprefix(root)) for info in self.publisher.lake.list(f"{root}_ledger/"))
        return next((day for day in found if day), None)

    def _raw(self, pool: ThreadPoolExecutor, days: Collection[Day]) -> dict[Day, RawListing]:
        found: dict[str, list[InputFile]] = {}
        obstacles: dict[str, list[str]] = {}
        listed = partial(list_raw_under, self.publisher.lake, self.publisher.roots)
        for listing in pool.map(listed, listing_prefixes(days)):
            for path, files in groupby(listing.files, lambda file: file.key[:10]):
                found.setdefault(path, []).extend(files)
            for key in listing.obstacles:
                obstacles.setdefault(key[:10], []).append(key)
        return {day: RawListing(tuple(found.get(day.path, ())), 0, tuple(obstacles.get(day.path, ()))) for day in days}

    def _alerts(self, pool: ThreadPoolExecutor, days: Collection[DaySeen]) -> AlertsSeen:
        """Who has no alerts need not have a place for them."""
        try:
            return self._compared(pool, days)
        except ClickctlError as error:
            if self.alerted:
                raise
            return AlertsSeen(self.action, (), None, False, error.message.rstrip("."))

    def _compared(self, pool: ThreadPoolExecutor, days: Collection[DaySeen]) -> AlertsSeen:
        """Receipts are of what was sent; what is pending is not sent yet."""
        prefixes = listing_prefixes([day.day for day in days])
        names = [name for found in pool.map(lambda prefix: list(self._receipts(prefix)), prefixes) for name in found]
        inputs = [file for day in days for file in day.raw.files]
        unsent = to_replay(items_of(inputs, names), everything=False)
        since = self._alerts_since() if unsent else min((name.hour for name in names), default=None)
        late = tuple(
            InputFile(item.source, item.etag, item.size) for item in unsent if since is None or item.hour > since
        )
        return AlertsSeen(self.action, late, since, self.alerted)

    def _alerts_since(self) -> Hour | None:
        """The hour of the oldest receipt there is: before it there were no alerts."""
        return next((name.hour for name in self._receipts() if not name.pending), None)

    def _receipts(self, prefix: str = "") -> Iterator[ReceiptName]:
        return names_under(self.publisher.lake, self.publisher.roots.alerts, prefix)

    def _load_note(self) -> LoadNote | None:
        found = self.publisher.lake.get(f"{self.publisher.roots.processed}/{LOAD_NOTE}")
        return load_note(found[0]) if found else None


_NOTHING = RawListing((), 0)


def examples_of(publisher: Publisher, units: Mapping[Unit, Commit], reasons: Sequence[str]) -> dict[str, list[Example]]:
    """Masked examples of each reason from a few quarantine files. What cannot be read has none: they are no figures."""
    found: dict[str, list[Example]] = {reason: [] for reason in reasons}
    for file in files_to_read(units, reasons):
        location = f"{publisher.roots.quarantine}/{file.key}"
        with suppress(ClickctlError), closing(records(publisher.lake, location, _HEAD)) as its:
            for record in islice(its, _MOST_RECORDS):
                for reason in record.reasons:
                    if len(some := found.get(reason, [])) < EACH and reason in found:
                        some.append(Example(record.source, record.line, record.size, masked(record.head, reason)))
                if all(len(some) >= EACH for some in found.values()):
                    break
    return found
