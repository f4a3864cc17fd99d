"""A process of its own that reads a gzip which is made while it is read, and tells how large it got.

    python -m benchmarks.scan.child WHAT BLOCK COUNT

BLOCK is a file of lines; the gzip's text is COUNT of them, each with orders of its own. WHAT is done with it
is the name of one of the functions below.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from benchmarks.scan.peak import peak_bytes
from clickctl.alerting import Alerter
from clickctl.domain.layout import raw_hour
from clickctl.domain.rules import QualityRules
from clickctl.lakes import Opened
from clickctl.local.lake import FolderLake
from clickctl.receipts import Receipts
from lambda_src.scan import Scanner

SOURCE = "2026/01/05/13/part-00000.json.gz"
_ORDER = b'"order_id":"o-'
_AT_ONCE = 1 << 20


class Made:
    """A gzip of one member, of which only what is asked for next is there."""

    def __init__(self, block: bytes, count: int) -> None:
        self._pieces, self._left = self._zipped(block, count), b""

    @staticmethod
    def _zipped(block: bytes, count: int) -> Iterator[bytes]:
        press = zlib.compressobj(1, wbits=31)
        for number in range(count):
            yield press.compress(block.replace(_ORDER, _ORDER + b"%d-" % number))
        yield press.flush()

    def read(self, size: int, /) -> bytes:
        while len(self._left) < size and (piece := next(self._pieces, None)) is not None:
            self._left += piece
        data, self._left = self._left[:size], self._left[size:]
        return data

    def close(self) -> None:
        pass


class _MadeLake(FolderLake):
    def __init__(self, made: Made) -> None:
        self._made = made

    def stream(self, location: str, version: str = "") -> Opened:
        return Opened(self._made, "made", 0)


def nothing(made: Made) -> int:
    while made.read(_AT_ONCE):
        pass
    return 0


def scan(made: Made) -> int:
    hour = raw_hour(SOURCE)
    assert hour
    return sum(1 for _ in Scanner("purchase", QualityRules(), hour).facts(made, SOURCE))


def alert(made: Made) -> int:
    with tempfile.TemporaryDirectory() as folder:
        lake = _MadeLake(made)
        receipts = Receipts(lake, f"{folder}/alerts", "benchmark")
        alerter = Alerter(lake, f"{folder}/raw", receipts, QualityRules(), "purchase", topic=None, max_messages=100)
        return alerter.alert(SOURCE).alerts


def typical(made: Made) -> int:
    text = gzip.decompress(b"".join(iter(lambda: made.read(_AT_ONCE), b""))).decode("utf-8")
    return sum(json.loads(line).get("action") == "purchase" for line in text.splitlines())


WHAT: dict[str, Callable[[Made], int]] = {one.__name__: one for one in (nothing, scan, alert, typical)}


if __name__ == "__main__":
    import_module("lambda_src.handler")  # as large as the Lambda is
    found = WHAT[sys.argv[1]](Made(Path(sys.argv[2]).read_bytes(), int(sys.argv[3])))
    print(found, peak_bytes())
