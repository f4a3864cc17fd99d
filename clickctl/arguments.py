"""The arguments of the job: the engines write them, the script reads them. None of them is a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NoReturn

from clickctl.domain.errors import UsageError
from clickctl.domain.hours import Unit, hour_of, parse_unit
from clickctl.domain.rules import QualityRules
from clickctl.domain.structure import from_plain, to_plain
from clickctl.roots import AwsSettings, LakeRoots

_DESCRIPTION = """\
The clickstream job: units of raw events to committed Parquet.

--unit 2026-01-05T13[,2026-01-05T14...]      what to run, or
--scheduled-time 2026-01-05T14:05:00Z        the hour before a scheduler's moment, or with
--schedule nightly                           the day before it
--raw --processed --quarantine               the roots: s3:// or folders
--rules '{"actions": ["*"]}'                 [quality] of the configuration, as JSON
--aws '{"kms_key": "..."}'                   [aws] of the configuration, as JSON
--force true, --run-id ID, --target-file-mb N
--dpus N --dollars-per-dpu-hour N            to reckon what a commit cost
"""
SCHEDULES = ("hourly", "nightly")
_RETRIED = re.compile(r"_attempt_(\d+)$")


@dataclass(frozen=True)
class JobArguments:
    """What one run of the job is to do. `job_run` is `job/run id` under Glue, else empty."""

    units: tuple[Unit, ...]
    roots: LakeRoots
    run_id: str
    rules: QualityRules = field(default_factory=QualityRules)
    force: bool = False
    target_file_mb: int = 128
    aws: AwsSettings = field(default_factory=AwsSettings)
    dpus: float = 0.0
    dollars_per_dpu_hour: float = 0.0
    job_run: str = ""

    def named(self) -> dict[str, str]:
        """As Glue takes them: `--name` to value."""
        usual = to_plain(AwsSettings())
        aws = {name: value for name, value in to_plain(self.aws).items() if value != usual[name]}
        values = {
            "unit": ",".join(map(str, self.units)),
            "raw": self.roots.raw,
            "processed": self.roots.processed,
            "quarantine": self.roots.quarantine,
            "rules": json.dumps(to_plain(self.rules)),
            "force": "true" if self.force else "false",
            "run-id": self.run_id,
            "target-file-mb": str(self.target_file_mb),
            "aws": json.dumps(aws),
            "dpus": str(self.dpus),
            "dollars-per-dpu-hour": str(self.dollars_per_dpu_hour),
        }
        return {f"--{name}": value for name, value in values.items()}


def parse_arguments(argv: Sequence[str], now: datetime) -> JobArguments:
    """Read them; Glue passes more `--NAME value` pairs than ours, which are passed over."""
    given = _parser_given(argv)
    try:
        roots = LakeRoots(given["raw"], given["processed"], given["quarantine"], alerts="unused")
        rules = from_plain(QualityRules, json.loads(given["rules"]), strict=True)
        aws = from_plain(AwsSettings, json.loads(given["aws"]), strict=True)
    except ValueError as error:
        raise UsageError(f"Bad arguments: {error}.") from None
    found = JobArguments(
        units=units_named(given["unit"], given["scheduled_time"], given["schedule"], now),
        roots=roots,
        run_id=given["run_id"] or now.strftime("%Y%m%dT%H%M%S%f"),
        rules=rules,
        force=given["force"] == "true",
        target_file_mb=given["target_file_mb"],
        aws=aws,
        dpus=given["dpus"],
        dollars_per_dpu_hour=given["dollars_per_dpu_hour"],
    )
    return _under_glue(found, given["JOB_NAME"], given["JOB_RUN_ID"])


def _under_glue(found: JobArguments, job: str | None, run: str | None) -> JobArguments:
    """Glue's own retry of a run has the same arguments: it is another run all the same."""
    if not run:
        return found
    again = _RETRIED.search(run)
    run_id = f"{found.run_id}-attempt{again[1]}" if again else found.run_id
    return replace(found, run_id=run_id, job_run=f"{job or ''}/{run}")


def _parser_given(argv: Sequence[str]) -> dict[str, Any]:
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(f"Bad arguments: {message}.")

    parser = Parser(allow_abbrev=False, description=_DESCRIPTION, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("unit", "scheduled-time", "run-id", "JOB_NAME", "JOB_RUN_ID"):
        parser.add_argument(f"--{name}")
    for name in ("raw", "processed", "quarantine"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("rules", "aws"):
        parser.add_argument(f"--{name}", default="{}")
    for name in ("dpus", "dollars-per-dpu-hour"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    parser.add_argument("--schedule", choices=SCHEDULES, default=SCHEDULES[0])
    parser.add_argument("--force", choices=("true", "false"), default="false")
    parser.add_argument("--target-file-mb", type=int, choices=range(1, 513), default=128, metavar="1..512")
    given, _ = parser.parse_known_args(argv)
    return vars(given)


def units_named(unit: str | None, scheduled: str | None, schedule: str | None, now: datetime) -> tuple[Unit, ...]:
    """The units of --unit, or of --scheduled-time: the hour before it, nightly the day before it.

    A scheduler tells its moment rather than the job its clock, because a run may wait in a queue past midnight.
    """
    if (unit is None) == (scheduled is None):
        raise UsageError("Give either --unit or --scheduled-time.")
    if unit is not None:
        return tuple(dict.fromkeys(parse_unit(text, now) for text in unit.split(",")))
    try:
        moment = datetime.fromisoformat(str(scheduled))
    except ValueError:
        raise UsageError(f"--scheduled-time {scheduled!r} is not a time like 2026-01-05T14:05:00Z.") from None
    hour = hour_of(moment.replace(tzinfo=moment.tzinfo or UTC))
    return (hour.day.plus(-1),) if schedule == "nightly" else (hour.plus(-1),)
