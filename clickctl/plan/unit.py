"""One unit: what is to be done about it, and the order that does it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from clickctl.domain.hours import Day, Hour, Unit
from clickctl.domain.layout import FACTS, TABLES
from clickctl.domain.ledger import InputFile, Ledger, OutputFile, UnitEntry, fingerprint
from clickctl.domain.rules import QualityRules

_PARQUET_PER_GZIP = 1.6
_PARQUET_PER_PLAIN = 0.17
"""Bytes of fact_clicks for a byte of raw file, measured on the benchmark's day of data."""


@dataclass(frozen=True)
class Shards:
    """How many files each (table, event-day) gets; 1 where not named.

    The count must be known before the first row is read, because a row's file is the hash of its
    key modulo the count.
    """

    counts: tuple[tuple[str, Day, int], ...] = ()

    def count(self, table: str, day: Day) -> int:
        return next((n for t, d, n in self.counts if t == table and d == day), 1)


@dataclass(frozen=True)
class UnitOrder:
    """An order to an engine: run this unit from these inputs.

    `base` names the runs the unit's entries held when it was planned; publishing refuses when
    they have changed since. `force` says that it is to be run although it may be up to date;
    `replaces` is how many committed files its own will take the place of.
    """

    unit: Unit
    run_id: str
    inputs: tuple[InputFile, ...]
    shards: Shards
    rules: QualityRules
    base: tuple[tuple[str, str], ...]
    force: bool = False
    replaces: int = 0

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.inputs)

    @property
    def bytes_in(self) -> int:
        return sum(f.size for f in self.inputs)


def related(unit: Unit, ledger: Ledger) -> tuple[Unit, ...]:
    """The units whose rows a run of `unit` would touch: itself, and a day's hours."""
    if isinstance(unit, Hour):
        return (unit, unit.day)
    return (unit, *(hour for hour in unit.hours if str(hour) in ledger.units))


def base_of(unit: Unit, ledger: Ledger) -> tuple[tuple[str, str], ...]:
    """What `UnitOrder.base` is compared with: every related unit's run, newest state first."""
    return tuple(
        (name, run)
        for name, entry in ((str(other), ledger.entry(other)) for other in related(unit, ledger))
        if (run := _run_of(entry))
    )


def _run_of(entry: UnitEntry) -> str:
    if entry.publishing:
        return f"publishing {entry.publishing.run_id}"
    return entry.commit.run_id if entry.commit else ""


def order_unit(
    unit: Unit,
    run_id: str,
    inputs: tuple[InputFile, ...],
    ledger: Ledger,
    rules: QualityRules,
    target: int,
    *,
    force: bool = False,
) -> UnitOrder:
    """The order to run `unit` now, in files of about `target` bytes. `run_id` comes from outside."""
    return UnitOrder(
        unit=unit,
        run_id=run_id,
        inputs=tuple(sorted(inputs)),
        shards=plan_shards(unit, inputs, ledger.entry(unit), target),
        rules=rules,
        base=base_of(unit, ledger),
        force=force,
        replaces=sum(len(commit.files) for other in related(unit, ledger) if (commit := ledger.entry(other).commit)),
    )


def plan_shards(unit: Unit, inputs: tuple[InputFile, ...], entry: UnitEntry, target: int) -> Shards:
    """Keep the file counts of the last commit unless the size expected now demands otherwise.

    Kept counts make a rerun overwrite file by file (promise P3). The size expected is that of the
    last commit, scaled by the growth of the input; with no commit it is estimated from the input.
    """
    size_in = sum(f.size for f in inputs)
    if entry.commit is None:
        estimate = sum(f.size * (_PARQUET_PER_GZIP if f.key.endswith(".gz") else _PARQUET_PER_PLAIN) for f in inputs)
        first = (FACTS, unit.day, max(1, math.ceil(estimate / target)))
        return Shards((first,) if first[2] > 1 else ())
    growth = size_in / max(1, sum(f.size for f in entry.commit.inputs))
    groups: dict[tuple[str, Day], list[OutputFile]] = {}
    for file in entry.commit.files:
        if file.table in TABLES:
            groups.setdefault((file.table, file.day), []).append(file)
    counts = []
    for (table, day), files in sorted(groups.items()):
        kept = 1 + max(_index(file.key) for file in files)
        expected = growth * sum(file.size for file in files)
        wanted = max(1, math.ceil(expected / target))
        fits = expected <= 2 * target * kept and (kept == 1 or expected >= target * kept / 4)
        counts.append((table, day, kept if fits else wanted))
    return Shards(tuple(count for count in counts if count[2] > 1))


def _index(key: str) -> int:
    return int(key.rsplit("-", 1)[1].split(".")[0])
