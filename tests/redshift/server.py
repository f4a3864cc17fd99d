"""The stand-in as a whole: a PostgreSQL, and a door to it that looks like Redshift's."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.redshift.aws import Aws
from tests.redshift.faults import Faults
from tests.redshift.greeting import greeted
from tests.redshift.postgres import SUPERUSER, Postgres
from tests.redshift.record import Copy, Record, Statement
from tests.redshift.session import QUIET, Session
from tests.redshift.settings import OWN
from tests.redshift.upstream import Upstream
from tests.redshift.wire import Gone, Wire

TEMPLATE = "standin_template"


class Standin:
    """Started when made. `aws_endpoint`: where S3 and Glue are, else what the environment says when they are asked.

    `tls`: certificate and key, files; without them a client that asks for TLS is told that there is none.
    `isolation`: "serializable" or "snapshot", Redshift's two kinds of database.
    """

    host = "127.0.0.1"

    def __init__(
        self, aws_endpoint: str | None = None, *, user: str = "loader", password: str = "Secret-1234",
        database: str = "dev", tls: tuple[str, str] | None = None, isolation: str = "serializable",
    ) -> None:  # fmt: skip
        self.user, self.password, self.database, self.isolation = user, password, database, isolation
        self.aws = Aws(aws_endpoint)
        self.record, self.faults = Record(), Faults()
        self.tls = tls_of(tls)
        self._sessions: dict[int, Session] = {}
        self._lock = threading.Lock()
        self._count = 0
        self.postgres = Postgres()
        self.postgres.start()
        self._prepare()
        self._listener = socket.create_server((self.host, 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Standin:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def statements(self) -> list[Statement]:
        return self.record.statements

    @property
    def copies(self) -> list[Copy]:
        return self.record.copies

    @property
    def copied_bytes(self) -> int:
        """What COPYs that were done have read of S3, their manifests apart."""
        return sum(copy.bytes for copy in self.copies)

    def connect(self, **changes: Any) -> Any:
        """A connection of the real driver; `changes` to its arguments."""
        import redshift_connector

        usual = {"host": self.host, "port": self.port, "database": self.database, "user": self.user,
                 "password": self.password, "ssl": False}  # fmt: skip
        return redshift_connector.connect(**{**usual, **changes})

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement in a session of its own, neither recorded nor touched by faults."""
        with self.connect(application_name=QUIET) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.paramstyle = "qmark"
            cursor.execute(sql, values or None)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def restart(self) -> None:
        """As after a crash: every session ends where it is; then the server is back, with what was committed."""
        self._disconnect()
        self.postgres.stop()
        self.postgres.start()

    def reset(self) -> None:
        """A new, empty database; nothing seen, nothing to go wrong."""
        self.faults.clear()
        self._disconnect()
        self.record = Record()
        self._new_database()

    def close(self) -> None:
        self._listener.close()
        self._disconnect()
        self.postgres.remove()

    def upstream(self, database: str, user: str | None = None, settings: dict[str, str] | None = None) -> Upstream:
        """A session of PostgreSQL itself."""
        return Upstream(self.postgres.socket_path, user or self.user, database, settings)

    def _prepare(self) -> None:
        postgres = self.upstream("postgres", SUPERUSER)
        postgres.query(f"""CREATE ROLE "{self.user}" SUPERUSER LOGIN""")
        postgres.query(f"CREATE DATABASE {TEMPLATE}")
        template = self.upstream(TEMPLATE, SUPERUSER)
        template.query((Path(__file__).parent / "catalog.sql").read_text())
        template.close()
        postgres.close()
        self._new_database()

    def _new_database(self) -> None:
        postgres = self.upstream("postgres", SUPERUSER)
        postgres.query(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
        postgres.query(f'CREATE DATABASE "{self.database}" TEMPLATE {TEMPLATE} OWNER "{self.user}"')
        postgres.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session: Session | None = None
        with self._lock:
            self._count += 1
            number = self._count
        try:
            if (session := greeted(self, sock, number)) is None:
                return
            with self._lock:
                self._sessions[number] = session
            session.run()
        except Gone:
            pass
        finally:
            with self._lock:
                self._sessions.pop(number, None)
            if session:
                session.close()
            else:
                sock.close()

    def _disconnect(self) -> None:
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            session.close()

    def session_settings(self) -> dict[str, str]:
        level = "serializable" if self.isolation == "serializable" else "repeatable read"
        own = {f"standin.{name}": value for name, value in OWN.items()}
        return {"default_transaction_isolation": level, "timezone": "UTC", "datestyle": "ISO, MDY", **own}


def tls_of(files: tuple[str, str] | None) -> Callable[[Wire], Wire] | None:
    if files is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)

    def wrap(wire: Wire) -> Wire:
        try:
            return Wire(context.wrap_socket(wire.sock, server_side=True))
        except (OSError, ssl.SSLError) as failed:
            raise Gone from failed

    return wrap
