"""clickctl doctor over Redshift: the login, the tables, what COPY needs, how fresh it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest

pytest.importorskip("redshift_connector")

from clickctl.config import REDSHIFT_PASSWORD
from clickctl.hotsql import TABLES
from clickctl.local.doctor import PACKAGES
from clickctl.plan.checks import Check, Verdict
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.replies import Reply, xml_reply
from tests.aws.redshift_listener import Listener
from tests.aws.sound import TODAY, Sound
from tests.backends.hot import HOT_SQL, redshift_settings
from tests.redshift.fixtures import *  # noqa: F403
from tests.redshift.server import Standin

OK, WARN, FAIL, SKIPPED = Verdict
NAMES = ["warehouse", "hot tables", "freshness", "copy role", "copy region"]
ROLE = "arn:aws:iam::123456789012:role/copy"
PASSWORD = "long enough to be a secret"


@pytest.fixture
def sound(aws: Aws) -> Sound:
    return Sound(aws)


@pytest.fixture
def served(sound: Sound, standin: Standin, monkeypatch: pytest.MonkeyPatch) -> Sound:
    """Its warehouse is the stand-in, which has no tables."""
    monkeypatch.setenv(REDSHIFT_PASSWORD, standin.password)
    sound.sections["redshift"] = redshift_settings(standin)
    return sound


@pytest.fixture
def listening(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sound]:
    """Its warehouse takes one password, which is not ours."""
    monkeypatch.setenv(REDSHIFT_PASSWORD, PASSWORD)
    with closing(Listener("another")) as listener:
        place = {"host": "localhost", "port": listener.port, "user": "etl", "tls": "off", "copy_role": ROLE}
        sound.sections["redshift"] = place
        yield sound


def lines(sound: Sound) -> dict[str, Check]:
    return {check.name: check for check in sound.examine().checks if check.name in NAMES}


def make(standin: Standin, *, without: str = "") -> None:
    for name in TABLES:
        if name != without:
            standin.query(HOT_SQL.text(f"create_{name}"))


def load(standin: Standin, days_ago: int) -> None:
    day = TODAY.plus(-days_ago).date
    newest = datetime(day.year, day.month, day.day, 13, 59, 59)
    standin.query(HOT_SQL.text("insert_load"), day, "f", 1, 1, 1, 0, 0, newest, "run", newest + timedelta(hours=1))


def test_a_warehouse_that_is_not_configured_is_not_looked_at(sound: Sound) -> None:
    sound.sections["redshift"] = {"copy_role": ROLE, "hot_days": 7}
    assert lines(sound) == {}
    assert "redshift_connector" not in sound.line("packages").seen


def test_a_sound_warehouse_is_told_line_by_line_and_left_as_it_was(served: Sound, standin: Standin) -> None:
    make(standin)
    load(standin, 1)
    load(standin, 2)
    found = lines(served)
    assert list(found) == NAMES
    assert {name: (check.verdict, check.seen) for name, check in found.items()} == {
        "warehouse": (OK, "logged in as loader, without TLS"),
        "hot tables": (OK, "6 tables, as they should be"),
        "freshness": (OK, "2 days loaded, newest event 2026-01-04T13:59:59Z, yesterday"),
        "copy role": (OK, ROLE),
        "copy region": (SKIPPED, "the warehouse's address does not tell its region; it has to be the bucket's"),
    }
    assert found["warehouse"].resource == "Redshift 127.0.0.1, dev.public"
    assert [text for text in standin.statements if not text.startswith(("SELECT", "-- Names"))] == []
    assert "redshift_connector 2" in served.line("packages").seen


def test_before_the_first_load_the_tables_are_to_be_made_and_nothing_else_is_wrong(served: Sound) -> None:
    found = lines(served)
    assert (found["hot tables"].verdict, found["hot tables"].exit_code) == (FAIL, 3)
    assert found["hot tables"].seen.startswith("missing: fact_clicks, dim_users, clickctl_user_days, ")
    assert found["hot tables"].hint == "clickctl load-hot --create-tables"
    assert (found["freshness"].verdict, found["freshness"].seen) == (SKIPPED, "nothing is loaded yet")
    assert found["warehouse"].verdict is OK


def test_tables_that_are_others_are_told_beside_those_that_are_missing(served: Sound, standin: Standin) -> None:
    make(standin, without="users")
    standin.query("ALTER TABLE public.fact_clicks ADD COLUMN source VARCHAR(8)")
    line = lines(served)["hot tables"]
    assert (line.verdict, line.exit_code) == (FAIL, 3)
    assert line.seen == "missing: dim_users. fact_clicks: column source is unknown"
    assert line.hint.startswith("Alter the table, or rename it")


def test_a_login_that_is_refused_is_told_once_and_without_the_password(listening: Sound) -> None:
    report = listening.examine()
    found = {check.name: check for check in report.checks if check.name in NAMES}
    assert (found["warehouse"].verdict, found["warehouse"].exit_code, report.exit_code) == (FAIL, 3, 3)
    assert 'password authentication failed for user "etl"' in found["warehouse"].seen
    assert "CLICKCTL_REDSHIFT_PASSWORD" in found["warehouse"].hint
    assert PASSWORD not in repr(report)
    assert [found[name].verdict for name in ("hot tables", "freshness")] == [SKIPPED, SKIPPED]
    assert "see warehouse" in found["hot tables"].seen
    assert [check for check in report.checks if check.verdict is FAIL] == [found["warehouse"]]


def test_a_warehouse_out_of_reach_is_a_failure_of_a_service(listening: Sound) -> None:
    with closing(Listener("another")) as gone:
        port = gone.port
    listening.sections["redshift"]["port"] = port
    line = listening.line("warehouse")
    assert (line.verdict, line.exit_code) == (FAIL, 5)
    assert "security group" in line.hint


def test_a_paused_cluster_is_told_with_how_to_resume_it(sound: Sound) -> None:
    paused = "<Cluster><ClusterStatus>paused</ClusterStatus></Cluster>"
    sound.aws.handlers["redshift.DescribeClusters"] = lambda _: clusters(paused)
    sound.sections["redshift"] = {"cluster": "nights", "copy_role": ROLE}
    found = lines(sound)
    assert (found["warehouse"].exit_code, found["warehouse"].hint.split()[2]) == (5, "resume-cluster")
    assert (found["copy region"].verdict, found["copy region"].seen) == (OK, "bucket and warehouse are in us-east-1")


def clusters(inner: str) -> Reply:
    return xml_reply(
        f"<DescribeClustersResponse><DescribeClustersResult><Clusters>{inner}</Clusters>"
        "</DescribeClustersResult></DescribeClustersResponse>"
    )


def test_without_a_role_copy_is_told_to_need_one(listening: Sound) -> None:
    del listening.sections["redshift"]["copy_role"]
    found = lines(listening)
    assert (found["copy role"].verdict, found["copy role"].exit_code) == (FAIL, 3)
    assert "Set [redshift] copy_role" in found["copy role"].hint
    assert (found["copy region"].verdict, found["copy region"].seen) == (SKIPPED, "not looked at: see copy role")


def test_a_warehouse_of_another_region_than_the_bucket_is_told_with_both(sound: Sound) -> None:
    host = "nights.abc.eu-west-1.redshift.amazonaws.com"
    sound.sections["redshift"] = {"host": host, "user": "etl", "copy_role": ROLE}
    found = lines(sound)
    assert (found["copy region"].verdict, found["copy region"].exit_code) == (FAIL, 3)
    assert found["copy region"].seen.endswith("is in us-east-1, the warehouse in eu-west-1")
    assert found["warehouse"].seen == f"There is no login for {host}"  # so nobody was asked


def test_a_cluster_that_is_not_there_is_a_matter_of_configuration(sound: Sound) -> None:
    sound.sections["redshift"] = {"cluster": "none", "user": "etl"}
    line = lines(sound)["warehouse"]
    assert (line.verdict, line.exit_code) == (FAIL, 3)
    assert "Redshift cluster none: ClusterNotFound" in line.seen


def test_without_credentials_the_warehouse_is_left_to_their_line(listening: Sound) -> None:
    fault = Fault("sts.*", "error", code="InvalidClientTokenId", message="no such key", status=403)
    listening.aws.faults.add(fault)
    found = lines(listening)
    seen = {name: found[name].seen for name in NAMES if name != "copy role"}
    assert set(seen.values()) == {"not looked at: see credentials"}


def test_the_driver_that_is_missing_is_a_line_of_packages(listening: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGES["redshift"], "no-such-driver", ">=1")
    line = listening.line("packages")
    assert (line.verdict, line.hint) == (FAIL, "pip install 'clickctl[aws,redshift]'")
