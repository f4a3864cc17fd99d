"""The check `alerts` of dq-report: raw files with purchases that nobody was told of, by the receipts in S3."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from clickctl.domain.hours import Hour
from clickctl.domain.receipts import PENDING, receipt_key, state_key
from tests.aws.harness.account import Aws
from tests.aws.test_dq_report import RAW, TWO_DAYS, Site, ranges, raw_key, run
from tests.backends.small_lake import SmallLake

TOPIC = "arn:aws:sns:us-east-1:123456789012:purchases"
HOURS = list(ranges(*TWO_DAYS))


@pytest.fixture
def site(aws: Aws) -> Site:
    """Two days, a purchase in every hour, a topic in the configuration, and no receipt."""
    made = Site(aws, {"alerts": {"topic": TOPIC}})
    made.fill(ranges(*TWO_DAYS))
    return made


def receipts(site: Site, hours: Iterable[Hour], etag: str = md5(RAW).hexdigest()) -> None:
    for hour in hours:
        site.put(f"{site.aws.lake.alerts}/{receipt_key(raw_key(hour.path), etag)}", b"")


def judged(site: Site, code: int = 0) -> tuple[str, float | None]:
    check = site.says(*TWO_DAYS, code=code).check("alerts")
    return check["verdict"], check["value"]


def test_no_receipt_ever_is_a_finding_where_there_is_a_topic(site: Site) -> None:
    check = site.says(*TWO_DAYS, code=1).check("alerts")
    assert (check["verdict"], check["value"], check["since"]) == ("fail", 48, "2026-03-01")
    assert check["seen"] == "4,800 purchase events; 48 raw files of such units without a receipt"
    assert check["command"] == "clickctl alerts-replay 2026-03-01 2026-03-03 --dry-run"


@pytest.mark.parametrize("alerts", [{}, {"dead_letters": "https://sqs.us-east-1.amazonaws.com/1/letters"}])
def test_no_receipt_ever_without_a_topic_is_not_judged(site: Site, alerts: dict[str, str]) -> None:
    site.settings = {"alerts": alerts}
    assert judged(site) == ("not judged", None)


def test_with_a_receipt_of_every_file_all_is_good_and_it_costs_one_listing_less(site: Site) -> None:
    receipts(site, HOURS)
    with site.aws.counting() as calls:
        assert judged(site) == ("good", 0)
    assert calls.counts["s3.ListObjectsV2"] == 2 + 2 + 1


def test_files_without_a_receipt_are_counted_and_the_hours_before_the_first_one_are_not(site: Site) -> None:
    receipts(site, [*HOURS[20:25], *HOURS[27:]])
    assert judged(site, code=1) == ("fail", 2)
    receipts(site, HOURS[:1])
    assert judged(site, code=1) == ("fail", 2 + 19)


def test_a_receipt_from_before_the_range_counts_as_the_first(site: Site) -> None:
    receipts(site, [HOURS[0].plus(-24 * 40), *HOURS[1:]])
    assert judged(site, code=1) == ("fail", 1)


def test_what_is_begun_and_not_sent_has_no_receipt(site: Site) -> None:
    receipts(site, HOURS)
    for hour in HOURS[5:7]:
        key = receipt_key(raw_key(hour.path), md5(RAW).hexdigest())
        site.aws.boto("s3").delete_object(Bucket=site.aws.lake.alerts.split("/")[2], Key=f"clickstream/{key}")
        for pending in (f"{PENDING}{key}", state_key(key)):
            site.put(f"{site.aws.lake.alerts}/{pending}", b"")
    assert judged(site, code=1) == ("fail", 2)


def test_the_receipt_of_a_file_that_was_replaced_since_is_none_of_the_present_one(site: Site) -> None:
    receipts(site, HOURS)
    receipts(site, HOURS[30:31], etag="0" * 32)
    site.put(f"{site.aws.lake.raw}/{raw_key(HOURS[30].path)}", b"another file")
    assert judged(site, code=1) == ("fail", 1)


def test_files_of_units_without_a_purchase_need_no_receipt(site: Site) -> None:
    site.settings = {"alerts": {"topic": TOPIC, "action": "search"}}
    receipts(site, HOURS[:1])
    assert judged(site) == ("good", 0)


@pytest.fixture
def local(small_folder: SmallLake, tmp_path: Path) -> Path:
    """The configuration of a lake of folders with a purchase."""
    purchase = {"event_time": "2026-03-01T13:00:00Z", "user_id": "u", "action": "purchase", "attributes": {}}
    small_folder.put("2026-03-01T13", purchase)
    small_folder.run("2026-03-01T13")
    names: Sequence[str] = ("raw", "processed", "quarantine", "alerts")
    roots = [f'{name} = "{getattr(small_folder.roots, name)}"' for name in names]
    config = tmp_path / "local.toml"
    config.write_text("\n".join(['backend = "local"', "[lake]", *roots, ""]))
    return config


def test_a_lake_of_folders_without_receipts_is_not_judged_until_it_has_one(
    local: Path, small_folder: SmallLake
) -> None:
    def check() -> Any:
        plain = run(local, "dq-report", *TWO_DAYS, "--limit", "missing=99", "--output", "json", code=code).json
        return next(one for one in plain["checks"] if one["name"] == "alerts")

    code = 0
    assert check()["verdict"] == "not judged"
    key = receipt_key(raw_key("2026/03/01/12"), "e")
    small_folder.lake.put_if(f"{small_folder.roots.alerts}/{key}", b"", None)
    code = 1
    assert (check()["verdict"], check()["value"]) == ("fail", 1)
    run(local, "alerts-replay", *TWO_DAYS)
    code = 0
    assert check()["verdict"] == "good"
