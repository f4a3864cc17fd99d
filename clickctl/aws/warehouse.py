"""The hot days in Redshift. Every change is one transaction that holds the lock of a load."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from clickctl.aws.clients import client
from clickctl.aws.copying import CopySession, role_words
from clickctl.aws.errors import explained as explained_by_aws
from clickctl.aws.redshift import connect, region_of
from clickctl.aws.redshift_errors import Trouble, explained, trouble
from clickctl.config import Config
from clickctl.domain.errors import ClickctlError, ConfigError, Locked
from clickctl.hotsql import HotSql
from clickctl.interrupts import uninterrupted
from clickctl.lakes import Lake
from clickctl.plan.hot import DayPlan, Load
from clickctl.warehouse import LoadOrder, Moved, RebuildOrder, WarehouseSeen

T = TypeVar("T")

_TRIES = 6
_LOCK_SECONDS = 3
"""How long a load waits for the lock: whoever holds it at all has it for longer."""

_AFTER_LOSS_SECONDS = 60
"""How long the server may take to notice that a connection is gone, and so to free its lock."""

_UNKNOWN = "It was being committed, and is now in the warehouse wholly or not at all: the next run finds out."

_LAST_OF_REPEATED_KEYS = "SET json_parse_dedup_attributes TO ON"
"""Without it, JSON_PARSE refuses an object that has a key twice:
https://docs.aws.amazon.com/redshift/latest/dg/super-configurations.html
"""


class _Fate(Enum):
    """What became of a transaction, in the words of a note."""

    UNDONE = "rolled back"
    UNKNOWN = "committed wholly or not at all, which the next run finds out"
    COMMITTED = "committed"


class RedshiftWarehouse:
    """One connection, made when it is needed and made again when it is lost.

    With `waiting`, which hears that we do, another load is waited for; without, it raises Locked.
    """

    def __init__(
        self, config: Config, sql: HotSql, lake: Lake, waiting: Callable[[], None] | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._config, self._settings, self._sql, self._lake = config, config.redshift, sql, lake
        self._waiting, self._pause = waiting, pause
        self._connection: Any = None
        self._reached = False  # a host that never answered is not asked again and again

    @property
    def name(self) -> str:
        at = self._settings.cluster or self._settings.workgroup or self._settings.host or self._settings.secret
        return f"Redshift {at}, {self._settings.database}.{self._settings.schema}"

    def observe(self) -> WarehouseSeen:
        return self._repeated("The warehouse's tables", lambda lost: self._seen(self._session()))

    def _seen(self, session: CopySession) -> WarehouseSeen:
        return self._sql.seen(session, self._sql.text("columns"))

    def create(self) -> None:
        """The lock first, by itself: under it, what another load has made meanwhile is seen."""
        self.ready()
        what, missing = "The tables", self._sql.lacking(self.observe().columns)
        if "lock" in missing:
            self._repeated(what, lambda lost: self._session().run(self._sql.text("create_lock")))
        if missing:
            self._transaction(
                what, lambda session: self._sql.create(session, self._seen(session)), lambda session: None
            )
        if self._settings.external_schema:
            try:
                self._repeated("The external schema", lambda lost: self._create_external())
            except ClickctlError as error:
                error.changed = "The tables are there; the external schema, or the view over it, is as before."
                raise

    def _create_external(self) -> None:
        """Outside a transaction: each statement may be repeated."""
        names = {"external": self._settings.external_schema, "database": self._config.catalog.database}
        schema = self._sql.text("create_external_schema", **names)
        self._session().run(f"{schema}\nIAM_ROLE {role_words(self._settings.copy_role)}")
        self._session().run(self._sql.text("create_all_clicks", **names))

    def ready(self) -> None:
        """Raises ConfigError without a role, or where COPY of Parquet cannot read the bucket.

        The two must be in the same region:
        https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
        """
        if not self._settings.copy_role:
            raise ConfigError("COPY needs a role to read the lake with.", hint="Set [redshift] copy_role.")
        bucket = self._config.lake.processed.removeprefix("s3://").partition("/")[0]
        with explained_by_aws(f"s3://{bucket}"):
            headers = client("s3", self._config.aws).head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
        there, here = headers.get("x-amz-bucket-region", ""), region_of(self._config.aws, self._settings)
        if there and here and there != here:
            raise ConfigError(
                f"COPY of Parquet needs bucket and warehouse in one region: {bucket} is in {there}, the warehouse in "
                f"{here}.", hint="Check [redshift] and [lake]; Spectrum has the same need.",
            )  # fmt: skip

    def load(self, order: LoadOrder, still: Callable[[], None]) -> Load:
        def landed(session: CopySession) -> Load | None:
            load = self._sql.load_of(session, order.plan.day)
            return load if load and load.load_id == order.load_id else None

        def work(session: CopySession) -> Load:
            session.run(_LAST_OF_REPEATED_KEYS)
            return self._sql.load(session, order, still)

        return self._transaction(str(order.plan.day), work, landed)

    def expire(self, plan: DayPlan, *, remember: bool) -> None:
        def landed(session: CopySession) -> bool | None:
            return self._sql.load_of(session, plan.day) is None or None

        def work(session: CopySession) -> bool:
            self._sql.expire(session, plan, remember=remember)
            return True

        self._transaction(str(plan.day), work, landed)

    def rebuild_users(self, order: RebuildOrder, still: Callable[[], None]) -> int:
        def work(session: CopySession) -> int:
            return self._sql.rebuild(session, order, still)

        return self._transaction("The users", work, lambda session: None)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:  # it may be gone already, which is what is wanted
                return

    def _session(self) -> CopySession:
        if self._connection is None:
            self._connection = connect(self._config.aws, self._settings)
            self._reached = True
        return CopySession(self._connection, self._lake, self._config.lake.processed, self._settings.copy_role)

    def _transaction(self, what: str, work: Callable[[CopySession], T], landed: Callable[[CopySession], T | None]) -> T:
        """Run `work` in a transaction and commit, all of it again where that helps.

        Where the connection was lost, perhaps while committing, `landed` says under the lock, so when
        the other session has ended, whether that one did commit: its answer, or None.
        """
        fate = _Fate.UNDONE

        def attempt(lost: bool) -> T:
            nonlocal fate
            session = self._session()
            session.run("BEGIN")
            self._lock(session, lost)
            if lost and (found := landed(session)) is not None:
                fate = _Fate.COMMITTED
                self._rollback()
                return found
            fate = _Fate.UNDONE
            result = work(session)
            with uninterrupted():
                try:
                    session.run("COMMIT")
                except Exception as error:
                    fate = _Fate.UNKNOWN if trouble(error) is Trouble.LOST else _Fate.UNDONE
                    raise
                fate = _Fate.COMMITTED
            return result

        try:
            return self._repeated(what, attempt)
        except KeyboardInterrupt as stop:
            stop.add_note(f"{what}: {fate.value}.")
            raise
        except ClickctlError as error:
            before = f"{what} in the warehouse: as before."
            error.changed = _UNKNOWN if fate is _Fate.UNKNOWN else before
            raise

    def _lock(self, session: CopySession, lost: bool) -> None:
        """Only one load at a time is past this. LOCK has no NOWAIT in Redshift, so its time is limited.

        What the load before us committed is seen from here on: a transaction has its snapshot from its
        first SELECT, DML or CREATE TABLE, and LOCK is none of these
        (https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html).
        """
        seconds = _AFTER_LOSS_SECONDS if lost else _LOCK_SECONDS
        session.run(f"SET statement_timeout TO {seconds * 1000}")
        try:
            session.run(self._sql.text("lock"))
        except Exception as error:
            if trouble(error) is not Trouble.TIMEOUT:
                raise
            if self._waiting is None:
                who = "The session that was lost, or another load, is" if lost else "Another load is"
                raise Locked(f"{who} at work in {self.name}.", hint="Wait for it, or use --wait.") from None
            self._waiting()
            session.run("ROLLBACK")
            session.run("BEGIN")
            session.run("SET statement_timeout TO 0")
            session.run(self._sql.text("lock"))
        session.run("RESET statement_timeout")

    def _repeated(self, what: str, attempt: Callable[[bool], T]) -> T:
        """Try until it is done, refused, or tried often enough. `attempt` is told whether a connection was lost."""
        lost = False
        for tried in range(1, _TRIES + 1):
            try:
                with explained(what):
                    return attempt(lost)
            except KeyboardInterrupt:
                self.close()  # the server rolls back
                raise
            except Moved:
                self._rollback()
                raise
            except ClickctlError as error:
                kind = trouble(error)
                if kind is Trouble.LOST:
                    lost = True
                    self.close()
                else:
                    self._rollback()
                if kind is Trouble.REFUSED or tried == _TRIES or not self._reached:
                    raise
                self._pause(min(30.0, 0.5 * 2**tried))
        raise AssertionError  # the last try returns or raises

    def _rollback(self) -> None:
        try:
            if self._connection is not None:
                self._session().run("ROLLBACK")
        except Exception:  # then the connection is no good, and closing it rolls back
            self.close()
