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
from clickctl.plan.checks import Check, Probe, Subject, told

_ASSUMED = re.compile(r"arn:[\w-]+:sts::\d+:assumed-role/([^/]+)/.+")
_PRINCIPAL = re.compile(r"arn:[\w-]+:iam::\d+:(user|role)/.+")


@dataclass(frozen=True)
class _Need:
    """Actions that are called on resources."""

    actions: tuple[str, ...]
    arns: tuple[str, ...]


@dataclass(frozen=True)
class _Home:
    """Where the resources are."""

    partition: str
    region: str
    account: str

    def need(self, service: str, actions: str, *resources: str) -> _Need:
        """Resources as ARNs have them behind the account. Buckets are of no region and no account."""
        place = "::" if service == "s3" else f"{self.region}:{self.account}:"
        arns = (f"arn:{self.partition}:{service}:{place}{resource}" for resource in resources)
        return _Need(tuple(f"{service}:{action}" for action in actions.split()), tuple(arns))


Needs = Callable[[_Home], Iterator[_Need]]


def permission_probes(account: Account, config: Config, job: Job) -> Iterator[Probe]:
    def ours(home: _Home) -> Iterator[_Need]:
        yield from _of_the_lake(config, home)
        if config.backend == "aws":
            yield from _of_the_backend(config, home)
            yield from _of_alerts(config, home)

    lines = {"of the caller": (partial(_principal, account), ours)}
    if config.backend == "aws" and config.engine == "glue":
        lines["of the job's role"] = (partial(_job_role, account, job), partial(_of_the_lake, config))
    for resource, (principal, needs) in lines.items():
        look = account.guarded(partial(_permitted, account, principal, needs))
        yield Probe(Subject("permissions", resource), look)


def _of_the_lake(config: Config, home: _Home) -> Iterator[_Need]:
    roots = (config.lake.raw, config.lake.processed, config.lake.quarantine)
    raw, processed, quarantine = (root.removeprefix("s3://") for root in roots)
    yield home.need("s3", "ListBucket", *dict.fromkeys(root.partition("/")[0] for root in (raw, processed)))
    yield home.need("s3", "GetObject", f"{raw}/*", f"{processed}/*")
    yield home.need("s3", "PutObject DeleteObject", f"{processed}/*", f"{quarantine}/*")
    if ":key/" in config.aws.kms_key:
        yield _Need(("kms:Decrypt", "kms:GenerateDataKey"), (config.aws.kms_key,))


def _of_the_backend(config: Config, home: _Home) -> Iterator[_Need]:
    """Glue asks for an action on the catalog, the database and the table (Glue guide, "resource ARNs")."""
    if config.engine == "glue":
        yield home.need("glue", "StartJobRun GetJobRun GetJobRuns BatchStopJobRun", f"job/{config.glue.job}")
        yield home.need("logs", "GetLogEvents", "log-group:/aws-glue/jobs/error:log-stream:*")
    database = config.catalog.database
    tables = ("catalog", f"database/{database}", f"table/{database}/*")
    yield home.need("glue", "GetDatabase GetTable GetPartitions BatchGetPartition UpdateTable", *tables)
    yield home.need("glue", "BatchCreatePartition BatchUpdatePartition BatchDeletePartition", *tables)
    queries = "StartQueryExecution GetQueryExecution GetQueryResults StopQueryExecution"
    yield home.need("athena", queries, f"workgroup/{config.athena.workgroup}")


def _of_alerts(config: Config, home: _Home) -> Iterator[_Need]:
    """A queue named by its URL is not looked at: its ARN is not known."""
    alerts, root = config.alerts, config.lake.alerts.removeprefix("s3://")
    if alerts.topic:
        yield home.need("s3", "ListBucket", root.partition("/")[0])
        yield home.need("s3", "GetObject PutObject DeleteObject", f"{root}/*")
        yield home.need("s3", "GetObjectVersion", f"{config.lake.raw.removeprefix('s3://')}/*")
        yield _Need(("sns:Publish", "sns:ListSubscriptionsByTopic"), (alerts.topic,))
    if alerts.function.startswith("arn:"):
        yield _Need(("lambda:InvokeFunction",), (alerts.function,))
    elif alerts.function:
        yield home.need("lambda", "InvokeFunction", f"function:{alerts.function}")
    if alerts.dead_letters.startswith("arn:"):
        actions = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueUrl")
        yield _Need(tuple(f"sqs:{action}" for action in actions), (alerts.dead_letters,))


def _permitted(account: Account, principal: Callable[[], str], wanted: Needs, subject: Subject) -> Check:
    try:
        who = principal()
        if not who:
            return subject.skipped("nobody whose policies IAM simulates: it knows users and roles")
        identity = account.identity()
        needs = [*wanted(_Home(identity.partition, account.region, identity.account))]
        with ThreadPoolExecutor(len(needs), "simulate") as pool:
            found = list(pool.map(partial(_simulated, account, who), needs))
    except ConfigError as error:
        return subject.skipped(f"IAM may not be asked: {told(error, 'AWS', 'IAM')}")
    except ClickctlError as error:
        return subject.skipped(f"IAM did not answer: {told(error, 'AWS', 'IAM')}")
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
    """The user or role whose policies count, or nobody."""
    identity = account.identity()
    if _PRINCIPAL.fullmatch(identity.arn):
        return identity.arn
    found = _ASSUMED.fullmatch(identity.arn)
    return _role(account, identity, found[1]) if found else ""


def _job_role(account: Account, job: Job) -> str:
    try:
        role = str(job()["Role"])
    except ClickctlError:
        return ""  # the job's own line tells why
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
    refused, unsure = list[str](), list[str]()
    with asked("IAM"):
        pages = account.client("iam").get_paginator("simulate_principal_policy")
        asked_for = {"ActionNames": list(need.actions), "ResourceArns": list(need.arns)}
        for page in pages.paginate(PolicySourceArn=principal, **asked_for):
            for result in page["EvaluationResults"]:
                each = [(one["EvalResourceDecision"], one) for one in result.get("ResourceSpecificResults", ())]
                for decision, one in [(result["EvalDecision"], result), *each]:
                    guess = decision == "implicitDeny" and one.get("MissingContextValues")
                    if decision != "allowed":
                        (unsure if guess else refused).append(result["EvalActionName"])
    return refused, unsure
