"""Metrics to CloudWatch: all of them or an error that says how many, each at most once, in calls it accepts."""

from __future__ import annotations

import gzip
import itertools
import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import botocore.session
import pytest
from botocore.serialize import create_serializer
from hypothesis import given, settings
from hypothesis import strategies as st

from clickctl.aws.metrics import MOST_BYTES, MOST_METRICS, CloudWatchMetrics, _datum, batches
from clickctl.config import Config
from clickctl.domain.errors import NOTHING, ClickctlError, ConfigError, EngineError
from clickctl.domain.ledger import Commit
from clickctl.domain.quality import Quality
from clickctl.metrics import NAMESPACE, UNITS, Metric, commit_metrics, dimension_value
from clickctl.roots import AwsSettings, LakeRoots
from clickctl.wiring import emitter_for
from lambda_src import log
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.server import Call

PUT = "monitoring.PutMetricData"
MODEL = botocore.session.get_session().get_service_model("cloudwatch")
OPERATION = MODEL.operation_model("PutMetricData")


def sent(call: Call) -> dict[str, Any]:
    """The parameters of a call, off the wire."""
    body = call.request.body
    if call.request.environ.get("HTTP_CONTENT_ENCODING") == "gzip":
        body = gzip.decompress(body)
    return dict(json.loads(body))


def some(count: int, length: int = 10) -> list[Metric]:
    return [Metric("Rows", n, "Count", (("Table", f"{n:0{length}}"),)) for n in range(count)]


def put(metrics: list[Metric], sleep: Callable[[float], None] = lambda _: None) -> None:
    CloudWatchMetrics(AwsSettings(), sleep).put(metrics)


def refusal(metrics: list[Metric]) -> ClickctlError:
    with pytest.raises(ClickctlError) as met:
        put(metrics)
    return met.value


def test_a_metric_arrives_with_its_value_unit_and_dimensions(aws: Aws) -> None:
    put([Metric("BytesIn", 2.5e9, "Bytes", (("JobName", "clickstream"), ("Stage", "prod"))), Metric("Days", 3)])
    [call] = aws.calls.of(PUT)
    dimensions = [{"Name": "JobName", "Value": "clickstream"}, {"Name": "Stage", "Value": "prod"}]
    assert sent(call) == {
        "Namespace": "clickctl",
        "MetricData": [
            {"MetricName": "BytesIn", "Value": 2.5e9, "Unit": "Bytes", "Dimensions": dimensions},
            {"MetricName": "Days", "Value": 3.0, "Unit": "Count", "Dimensions": []},
        ],
    }
    kept = aws.boto("cloudwatch").list_metrics(Namespace=NAMESPACE)["Metrics"]
    assert sorted(metric["MetricName"] for metric in kept) == ["BytesIn", "Days"]


def test_nothing_to_put_is_no_call(aws: Aws) -> None:
    put([])
    assert not aws.calls


def test_more_than_a_thousand_go_in_several_calls_and_none_is_lost_or_doubled(aws: Aws) -> None:
    put(some(2500))
    calls = aws.calls.of(PUT)
    assert [len(sent(call)["MetricData"]) for call in calls] == [1000, 1000, 500]
    assert [datum["Value"] for call in calls for datum in sent(call)["MetricData"]] == list(range(2500))
    assert {call.request.environ.get("HTTP_CONTENT_ENCODING") for call in calls} == {"gzip"}


def test_large_ones_go_in_calls_of_less_than_a_megabyte(aws: Aws) -> None:
    put(some(1500, length=1024))
    calls = aws.calls.of(PUT)
    assert len(calls) == 3
    assert all(len(gzip.decompress(call.request.body)) < 1_000_000 for call in calls)
    assert [datum["Value"] for call in calls for datum in sent(call)["MetricData"]] == list(range(1500))


SECOND = "0000001000"
"""A word of the second call alone."""


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are not compressed, so that faults can be told which of them they are to befall."""
    monkeypatch.setenv("AWS_DISABLE_REQUEST_COMPRESSION", "true")


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK does not slow itself down once it was throttled."""
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")


@pytest.mark.parametrize("kind", ["drop", "lose", "error"])
def test_a_call_that_may_have_arrived_is_not_repeated_and_its_metrics_are_said_to_be_unknown(
    aws: Aws, plain: None, kind: Any
) -> None:
    aws.faults.add(Fault(PUT, kind, times=1, match=SECOND))
    error = refusal(some(2500))
    assert isinstance(error, EngineError) and error.exit_code == 5
    assert error.changed == "CloudWatch accepted 1,000 of 2,500 metrics; of 1,000 more it is not known."
    assert aws.calls.counts == {PUT: 2}


def test_a_refusal_says_how_many_were_accepted_before_it(aws: Aws, plain: None) -> None:
    refused = Fault(PUT, "error", match=SECOND, code="InvalidParameterValue", message="The value is invalid.")
    aws.faults.add(refused)
    error = refusal(some(2500))
    assert error.message == "CloudWatch, namespace clickctl: InvalidParameterValue: The value is invalid."
    assert (error.exit_code, error.changed) == (5, "CloudWatch accepted 1,000 of 2,500 metrics.")
    assert aws.calls.counts == {PUT: 2}


def test_what_is_refused_for_its_rate_is_repeated_and_counted_once(aws: Aws, unpaced: None) -> None:
    aws.faults.add(Fault(PUT, "throttle", times=2))
    put(some(3))
    assert [call.fault for call in aws.calls.of(PUT)] == ["throttle", "throttle", ""]


def test_a_rate_that_stays_too_high_is_an_error_and_nothing_was_accepted(aws: Aws, unpaced: None) -> None:
    aws.faults.add(Fault(PUT, "throttle"))
    waits: list[float] = []
    with pytest.raises(EngineError, match="Rate exceeded") as met:
        put(some(3), waits.append)
    assert met.value.changed == NOTHING
    assert len(aws.calls) == 3 and len(waits) == 2 and all(0 <= wait <= 0.4 for wait in waits)


def test_bad_credentials_are_an_error_of_configuration(aws: Aws) -> None:
    aws.faults.add(Fault(PUT, "error", code="InvalidClientTokenId", message="No such token.", status=403))
    error = refusal(some(3))
    assert (error.exit_code, error.changed) == (3, NOTHING)
    assert "credentials" in error.message and "Log in again" in error.hint
    assert len(aws.calls) == 1


def test_no_credentials_at_all_are_an_error_of_configuration(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    error = refusal(some(3))
    assert isinstance(error, ConfigError) and error.changed == NOTHING
    assert not aws.calls


def test_a_role_that_may_not_is_told_what_to_look_at(aws: Aws) -> None:
    aws.faults.add(Fault(PUT, "error", code="AccessDenied", message="not authorized", status=403))
    error = refusal(some(3))
    assert (error.exit_code, error.changed) == (5, NOTHING)
    assert "policy" in error.hint


def test_only_the_aws_backend_has_a_place_for_metrics(aws: Aws) -> None:
    with pytest.raises(ConfigError, match='needs backend = "aws"') as met:
        emitter_for(Config(LakeRoots("raw", "processed", "quarantine", "alerts"), backend="local"))
    assert met.value.hint
    emitter_for(Config(aws.lake, backend="aws")).put(some(1))
    assert aws.calls.counts == {PUT: 1}


PROTOCOLS = ("query", "json", "smithy-rpc-v2-cbor")
"""Which of them an SDK speaks to CloudWatch depends on its version."""
ASCII = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
RUNS = st.tuples(st.integers(1, 700), st.integers(0, 30), st.integers(1, 1024), st.sampled_from("a%é"))


@given(st.lists(RUNS, max_size=3))
@settings(max_examples=20)
def test_every_batch_is_within_the_limits_in_each_protocol_and_no_smaller_than_it_must_be(runs: list[Any]) -> None:
    metrics = [
        Metric(
            "n",
            1.7976931348623157e-300,
            "Percent",
            tuple((f"d{d}", dimension_value(text * length)) for d in range(dims)),
        )
        for count, dims, length, text in runs
        for _ in range(min(count, 1 + 1500 // (1 + dims)))
    ]
    found = list(batches(metrics))
    assert [metric for batch in found for metric in batch] == metrics
    for batch, following in itertools.pairwise([*found, []]):
        assert 1 <= len(batch) <= MOST_METRICS
        assert max(length(batch, protocol) for protocol in PROTOCOLS) <= MOST_BYTES
        if following and len(batch) < MOST_METRICS:
            assert length([*batch, following[0]], "query") > 0.7 * MOST_BYTES


def length(batch: Any, protocol: str) -> int:
    """Of a call's body."""
    parameters = {"Namespace": NAMESPACE, "MetricData": [_datum(metric) for metric in batch]}
    body = create_serializer(protocol).serialize_to_request(parameters, OPERATION)["body"]
    return len(urlencode(body) if isinstance(body, dict) else body)


@given(st.text(max_size=2000))
def test_any_text_can_be_made_a_dimension(text: str) -> None:
    value = dimension_value(text)
    assert Metric("n", 1, dimensions=(("JobName", value),)).dimensions[0][1] == value


@given(st.text(ASCII.filter(lambda c: c != "\\"), min_size=1, max_size=255).filter(str.strip))
def test_a_name_in_plain_letters_is_its_own_dimension(text: str) -> None:
    assert dimension_value(text) == text


@given(st.text(min_size=1, max_size=100).filter(str.strip), st.text(min_size=1, max_size=100).filter(str.strip))
def test_different_names_stay_different_dimensions(one: str, other: str) -> None:
    assert (dimension_value(one) == dimension_value(other)) == (one == other)


@pytest.mark.parametrize(
    "bad",
    [
        {"value": math.nan},
        {"value": math.inf},
        {"value": -(2.0**361)},
        {"unit": "Lines"},
        {"name": ""},
        {"name": " "},
        {"name": ":n"},
        {"name": "n" * 256},
        {"name": "né"},
        {"dimensions": (("d", ""),)},
        {"dimensions": (("d", " "),)},
        {"dimensions": (("d", "a\nb"),)},
        {"dimensions": (("d", "é"),)},
        {"dimensions": (("d", "v" * 1025),)},
        {"dimensions": ((":d", "v"),)},
        {"dimensions": tuple((f"d{n}", "v") for n in range(31))},
    ],
)
def test_what_cloudwatch_would_refuse_with_all_that_is_beside_it_is_refused_by_itself(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no |none|more than"):
        Metric(**{"name": "n", "value": 1, **bad})


def test_units_are_those_of_cloudwatch() -> None:
    assert set(UNITS) <= set(MODEL.shape_for("StandardUnit").enum)


def test_the_lambda_puts_its_own_under_the_same_namespace() -> None:
    assert log.NAMESPACE == NAMESPACE


QUALITY = Quality(lines=10, facts=6, duplicates=3, quarantined=1, bytes_in=400, bytes_out=900, files_out=2)
COMMIT = Commit("run", "2026-01-05T14:00:00Z", (), "", (), QUALITY, "rules", "0.1.0", "glue", 12.5, 0.04, 0.1)


def test_a_commit_is_told_in_one_dimension_and_its_cost_only_where_it_is_known() -> None:
    found = commit_metrics(COMMIT, "clickstréam")
    assert {metric.dimensions for metric in found} == {(("JobName", "clickstr\\xe9am"),)}
    assert {metric.name: (metric.value, metric.unit) for metric in found} == {
        "Lines": (10, "Count"),
        "Facts": (6, "Count"),
        "Duplicates": (3, "Count"),
        "Quarantined": (1, "Count"),
        "BytesIn": (400, "Bytes"),
        "BytesOut": (900, "Bytes"),
        "FilesOut": (2, "Count"),
        "Seconds": (12.5, "Seconds"),
        "DpuHours": (0.1, "None"),
        "Dollars": (0.04, "None"),
    }
    free = commit_metrics(replace(COMMIT, cost=None, dpu_hours=None), "clickstream")
    assert {metric.name for metric in found} - {metric.name for metric in free} == {"DpuHours", "Dollars"}
