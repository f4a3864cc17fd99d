"""Small raw lakes for the commands, and what a lake holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.conftest import event

Put = Callable[..., Path]


def events(day: str, hour: int, count: int = 2) -> list[dict[str, Any]]:
    """Good events of one hour, each another user's, and a bad one."""
    good = [event(f"{day}T{hour:02d}:00:00.{n:06d}Z", user=f"u{hour}-{n}") for n in range(count)]
    return [*good, event(f"{day}T{hour:02d}:30:00Z", action="hover")]


def fill(put_raw: Put, day: str, hours: Iterable[int], count: int = 2) -> None:
    for hour in hours:
        put_raw(f"{day.replace('-', '/')}/{hour:02d}", events(day, hour, count))


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder, by when it was written and its inode: equal if nothing was touched."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): ((stat := path.stat()).st_mtime_ns, stat.st_ino) for path in found}
