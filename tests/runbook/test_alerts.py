"""The entries about alerts: the function runs in this process, subscribers are a queue."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("moto.server")

from tests.aws.alerts import Alerting
from tests.aws.athena import Athena
from tests.runbook.clouds import Cloud
from tests.runbook.places import DAY

H13, H14 = "2026-01-05T13", "2026-01-05T14"
PURCHASE: dict[str, Any] = {"action": "purchase"}


def test_an_alert_is_missing(cloud: Cloud, alerting: Alerting) -> None:
    alerting.handle(alerting.created(cloud.put(H13, "told", run=True, **PURCHASE)))
    cloud.put(H14, "missed", run=True, **PURCHASE)
    assert alerting.users() == {"told": 1}
    query(cloud)
    ran = cloud.run("clickctl alerts-replay")
    assert "1 file sent" in ran.err and ran.err.count("Nothing more to do.") == 2
    assert alerting.users() == {"missed": 1}
    assert missed(ran.out) == {H13: "0", H14: "0"}


def missed(audit: str) -> dict[str, str]:
    """By hour, of the table that the audit shows."""
    rows = [line.split() for line in audit.splitlines() if line.startswith(DAY[0])]
    return {row[0]: row[3] for row in rows if len(row) == 5}


def query(cloud: Cloud) -> None:
    """Athena answers from what lies in S3 now."""
    athena = Athena(cloud.aws)
    athena.workgroups["oncall"] = "s3://results/"
    files = [cloud.aws.read(place) for place in cloud.aws.list(f"{cloud.aws.lake.processed}/fact_clicks")]
    rows = pa.concat_tables(pq.read_table(BytesIO(data)) for data in files)
    for name, value in zip(("year", "month", "day"), DAY[0].split("-"), strict=True):
        rows = rows.append_column(name, pa.array([value] * len(rows)))
    athena.database.register("found", rows)
    athena.database.execute("CREATE TABLE fact_clicks AS FROM found")


@pytest.mark.usefixtures("aws_cli")
def test_the_dead_letter_queue_fills(cloud: Cloud, alerting: Alerting) -> None:
    cloud.configure(alerts={**alerting.config, "function": ""})  # its own process scans, which is quicker
    alerting.send_letter(alerting.created(cloud.put(H13, "failed", **PURCHASE)))
    undelivered = alerting.created(cloud.put(H14, "undelivered", **PURCHASE))
    others = {"raw-files-not-delivered": undelivered, "schedules-not-started": {"JobName": "clickstream"}}
    urls = [queue(cloud, f"clickstream-{name}", letter) for name, letter in others.items()]
    cloud.run("clickctl alerts-replay --from-dlq")
    assert alerting.users() == {"failed": 1} and alerting.letters_left() == []
    assert cloud.run("clickctl alerts-replay").err.endswith("Nothing more to do.\n")
    assert alerting.users() == {"undelivered": 1}
    assert cloud.run("clickctl backfill").err.endswith("Nothing more to do.\n")
    assert cloud.states() == {"committed"}
    cloud.run("aws sqs")
    for url in urls:
        assert "Messages" not in cloud.aws.boto("sqs").receive_message(QueueUrl=url)


def queue(cloud: Cloud, name: str, letter: Any) -> str:
    """The URL of a queue that has a letter."""
    sqs = cloud.aws.boto("sqs")
    url = str(sqs.create_queue(QueueName=name)["QueueUrl"])
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(letter))
    return url


def test_alerts_came_twice(cloud: Cloud, alerting: Alerting) -> None:
    cloud.put(H13, "u", **PURCHASE)
    cloud.put(H14, "u", time=f"{H13}:00:00Z", **PURCHASE)
    cloud.shell("alerts-replay", *DAY)
    first, second = alerting.messages()
    assert first["alert_id"] == second["alert_id"] and first["source"] != second["source"]
    assert "Nothing to do." in cloud.run("clickctl alerts-replay").err
    assert alerting.messages() == []
