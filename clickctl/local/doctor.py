"""Lines of `doctor` about this machine: packages, Java, folders, room, the query engine."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import metadata
from pathlib import Path

import clickctl
from clickctl.config import Config
from clickctl.domain.errors import ClickctlError, Locked
from clickctl.domain.hours import Day
from clickctl.domain.layout import ledger_key
from clickctl.hotsql import TABLES, HotSql
from clickctl.java import ensure_java
from clickctl.local.warehouse import warehouse_file
from clickctl.plan.catalog import DaysWithRows, plan_catalog
from clickctl.plan.checks import Check, Probe, Subject, Verdict, fits, ledger_seen
from clickctl.plan.hot_checks import MAKE_TABLES, freshness_seen, tables_told
from clickctl.ports import Catalog, Query
from clickctl.publish import Publisher
from clickctl.warehouse import Warehouse

PACKAGES = {
    "aws": {"boto3": ">=1.36"},
    "local": {"pyarrow": ">=15", "numpy": ">=1.26", "msgspec": ">=0.18.6", "zlib-ng": ">=0.5", "duckdb": ">=1.0"},
    "spark": {"pyspark": ">=3.5,<3.6", "pandas": ">=2"},
    "redshift": {"redshift_connector": ">=2.1.8,<3", "pyarrow": ">=15", "numpy": ">=1.26"},
}
"""What each extra of this package asks for; a test holds it against pyproject.toml."""

Ports = Callable[[], tuple[Catalog, Query]]

_ROOM = 5_000_000_000
_JAVAS = ("8", "11", "17")
"""Those Spark 3.5 runs on (Spark 3.5 documentation, overview)."""


def machine_probes(config: Config, *, redshift: bool) -> Iterator[Probe]:
    """What units need that run here, with the Glue engine that is little; and what reaching Redshift needs."""
    on_s3 = config.lake.processed.startswith("s3://")
    here = config.engine != "glue"
    needed = {"aws": on_s3, "local": here, "spark": config.engine == "spark", "redshift": redshift}
    extras = [name for name in PACKAGES if needed[name]]
    yield Probe(Subject("packages", "this machine"), partial(_packages, extras))
    if config.engine == "spark":
        yield Probe(Subject("java", "this machine"), _java)
    if here:
        spill = config.job.spill_dir or tempfile.gettempdir()
        yield Probe(Subject("scratch", spill), _scratch)


def folder_probes(
    config: Config, publisher: Publisher, ports: Ports, warehouse: Callable[[], Warehouse], sql: HotSql, today: Day
) -> Iterator[Probe]:
    """A lake of folders. `ports` and `warehouse` may raise where DuckDB is not installed; `sql` is of the latter."""
    lake = config.lake
    yield Probe(Subject("read raw", lake.raw), _readable)
    yield Probe(Subject("write processed", lake.processed), _writable)
    yield Probe(Subject("write quarantine", lake.quarantine), _writable)
    yield Probe(Subject("write alerts", lake.alerts), _writable)
    yield Probe(Subject("staging", lake.processed), partial(_staging, config))
    yield Probe(Subject("ledger", f"{lake.processed}/{ledger_key(today)}"), partial(_ledger, publisher, today))
    yield Probe(Subject("query", "SELECT 1"), partial(_query, ports))
    yield Probe(Subject("views", "DuckDB"), partial(_views, ports, today))
    hot = warehouse_file(lake, config.redshift.path)
    yield Probe(Subject("warehouse", hot), partial(_warehouse, warehouse, sql, today))


def _packages(extras: list[str], subject: Subject) -> Check:
    wanted = {name: spec for extra in extras for name, spec in PACKAGES[extra].items()}
    found: dict[str, str] = {}
    for name in wanted:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    shown = {"clickctl": clickctl.__version__, "Python": platform.python_version(), **found}
    seen = ", ".join(f"{name} {version}" for name, version in shown.items())
    install = f"pip install 'clickctl[{','.join(extras)}]'"
    if lacking := [name for name in wanted if name not in found]:
        return subject.fail(f"{seen}; not installed: {', '.join(lacking)}", install)
    if unfit := [f"{name}{wanted[name]}" for name, version in found.items() if not fits(version, wanted[name])]:
        return subject.warn(f"{seen}; wanted: {', '.join(unfit)}", install)
    return subject.ok(seen)


def _java(subject: Subject) -> Check:
    try:
        ensure_java()
    except ClickctlError as error:
        return subject.fail(error.message, error.hint)
    home = os.environ.get("JAVA_HOME")
    program = f"{home}/bin/java" if home else shutil.which("java") or "java"
    try:
        told = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subject.fail(f"{program} does not run: {error}", "Set JAVA_HOME to a Java 17.")
    version = re.search(r'version "(?:1\.)?(\d+)', told.stderr)
    major = version[1] if version else "unknown"
    seen = f"Java {major}, {program}"
    return (
        subject.ok(seen) if major in _JAVAS else subject.warn(seen, "Spark 3.5 runs on Java 8, 11 or 17: install 17.")
    )


def _readable(subject: Subject) -> Check:
    try:
        with os.scandir(subject.resource) as entries:
            empty = next(entries, None) is None
    except FileNotFoundError:
        return subject.fail("there is no such folder", "Make it, or correct [lake]; 'clickctl init' makes one.")
    except OSError as error:
        return subject.fail(f"{error.strerror}", "Check who owns it and its permissions.")
    return subject.ok("may be read; nothing lies there yet" if empty else "may be read")


def _writable(subject: Subject) -> Check:
    """Proved by a file that is removed at once. Folders that are missing are made by the first run."""
    folder = _existing(subject.resource)
    missing = str(folder) != subject.resource
    try:
        if missing and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            return subject.fail(
                f"is not there and cannot be made in {folder}", "Correct [lake], or give us the folder."
            )
        if not missing:
            _try_to_write(folder)
    except OSError as error:
        return subject.fail(f"cannot be written: {error.strerror}", "Check who owns it, its permissions and its disk.")
    return _with_room(subject, folder, "the first run makes it" if missing else "may be written")


def _scratch(subject: Subject) -> Check:
    try:
        _try_to_write(Path(subject.resource))
    except OSError as error:
        return subject.fail(f"cannot be written: {error.strerror}", "Name another folder in job.spill_dir.")
    return _with_room(subject, Path(subject.resource), "may be written")


def _try_to_write(folder: Path) -> None:
    # The prefix is one that the lake passes over, should we die here.
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".tmp-clickctl-doctor-") as file:
        file.write(b"x")
        file.flush()


def _with_room(subject: Subject, folder: Path, seen: str) -> Check:
    free = shutil.disk_usage(folder).free
    seen = f"{seen}, {free / 1e9:.1f} GB free"
    return subject.ok(seen) if free >= _ROOM else subject.warn(seen, "Make room: a day's unit can need several GB.")


def _existing(path: str) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    return next(place for place in (Path(path), *Path(path).parents) if place.exists())


def _staging(config: Config, subject: Subject) -> Check:
    """Files move between scratch, staging and tables: by a link on one file system, else by copying."""
    places = {"scratch": config.job.spill_dir or tempfile.gettempdir(), "quarantine": config.lake.quarantine}
    lake = os.stat(_existing(config.lake.processed)).st_dev
    away = [name for name, place in places.items() if os.stat(_existing(place)).st_dev != lake]
    if not away:
        return subject.ok("on one file system with scratch and quarantine: files are linked")
    how = "a job.spill_dir beside the lake would save that" if "scratch" in away else "which costs time only"
    return subject.ok(f"{' and '.join(away)} on another file system: files are copied; {how}")


def _ledger(publisher: Publisher, today: Day, subject: Subject) -> Check:
    return subject.ok(ledger_seen(publisher.ledger(today)))


def _query(ports: Ports, subject: Subject) -> Check:
    _, query = ports()
    answer = query.run(subject.resource)
    return subject.ok(f"DuckDB answered in {answer.seconds:.1f} s")


def _views(ports: Ports, today: Day, subject: Subject) -> Check:
    """Nothing of clickctl reads them: they are for people with DuckDB."""
    catalog, _ = ports()
    wanted = catalog.wanted(DaysWithRows({}, complete=False), today.date.year)
    make = "clickctl register-partitions"
    if not Path(wanted.database).exists():
        return subject.skipped(f"none made yet; {make} would, in {wanted.database}")
    changes = plan_catalog(wanted, catalog.observe(())).changes
    if changes:
        return subject.warn(f"{wanted.database}: {'; '.join(f'{c.name}: {c.reason}' for c in changes)}", make)
    return subject.ok(f"as they should be, in {wanted.database}")


def _warehouse(warehouse: Callable[[], Warehouse], sql: HotSql, today: Day, subject: Subject) -> Check:
    """The hot days, if anybody loads them."""
    try:
        seen = warehouse().observe()
    except Locked:
        return subject.skipped("in use by another process, perhaps a load")
    if not seen.columns:
        return subject.skipped(f"none made yet; {MAKE_TABLES} would")
    if not os.access(subject.resource, os.W_OK):
        return subject.fail("may be read and not be written", "Give this account leave to write the file.")
    check = tables_told(subject, {sql.table(name): sql.columns(name) for name in TABLES}, seen.columns)
    return subject.ok(f"{check.seen}; {freshness_seen(seen.loads, today)}") if check.verdict is Verdict.OK else check
