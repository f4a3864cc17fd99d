"""Numbers to chart and to alarm on: what they are, and where they are put. One adapter, in `aws/`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from clickctl.domain.ledger import Commit
from clickctl.plan.dq.results import DqReport, Verdict

NAMESPACE = "clickctl"
"""That of the Lambda's metrics too; the dimensions keep them apart."""

UNITS = ("Count", "Bytes", "Seconds", "Percent", "None")
"""Of CloudWatch's units those in use (CloudWatch API reference, MetricDatum)."""

_MOST_DIMENSIONS = 30
_LARGEST = 2.0**360
_VALUE_LENGTH = 1024
_NAME = re.compile(r"(?!:)(?=.*[!-~])[ -~]{1,255}")
_VALUE = re.compile(rf"(?=.*[!-~])[ -~]{{1,{_VALUE_LENGTH}}}")


@dataclass(frozen=True)
class Metric:
    """One data point, of the moment it is put.

    `unit` is one of UNITS: a ratio of 0 to 1 has "None", hundredths have "Percent". `dimensions` are
    pairs of name and value; the name and all of them together are the metric, and what is billed.
    Raises ValueError for what CloudWatch would refuse, because it refuses a call for one such metric
    with all the others in it (CloudWatch API reference, PutMetricData, MetricDatum, Dimension).
    """

    name: str
    value: float
    unit: str = "Count"
    dimensions: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and abs(self.value) <= _LARGEST):
            raise ValueError(f"metric {self.name}: {self.value} is no value from -2^360 to 2^360")
        if self.unit not in UNITS:
            raise ValueError(f"metric {self.name}: unit {self.unit!r} is none of {', '.join(UNITS)}")
        if len(self.dimensions) > _MOST_DIMENSIONS:
            raise ValueError(f"metric {self.name}: more than {_MOST_DIMENSIONS} dimensions")
        for name in (self.name, *(name for name, _ in self.dimensions)):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a metric or dimension")
        for name, value in self.dimensions:
            if not _VALUE.fullmatch(value):
                raise ValueError(f"{value!r} is no value of dimension {name}: use dimension_value")


class Metrics(Protocol):
    """Where metrics are put."""

    def put(self, metrics: Sequence[Metric]) -> None:
        """Put all of them, each at most once.

        Raises a ClickctlError when not all were accepted; its `changed` says how many were. To put all
        of them again would count those twice, which shows in sums, not in the greatest and the least.
        """
        ...


def dimension_value(text: str) -> str:
    """Any text as a value of a dimension: printable ASCII, not blank, at most 1,024 characters.

    Other characters become escapes of Python (`\\xe9`), and a backslash two, so that different texts
    stay different as far as they fit.
    """
    plain = text.encode("unicode_escape").decode("ascii")[:_VALUE_LENGTH]
    return plain if plain.strip() else "(blank)"


def commit_metrics(commit: Commit, job: str) -> tuple[Metric, ...]:
    """What a commit counts, in one dimension, the job's name.

    `DpuHours` and `Dollars` are there only where the run reckoned them: see Commit.
    """
    quality, dimensions = commit.quality, (("JobName", dimension_value(job)),)
    values = (
        ("Lines", quality.lines, "Count"),
        ("Facts", quality.facts, "Count"),
        ("Duplicates", quality.duplicates, "Count"),
        ("Quarantined", quality.quarantined, "Count"),
        ("BytesIn", quality.bytes_in, "Bytes"),
        ("BytesOut", quality.bytes_out, "Bytes"),
        ("FilesOut", quality.files_out, "Count"),
        ("Seconds", commit.seconds, "Seconds"),
        ("DpuHours", commit.dpu_hours, "None"),
        ("Dollars", commit.cost, "None"),
    )
    return tuple(Metric(name, value, unit, dimensions) for name, value, unit in values if value is not None)


def report_metrics(report: DqReport) -> tuple[Metric, ...]:
    """The verdicts and counts of a report: gauges, to be read with Maximum.

    `Verdict` is 0 good, 1 warn, 2 fail; that of the whole report has the lake as its one dimension, like the
    counts; those of the checks, and the `Value` of each that was judged, have the check's name as a second.
    What was not judged is not put.
    """
    lake = (("Lake", dimension_value(report.lake)),)
    totals = report.totals
    counts = (("Lines", totals.lines), ("Facts", totals.facts), ("Duplicates", totals.duplicates),
              ("Quarantined", totals.quarantined))  # fmt: skip
    found = [Metric(name, value, "Count", lake) for name, value in counts]
    if report.verdict in _VERDICTS:
        found.append(Metric("Verdict", _VERDICTS[report.verdict], "None", lake))
    for check in report.checks:
        if check.verdict in _VERDICTS and check.value is not None:
            dimensions = (*lake, ("Check", check.name))
            found.append(Metric("Verdict", _VERDICTS[check.verdict], "None", dimensions))
            found.append(Metric("Value", check.value, "None", dimensions))
    return tuple(found)


_VERDICTS = {Verdict.GOOD: 0, Verdict.WARN: 1, Verdict.FAIL: 2}
