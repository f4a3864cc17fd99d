"""Raw files of which exactly one line in a hundred is a purchase: lines of clickctl.sample, evenly thinned."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from clickctl.domain.hours import Hour
from clickctl.sample import BAD_EVERY, Sample, write_sample

HOUR = Hour(datetime(2026, 1, 5, 13, tzinfo=UTC))
SOURCE = f"{HOUR.path}/part-00000.json.gz"
IN_A_HUNDRED = 1
_SPARE = 2  # lines made for each that is kept
_PURCHASE = b'"action":"purchase"'
_NOT_SO_LONG = (b" AppleWebKit/537.36 (KHTML, like Gecko)", b".0.0.0 Safari/537.36")  # of the agent, in 500 bytes


def lines_of(count: int) -> list[bytes]:
    """So many good lines of an hour, in their order, without newlines; some of them are there twice."""
    with tempfile.TemporaryDirectory() as folder:
        sample = Sample(hours=1, events=_SPARE * count, files_per_hour=1, hostile=False)
        write_sample(Path(folder), HOUR.start, sample)
        text = gzip.decompress((Path(folder) / SOURCE).read_bytes())
    for words in _NOT_SO_LONG:
        text = text.replace(words, b"")
    lines = [line for at, line in enumerate(text.split(b"\n")[:-1]) if at % BAD_EVERY != BAD_EVERY - 1]
    wanted = [at for at, line in enumerate(lines) if _PURCHASE in line]
    other = sorted(set(range(len(lines))).difference(wanted))
    purchases = count * IN_A_HUNDRED // 100
    return [lines[at] for at in sorted(_evenly(wanted, purchases) + _evenly(other, count - purchases))]


def purchases_in(lines: Sequence[bytes]) -> list[bytes]:
    return [line for line in lines if _PURCHASE in line]


def _evenly(places: Sequence[int], count: int) -> list[int]:
    if len(places) < count:
        raise SystemExit(f"only {len(places):,} lines of a kind, not {count:,}: ask for more events")
    return [places[at * len(places) // count] for at in range(count)]
