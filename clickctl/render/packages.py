"""The files of `package`, as text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from clickctl.packaging import Package
from clickctl.render.words import size


def packages(written: Sequence[Package]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("file", "for", "bytes", "sha256"):
        table.add_column(name, no_wrap=True, justify="right" if name == "bytes" else "left")
    for one in written:
        table.add_row(one.path, one.purpose, size(one.bytes), one.sha256[:16])
    return table
