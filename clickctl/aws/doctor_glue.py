"""Lines of `doctor` about the Glue job: its settings, its script, the library it loads, its log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

import clickctl
from clickctl.aws.doctor_asking import Account, Denied, Missing, Once, asked
from clickctl.config import Config
from clickctl.domain.errors import ClickctlError
from clickctl.domain.rules import QualityRules
from clickctl.domain.structure import from_plain
from clickctl.plan.checks import Check, Probe, Subject, told

_LOG = "/aws-glue/jobs/error"
_LIBRARY = re.compile(r"clickctl(?:-(\d+(?:\.\w+)*))?[\w.-]*\.(?:zip|whl)")
_SAME = (
    "Give both the same: after a change in Terraform 'terraform apply', "
    "then 'clickctl init --from-terraform terraform --force'."
)
_NEEDED = ("msgspec", "zlib")
"""What the job needs that Glue's image lacks, as names in --additional-python-modules or of files."""


Job = Once[dict[str, Any]]
"""The job as Glue describes it."""


def glue_job(account: Account, name: str) -> Job:
    def fetched() -> dict[str, Any]:
        with asked(name):
            return dict(account.client("glue").get_job(JobName=name)["Job"])

    return Once(fetched)


def glue_probes(account: Account, config: Config, job: Job) -> Iterator[Probe]:
    name = config.glue.job
    lines = {
        "job": partial(_job, job, config),
        "job script": partial(_script, account, job),
        "job library": partial(_library, account, job),
    }
    for title, look in lines.items():
        if config.engine == "glue":
            yield Probe(Subject(title, name), account.guarded(look))
        else:
            yield Probe(Subject(title, name), partial(_unused, config.engine))
    if config.engine == "glue":
        yield Probe(Subject("job log", _LOG), account.guarded(partial(_log, account)))


def _unused(engine: str, subject: Subject) -> Check:
    return subject.skipped(f'not used by job.engine = "{engine}"')


def _job(job: Job, config: Config, subject: Subject) -> Check:
    try:
        found = job()
    except Missing:
        return subject.fail("there is no such job", "Make it (docs/deploy.md), or correct [glue] job.")
    version, most = found.get("GlueVersion", "none"), found.get("ExecutionProperty", {}).get("MaxConcurrentRuns", 1)
    seen = (
        f"Glue {version}, {most} at once, {found.get('NumberOfWorkers', '?')} x {found.get('WorkerType', '?')}, "
        f"{found.get('Timeout', 480)} min, {found.get('MaxRetries', 0)} retries, role {found['Role'].split('/')[-1]}"
    )
    if (kind := found["Command"].get("Name")) != "glueetl":
        return subject.fail(f"{seen}; its type is {kind}", "Make it a Spark job (glueetl).")
    if not version.startswith("5."):
        return subject.warn(seen, "Set its Glue version to 5.0 or 5.1: the job is written for Spark 3.5, Python 3.11.")
    if other := _differing(config, found.get("DefaultArguments", {})):
        return subject.fail(f"{seen}; its scheduled runs are not as here: {', '.join(other)}", _SAME)
    if most < (wanted := config.glue.max_concurrent_runs):
        hint = f"Raise the job's maximum concurrency to {wanted}, or lower glue.max_concurrent_runs."
        return subject.warn(seen, hint)
    return subject.ok(seen)


def _differing(config: Config, given: Mapping[str, str]) -> list[str]:
    """What of the job's own arguments is other than in the configuration: scheduled runs go by them, and what they
    commit is stale to people with other rules. A job without them is run by clickctl alone, which tells it all."""
    roots = {name: getattr(config.lake, name) for name in ("raw", "processed", "quarantine")}
    other = [f"lake.{name}" for name, here in roots.items() if given.get(f"--{name}", here).rstrip("/") != here]
    if "--rules" in given:
        try:
            rules = from_plain(QualityRules, json.loads(given["--rules"]), strict=True)
        except ValueError:
            return [*other, "quality"]
        other += differing_rules(config.quality, rules)
    return other


def differing_rules(here: QualityRules, there: QualityRules) -> list[str]:
    """Names in the configuration of the rules that are not the same."""
    names = (field.name for field in fields(QualityRules))
    return [f"quality.{name}" for name in names if getattr(here, name) != getattr(there, name)]


def _script(account: Account, job: Job, subject: Subject) -> Check:
    try:
        location = str(job()["Command"].get("ScriptLocation", ""))
    except ClickctlError:
        return subject.skipped("the job is not known")
    hint = "Upload glue_scripts/clickstream_job.py there, or correct the job's script location."
    return _objects(account, [location], hint, subject)


def _library(account: Account, job: Job, subject: Subject) -> Check:
    """Only addresses in S3 and names are shown: other arguments may hold what is nobody's business."""
    try:
        given = job().get("DefaultArguments", {})
    except ClickctlError:
        return subject.skipped("the job is not known")
    files = [name.strip() for name in given.get("--extra-py-files", "").split(",") if name.strip()]
    modules = given.get("--additional-python-modules", "")
    versions = [found[1] for text in [*files, *modules.split(",")] if (found := _named(text))]
    put = "Upload this clickctl's zip and name it in --extra-py-files (docs/operations.md)."
    if not versions and not any("clickctl" in text for text in (*files, modules)):
        return subject.fail("clickctl is not among --extra-py-files", put)
    present = _objects(account, files, put, subject)
    if present.exit_code:
        return present
    if lacking := [name for name in _NEEDED if name not in modules and not any(name in file for file in files)]:
        hint = "Name msgspec and zlib-ng in the job's --additional-python-modules."
        return subject.warn(f"{present.seen}; nothing brings {', '.join(lacking)}", hint)
    known = [version for version in versions if version]
    if known and known[0] != clickctl.__version__:
        return subject.warn(f"the job has clickctl {known[0]}, this is {clickctl.__version__}", put)
    return subject.ok(f"{present.seen}{'' if known else '; its version is not in its name'}")


def _named(text: str) -> re.Match[str] | None:
    """A file of clickctl's, as zip or wheel; group 1 is its version if the name tells."""
    return _LIBRARY.fullmatch(text.strip().rpartition("/")[2])


def _objects(account: Account, locations: Sequence[str], hint: str, subject: Subject) -> Check:
    """OK if all of them are there; what is not in S3 is not looked at."""
    shown = [location for location in locations if location.startswith("s3://")]
    for location in shown:
        bucket, _, key = location.removeprefix("s3://").partition("/")
        try:
            with asked(location):
                account.client("s3").head_object(Bucket=bucket, Key=key)
        except Missing:
            return subject.fail(f"{location} is not there", hint)
        except Denied:
            return subject.skipped(f"{location}: access denied to us; the job's role needs it, we do not")
    return subject.ok(", ".join(shown) or "not in S3, not looked at")


def _log(account: Account, subject: Subject) -> Check:
    hint = "Allow it, or failed runs are shown without their last lines."
    logs = account.client("logs")
    try:
        with asked(_LOG):
            streams = logs.describe_log_streams(logGroupName=_LOG, limit=1)["logStreams"]
            if streams:
                logs.get_log_events(logGroupName=_LOG, logStreamName=streams[0]["logStreamName"], limit=1)
    except Missing:
        return subject.ok("not there yet: Glue makes it with the first run")
    except Denied as error:
        return subject.warn(told(error, _LOG), hint)
    return subject.ok("may be read" if streams else "empty")
