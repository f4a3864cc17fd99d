"""What commands, job and function really ask of AWS is among what was derived, and within what their roles may."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("moto.server")
pytest.importorskip("duckdb")
pytest.importorskip("mypy")

from clickctl.config import REDSHIFT_PASSWORD
from tests.aws.alerts import Alerting
from tests.aws.harness.account import Aws
from tests.aws.harness.runners import QuickRunner, ScriptedRunner
from tests.aws.harness.server import Calls
from tests.aws.registry import views_are_made
from tests.backends.hot import redshift_settings
from tests.conftest import Shell, event
from tests.permissions.asked import asked_by, call_of
from tests.permissions.derive import FUNCTION, JOB, commands, derivation
from tests.permissions.needs import ROLES
from tests.permissions.places import Names, needed

if TYPE_CHECKING:
    from tests.redshift.server import Standin

pytestmark = pytest.mark.xdist_group("permissions")

HOUR = f"{datetime.now(UTC).date() - timedelta(days=1)}T13"


def surprises(aws: Aws, calls: Calls, entry: str, role: str) -> list[str]:
    """Calls that were not derived for the entry point, and those that the role's grants do not permit."""
    requests = [call.request for call in calls]
    derived = derivation().of(entry).calls
    raw, processed, alerts = (root.split("/")[2] for root in (aws.lake.raw, aws.lake.processed, aws.lake.alerts))
    grants = needed([ROLES[role].grants, ROLES[role].own], Names(raw=raw, processed=processed, alerts=alerts))
    found = [f"{call} was not derived" for call in {call_of(request) for request in requests} - derived]
    asked = {asked: None for request in requests for asked in asked_by(request)}
    return found + [f"{one} is not for the role {role}" for one in asked if not one.permitted(grants)]


@pytest.fixture
def alerting(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Alerting]:
    aws.create_job()
    views_are_made(aws)
    made = Alerting(aws, monkeypatch)
    yield made
    made.close()


def fill(aws: Aws, hour: str, name: str = "part-0.json.gz") -> None:
    rows = [event(f"{hour}:0{n}:00Z", f"u{n}", action="purchase") for n in range(5)]
    aws.put_raw(hour, [*rows, event(f"{hour}:30:00Z", None)], name)


def check(aws: Aws, shell: Shell, role: str, *lines: str) -> None:
    """Run commands one after the other; no call of any may surprise."""
    for line in lines:
        words = line.split()
        name = next(name for name in commands() if words[: len(name.split())] == name.split())
        with aws.counting() as calls:
            ran = shell(*words, code=None)
        assert calls, f"{line}: {ran.err}"
        assert not surprises(aws, calls, commands()[name], role), line


def test_the_commands_ask_for_what_the_operator_may(alerting: Alerting) -> None:
    aws = alerting.aws
    fill(aws, HOUR)
    aws.glue.runner = ScriptedRunner("FAILED: no room")
    day = HOUR[:10]
    check(
        aws, aws.shell(alerts=alerting.config), "operator",
        f"run-partition {HOUR}",
        "register-partitions --create-tables",
        f"backfill {HOUR} -0h --engine local",
        "status",
        f"dq-report {day} -0h --emit cloudwatch",
        f"quarantine show {HOUR}",
        f"quarantine export {day} -0h --to {aws.folder}/bad.ndjson",
        f"alerts-replay {day} -0h --in-process",
        "alerts-replay --from-dlq --dry-run",
        "doctor",
    )  # fmt: skip


def test_cron_asks_for_what_the_loader_may(
    alerting: Alerting, standin: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REDSHIFT_PASSWORD, standin.password)
    aws = alerting.aws
    shell = aws.shell(redshift=redshift_settings(standin))
    shell("register-partitions", "--create-tables")
    fill(aws, HOUR)
    shell("run-partition", HOUR, "--engine", "local")
    check(
        aws, shell, "loader",
        "load-hot --create-tables",
        "load-hot --full",
        "register-partitions --prune",
        "dq-report --last 48h --emit cloudwatch --no-samples",
    )  # fmt: skip


def test_the_job_asks_for_what_its_role_may(alerting: Alerting) -> None:
    aws = alerting.aws
    aws.glue.runner = QuickRunner()
    for name in ("part-0.json.gz", "part-1.json.gz"):  # the second run replaces what the first has committed
        fill(aws, HOUR, name)
        roots = {f"--{root}": getattr(aws.lake, root) for root in ("raw", "processed", "quarantine")}
        with aws.counting() as calls:
            run = aws.glue.start(Arguments={"--unit": HOUR, **roots})
            assert run.ended.wait(60)
        assert run.state == "SUCCEEDED", run.error
        assert not surprises(aws, calls, JOB, "glue_job")


def test_the_function_asks_for_what_its_role_may(alerting: Alerting) -> None:
    aws = alerting.aws
    aws.boto("s3").put_bucket_versioning(
        Bucket=aws.lake.raw.split("/")[2], VersioningConfiguration={"Status": "Enabled"}
    )
    put = alerting.put(["u1", "u2"])
    version = aws.boto("s3").list_object_versions(Bucket=aws.lake.raw.split("/")[2])["Versions"][0]["VersionId"]
    created = alerting.created(put)
    created["detail"]["object"]["version-id"] = version
    with aws.counting() as calls:
        assert alerting.handle(created) == {"sent": 1}
        assert alerting.handle(alerting.created(put)) == {"already": 1}
        assert alerting.handle(alerting.created(f"{put}-gone.json")) == {"gone": 1}
    assert not surprises(aws, calls, FUNCTION, "alerts")
    assert "versionId" in "".join(call.request.query for call in calls)
