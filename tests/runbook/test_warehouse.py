"""The entries about the warehouse, against the stand-in for Redshift; the day of the page is yesterday."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

pytest.importorskip("moto.server")
pytest.importorskip("redshift_connector")

import sqlglot

from clickctl.domain.hours import unit_from_name
from clickctl.domain.ledger import UnitEntry, dump
from clickctl.roots import AwsSettings
from clickctl.wiring import publisher_for
from tests.plan.facts import publishing
from tests.runbook.clouds import YESTERDAY, Cloud

H13, H14 = f"{YESTERDAY}T13", f"{YESTERDAY}T14"
LONG_AGO = "2026-01-05"


@pytest.fixture
def loaded(warehouse: Cloud) -> Cloud:
    """Two hours of yesterday, and a warehouse that has them and knows the users of a day long past."""
    warehouse.put(f"{LONG_AGO}T13", "u1", run=True)
    for hour in (H13, H14):
        warehouse.put(hour, "u1", hour, run=True)
    warehouse.shell("load-hot", "--create-tables", "--rebuild-users")
    assert first_seen(warehouse) == LONG_AGO
    return warehouse


def first_seen(cloud: Cloud) -> str:
    """When the warehouse thinks that u1 was first seen."""
    [(day,)] = cloud.query("SELECT CAST(first_seen AS DATE) FROM dim_users WHERE user_id = 'u1'")
    return str(day)


def facts(cloud: Cloud) -> list[str]:
    return sorted(user for (user,) in cloud.query("SELECT user_id FROM fact_clicks"))


def test_another_load_is_at_work_or_a_load_is_stuck(loaded: Cloud) -> None:
    sqlglot.parse_one(loaded.entry.take("SELECT pid", kind="sql"), read="redshift")  # the stand-in has no such view
    loaded.put(H14, "u2", run=True)
    assert loaded.standin
    with closing(loaded.standin.connect()) as other:
        other.cursor().execute("LOCK public.clickctl_lock")
        assert "Another load is at work in Redshift" in loaded.shell("load-hot", code=4).out
    tear(loaded, H13)
    held = loaded.run("clickctl load-hot --dry-run", code=1)
    assert "held" in held.out and f"{H13} is torn" in held.out
    loaded.standin.faults.refuse("^LOCK", "57014", "canceling statement due to statement timeout")  # another one's
    mended = loaded.run("clickctl run-partition").err
    assert "Another load is at work: waiting" in mended and mended.endswith("Nothing more to do.\n")
    assert facts(loaded) == sorted(["u1", H13, "u2"])


def tear(cloud: Cloud, hour: str) -> None:
    """As a run leaves it that died in its publish, on a host that is gone for long."""
    unit = unit_from_name(hour)
    publisher = publisher_for(cloud.aws.lake, AwsSettings())
    before = publisher.ledger(unit.day)
    commit = before.entry(unit).commit
    assert commit
    torn = UnitEntry(commit, replace(publishing(), files=commit.files, replaces=commit.files))
    cloud.aws.put(f"{cloud.aws.lake.processed}/_ledger/{unit.day.path}.json", dump(before.with_entry(unit, torn)))


def test_a_table_of_the_warehouse_is_another_one(loaded: Cloud) -> None:
    loaded.query("ALTER TABLE fact_clicks ADD COLUMN source VARCHAR(9)")
    loaded.sees(loaded.shell("load-hot", code=3))
    loaded.query("ALTER TABLE fact_clicks RENAME TO fact_clicks_before")
    loaded.query("DROP TABLE clickctl_first_seen")
    made = loaded.run("clickctl load-hot --create-tables")
    assert "Tables to make: fact_clicks, clickctl_first_seen" in made.out and "its tables are new" in made.out
    assert first_seen(loaded) == LONG_AGO
    assert facts(loaded) == sorted(["u1", "u1", H13, H14])
    assert "6 tables, as they should be" in loaded.shell("doctor").out


def test_the_warehouse_differs_from_the_lake(loaded: Cloud) -> None:
    differing = loaded.entry.take("SELECT coalesce", kind="sql").rstrip().rstrip(";")
    assert loaded.query(differing) == []
    loaded.query("DELETE FROM fact_clicks WHERE user_id = 'u1'")
    assert [(str(day), *counts) for day, *counts in loaded.query(differing)] == [(YESTERDAY, 4, 2, 2)]
    loaded.query("DELETE FROM clickctl_first_seen")
    assert loaded.run("clickctl load-hot").err.endswith("Nothing more to do.\n")
    assert loaded.query(differing) == []
    assert first_seen(loaded) == LONG_AGO
    assert facts(loaded) == sorted(["u1", "u1", H13, H14])


def test_copy_is_refused(loaded: Cloud) -> None:
    loaded.put(H14, "u2", run=True)
    assert loaded.standin
    refusal = "User arn:aws:redshift:us-east-1:123456789012:dbuser:hot/loader is not authorized to assume IAM Role"
    loaded.standin.faults.refuse("^COPY", "XX000", refusal)
    told = loaded.shell("load-hot", code=3)
    assert "is not authorized to assume IAM Role" in told.err
    ran = loaded.run("clickctl doctor")
    assert f"{YESTERDAY}  reload " in ran.out and "failed" not in ran.out.split("event-days from")[1]
    assert facts(loaded) == sorted(["u1", H13, "u2"])
