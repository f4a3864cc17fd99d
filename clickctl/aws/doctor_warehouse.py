"""Lines of `doctor` about Redshift: the login, the tables of load-hot, what COPY needs, how fresh it all is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from clickctl.aws.copying import CopySession
from clickctl.aws.doctor_asking import Account, Once, asked
from clickctl.aws.doctor_bucket import Bucket
from clickctl.aws.redshift import connect, region_of
from clickctl.aws.redshift_errors import explained
from clickctl.aws.warehouse import RedshiftWarehouse
from clickctl.config import Config
from clickctl.domain.errors import ClickctlError
from clickctl.domain.hours import Day
from clickctl.hotsql import TABLES, HotSql
from clickctl.lakes import Lake
from clickctl.plan.checks import Check, Probe, Subject
from clickctl.plan.hot_checks import freshness_seen, tables_told
from clickctl.warehouse import WarehouseSeen

_TLS = {
    "verify-full": "over TLS, certificate and name of the host verified",
    "verify-ca": "over TLS, certificate verified, the name of the host not",
    "off": "without TLS",
}


def warehouse_probes(
    account: Account, config: Config, sql: HotSql, lake: Lake, bucket: Bucket, today: Day
) -> Iterator[Probe]:
    """`bucket` is the one that COPY reads."""
    redshift = _Redshift(config, sql, lake, today)
    name = redshift.warehouse().name
    yield Probe(Subject("warehouse", name), account.guarded(redshift.reached))
    yield Probe(Subject("hot tables", name), account.guarded(redshift.tables))
    yield Probe(Subject("freshness", name), account.guarded(redshift.freshness))
    yield Probe(Subject("copy role", name), redshift.role)
    yield Probe(Subject("copy region", bucket.address), bucket.there(redshift.region))


class _Redshift:
    """The lines, and what several of them need of the warehouse, asked once."""

    def __init__(self, config: Config, sql: HotSql, lake: Lake, today: Day) -> None:
        self._config, self._settings, self._sql, self._lake = config, config.redshift, sql, lake
        self._today = today
        self._user, self._seen = Once(self._logged_in), Once(self._observed)

    def warehouse(self) -> RedshiftWarehouse:
        return RedshiftWarehouse(self._config, self._sql, self._lake)

    def reached(self, subject: Subject) -> Check:
        return subject.ok(f"logged in as {self._user()}, {_TLS[self._settings.tls]}")

    def tables(self, subject: Subject) -> Check:
        try:
            self._user()
        except ClickctlError:
            return subject.skipped("not looked at: see warehouse")
        wanted = {self._sql.table(name): self._sql.columns(name) for name in TABLES}
        return tables_told(subject, wanted, self._seen().columns)

    def freshness(self, subject: Subject) -> Check:
        try:
            loads = self._seen().loads
        except ClickctlError:
            return subject.skipped("not known: see warehouse and hot tables")
        seen = freshness_seen(loads, self._today)
        return subject.ok(seen) if loads else subject.skipped(seen)

    def role(self, subject: Subject) -> Check:
        """Whether it is attached and may read the lake shows when it is used: asking would need more permissions."""
        if not self._settings.copy_role:
            hint = "Set [redshift] copy_role: COPY reads the lake as that role."
            return subject.fail("none is set", hint)
        return subject.ok(self._settings.copy_role)

    def region(self, subject: Subject) -> Check:
        if not self._settings.copy_role:
            return subject.skipped("not looked at: see copy role")
        with asked(subject.resource):
            self.warehouse().ready()
            region = region_of(self._config.aws, self._settings)
        if not region:
            return subject.skipped("the warehouse's address does not tell its region; it has to be the bucket's")
        return subject.ok(f"bucket and warehouse are in {region}")

    def _logged_in(self) -> str:
        """The user we are to the warehouse."""
        with asked("Redshift"), closing(connect(self._config.aws, self._settings)) as connection, explained("Redshift"):
            session = CopySession(connection, self._lake, self._config.lake.processed, self._settings.copy_role)
            return str(session.run("SELECT current_user")[0][0])

    def _observed(self) -> WarehouseSeen:
        self._user()
        with asked("Redshift"), closing(self.warehouse()) as warehouse:
            return warehouse.observe()
