"""The sections of the configuration as frozen values. `config.py` reads them.

Every key is shown with its default in config.example.toml.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

ENGINES = ("glue", "local", "spark")

DPUS = {
    "G.025X": 0.25, "G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8, "G.12X": 12, "G.16X": 16,
    "R.1X": 1, "R.2X": 2, "R.4X": 4, "R.8X": 8,
}  # fmt: skip
"""Data processing units of a Glue worker by its type (Glue API reference, CreateJob, WorkerType)."""


@dataclass(frozen=True)
class JobSettings:
    """How a unit is run. `engine` is one of ENGINES; empty: glue on the aws backend, else local."""

    engine: str = ""
    workers: int = 0
    target_file_mb: int = 128
    spill_dir: str = ""

    def __post_init__(self) -> None:
        if self.engine not in ("", *ENGINES):
            raise ValueError(f"engine: {self.engine!r} is not one of {', '.join(ENGINES)}")
        if self.workers < 0:
            raise ValueError("workers must be 0 (one per core) or more")
        if not 1 <= self.target_file_mb <= 512:
            raise ValueError("target_file_mb must lie between 1 and 512")


@dataclass(frozen=True)
class GlueSettings:
    """The Glue job. Runs are started with this worker type and count, whatever the job's own are."""

    job: str = "clickstream"
    worker_type: str = "G.1X"
    workers: int = 4
    max_concurrent_runs: int = 4
    timeout_minutes: int = 120
    poll_seconds: float = 10.0
    dollars_per_dpu_hour: float = 0.44

    def __post_init__(self) -> None:
        if self.worker_type not in DPUS:
            raise ValueError(f"worker_type: {self.worker_type!r} is not one of {', '.join(DPUS)}")
        if self.workers < 2:
            raise ValueError("workers must be 2 or more: one of them is Spark's driver")
        if self.max_concurrent_runs < 1 or self.timeout_minutes < 1 or self.poll_seconds <= 0:
            raise ValueError("max_concurrent_runs, timeout_minutes and poll_seconds must be above 0")
        if not 0 <= self.dollars_per_dpu_hour < math.inf:
            raise ValueError("dollars_per_dpu_hour must be 0 or more")

    @property
    def dpus(self) -> float:
        return DPUS[self.worker_type] * self.workers


_NAME = re.compile(r"[a-z_][a-z0-9_]{0,126}")
_OURS = ("all_clicks", "stage_facts", "stage_users", "touched", "earlier")


@dataclass(frozen=True)
class CatalogSettings:
    """Where the tables are known: a Glue database, or on the local backend a DuckDB file (`path`)."""

    database: str = "clickstream"
    facts: str = "fact_clicks"
    users: str = "dim_users"
    users_view: str = "users"
    path: str = ""

    def __post_init__(self) -> None:
        """Glue and Redshift fold names to lower case and tell them so: others would never be found again."""
        names = {name: getattr(self, name) for name in ("facts", "users", "users_view")}
        for name, value in names.items():
            if not _NAME.fullmatch(value):
                raise ValueError(f"{name}: {value!r} is not made of lower-case letters, digits and underscores")
            if value.startswith("clickctl_") or value in _OURS:
                raise ValueError(f"{name}: {value!r} is the name of another table or view of clickctl's")
        if len(set(names.values())) < len(names):
            raise ValueError("facts, users and users_view must be three names")


@dataclass(frozen=True)
class AthenaSettings:
    """Athena. `output` may be empty when the workgroup has its own; `max_scan_gb` 0 sets no limit."""

    workgroup: str = "primary"
    output: str = ""
    max_scan_gb: float = 100.0
    dollars_per_tb: float = 5.0

    def __post_init__(self) -> None:
        if not (self.max_scan_gb >= 0 and 0 <= self.dollars_per_tb < math.inf):
            raise ValueError("max_scan_gb and dollars_per_tb must be 0 or more")


TLS = ("verify-full", "verify-ca", "off")

_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}")
_ROLES = re.compile(r"default|arn:aws[a-z-]*:iam::\d{12}:role/[^\s',]+(,arn:aws[a-z-]*:iam::\d{12}:role/[^\s',]+)*")


@dataclass(frozen=True)
class RedshiftSettings:
    """The warehouse: a provisioned `cluster`, a Serverless `workgroup`, or a `host`; a DuckDB file (`path`) locally.

    There is no key for a password: it comes from IAM, from a secret, or from the environment.
    """

    cluster: str = ""
    workgroup: str = ""
    host: str = ""
    port: int = 5439
    database: str = "dev"
    schema: str = "public"
    user: str = ""
    secret: str = ""
    copy_role: str = ""
    hot_days: int = 14
    external_schema: str = ""
    tls: str = "verify-full"
    path: str = ""

    def __post_init__(self) -> None:
        self._check_place()
        # Redshift folds names to lower case and tells them so: others would never be found again.
        for name in ("schema", "external_schema"):
            value = getattr(self, name)
            if not _NAME.fullmatch(value) and (value or name == "schema"):
                raise ValueError(f"{name}: {value!r} is not made of lower-case letters, digits and underscores")
        if self.external_schema == self.schema:
            raise ValueError("external_schema and schema must be two")
        if self.copy_role and not _ROLES.fullmatch(self.copy_role):
            raise ValueError(f'copy_role: {self.copy_role!r} is not the ARN of a role, nor "default"')
        if not 7 <= self.hot_days <= 30:
            raise ValueError("hot_days must lie between 7 and 30")

    def _check_place(self) -> None:
        if sum(map(bool, (self.cluster, self.workgroup, self.host))) > 1:
            raise ValueError("cluster, workgroup and host are three ways to one warehouse: set one of them")
        if self.host and not _HOST.fullmatch(self.host):
            raise ValueError(f"host: {self.host!r} is not the name of a host alone: port and database have their keys")
        if not 1 <= self.port <= 65535:
            raise ValueError("port must lie between 1 and 65535")
        for name in ("database", "user"):
            value = getattr(self, name)
            if not value.isprintable() or not (value or name == "user"):
                raise ValueError(f"{name}: {value!r} is no name")
        if self.user and self.workgroup and not self.secret:
            raise ValueError("user: in a workgroup it is the one of the IAM identity, or of the secret")
        if self.tls not in TLS:
            raise ValueError(f"tls: {self.tls!r} is not one of {', '.join(TLS)}")
        if self.tls == "off" and not _LOOPBACK.fullmatch(self.host):
            raise ValueError("tls: without it the password can be read on the way, so off is for a loopback host alone")
