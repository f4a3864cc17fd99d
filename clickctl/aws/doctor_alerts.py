"""Lines of `doctor` about alerts: the topic, the function with its settings, and the queue of what it failed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from clickctl.aws.alerts import UNCONFIRMED, SnsTopic
from clickctl.aws.doctor_asking import Account, Denied, asked
from clickctl.aws.doctor_glue import differing_rules
from clickctl.aws.replays import queue_url
from clickctl.config import Config
from clickctl.domain.errors import ConfigError
from clickctl.plan.checks import Check, Probe, Subject
from lambda_src.settings import Settings, settings_of

_SAME = (
    "Give both the same, or its alerts differ from the tables: set its variable, or after a change in Terraform "
    "'terraform apply', then 'clickctl init --from-terraform terraform --force'."
)


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
    try:
        given = settings_of(found.get("Environment", {}).get("Variables", {}))
    except ConfigError as error:
        return subject.fail(error.message, error.hint)
    other = _differing(config, given)
    if other:
        return subject.fail(f"not as here: {', '.join(other)}", _SAME)
    seen = f"{found.get('Handler')}, {found.get('Timeout')} s, settings as here"
    if not found.get("DeadLetterConfig", {}).get("TargetArn") and not _on_failure(account, subject.resource):
        hint = "Give it a dead-letter queue or an on-failure destination: an event that fails three times is lost."
        return subject.warn(f"{seen}; events it fails on go nowhere", hint)
    return subject.ok(seen)


def _differing(config: Config, given: Settings) -> list[str]:
    """The settings that decide what is alerted and whom it reaches, by their names in the configuration."""
    pairs = {
        "lake.raw": (config.lake.raw, given.raw),
        "lake.alerts": (config.lake.alerts, given.alerts_root),
        "alerts.action": (config.alerts.action, given.alerts.action),
        "alerts.topic": (config.alerts.topic, given.alerts.topic),
        "alerts.max_messages": (config.alerts.max_messages, given.alerts.max_messages),
        "aws.kms_key": (config.aws.kms_key, given.aws.kms_key),
    }
    other = [name for name, (here, there) in pairs.items() if here != there]
    return [*other, *differing_rules(config.quality, given.quality)]


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
