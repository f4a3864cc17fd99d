"""What is reckoned from it: every constant with its source."""

from __future__ import annotations

import math
from collections.abc import Callable

from benchmarks.scaling.measured import EVENTS, FACTORS, Measured, size
from clickctl.sample import CURVE

BUSIEST = max(CURVE) / sum(CURVE)  # share of the day in its busiest hour

SPARK_CPU, SPARK_WALL, CORES = 24.6, 14.1, 2  # seconds of the day: benchmarks/README.md, the transform
BUSY = SPARK_CPU / SPARK_WALL / CORES
SCAN = 390e6  # bytes of text a CPU second, receipt included: benchmarks/README.md, the scan
SCRATCH = 330  # bytes an event: docs/operations.md, scratch disk
CALLS = 15  # for a raw file of which a summary is sent: calls() above

G1X_CORES, G1X_FREE, DPU_HOUR = 4, 44e9, 0.44  # Glue Developer Guide, "Worker types"; AWS Glue pricing, us-east-1
LEAST_SECONDS = 60.0  # billed of a run: AWS Glue pricing
LAMBDA_CORES = 512 / 1769  # of a function of 512 MB: Lambda Developer Guide, "Configure Lambda function memory"
PAGE, LIST_PRICE = 1000, 0.005 / 1000  # S3 API Reference, ListObjectsV2; Amazon S3 pricing, us-east-1
TB_PRICE = 5.0  # Amazon Athena pricing, us-east-1

HOUR_WITHIN, DAY_WITHIN = 5, 30  # minutes
LARGE = 64e6  # bytes of gzip

Row = dict[str, str]


def by_factor(day: Measured, columns: Callable[[Measured, int], Row]) -> list[list[str]]:
    """A row for each quantity, a column for each factor."""
    found = [columns(day, factor) for factor in FACTORS]
    return [
        ["times", *(f"{factor:,}" for factor in FACTORS)],
        *([name, *(one[name] for one in found)] for name in found[0]),
    ]


def work_of(day: Measured, factor: int) -> Row:
    cpu, scratch = SPARK_CPU * factor, SCRATCH * EVENTS * factor
    hour = _workers(cpu * BUSIEST, HOUR_WITHIN)
    whole = max(_workers(cpu, DAY_WITHIN), 1 + math.ceil(scratch / G1X_FREE))
    runs = [*(_billed(cpu * share / sum(CURVE), hour) for share in CURVE), _billed(cpu, whole)]
    return {
        "events a day": f"{EVENTS * factor:,}",
        "gzip a day": size(day.zipped * factor),
        "events a second, busiest hour": f"{EVENTS * factor * BUSIEST / 3600:,.0f}",
        "CPU s of the busiest hour": f"{cpu * BUSIEST:,.0f}",
        f"G.1X workers for it in {HOUR_WITHIN} min": f"{hour}",
        "CPU s of the day": f"{cpu:,.0f}",
        f"G.1X workers for it in {DAY_WITHIN} min, by CPU": f"{_workers(cpu, DAY_WITHIN)}",
        "scratch of the day": size(scratch),
        "G.1X workers for it, by disk": f"{1 + math.ceil(scratch / G1X_FREE)}",
        "DPU-hours of 24 hours and the day": f"{sum(runs):,.1f}",
        "dollars of that": f"{sum(runs) * DPU_HOUR:,.2f}",
    }


def _workers(cpu: float, minutes: int) -> int:
    """As many as end in time, and the driver's."""
    return 1 + math.ceil(cpu / (G1X_CORES * BUSY * minutes * 60))


def _billed(cpu: float, workers: int) -> float:
    """DPU-hours of a run."""
    return workers * max(LEAST_SECONDS, cpu / (G1X_CORES * BUSY * (workers - 1))) / 3600


def files_of(day: Measured, factor: int, large: float = 0) -> Row:
    """Of raw files as large as they are, or of `large` bytes of gzip; never fewer than there are."""
    now = day.commit.quality.files_in
    files = max(now, math.ceil(day.zipped * factor / large)) if large else now * factor
    pages, scan = math.ceil(files / PAGE), day.text * factor / files / SCAN / LAMBDA_CORES
    told, purchases = files * BUSIEST, day.purchases * factor / files
    return {
        "raw files a day": f"{files:,}",
        "each, gzip": size(day.zipped * factor / files),
        "pages of a month's listing": f"{30 * pages:,}",
        "dollars of it": f"{30 * pages * LIST_PRICE:.4f}",
        "scan of a file at 512 MB, s": f"{scan:.2f}",
        "functions at work, busiest hour": f"{told * scan / 3600:.2f}",
        "purchases a file": f"{purchases:,.0f}",
        "messages in the busiest hour": f"{told * (1 if purchases > 100 else purchases):,.0f}",
        "calls of S3 and SNS a second then": f"{told * CALLS / 3600:,.2f}",
    }


def tables_of(day: Measured, factor: int) -> Row:
    facts = day.facts * factor
    return {
        "facts a day": size(facts),
        "files of 128 MB": f"{math.ceil(facts / 128e6):,}",
        "files of 512 MB": f"{math.ceil(facts / 512e6):,}",
        "Athena, a month, action alone, dollars": f"{30 * day.action * factor / 1e12 * TB_PRICE:,.4f}",
        "Athena, a month, all columns, dollars": f"{30 * facts / 1e12 * TB_PRICE:,.2f}",
        "facts of 14 hot days": f"{14 * day.commit.quality.facts * factor:,}",
        "copied a day, loaded once": size(facts),
        "copied a day, loaded each hour": size(facts * 25 / 2),  # 1/24 + 2/24 + … + 24/24 of the day
        "purchases a second, busiest hour": f"{day.purchases * factor * BUSIEST / 3600:,.1f}",
    }
