"""terraform/ applied, then used: by each role within its rights, and refused beyond them."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

pytest.importorskip("boto3")
pytest.importorskip("pyarrow")

from clickctl.packaging import write_packages
from tests.e2e.callers import permitted
from tests.e2e.deployed import NAME, PEOPLE, SERVICES, Deployed
from tests.e2e.ministack import eventually, running
from tests.e2e.rights import RIGHTS, Right
from tests.lambda_src.shapes import bridged, called, created
from tests.lambda_src.test_lines import line
from tests.terraform.harness import NoTerraform, installation

pytestmark = pytest.mark.xdist_group("ministack")

FOLDER = "2026/01/05"
OVER_TLS = ("put a raw file", "list raw files", "read a file of a table", "write a receipt", "publish a purchase")


def text(*users: str) -> bytes:
    """Lines of raw files: a purchase of each user, a click, and one that is broken."""
    return b"\n".join([*(line(user_id=user) for user in users), line(action="click", user_id="browser"), b"{broken"])


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Not destroyed after it: the whole account goes. tests/terraform destroys one."""
    try:
        installation()
    except NoTerraform as missing:
        pytest.skip(f"no Terraform: {missing}")
    folder = tmp_path_factory.mktemp("deployed")
    write_packages(folder / "dist")
    with running(auth=True) as server:
        yield Deployed(server, folder, folder / "dist")


def test_a_raw_file_that_a_producer_puts_is_alerted_and_leaves_a_receipt(lake: Deployed) -> None:
    lake.triggered_by("s3")
    key = lake.put(name := f"{FOLDER}/13/part-0.json.gz", text("ada", "grace"))
    assert [one["user_id"] for one in lake.receipt(key)] == ["ada", "grace"]
    assert lake.alerted("ada", "grace") == ["ada", "grace"]
    for bucket, written in (("raw", name), ("alerts", key)):
        told = lake.root("s3").head_object(Bucket=lake.bucket(bucket), Key=f"{NAME}/{written}")
        assert (told["ServerSideEncryption"], told["SSEKMSKeyId"]) == ("aws:kms", lake.outputs["key"])


def test_the_operator_runs_an_hour_the_loader_registers_its_day_and_an_analyst_reads_its_rows(lake: Deployed) -> None:
    from pyarrow import parquet

    lake.triggered_by("s3")
    lake.receipt(lake.put(f"{FOLDER}/14/part-0.json.gz", text("barbara")))
    day, hour = ("2026", "01", "05"), ("2026-01-05T14", "2026-01-05T15")
    lake.register(*day)
    ran = lake.clickctl("operator", "run-partition", hour[0], "--engine", "local")
    assert (ran["outcome"], ran["quality"]["facts"], ran["quality"]["quarantined"]) == ("committed", 2, 1)
    assert lake.clickctl("operator", "status", *hour)["counts"] == {"committed": 1}
    assert lake.clickctl("operator", "alerts-replay", *hour)["counts"] == {}  # there is a receipt

    lake.drop(*day)
    told = lake.clickctl("loader", "register-partitions")
    assert {table["name"]: table["added"] for table in told["tables"]} == {"fact_clicks": 1, "dim_users": 1}

    (facts,) = (file for file in ran["files"] if "/fact_clicks/" in file)
    bucket, _, key = facts.removeprefix("s3://").partition("/")
    rows = lake.role("analyst")("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert sorted(parquet.read_table(io.BytesIO(rows))["user_id"].to_pylist()) == ["barbara", "browser"]


def test_what_the_function_had_no_right_to_read_waits_in_the_dead_letters_for_the_operator(lake: Deployed) -> None:
    with lake.silent(), lake.without("alerts", "ReadRawFiles"):
        key = lake.put(name := f"{FOLDER}/15/part-0.json.gz", text("edith"))
        lake.deliver(created(f"{NAME}/{name}"))
        eventually(lambda: lake.waiting("alerts-dead-letters") == 1, "a dead letter")
    assert lake.clickctl("operator", "alerts-replay", "--from-dlq", "--yes")["counts"] == {"sent": 1}
    assert lake.alerted("edith") == ["edith"]
    assert len(lake.receipt(key)) == 1 and lake.waiting("alerts-dead-letters") == 0


@pytest.mark.parametrize("right", RIGHTS, ids=str)
def test_each_right_is_had_by_those_who_need_it(lake: Deployed, right: Right) -> None:
    assert permitted(right.use, lake, lake.root)
    assert {role for role in PEOPLE + SERVICES if permitted(right.use, lake, lake.role(role))} == set(right.who.split())


@pytest.mark.parametrize("right", [right for right in RIGHTS if right.what in OVER_TLS], ids=lambda right: right.what)
def test_over_plain_http_those_are_refused_too_who_have_the_right_to(lake: Deployed, right: Right) -> None:
    for caller in map(lake.role, right.who.split()):
        assert permitted(right.use, lake, caller)
        assert not permitted(right.use, lake, caller.over_plain_http())


def test_a_role_is_assumed_by_its_principals_alone(lake: Deployed) -> None:
    producer = lake.outputs["roles"]["producer"]
    assert permitted(lake.web.assuming, producer)
    assert not permitted(lake.root.assuming, producer)


def test_in_mode_cloudtrail_a_put_that_cloudtrail_tells_of_is_alerted(lake: Deployed) -> None:
    lake.triggered_by("cloudtrail")
    key = lake.put(name := f"{FOLDER}/16/part-0.json.gz", text("frances"))
    told = {"bucketName": lake.bucket("raw"), "key": f"{NAME}/{name}"}
    put = called(requestParameters=told)
    assert lake.matched(bridged(put))
    elsewhere = {**told, "key": "elsewhere/part-0.json.gz"}
    for other in ({"errorCode": "AccessDenied"}, {"eventName": "GetObject"}, {"requestParameters": elsewhere}):
        assert not lake.matched(bridged({**put, **other}))
    lake.tell(bridged(put))
    assert len(lake.receipt(key)) == 1
    assert lake.alerted("frances") == ["frances"]
