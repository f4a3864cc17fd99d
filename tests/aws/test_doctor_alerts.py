"""Doctor's lines about alerts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clickctl.plan.checks import Verdict
from tests.aws.alerts import Alerting
from tests.aws.harness.account import Aws
from tests.aws.sound import Sound

OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL


class Function:
    """What Lambda tells of the function; moto keeps none without a role and an archive."""

    def __init__(self, aws: Aws, variables: dict[str, str]) -> None:
        self.variables, self.target = variables, "arn:aws:sqs:us-east-1:123456789012:letters"
        aws.handlers["lambda.GetFunctionConfiguration"] = self._answer
        aws.handlers["lambda.ListFunctionEventInvokeConfigs"] = lambda request: {"FunctionEventInvokeConfigs": []}

    def _answer(self, request: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"Handler": "lambda_src.handler.handle", "Timeout": 300}
        return {**found, "Environment": {"Variables": self.variables}, "DeadLetterConfig": {"TargetArn": self.target}}


@pytest.fixture
def sound(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sound]:
    """An account in which alerts are set up, and the function is as the configuration says."""
    alerting = Alerting(aws, monkeypatch)
    monkeypatch.delenv("CLICKCTL_ALERTS_TOPIC")
    made = Sound(aws)
    made.sections["alerts"] = alerting.config
    made.alerting = alerting  # type: ignore[attr-defined]
    made.function = Function(  # type: ignore[attr-defined]
        aws,
        {
            "CLICKCTL_LAKE_RAW": aws.lake.raw,
            "CLICKCTL_LAKE_ALERTS": aws.lake.alerts,
            "CLICKCTL_ALERTS_TOPIC": alerting.topic,
        },
    )
    yield made
    alerting.close()


def test_alerts_that_are_set_up_have_a_good_line_each(sound: Sound) -> None:
    report = sound.examine()
    lines = {check.name: check for check in report.checks}
    assert report.exit_code == 0
    assert lines["topic"].seen == "1 subscribed"
    assert lines["function"].seen == "lambda_src.handler.handle, 300 s, settings as here"
    assert lines["dead letters"].seen == "empty"
    assert lines["write alerts"].verdict is OK


def test_a_function_with_other_rules_than_the_tables_fails(sound: Sound) -> None:
    sound.function.variables["CLICKCTL_QUALITY_MAX_LATENESS"] = "1d"  # type: ignore[attr-defined]
    line = sound.line("function")
    assert (line.verdict, line.seen) == (FAIL, "not as here: quality.max_lateness")


def test_failed_events_that_go_nowhere_are_a_warning(sound: Sound) -> None:
    sound.function.target = ""  # type: ignore[attr-defined]
    assert "is lost" in sound.line("function").hint


def test_letters_in_the_queue_are_a_warning_with_the_command_that_replays_them(sound: Sound) -> None:
    sound.alerting.send_letter("hello")  # type: ignore[attr-defined]
    line = sound.line("dead letters")
    assert (line.verdict, line.seen, line.hint) == (WARN, "letters in it: 1", "clickctl alerts-replay --from-dlq")


def test_a_topic_without_subscribers_is_a_warning(sound: Sound) -> None:
    topic = sound.aws.boto("sns").create_topic(Name="lonely")["TopicArn"]
    sound.sections["alerts"] = {"topic": topic}
    assert sound.line("topic").hint == "Subscribe somebody: alerts reach nobody."


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [
        ("topic", "arn:aws:sns:us-east-1:123456789012:none", "topic"),
        ("dead_letters", "arn:aws:sqs:us-east-1:123456789012:none", "dead letters"),
    ],
)
def test_what_is_not_there_fails(sound: Sound, key: str, value: str, name: str) -> None:
    sound.sections["alerts"] = {**sound.sections["alerts"], key: value}
    assert sound.line(name).verdict is FAIL


def test_a_missing_bucket_of_alerts_fails_once_there_is_a_topic(sound: Sound) -> None:
    sound.aws.boto("s3").delete_bucket(Bucket=sound.buckets[2])
    assert sound.line("bucket", sound.buckets[2]).verdict is FAIL
