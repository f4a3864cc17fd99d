"""The most memory this process has had at once."""

from __future__ import annotations

from pathlib import Path


def peak_bytes() -> int:
    """Resident memory. Not getrusage's ru_maxrss: a new process inherits that of the one that started it."""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
