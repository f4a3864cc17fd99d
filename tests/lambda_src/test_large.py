"""Objects of any size are scanned in bounded memory, and any number of purchases is told in one message."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

from clickctl.local.lake import FolderLake
from tests.backends.alerts import SOURCE, AlertLake
from tests.backends.faults import in_child
from tests.conftest import event

MB = 1 << 20
BLOCK = 20_000  # lines


def peak() -> int:
    """The most memory this process ever held, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


def block(purchases: int, name: str = "u") -> bytes:
    """A gzip member of lines of some 450 bytes, of which the first few are purchases."""
    filler = {"event_time": "2026-01-05T13:00:00Z", "page_url": "/p?" + "q" * 250}
    lines = [event(user=f"{name}{n}", action="purchase" if n < purchases else "click", **filler) for n in range(BLOCK)]
    return gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode(), 1, mtime=0)


def scan_two_gigabytes(folder: str) -> None:
    lake = AlertLake(FolderLake(), folder)
    lake.put(["warm"], "2026/01/05/12/part-0.json.gz")
    lake.alert("2026/01/05/12/part-0.json.gz")
    before = peak()
    done = lake.alert()
    assert done.scanned > 2_000 * MB, done
    assert (done.alerts, done.summarised) == (BLOCK // 100, True)
    assert peak() - before < 64 * MB, (peak() - before) / MB


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_object_of_two_gigabytes_takes_less_than_64_mb(quick_folder: Path) -> None:
    one = block(BLOCK // 100)
    size = len(gzip.decompress(one))
    lake = AlertLake(FolderLake(), str(quick_folder))
    lake.put_bytes(one * (2_000 * MB // size + 1))
    assert in_child(scan_two_gigabytes, str(quick_folder)) == 0


def test_a_million_purchases_in_one_object_are_one_summary_and_all_in_the_receipt(quick_folder: Path) -> None:
    lake = AlertLake(FolderLake(), str(quick_folder))
    lines = (json.dumps(event(user=n, action="purchase")) + "\n" for n in range(1_000_000))
    lake.put_bytes(gzip.compress("".join(lines).encode(), 1, mtime=0))
    done = lake.alert()
    assert (done.alerts, done.messages, done.summarised) == (1_000_000, 1, True)
    [message] = lake.subscribers.got
    assert json.loads(message.body)["alerts"] == 1_000_000
    path = Path(f"{lake.root}/alerts/{SOURCE}-{done.etag}.ndjson")
    with path.open("rb") as receipt:
        assert sum(1 for _ in receipt) == 1_000_000
    assert lake.alert().outcome == "already"
