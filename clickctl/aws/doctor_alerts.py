"""Lines of `doctor` about alerts: the topic, the function with its settings, and the queue of what it failed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from typing import Any

from clickctl.aws.alerts import UNCONFIRMED, SnsTopic
from clickctl.aws.doctor_asking import Account, Denied, asked
from clickctl.aws.replays import queue_url
from clickctl.config import Config
from clickctl.domain.rules import QualityRules
from clickctl.plan.checks import Check, Probe, Subject

_SAME = "Set its variable to what the configuration says, or its alerts differ from the tables."


def alert_probes(account: Account, config: Config) -> Iterator[Probe]:
    """A line for each of [alerts] that is set."""
    alerts = config.alerts
    looks: dict[str, tuple[str, Callable[[Account, Subject], Check]]] = {
        "topic": (alerts.topic, _topic),
        "function": (alerts.function, partial(_function, config)),
        "dead letters": (alerts.dead_letters, _letters),
    }
    for title, (name, look) in looks.items():
        if name:
            yield Probe(Subject(title, name), account.guarded(partial(look, account)))


def _topic(account: Account, subject: Subject) -> Check:
    with asked(subject.resource):
        found = SnsTopic(subject.resource, account.aws).audience()
    pending = sum(line.endswith(UNCONFIRMED) for line in found)
    seen = f"{len(found) - pending} subscribed{f', {pending} not confirmed' if pending else ''}"
    if len(found) == pending:
        return subject.warn(seen, "Subscribe somebody: alerts reach nobody.")
    return subject.ok(seen)


def _function(config: Config, account: Account, subject: Subject) -> Check:
    try:
        with asked(subject.resource):
            found = account.client("lambda").get_function_configuration(FunctionName=subject.resource)
    except Denied:
        return subject.skipped("lambda:GetFunctionConfiguration is denied; clickctl needs lambda:InvokeFunction alone")
    given = found.get("Environment", {}).get("Variables", {})
    other = [name for name, value in _wanted(config).items() if given.get(name, value[1]) != value[0]]
    if other:
        return subject.fail(f"its {', '.join(other)} is not as here", _SAME)
    seen = f"{found.get('Handler')}, {found.get('Timeout')} s, settings as here"
    if not found.get("DeadLetterConfig", {}).get("TargetArn") and not _on_failure(account, subject.resource):
        hint = "Give it a dead-letter queue or an on-failure destination: an event that fails three times is lost."
        return subject.warn(f"{seen}; events it fails on go nowhere", hint)
    return subject.ok(seen)


def _wanted(config: Config) -> dict[str, tuple[str, str]]:
    """The variables that decide which alerts there are: as they should be, and as they are when unset."""
    wanted = {"CLICKCTL_LAKE_RAW": (config.lake.raw, ""), "CLICKCTL_LAKE_ALERTS": (config.lake.alerts, "")}
    usual = QualityRules()
    for field in fields(QualityRules):
        here, unset = (_text(getattr(rules, field.name)) for rules in (config.quality, usual))
        wanted[f"CLICKCTL_QUALITY_{field.name}".upper()] = (here, unset)
    wanted["CLICKCTL_ALERTS_ACTION"] = (config.alerts.action, "purchase")
    wanted["CLICKCTL_ALERTS_TOPIC"] = (config.alerts.topic, "")
    return wanted


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _on_failure(account: Account, name: str) -> bool:
    """Whether failed events go to a destination. Who may not look is believed to have one."""
    try:
        with asked(name):
            found = account.client("lambda").list_function_event_invoke_configs(FunctionName=name)
    except Denied:
        return True
    return any(
        one.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        for one in found.get("FunctionEventInvokeConfigs", ())
    )


def _letters(account: Account, subject: Subject) -> Check:
    with asked(subject.resource):
        sqs = account.client("sqs")
        wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=queue_url(sqs, subject.resource), AttributeNames=wanted)
    count = sum(int(found["Attributes"].get(name, 0)) for name in wanted)
    if count:
        return subject.warn(f"letters in it: {count}", "clickctl alerts-replay --from-dlq")
    return subject.ok("empty")
