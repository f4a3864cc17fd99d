"""What hypothesis builds: hours, days, units, ledgers. Shared by the tests of domain and plan."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from clickctl.domain.hours import Day, Hour, Unit
from clickctl.domain.layout import FACTS, QUARANTINE, USERS, output_file
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

_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_HOURS_OF_TIME = 9998 * 365 * 24

hours = st.integers(0, _HOURS_OF_TIME).map(lambda n: Hour(_EPOCH + timedelta(hours=n)))
days = st.dates(date(1, 1, 1), date(9999, 12, 30)).map(Day)
units: st.SearchStrategy[Unit] = st.one_of(hours, days)

texts = st.text(max_size=12)
moments = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat().replace("+00:00", "Z"))
counts = st.integers(0, 10**12)
count_maps = st.dictionaries(texts, counts, max_size=3)
qualities = st.builds(
    Quality,
    lines=counts,
    facts=counts,
    duplicates=counts,
    quarantined=counts,
    reasons=count_maps,
    actions=count_maps,
    nulls=count_maps,
    days=count_maps,
    unknown_fields=count_maps,
    longest=count_maps,
    min_event_time=st.none() | moments,
    max_event_time=st.none() | moments,
    users=counts,
    bytes_in=counts,
)
inputs = st.builds(InputFile, texts, texts, counts)
input_sets = st.lists(inputs, max_size=4, unique=True).map(tuple)


@st.composite
def outputs(draw: st.DrawFn, unit: Unit) -> OutputFile:
    table, day = draw(st.sampled_from((FACTS, USERS, QUARANTINE))), draw(days)
    key = output_file(table, day, unit, draw(st.integers(0, 20_000)))
    return OutputFile(table, day, key, draw(counts), draw(counts))


@st.composite
def commits(draw: st.DrawFn, unit: Unit) -> Commit:
    read = draw(input_sets)
    return Commit(
        run_id=draw(texts),
        committed_at=draw(moments),
        inputs=read,
        fingerprint=fingerprint(read),
        files=tuple(draw(st.lists(outputs(unit), max_size=3))),
        quality=draw(qualities),
        transform=draw(texts),
        code_version=draw(texts),
        engine=draw(texts),
        seconds=draw(st.floats(0, 1e6)),
        cost=draw(st.none() | st.floats(0, 1e6)),
    )


@st.composite
def publishings(draw: st.DrawFn, unit: Unit) -> Publishing:
    owner = Owner(draw(texts), draw(counts), draw(texts), draw(texts), draw(st.none() | texts))
    files = st.lists(outputs(unit), max_size=2).map(tuple)
    return Publishing(draw(texts), owner, draw(files), draw(files), draw(st.just(()) | st.just(unit.hours)))


failures = st.builds(Failure, texts, texts, texts, texts)


@st.composite
def entries(draw: st.DrawFn, unit: Unit) -> UnitEntry:
    return UnitEntry(
        commit=draw(st.none() | commits(unit)),
        publishing=draw(st.none() | publishings(unit)),
        failure=draw(st.none() | failures),
    )


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    day = draw(days)
    ledger = Ledger(day)
    names: tuple[Unit, ...] = (day, *day.hours)
    for unit in draw(st.lists(st.sampled_from(names), max_size=3, unique=True)):
        ledger = ledger.with_entry(unit, draw(entries(unit)))
    return ledger
