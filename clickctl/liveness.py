"""Whether a run of this machine still lives: its process, told apart from later ones by its start."""

from __future__ import annotations

import os
import socket
import subprocess
from datetime import UTC, datetime, timedelta

from clickctl.domain.ledger import Owner
from clickctl.publish import LEASE_SECONDS, now_text


class ProcessLiveness:
    """Asks the kernel about processes of this host, and trusts the lease of any other's."""

    def me(self) -> Owner:
        return Owner(socket.gethostname(), os.getpid(), _started(os.getpid()), now_text())

    def alive(self, owner: Owner) -> bool:
        if owner.host == socket.gethostname():
            return _started(owner.pid) == owner.started != ""
        return self.in_lease(owner)

    def in_lease(self, owner: Owner) -> bool:
        renewed = datetime.fromisoformat(owner.renewed_at)
        return datetime.now(UTC) - renewed < timedelta(seconds=LEASE_SECONDS)


def _started(pid: int) -> str:
    """A word that differs between any two processes that ever had this id; empty if none has it."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat, open("/proc/sys/kernel/random/boot_id") as boot:
            fields = stat.read().rpartition(b")")[2].split()
            state, ticks = fields[0], fields[19].decode()
            return "" if state in (b"Z", b"X") else f"{boot.read().strip()[:8]}:{ticks}"
    except (FileNotFoundError, ProcessLookupError):  # gone, or gone while it was read
        if os.path.isdir("/proc/self"):
            return ""
    # No /proc (macOS): ps knows the start to the second.
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
    return found.stdout.strip()
