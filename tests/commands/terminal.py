"""clickctl as a person runs it: stdin, stdout and stderr are a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress

from tests.conftest import REPO, Shell


def on_a_terminal(shell: Shell, *words: str, env: dict[str, str] | None = None, answer: str = "", code: int = 0) -> str:
    """What is seen, by someone who types `answer` beforehand."""
    leader, follower = pty.openpty()
    os.write(leader, answer.encode())
    argv = [sys.executable, "-m", "clickctl", *words]
    whole = {**os.environ, "PYTHONPATH": str(REPO), "TERM": "xterm", **(env or {})}
    process = subprocess.Popen(argv, cwd=shell.folder, stdin=follower, stdout=follower, stderr=follower, env=whole)
    os.close(follower)
    seen = b""
    with suppress(OSError):  # Linux ends a terminal that nobody holds any more with EIO
        while chunk := os.read(leader, 4096):
            seen += chunk
    os.close(leader)
    assert process.wait() == code, seen
    return seen.decode().replace("\r\n", "\n")
