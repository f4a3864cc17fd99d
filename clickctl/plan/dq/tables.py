"""What the tables hold beside what the ledgers say of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from clickctl.domain.hours import Day
from clickctl.domain.layout import TABLES, owner_of, partition_prefix
from clickctl.domain.ledger import Ledger, OutputFile
from clickctl.domain.limits import QualityLimits
from clickctl.plan.dq.judging import Judged, Part, closer, counted, judged, share_judged, since, unjudged
from clickctl.plan.dq.results import Verdict, Verified

TABLE_CHECKS = ("rows", "doubled", "required", "orphans", "users")


@dataclass(frozen=True)
class LedgersSay:
    """The files of each event-day, by key, and the days that a run is, or died, publishing into."""

    files: dict[Day, dict[str, OutputFile]]
    unsettled: frozenset[Day]

    def rows(self, table: str, day: Day) -> int:
        return sum(file.rows for file in self.files.get(day, {}).values() if file.table == table)


def ledgers_say(ledgers: Iterable[Ledger], days: Collection[Day]) -> LedgersSay:
    """Of some event-days, from the ledgers of all arrival days that may have rows of them."""
    wanted, unsettled = set(days), set[Day]()
    files: dict[Day, dict[str, OutputFile]] = {day: {} for day in wanted}
    for ledger in ledgers:
        for entry in ledger.units.values():
            for file in entry.commit.files if entry.commit else ():
                if file.table in TABLES and file.day in wanted:
                    files[file.day][file.key] = file
            if entry.publishing:
                unsettled |= {file.day for file in (*entry.publishing.files, *entry.publishing.replaces)}
    return LedgersSay(files, frozenset(unsettled & wanted))


def settled(before: LedgersSay, after: LedgersSay) -> tuple[Day, ...]:
    """The days whose files were the same before and after the tables were looked at, with nobody at them."""
    moving = before.unsettled | after.unsettled
    return tuple(day for day in sorted(before.files) if day not in moving and before.files[day] == after.files[day])


def stray_files(say: LedgersSay, there: Mapping[str, int], days: Sequence[Day]) -> tuple[list[str], list[str]]:
    """Files of these days that no commit has, and those of commits that are not there as they were written.

    `there` tells the size of each object under the tables. What begins with `_` or `.` no engine reads.
    """
    known = {key: file for day in days for key, file in say.files[day].items()}
    prefixes = tuple(partition_prefix(table, day) for table in TABLES for day in days)
    read = {key for key in there if key.startswith(prefixes) and key.rpartition("/")[2][:1] not in "_."}
    lost = [key for key, file in known.items() if there.get(key) != file.size]
    return sorted(read - known.keys()), sorted(lost)


def table_checks(found: Verified | None, limits: QualityLimits, trouble: str = "") -> list[Judged]:
    """`trouble` is why the tables could not be asked; with `found`, their files were listed all the same."""
    if trouble or found is None:
        why = f"the tables could not be asked: {trouble}"
        unasked = [unjudged(name, why, limits.of(name)) for name in TABLE_CHECKS]
        return [_orphans(found, limits) if found and one.check.name == "orphans" else one for one in unasked]
    if not found.days and not found.orphans and not found.lost:
        why = next(iter(found.skipped.values()), "there is no row in these days")
        return [unjudged(name, why, limits.of(name)) for name in TABLE_CHECKS]
    doubled = [Part(str(day.day), day.doubled, day.facts) for day in found.days]
    required = {str(day.day): day.required_nulls for day in found.days}
    return [
        _rows(found, limits),
        share_judged("doubled", doubled, limits.of("doubled"), "of facts are there already", verify),
        _counted("required", required, "facts without click_id, event_time or user_id", limits),
        _orphans(found, limits),
        _users(found, limits),
    ]


def verify(place: str) -> str:
    return closer(place, "--verify")


def _rows(found: Verified, limits: QualityLimits) -> Judged:
    other = [day for day in found.days if (day.facts, day.users) != (day.facts_in_ledger, day.users_in_ledger)]
    text = f"{counted(len(found.days), 'event-day')} as the ledgers say"
    if other:
        day = other[0]
        seen = f"{day.day} has {day.facts:,} facts and {day.users:,} users"
        told = f"by the ledgers {day.facts_in_ledger:,} and {day.users_in_ledger:,}"
        text = f"{counted(len(other), 'event-day')} of {len(found.days)} not as the ledgers say: {seen}, {told}"
    skipped = [f"{len(found.skipped)} not judged: {next(iter(found.skipped.values()))}"] if found.skipped else []
    text = "; ".join([text, *skipped])
    over = dict.fromkeys((str(day.day) for day in other), Verdict.FAIL)
    return judged("rows", len(other), limits.of("rows"), text, over=over,
                  command=verify(str(other[0].day)) if other else "",
                  since=since(over, [str(day.day) for day in found.days]))  # fmt: skip


def _counted(name: str, counts: Mapping[str, int], what: str, limits: QualityLimits) -> Judged:
    over = {day: Verdict.FAIL for day, count in counts.items() if count}
    first, total = next(iter(over), ""), sum(counts.values())
    text = f"{total or 'no'} {what}" + (f", the first in {first}" if first else "")
    return judged(name, total, limits.of(name), text, over=over, since=first, command=verify(first) if first else "")


def _orphans(found: Verified, limits: QualityLimits) -> Judged:
    files = [*found.lost, *found.orphans]
    text = (
        f"{counted(len(found.orphans), 'file')} that no commit has, {len(found.lost) or 'none'} lost or of another size"
    )
    text += f" ({files[0]}{', …' if len(files) > 1 else ''})" if files else ""
    days = sorted({day for key in files if (day := _day_of(key))})
    command = verify(days[0]) if days else ""
    if found.lost:
        command = f"clickctl run-partition {owner_of(found.lost[0])} --force"
    return judged("orphans", len(files), limits.of("orphans"), text, over=dict.fromkeys(days, Verdict.FAIL),
                  since=days[0] if days else "", command=command)  # fmt: skip


def _day_of(key: str) -> str:
    match = re.search(r"/year=(\d{4})/month=(\d\d)/day=(\d\d)/", key)
    return "-".join(match.groups()) if match else ""


def _users(found: Verified, limits: QualityLimits) -> Judged:
    unknown = {str(day.day): day.unknown_users for day in found.days}
    one = _counted("users", unknown, "users of facts without a row in dim_users", limits)
    if not found.view:
        return one
    wrong, text = sum(unknown.values()) + 1, f"{found.view}; {one.check.seen}"
    return judged("users", wrong, limits.of("users"), text, since=one.check.since, over=one.over,
                  command="clickctl register-partitions --dry-run")  # fmt: skip
