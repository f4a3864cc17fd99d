"""The catalog's differences as lines of `doctor`: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clickctl.plan.catalog import CREATE_TABLES, PERSON, PRUNE, CatalogSeen, CatalogWanted, Change, plan_catalog
from clickctl.plan.checks import Check, Subject
from clickctl.plan.tables import TableSeen, TableWanted, parameters_to_set

REPAIR = "clickctl register-partitions"


@dataclass(frozen=True)
class CatalogFound:
    """The catalog as it is and as it should be, with the partitions of some recent days that have rows."""

    wanted: CatalogWanted
    seen: CatalogSeen
    present_year: int

    def changes(self, kinds: Sequence[str], name: str) -> list[Change]:
        """Those of one resource. Days without rows are nothing to worry about."""
        planned = plan_catalog(self.wanted, self.seen).changes
        return [c for c in planned if c.kind in kinds and c.name == name and c.needs != PRUNE]


def view_check(name: str, found: CatalogFound, subject: Subject) -> Check:
    changes = found.changes(["view"], name)
    return subject.warn(_told(changes), _repair(changes)) if changes else subject.ok("as it should be")


def table_check(name: str, found: CatalogFound, subject: Subject) -> Check:
    """A table that shows no rows, or another's, is a failure; days to be registered are not."""
    changes = found.changes(["table", "partition"], name)
    table = next(table for table in found.wanted.tables if table.name == name)
    if not changes:
        return subject.ok(f"as it should be; projected: {_range(found.seen.tables[name])}; recent days registered")
    seen, hint = _told(changes), _repair(changes)
    if name not in found.seen.tables or any(change.kind == "table" and change.needs for change in changes):
        return subject.fail(seen, hint)
    if blind := _blind(table, found.seen.tables[name], found.present_year):
        return subject.fail(f"Athena does not find today's rows ({', '.join(blind)}); {seen}", hint)
    return subject.warn(seen, hint)


def _blind(wanted: TableWanted, seen: TableSeen, year: int) -> list[str]:
    """Parameters without which projection does not reach the present day: then queries answer with no rows."""
    today = replace(wanted, years=(year, year), years_made=(year, year))
    names = parameters_to_set(today, seen.parameters)
    return [name for name in names if name.startswith(("projection.", "storage.location.template"))]


def _range(seen: TableSeen) -> str:
    return seen.parameters.get("projection.year.range", "").replace(",", " to ")


def _told(changes: Sequence[Change]) -> str:
    reasons = [change.reason for change in changes if change.kind != "partition"]
    days = sum(change.kind == "partition" and change.day is not None for change in changes)
    if days and not any(change.action == "create" for change in changes):
        reasons.append(f"{days} recent {'day is' if days == 1 else 'days are'} not registered as they should be")
    return "; ".join(dict.fromkeys(reasons)) or changes[0].reason


def _repair(changes: Sequence[Change]) -> str:
    needs = {change.needs for change in changes}
    if CREATE_TABLES in needs:
        return f"{REPAIR} {CREATE_TABLES}"
    return f"Put it right by hand, then: {REPAIR} --check" if PERSON in needs else REPAIR
