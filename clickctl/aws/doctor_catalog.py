"""Lines of `doctor` about the tables in Glue's catalog, and about Athena."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from clickctl.aws.doctor_asking import Account, Missing, Once, asked
from clickctl.aws.query import AthenaQuery
from clickctl.config import Config
from clickctl.domain.errors import ClickctlError, ConfigError, EngineError
from clickctl.domain.hours import Day, HourRange
from clickctl.domain.layout import TABLES
from clickctl.plan.catalog import CREATE_TABLES, DaysWithRows
from clickctl.plan.checked_catalog import REPAIR, CatalogFound, table_check, view_check
from clickctl.plan.checks import Check, Probe, Subject
from clickctl.ports import Catalog
from clickctl.settings import AthenaSettings

_RECENT = 7
"""Days of which partitions are looked at; `register-partitions --check` looks at all."""

_LONGEST = 20.0
"""Seconds to wait for a query that needs one or two."""

NO_ROWS = DaysWithRows(dict.fromkeys(TABLES, frozenset()), complete=False)


def recent(today: Day) -> HourRange:
    return HourRange(today.plus(1 - _RECENT).first_hour, today.plus(1).first_hour)


def catalog_probes(
    account: Account, config: Config, catalog: Catalog, rows: Callable[[], DaysWithRows], today: Day
) -> Iterator[Probe]:
    """`rows` tells of the recent event-days that have rows."""

    def fetched() -> CatalogFound:
        with asked(f"Glue database {names.database}"):
            wanted = catalog.wanted(rows(), today.date.year)
            return CatalogFound(wanted, catalog.observe(recent(today).days), today.date.year)

    def line(title: str, name: str, check: Callable[[CatalogFound, Subject], Check]) -> Probe:
        return Probe(Subject(title, name), account.guarded(lambda subject: check(found(), subject)))

    names, found = config.catalog, Once(fetched)
    yield Probe(Subject("database", names.database), account.guarded(partial(_database, account)))
    for name in (names.facts, names.users):
        yield line("table", f"{names.database}.{name}", partial(table_check, name))
    yield line("view", f"{names.database}.{names.users_view}", partial(view_check, names.users_view))


def _database(account: Account, subject: Subject) -> Check:
    try:
        with asked(subject.resource):
            account.client("glue").get_database(Name=subject.resource)
    except Missing:
        return subject.fail("missing", f"{REPAIR} {CREATE_TABLES}")
    return subject.ok("there")


def athena_probes(account: Account, config: Config) -> Iterator[Probe]:
    query = AthenaQuery(config.aws, config.athena, config.catalog, pause=_impatient())
    workgroup = Once(partial(_workgroup, account, config.athena.workgroup))
    look = partial(_workgroup_line, workgroup, config.athena)
    yield Probe(Subject("workgroup", config.athena.workgroup), account.guarded(look))
    yield Probe(Subject("query", "SELECT 1"), account.guarded(partial(_query, workgroup, query)))


def _impatient() -> Callable[[float], None]:
    """A pause between two looks at a query that raises once there were enough of them."""
    left = _LONGEST

    def pause(seconds: float) -> None:
        nonlocal left
        left -= seconds
        if left < 0:
            raise EngineError(f"no answer within {_LONGEST:.0f} s", hint="Athena is busy: look again in a minute.")
        time.sleep(seconds)

    return pause


def _workgroup(account: Account, name: str) -> dict[str, Any]:
    try:
        with asked(name):
            found: dict[str, Any] = account.client("athena").get_work_group(WorkGroup=name).get("WorkGroup") or {}
    except ConfigError as error:
        if "not found" not in error.message:  # InvalidRequestException: WorkGroup is not found
            raise
        found = {}
    if found.get("State") != "ENABLED":
        how = "is disabled" if found else "there is no such workgroup"
        raise Missing(how, hint="Enable or make it, or correct [athena] workgroup.")
    return found


def _workgroup_line(workgroup: Once[dict[str, Any]], athena: AthenaSettings, subject: Subject) -> Check:
    settings = workgroup().get("Configuration", {})
    place = settings.get("ResultConfiguration", {}).get("OutputLocation", "")
    managed = settings.get("ManagedQueryResultsConfiguration", {}).get("Enabled", False)
    enforced = settings.get("EnforceWorkGroupConfiguration", False)
    output = place if enforced else athena.output or place
    if not (output or managed):
        hint = "Set the workgroup's own: it overrides [athena] output." if enforced else "Set [athena] output."
        return subject.fail("enabled, but has no place for results", hint)
    seen = f"enabled, results in {output or 'storage Athena manages'}"
    cutoff = settings.get("BytesScannedCutoffPerQuery")
    if not cutoff:
        hint = "Set the workgroup's limit of bytes scanned per query: a slip can cost dollars."
        return subject.warn(f"{seen}, no limit of bytes scanned", hint)
    return subject.ok(f"{seen}, at most {cutoff / 1e9:.1f} GB a query")


def _query(workgroup: Once[dict[str, Any]], query: AthenaQuery, subject: Subject) -> Check:
    try:
        workgroup()
    except Missing:
        return subject.skipped("the workgroup is not to be used")
    except ClickctlError:
        pass  # it may not be looked at, and yet be used
    with asked("Athena"):
        answer = query.run(subject.resource)
    return subject.ok(f"answered in {answer.seconds:.1f} s, {answer.bytes_scanned} bytes, ${answer.dollars:.2f}")
