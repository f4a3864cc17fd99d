"""Reads raw bytes as a run would, and undoes what the run made of them."""

from __future__ import annotations

import base64
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clickctl.domain.hours import Hour
from clickctl.domain.quality import Quality, total
from clickctl.domain.rules import QualityRules
from clickctl.job import by_target
from clickctl.plan.unit import Shards
from clickctl.transform.chunks import Target, read_chunks
from clickctl.transform.read import RawFile, ReadResult, read_file
from clickctl.transform.write import Written, write_file

ARRIVAL = Hour(datetime(2026, 1, 5, 13, tzinfo=UTC))
RULES = QualityRules(max_line_bytes=1024)


@dataclass(frozen=True)
class Run:
    """What became of one file."""

    result: ReadResult
    written: dict[Target, Written]

    @property
    def quality(self) -> Quality:
        return total([self.result.quality, *(written.quality for written in self.written.values())])

    @property
    def records(self) -> list[dict[str, Any]]:
        """The quarantine records, in order."""
        files = [written.path for target, written in self.written.items() if target.table == "quarantine"]
        return [json.loads(line) for path in files for line in gzip.open(path)]

    def set_aside(self) -> dict[int | None, tuple[list[str], bytes]]:
        """By line number the reasons and the original bytes, of one record or of pieces."""
        found: dict[int | None, list[dict[str, Any]]] = defaultdict(list)
        for record in self.records:
            assert record["source"].removesuffix(".gz") == KEY
            found[record["line"]].append(record)
        return {line: (records[0]["reasons"], _original(records)) for line, records in found.items()}


KEY = "2026/01/05/13/part-0.json"


def run(folder: Path, data: bytes, rules: QualityRules = RULES, shards: Shards | None = None, gz: bool = False) -> Run:
    file = RawFile(KEY + (".gz" if gz else ""), len(data), ARRIVAL, lambda: io.BytesIO(data))
    result = read_file(file, rules, shards or Shards(), folder / "file.spill")
    return Run(result, dict(_written(folder, result)))


def _written(folder: Path, result: ReadResult) -> Iterator[tuple[Target, Written]]:
    for number, (target, found) in enumerate(by_target([result]).items()):
        chunks = read_chunks(result.spill, [chunk for _, chunk in found])
        yield target, write_file(target, chunks, folder / f"{number}.out")


def _original(records: list[dict[str, Any]]) -> bytes:
    if "piece" not in records[0]:
        (record,) = records
        return record["raw"].encode() if "raw" in record else base64.b64decode(record["raw_base64"])
    assert [record["piece"] for record in records] == list(range(len(records)))
    assert [record["more"] for record in records] == [True] * (len(records) - 1) + [False]
    return b"".join(base64.b64decode(record["raw_base64"]) for record in records)
