"""Run as a program on one raw file: reads and writes it, prints its counts and the peak memory."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from clickctl.domain.hours import Day, Hour
from clickctl.domain.layout import FACTS
from clickctl.domain.ledger import InputFile, UnitEntry
from clickctl.domain.quality import total
from clickctl.domain.rules import QualityRules
from clickctl.domain.structure import to_plain
from clickctl.job import by_target
from clickctl.plan.unit import plan_shards
from clickctl.transform.chunks import read_chunks
from clickctl.transform.read import RawFile, read_file
from clickctl.transform.write import write_file


def main(path: Path) -> None:
    hour, size = Hour(datetime(2026, 1, 5, 13, tzinfo=UTC)), path.stat().st_size
    file = RawFile(f"{hour.path}/{path.name}", size, hour, partial(open, path, "rb"))
    shards = plan_shards(hour, (InputFile(file.key, "", size),), UnitEntry(), 128_000_000)
    assert all(table == FACTS and day == Day(date(2026, 1, 5)) for table, day, _ in shards.counts)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        result = read_file(file, QualityRules(), shards, Path(folder, "spill"))
        after_reading = peak_megabytes()
        counts = [result.quality]
        for target, found in by_target([result]).items():
            chunks = read_chunks(result.spill, [chunk for _, chunk in found])
            counts.append(write_file(target, chunks, Path(folder, "out")).quality)
    print(json.dumps({**to_plain(total(counts)), "reading": after_reading, "peak": peak_megabytes()}))


def peak_megabytes() -> int:
    """The high-water mark of this program; ru_maxrss would include the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():  # macOS
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]))
