"""The same report of the same days from S3: what it asks of an imitated account, where every call takes a while."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import md5
from statistics import median

from benchmarks.account import Aws, account, clickctl, fail_unless, talk
from benchmarks.dq.contestants import REPORT, WORDS, of_report
from benchmarks.dq.lake import FIRST, HISTORY, LocalLake, days
from benchmarks.dq.scanned import ACTIONS, Facts
from clickctl.domain.hours import Day
from clickctl.domain.ledger import InputFile, Ledger, UnitEntry, dump, fingerprint, load

BARE, STATUS = "the same, --no-samples", "clickctl status, of the same hours"
ASKED = {REPORT: WORDS, BARE: [*WORDS, "--no-samples"], STATUS: ["status", *WORDS[1:]]}
RAW = gzip.compress(b"{}\n", mtime=0)  # nobody reads them: they are listed
GET, LIST = "s3.GetObject", "s3.ListObjectsV2"


@dataclass(frozen=True)
class Asked:
    """Seconds of the whole process, and calls by name."""

    wall: float
    calls: Counter[str]

    def of(self, service: str) -> int:
        return sum(count for call, count in self.calls.items() if call.startswith(service))


def measure(lake: LocalLake, latency: float, runs: int) -> tuple[dict[str, Asked], Facts]:
    """What each command asked (the most of any run), and the facts of the report."""
    with account(latency) as aws:
        talk("a lake of the same ledgers in moto's S3")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda day: put_day(aws, lake, day), days(FIRST.plus(-HISTORY))))
        found: dict[str, list[Asked]] = {name: [] for name in ASKED}
        for turn in range(runs):
            talk(f"run {turn + 1} on S3")
            for name, words in ASKED.items():
                asked, out = ask(aws, words)
                found[name].append(asked)
                if name == REPORT:
                    states = Counter(hour["state"] for hour in json.loads(out)["hours"])
                    fail_unless(states, {"committed": 24 * len(days())}, "states of hours on S3")
                    facts = of_report(out)
    return {name: most(asked) for name, asked in found.items()}, facts


def ask(aws: Aws, words: Sequence[str]) -> tuple[Asked, str]:
    with aws.counting() as calls:
        spent = clickctl(aws, *words, quality={"actions": list(ACTIONS)})
    return Asked(spent.wall, Counter(str(call.name) for call in calls)), spent.out


def most(asked: Sequence[Asked]) -> Asked:
    calls = Counter[str]()
    for one in asked:
        calls |= one.calls
    return Asked(median(one.wall for one in asked), calls)


def put_day(aws: Aws, lake: LocalLake, day: Day) -> None:
    """The day's ledger, its inputs being other files of the same names; and what its run rejected."""
    path = lake.ledgers / f"{day.path}.json"
    ledger = load(path.read_bytes(), str(path))
    for file in lake.raw_files(day):
        aws.put(f"{aws.lake.raw}/{file}", RAW)
    for file in lake.quarantine_files(day):
        aws.put(f"{aws.lake.quarantine}/{file}", (lake.home / "quarantine" / file).read_bytes())
    aws.put(f"{aws.lake.processed}/_ledger/{day.path}.json", dump(of_other_inputs(ledger)))


def of_other_inputs(ledger: Ledger) -> Ledger:
    etag = md5(RAW).hexdigest()
    for unit, commit in ledger.committed().items():
        inputs = tuple(InputFile(file.key, etag, len(RAW)) for file in commit.inputs)
        ledger = ledger.with_entry(unit, UnitEntry(replace(commit, inputs=inputs, fingerprint=fingerprint(inputs))))
    return ledger
