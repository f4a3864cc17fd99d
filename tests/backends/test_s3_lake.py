"""What only S3 can do wrong: lost replies, refusals, per-key errors. And a whole run over s3:// roots."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clickctl.domain.errors import ConfigError, LakeError
from clickctl.ports import PreconditionFailed
from tests.conftest import Shell, event

boto3 = pytest.importorskip("boto3")

from clickctl.aws import clients  # noqa: E402
from clickctl.aws.lake import S3Lake  # noqa: E402
from clickctl.settings import AwsSettings  # noqa: E402

LAKE = S3Lake(AwsSettings())


@pytest.fixture
def client(s3_root: str) -> Iterator[Any]:
    """The lake's own client, made anew for this test and forgotten after it."""
    clients._client.cache_clear()
    clients._session.cache_clear()
    yield LAKE.client
    clients._client.cache_clear()
    clients._session.cache_clear()


def test_a_write_whose_reply_was_lost_is_known_to_have_happened(s3_root: str, client: Any) -> None:
    location, lost = f"{s3_root}/ledger.json", iter([True])

    def lose_the_reply(**event: Any) -> int | None:
        return 0 if next(lost, False) else None  # repeat at once, although the server has acted

    client.meta.events.register_first("needs-retry.s3.PutObject", lose_the_reply)
    etag = LAKE.put_if(location, b"mine", None)
    assert LAKE.get(location) == (b"mine", etag)


def test_a_write_that_lost_to_another_is_not_taken_for_our_own(s3_root: str, client: Any) -> None:
    location = f"{s3_root}/ledger.json"
    LAKE.put_if(location, b"theirs", None)
    with pytest.raises(PreconditionFailed):
        LAKE.put_if(location, b"ours", None)
    assert LAKE.get(location)[0] == b"theirs"  # type: ignore[index]


def test_more_than_a_thousand_objects_are_listed_and_deleted(s3_root: str, client: Any) -> None:
    lake = LAKE
    locations = [f"{s3_root}/many/{n:04d}" for n in range(1203)]
    for location in locations:
        lake.put_if(location, b"", None)
    assert [info.location for info in lake.list(f"{s3_root}/many/")] == locations
    lake.delete(locations)
    assert list(lake.list(s3_root)) == []


def test_objects_that_could_not_be_deleted_are_an_error(s3_root: str, client: Any) -> None:
    def refuse(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Errors"] = [{"Key": "root/x", "Code": "AccessDenied", "Message": "no"}]

    client.meta.events.register("after-call.s3.DeleteObjects", refuse)
    with pytest.raises(LakeError, match=r"1 of 2 objects could not be deleted.*root/x: AccessDenied"):
        LAKE.delete([f"{s3_root}/x", f"{s3_root}/y"])


def test_a_missing_bucket_is_told_by_name(s3_root: str, client: Any) -> None:
    with pytest.raises(LakeError, match="s3://no-such-bucket-here/x: NoSuchBucket") as told:
        list(LAKE.list("s3://no-such-bucket-here/x"))
    assert "name in the configuration" in told.value.hint


def test_expired_credentials_are_a_matter_of_configuration(s3_root: str, client: Any) -> None:
    def expire(parsed: dict[str, Any], http_response: Any, **_: Any) -> None:
        http_response.status_code = 400
        parsed["Error"] = {"Code": "ExpiredToken", "Message": "The provided token has expired."}

    client.meta.events.register("after-call.s3.ListObjectsV2", expire)
    with pytest.raises(ConfigError, match="ExpiredToken"):
        list(LAKE.list(s3_root))


def test_an_hour_in_s3_is_run_reported_and_rerun(s3_root: str, tmp_path: Path) -> None:
    names = ("raw", "processed", "quarantine", "alerts")
    config = tmp_path / "clickctl.toml"
    config.write_text("[lake]\n" + "".join(f'{name} = "{s3_root}/{name}"\n' for name in names))
    events = [event(user=f"u{n}") for n in range(5)] + [event(user=None), event(user="u0")]
    text = "".join(json.dumps(e) + "\n" for e in events).encode()
    LAKE.put_if(f"{s3_root}/raw/2026/01/05/13/part-0.json", text, None)
    shell = Shell(tmp_path, config)
    ran = shell("run-partition", "2026-01-05T13", "--output", "json").json
    counts = [ran["quality"][name] for name in ("lines", "facts", "duplicates", "quarantined")]
    assert (ran["outcome"], counts) == ("committed", [7, 5, 1, 1])
    assert all(location.startswith(f"{s3_root}/") for location in ran["files"])
    assert shell("run-partition", "2026-01-05T13", "--output", "json").json["outcome"] == "unchanged"
    assert shell("status", "2026-01-05T13", "2026-01-05T14", "--output", "json").json["counts"] == {"committed": 1}
    assert not list(LAKE.list(f"{s3_root}/processed/_staging"))
