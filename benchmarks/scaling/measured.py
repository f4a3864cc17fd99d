"""What is measured: the benchmark's day as the kernel leaves it, ledgers of many raw files, calls for one raw file."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, cast

from benchmarks.account import fail_unless
from benchmarks.transform.__main__ import run
from benchmarks.transform.data import DAY, FILES_PER_HOUR, make_input
from clickctl.alerting import Alerter
from clickctl.domain.hours import Day, unit_from_name
from clickctl.domain.ledger import Commit, InputFile, Ledger, UnitEntry, dump, load
from clickctl.domain.rules import QualityRules
from clickctl.lakes import Lake
from clickctl.local.lake import FolderLake
from clickctl.receipts import Receipts

EVENTS = 2_520_000
FACTORS = (1, 10, 100, 1000)
READ_AT_ONCE = 51  # ledgers of a report of 30 days: benchmarks/README.md, the data quality report
_KINDS = ("list", "stream", "get", "put_if", "upload", "copy", "delete")
_EVENT = '{"event_time":"2026-01-05T13:00:00Z","user_id":"u%d","action":"purchase"}\n'
_SOURCE = "2026/01/05/13/part-0.json"


@dataclass(frozen=True)
class Measured:
    """The benchmark's day, run by the real kernel. Sizes in bytes."""

    commit: Commit
    text: int
    facts: int
    users: int
    action: int  # the column's share of `facts`

    @property
    def zipped(self) -> int:
        return self.commit.quality.bytes_in

    @property
    def purchases(self) -> int:
        return self.commit.quality.actions["purchase"]


def day_in(work: Path) -> Measured:
    raw = make_input(work, EVENTS, 24)
    _, problems = run("clickctl-local", raw, work, None)
    fail_unless(problems, [], "the day's run")
    lake = work / "out" / "clickctl-local" / "processed"
    ledger = lake / f"_ledger/{DAY.replace('-', '/')}.json"
    (entry,) = load(ledger.read_bytes(), str(ledger)).units.values()
    assert entry.commit
    sizes: Counter[str] = Counter()
    for file in entry.commit.files:
        sizes[file.table] += file.size
        if file.table == "fact_clicks":
            sizes["action"] += _column(lake / file.key, "action")
    text = sum(int.from_bytes(path.read_bytes()[-4:], "little") for path in raw.rglob("*.gz"))  # as gzip notes it
    return Measured(entry.commit, text, sizes["fact_clicks"], sizes["dim_users"], sizes["action"])


def _column(path: Path, name: str) -> int:
    import pyarrow.parquet as pq

    footer = pq.read_metadata(path)
    at = footer.schema.names.index(name)
    return sum(footer.row_group(n).column(at).total_compressed_size for n in range(footer.num_row_groups))


def the_day(day: Measured) -> list[list[str]]:
    quality = day.commit.quality
    heads = ["", "events", "JSON", "gzip", "raw files", "facts", "their Parquet", "of action", "of users", "purchases"]
    row = [DAY, f"{quality.lines:,}", size(day.text), size(day.zipped), str(quality.files_in), f"{quality.facts:,}",
           size(day.facts), size(day.action), size(day.users), f"{day.purchases:,}"]  # fmt: skip
    return [heads, row]


def ledgers(commit: Commit) -> list[list[str]]:
    """As 24 hours and as one day, with this commit's counts."""
    rows = [["raw files", "a day", "24 hours", "read, s", "written, s", "one day", f"{READ_AT_ONCE} of them read, s"]]
    for factor in FACTORS:
        files = FILES_PER_HOUR * factor
        inputs = [tuple(_input(hour, n) for n in range(files)) for hour in range(24)]
        hours = _ledger({f"{DAY}T{hour:02d}": _of_hour(commit, hour, found) for hour, found in enumerate(inputs)})
        whole = dump(_ledger({DAY: replace(commit, inputs=tuple(chain(*inputs)))}))
        data = dump(hours)
        fail_unless(load(data, "here") == hours, True, "a ledger that was written and read")
        seconds = [_best(load, data, "here"), _best(dump, hours)]
        rows.append([f"{files:,} an hour", f"{24 * files:,}", size(len(data)), *(f"{one:.3f}" for one in seconds),
                     size(len(whole)), f"{_best(load, whole, 'here') * READ_AT_ONCE:.1f}"])  # fmt: skip
    return rows


def _ledger(commits: dict[str, Commit]) -> Ledger:
    return Ledger(cast(Day, unit_from_name(DAY)), {name: UnitEntry(commit) for name, commit in commits.items()})


def _of_hour(commit: Commit, hour: int, inputs: tuple[InputFile, ...]) -> Commit:
    only = {name: {f"{DAY}T{hour:02d}": 1} for name in ("hourly_lines", "hourly_facts", "hourly_quarantined")}
    return replace(commit, inputs=inputs, quality=replace(commit.quality, **cast(Any, only)))


def _input(hour: int, number: int) -> InputFile:
    """As S3 names and marks them."""
    return InputFile(f"2026/01/05/{hour:02d}/part-{number:05d}.json.gz", f"{hour:02d}{number:030d}", 1_400_000 + number)


def _best(what: Callable[..., object], *words: object) -> float:
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        what(*words)
        seconds.append(time.perf_counter() - began)
    return min(seconds)


class _Counting:
    """A lake that counts what it is asked for."""

    def __init__(self) -> None:
        self.lake, self.calls = FolderLake(), Counter[str]()

    def __getattr__(self, name: str) -> Any:
        self.calls[name] += 1
        return getattr(self.lake, name)


class _Accepting:
    """A topic that accepts everything and tells nobody."""

    def __init__(self) -> None:
        self.calls = 0

    def publish(self, batch: Sequence[Any]) -> tuple[list[str], str]:
        self.calls += 1
        return [message.id for message in batch], ""


def calls() -> list[list[str]]:
    """Each is a request of S3 or SNS, for listings of one page and objects of one part."""
    rows = [["", *_KINDS, "SNS", "all"]]
    for purchases in (0, 10, 100, 1000):
        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder, "raw", _SOURCE)
            raw.parent.mkdir(parents=True)
            raw.write_text("".join(_EVENT % n for n in range(purchases)))
            lake, topic = _Counting(), _Accepting()
            receipts = Receipts(cast(Lake, lake), f"{folder}/alerts", "benchmark")
            alerter = Alerter(
                receipts.lake, f"{folder}/raw", receipts, QualityRules(), "purchase", cast(Any, topic), 100
            )
            fail_unless(alerter.alert(_SOURCE).alerts, purchases, "alerts")
        counts = [*(lake.calls[kind] for kind in _KINDS), topic.calls]
        rows.append([f"{purchases:,}", *map(str, counts), str(sum(counts))])
    return rows


def size(count: float) -> str:
    for unit, bytes_ in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= bytes_:
            return f"{count / bytes_:,.2f} {unit}" if count < 10 * bytes_ else f"{count / bytes_:,.0f} {unit}"
    return f"{count / 1e3:,.0f} kB"
