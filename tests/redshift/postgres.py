"""A PostgreSQL of our own: made in a temporary folder, reached through a socket in it, gone with us."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from pathlib import Path

SUPERUSER = "rdsdb"  # what Redshift calls its own
PORT = 5432  # in the socket's name only: nothing listens on the network

# Nothing here outlives the process group, so nothing is worth an fsync; a killed server keeps what it had written,
# for the kernel keeps it. Vacuum workers would hold the template database when a copy of it is wanted.
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
unix_socket_permissions = 0777
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_connections = 60
shared_buffers = 64MB
work_mem = 32MB
autovacuum = off
jit = off
deadlock_timeout = 100ms
max_parallel_workers_per_gather = 0
max_locks_per_transaction = 256
max_pred_locks_per_transaction = 256
timezone = 'UTC'
datestyle = 'ISO, MDY'
default_transaction_isolation = 'serializable'
"""


class NoPostgres(Exception):
    """No PostgreSQL 15 or later was found."""


def binaries() -> Path:
    """The folder of initdb and postgres: the system's, else those of PyPI's pgserver."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    candidates = [*found, *([Path(on_path).resolve().parent] if on_path else [])]
    if (spec := importlib.util.find_spec("pgserver")) and spec.origin:
        candidates.append(Path(spec.origin).parent / "pginstall" / "bin")
    for folder in candidates:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file() and _version(folder) >= 15:
            return folder
    raise NoPostgres("PostgreSQL 15 or later: install Debian's `postgresql`, or `pip install pgserver`")


def _number(name: str) -> int:
    return int(name) if name.isdigit() else 0


def _version(folder: Path) -> int:
    told = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True).stdout.split()
    return _number(told[2].split(".")[0]) if len(told) > 2 else 0


class Postgres:
    """`start()` it; `stop()` and `start()` again keep what was committed; `remove()` at the end."""

    def __init__(self) -> None:
        self._binaries = binaries()
        self._as_user: dict[str, object] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="standin-", dir="/tmp" if os.path.isdir("/tmp") else None))
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = _unprivileged()
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._process: subprocess.Popen[str] | None = None
        self._log: deque[str] = deque(maxlen=200)
        self._initialise()

    @property
    def socket_path(self) -> str:
        return str(self.folder / f".s.PGSQL.{PORT}")

    def _initialise(self) -> None:
        words = [self._binaries / "initdb", "-D", self.folder / "data", "-U", SUPERUSER, "-A", "trust",
                 "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]  # fmt: skip
        done = subprocess.run(words, capture_output=True, text=True, cwd=self.folder, env=self._environment(),
                              **self._as_user)  # type: ignore[call-overload]  # fmt: skip
        if done.returncode:
            self.remove()
            raise NoPostgres(f"initdb failed: {done.stderr.strip()}")
        with (self.folder / "data" / "postgresql.conf").open("a") as conf:
            conf.write(SETTINGS.format(folder=self.folder))

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}

    def start(self) -> None:
        """Run it, and wait until it takes connections. It ends when the pipe to its keeper does: with us, at latest."""
        keeper = '"$@" </dev/null & server=$!; read nothing; kill -QUIT $server; wait $server'
        words = ["/bin/sh", "-c", keeper, "keeper", str(self._binaries / "postgres"), "-D", str(self.folder / "data"),
                 "-p", str(PORT)]  # fmt: skip
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            cwd=self.folder, env=self._environment(), start_new_session=True, **self._as_user,
        )  # type: ignore[call-overload]  # fmt: skip
        ready = threading.Event()
        threading.Thread(target=self._read_log, args=(self._process, ready), daemon=True).start()
        if not ready.wait(60) or self._process.poll() is not None:
            raise NoPostgres("PostgreSQL did not start:\n" + "".join(self._log))

    def _read_log(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stderr
        for line in process.stderr:
            self._log.append(line)
            if "ready to accept connections" in line:
                ready.set()
        ready.set()  # it has ended: whoever waits looks why

    def stop(self) -> None:
        """At once, as after a crash: nothing is written any more, no session says farewell."""
        if self._process:
            assert self._process.stdin
            self._process.stdin.close()
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("this is root, which PostgreSQL refuses, and there is no user postgres or nobody to run it as")
