"""How a cluster shares the work: which task reads which file, and which writes which."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from clickctl.domain.hours import Day
from clickctl.domain.ledger import InputFile
from clickctl.plan.unit import UnitOrder


def group_inputs(orders: Sequence[UnitOrder], tasks: int) -> list[list[tuple[int, InputFile]]]:
    """Inputs of all orders dealt to about `tasks` read tasks, the largest first to the lightest."""
    files = sorted(((n, f) for n, order in enumerate(orders) for f in order.inputs), key=lambda item: -item[1].size)
    groups: list[list[tuple[int, InputFile]]] = [[] for _ in range(min(tasks, len(files)))]
    weights = [0] * len(groups)
    for item in files:
        lightest = weights.index(min(weights))
        groups[lightest].append(item)
        weights[lightest] += item[1].size + 100_000  # opening a file costs something too
    return groups


def slot_of(unit: int, table: str, day: Day, bucket: int, slots: int) -> int:
    """The buckets of one table and day in consecutive slots: never two in one while slots suffice."""
    return (crc32(f"{unit} {table} {day}".encode()) + bucket) % slots


def slot_salts(slots: int) -> list[int]:
    """For each slot a number that Spark's hash partitioning puts there.

    `repartition(n, column)` places an int by pmod(murmur3(value, seed 42), n); with these the
    placement is ours, so that no two large files meet in one task by accident of hashing.
    """
    salts: dict[int, int] = {}
    candidate = 0
    while len(salts) < slots:
        salts.setdefault(_murmur3(candidate) % slots, candidate)
        candidate += 1
    return [salts[slot] for slot in range(slots)]


def _murmur3(value: int) -> int:
    """MurmurHash3_x86_32 of one int with seed 42, as a signed number: Spark's hash(value)."""

    def mixed(word: int, turn: int) -> int:
        return ((word << turn) | (word >> (32 - turn))) & 0xFFFFFFFF

    k = mixed(value * 0xCC9E2D51 & 0xFFFFFFFF, 15) * 0x1B873593 & 0xFFFFFFFF
    h = (mixed(42 ^ k, 13) * 5 + 0xE6546B64) & 0xFFFFFFFF ^ 4
    h = (h ^ (h >> 16)) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ (h >> 13)) * 0xC2B2AE35 & 0xFFFFFFFF
    h ^= h >> 16
    return h - (1 << 32) if h >= 1 << 31 else h
