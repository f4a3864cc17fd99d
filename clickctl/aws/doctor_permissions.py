"""Lines of `doctor` about what policies permit, by IAM's simulation: nothing is called but IAM.

The simulation knows the policies of a user or role. Those of buckets and keys it leaves out for
roles (API reference, SimulatePrincipalPolicy), so writing is tried as well: see doctor_s3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from clickctl.aws.doctor_asking import Account, Identity, asked
from clickctl.aws.doctor_glue import Job
from clickctl.config import Config
from clickctl.domain.errors import ClickctlError, ConfigError
from clickctl.plan.checks import Check, Probe, Subject

_ASSUMED = re.compile(r"arn:[\w-]+:sts::\d+:assumed-role/([^/]+)/.+")
_PRINCIPAL = re.compile(r"arn:[\w-]+:iam::\d+:(user|role)/.+")


@dataclass(frozen=True)
class _Need:
    """Actions that are called on resources. `{0}`, `{1}` and `{2}` in an ARN are partition, region and account."""

    actions: tuple[str, ...]
    arns: tuple[str, ...]


def permission_probes(account: Account, config: Config, job: Job) -> Iterator[Probe]:
    lake = tuple(_of_the_lake(config))
    ours = (*lake, *(_of_the_backend(config) if config.backend == "aws" else ()))
    caller = partial(_principal, account)
    yield Probe(Subject("permissions", "of the caller"), account.guarded(partial(_permitted, account, caller, ours)))
    if config.backend == "aws" and config.engine == "glue":
        role = partial(_job_role, account, job)
        yield Probe(
            Subject("permissions", "of the job's role"), account.guarded(partial(_permitted, account, role, lake))
        )


def _of_the_lake(config: Config) -> Iterator[_Need]:
    raw, processed, quarantine = (
        f"arn:{{0}}:s3:::{root.removeprefix('s3://')}"
        for root in (config.lake.raw, config.lake.processed, config.lake.quarantine)
    )
    buckets = dict.fromkeys(arn.partition("/")[0] for arn in (raw, processed))
    yield _Need(("s3:ListBucket",), tuple(buckets))
    yield _Need(("s3:GetObject",), (f"{raw}/*", f"{processed}/*"))
    yield _Need(("s3:PutObject", "s3:DeleteObject"), (f"{processed}/*", f"{quarantine}/*"))
    if ":key/" in config.aws.kms_key:
        yield _Need(("kms:Decrypt", "kms:GenerateDataKey"), (config.aws.kms_key,))


def _of_the_backend(config: Config) -> Iterator[_Need]:
    """Glue asks for an action on the catalog, the database and the table (Glue guide, "resource ARNs")."""
    glue, athena = "arn:{0}:glue:{1}:{2}:", "arn:{0}:athena:{1}:{2}:"
    if config.engine == "glue":
        yield _need("glue", "StartJobRun GetJobRun GetJobRuns BatchStopJobRun", f"{glue}job/{config.glue.job}")
        yield _need("logs", "GetLogEvents", "arn:{0}:logs:{1}:{2}:log-group:/aws-glue/jobs/error:log-stream:*")
    database = config.catalog.database
    tables = (f"{glue}catalog", f"{glue}database/{database}", f"{glue}table/{database}/*")
    yield _need("glue", "GetDatabase GetTable GetPartitions CreateTable UpdateTable", *tables)
    yield _need("glue", "BatchCreatePartition BatchUpdatePartition BatchDeletePartition", *tables)
    queries = "StartQueryExecution GetQueryExecution GetQueryResults StopQueryExecution"
    yield _need("athena", queries, f"{athena}workgroup/{config.athena.workgroup}")


def _need(service: str, actions: str, *arns: str) -> _Need:
    return _Need(tuple(f"{service}:{action}" for action in actions.split()), arns)


def _permitted(account: Account, principal: Callable[[], str], needs: Sequence[_Need], subject: Subject) -> Check:
    try:
        who = principal()
        if not who:
            return subject.skipped("IAM simulates users and roles only, and this is neither")
        with ThreadPoolExecutor(len(needs), "simulate") as pool:
            found = list(pool.map(partial(_simulated, account, who), needs))
    except ConfigError as error:
        return subject.skipped(f"IAM may not be asked: {error.message.removeprefix('IAM: ')}")
    except ClickctlError as error:
        return subject.skipped(f"IAM did not answer: {error.message.removeprefix('IAM: ')}")
    name = who.split(":", 5)[-1]
    if refused := _joined(refused for refused, _ in found):
        return subject.fail(f"{name}: refused by policy: {refused}", f"Allow it in the policy of {name}.")
    if unsure := _joined(unsure for _, unsure in found):
        return subject.warn(
            f"{name}: depends on conditions: {unsure}", f"Look at the conditions in the policy of {name}."
        )
    return subject.ok(f"{name}: {sum(len(need.actions) for need in needs)} actions allowed, by IAM's simulation")


def _joined(actions: Iterable[Sequence[str]]) -> str:
    return ", ".join(dict.fromkeys(name for found in actions for name in found))


def _principal(account: Account) -> str:
    """The user or role whose policies count, or empty."""
    identity = account.identity()
    if _PRINCIPAL.fullmatch(identity.arn):
        return identity.arn
    found = _ASSUMED.fullmatch(identity.arn)
    return _role(account, identity, found[1]) if found else ""


def _job_role(account: Account, job: Job) -> str:
    role = str(job()["Role"])
    return role if role.startswith("arn:") else _role(account, account.identity(), role)


def _role(account: Account, identity: Identity, name: str) -> str:
    """The ARN of a role by its name. Its path is not in a session's ARN: only IAM knows it."""
    try:
        with asked("IAM"):
            return str(account.client("iam").get_role(RoleName=name)["Role"]["Arn"])
    except ConfigError:
        return f"arn:{identity.partition}:iam::{identity.account}:role/{name}"


def _simulated(account: Account, principal: str, need: _Need) -> tuple[list[str], list[str]]:
    """Actions that are refused; and those refused for want of context, by conditions that could not be judged."""
    identity = account.identity()
    arns = [arn.format(identity.partition, account.region, identity.account) for arn in need.arns]
    refused, unsure = list[str](), list[str]()
    with asked("IAM"):
        pages = account.client("iam").get_paginator("simulate_principal_policy")
        for page in pages.paginate(PolicySourceArn=principal, ActionNames=list(need.actions), ResourceArns=arns):
            for result in page["EvaluationResults"]:
                each = [(one["EvalResourceDecision"], one) for one in result.get("ResourceSpecificResults", ())]
                for decision, one in [(result["EvalDecision"], result), *each]:
                    guess = decision == "implicitDeny" and one.get("MissingContextValues")
                    if decision != "allowed":
                        (unsure if guess else refused).append(result["EvalActionName"])
    return refused, unsure
