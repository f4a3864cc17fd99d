"""Metrics to CloudWatch, in as few calls as may be."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import botocore.exceptions

from clickctl.aws.clients import client
from clickctl.aws.errors import THROTTLED, code_of, explained
from clickctl.domain.errors import NOTHING, ClickctlError, ConfigError
from clickctl.metrics import NAMESPACE, Metric
from clickctl.roots import AwsSettings

MOST_METRICS = 1000
MOST_BYTES = 1_000_000
"""What one call may carry: 1,000 metrics and 1 MB (CloudWatch API reference, PutMetricData). Whether gzip,
which newer SDKs use for more than 10 kB, counts before or after is not told: here it counts before."""

_OF_A_CALL = 100
_OF_A_METRIC = 200
_OF_A_DIMENSION = 120
"""Bytes at most around names and values in the wordiest of the protocols that SDKs speak, the form of the
query protocol: `&MetricData.member.1000.Dimensions.member.30.Value=` and the like."""

_TRIES = 3
_PATIENCE = 10
"""Seconds an answer is waited for: nobody's work is to be held up by its numbers."""


@dataclass(frozen=True)
class CloudWatchMetrics:
    """Data points under one namespace, timed by CloudWatch as it receives them.

    CloudWatch does not know a call again: repeated, it adds to Sum and SampleCount once more. So only
    what was refused for its rate is repeated, and never what got no answer. A call is accepted as a
    whole or refused as a whole: without entities, an error of validation fails all of it (CloudWatch
    API reference, PutMetricData, StrictEntityValidation).
    """

    aws: AwsSettings
    sleep: Callable[[float], None] = time.sleep

    def put(self, metrics: Sequence[Metric]) -> None:
        accepted = 0
        for batch in batches(metrics):
            try:
                self._put(batch)
            except ClickctlError as error:
                error.changed = _changed(accepted, len(batch) if _unsure(error) else 0, len(metrics))
                raise
            accepted += len(batch)

    def _put(self, batch: Sequence[Metric]) -> None:
        for tried in range(_TRIES):
            try:
                self._put_once(batch)
                return
            except ClickctlError as error:
                if tried == _TRIES - 1 or not _throttled(error):
                    raise
            self.sleep(random.uniform(0, 0.2 * 2**tried))

    def _put_once(self, batch: Sequence[Metric]) -> None:
        settings = replace(self.aws, read_timeout=min(self.aws.read_timeout, _PATIENCE))
        with explained(f"CloudWatch, namespace {NAMESPACE}"):
            cloudwatch = client("cloudwatch", settings, attempts=1)
            cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[_datum(metric) for metric in batch])


def batches(metrics: Sequence[Metric]) -> Iterator[Sequence[Metric]]:
    """What goes into one call each, in order and as much as fits."""
    start, size = 0, _OF_A_CALL
    for end, metric in enumerate(metrics):
        more = _size(metric)
        if end > start and (end - start == MOST_METRICS or size + more > MOST_BYTES):
            yield metrics[start:end]
            start, size = end, _OF_A_CALL
        size += more
    if start < len(metrics):
        yield metrics[start:]


def _size(metric: Metric) -> int:
    """Bytes a metric takes in a call, at most."""
    words = (metric.name, *(word for pair in metric.dimensions for word in pair))
    return _OF_A_METRIC + _OF_A_DIMENSION * len(metric.dimensions) + sum(len(quote(word, safe="")) for word in words)


def _datum(metric: Metric) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"MetricName": metric.name, "Value": metric.value, "Unit": metric.unit, "Dimensions": dimensions}


def _throttled(error: ClickctlError) -> bool:
    cause = error.__cause__
    return isinstance(cause, botocore.exceptions.ClientError) and code_of(cause) in THROTTLED


def _unsure(error: ClickctlError) -> bool:
    """Whether the call may have been accepted all the same: there was no answer, or that of a server in trouble."""
    cause = error.__cause__
    if isinstance(cause, botocore.exceptions.ClientError):
        return int(cause.response["ResponseMetadata"]["HTTPStatusCode"]) >= 500 and not _throttled(error)
    return not isinstance(error, ConfigError)


def _changed(accepted: int, unsure: int, total: int) -> str:
    if not (accepted or unsure):
        return NOTHING
    rest = f"; of {unsure:,} more it is not known" if unsure else ""
    return f"CloudWatch accepted {accepted:,} of {total:,} metrics{rest}."
