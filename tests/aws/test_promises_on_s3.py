"""P1, P2, P4, P5 and P6 over S3, by the job's own script on Spark: one lake, looked at after each command."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

pytest.importorskip("moto.server")

from clickctl.roots import LakeRoots
from tests.aws import seen
from tests.aws.harness.account import Aws, environment
from tests.aws.harness.server import AwsServer, Calls
from tests.aws.harness.spark_runner import SparkRunner
from tests.aws.seen import Objects
from tests.aws.test_glue_engine import create_tables
from tests.conftest import Shell, event

pytestmark = pytest.mark.xdist_group("spark")

H13, H14, H15, DAY, YESTERDAY = "2026-01-05T13", "2026-01-05T14", "2026-01-05T15", "2026-01-05", "2026-01-04"
BIG, JOB = "2026-01-07T10", {"workers": 2, "target_file_mb": 1}
CHANGES = re.compile(r"\.(Put|Copy|Delete|Create|Complete|Upload|Update|Batch(Create|Update|Delete)|Start)")


def click(hour: str, page: str) -> dict[str, Any]:
    return event(f"{hour}:30:00Z", f"user of {page}", page_url=page)


FIRST = [click(H13, page) for page in ("/a", "/b", "/a")] + [click(f"{YESTERDAY}T10", "/late-13")]
CHANGED = [click(H13, page) for page in ("/b", "/new", "/both")] + [click(f"{YESTERDAY}T11", "/late-13-again")]
SECOND = [click(H14, page) for page in ("/c", "/d")] + [click(H13, "/both"), click(f"{YESTERDAY}T10", "/late-14")]
HOSTILE = b"\n".join(
    [
        b'{"event_time": "2026-01-05T13:00:00Z", "user_id": ',
        b"",
        b'["no", "object"]\r',
        b"   ",
        b'{"user_id": "\xff\xfe"}',
        json.dumps(event(user=None)).encode(),
        json.dumps(event("once upon a time", action="hover", user="u\u00e9\u2028")).encode(),
        json.dumps(event("2025-01-05T13:00:00Z")).encode(),
        json.dumps(click(H13, "/between")).encode(),
        b'{"event_time": "2026-01-05T13:00:00Z", "user_id": {"a": 1}, "action": "click"}',
    ]
)
CUT = gzip.compress(json.dumps(click(H13, "/cut")).encode() * 99)[:-9]


@dataclass(frozen=True)
class Story:
    """What lay in the lake after each command, what the last ones said and asked for, and the raw files."""

    raw: dict[str, bytes]
    hours: Objects
    rerun: Objects
    day: Objects
    repeated: Objects
    local: Objects
    said: list[Any]
    calls: Calls
    job_runs: list[tuple[str, ...]]


@pytest.fixture(scope="module")
def story(
    aws_server: AwsServer, spark_runner: SparkRunner, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(aws_server.endpoint).items():
            patch.setenv(name, value)
        aws = Aws(aws_server, tmp_path_factory.mktemp("story"))
        yield told(aws, spark_runner)
        aws.close()


def told(aws: Aws, runner: SparkRunner) -> Story:
    aws.create_job()
    create_tables(aws)
    aws.glue.runner = runner
    shell = aws.shell(job=JOB)
    put_big(aws)
    aws.put_raw(H13, FIRST)
    aws.put_raw(H13, HOSTILE, name="part-1.json")
    aws.put(f"{aws.lake.raw}/2026/01/05/13/part-2.json.gz", CUT)
    aws.put_raw(H14, SECOND)
    shell("backfill", H13, H15)
    hours = seen.objects(aws)
    aws.put_raw(H13, CHANGED)
    shell("run-partition", H13)
    rerun = seen.objects(aws)
    shell("run-partition", DAY)
    shell("run-partition", BIG)
    day = seen.objects(aws)
    with aws.counting() as calls:
        again = [("run-partition", DAY), ("run-partition", H14), ("backfill", H13, H15)]
        said = [shell(*words, "--output", "json").json for words in again]
    job_runs = [run.units for run in aws.glue.runs]
    raw = {location.removeprefix(f"{aws.lake.raw}/"): aws.read(location) for location in aws.list(aws.lake.raw)}
    elsewhere = by_the_local_engine(aws)
    return Story(raw, hours, rerun, day, seen.objects(aws), seen.objects(aws, elsewhere), said, calls, job_runs)


def by_the_local_engine(aws: Aws) -> LakeRoots:
    """The same raw files, run without Spark into tables of their own."""
    base = aws.lake.processed.replace("/clickstream", "/local")
    lake = replace(aws.lake, processed=f"{base}/tables", quarantine=f"{base}/quarantine")
    places = {"processed": lake.processed, "quarantine": lake.quarantine}
    folder = aws.folder / "local"
    folder.mkdir()
    shell = Shell(folder, aws.config_file(folder, backend="local", lake=places, job=JOB))
    shell("run-partition", DAY)
    shell("run-partition", BIG)
    return lake


def put_big(aws: Aws) -> None:
    """Enough to be spread over workers, and into several files."""
    noise = random.Random(3)
    for part in range(2):
        clicks = (event(f"2026-01-0{6 + n % 2}T10:00:00.{n}Z", f"u{n % 97}", page_url=f"/{part}/{n}",
                        attributes={"noise": noise.randbytes(800).hex()}) for n in range(2800))  # fmt: skip
        aws.put_raw(BIG, clicks, name=f"part-{part}.json")


def test_each_command_that_changes_something_is_one_job_run_of_its_units(story: Story) -> None:
    assert story.job_runs == [(H13, H14), (H13,), (DAY,), (BIG,)]
    engines = {entry["commit"]["engine"] for entry in seen.units(story.rerun, DAY).values()}
    assert engines == {"glue"}


def test_rerunning_an_hour_leaves_the_objects_of_the_other_hour_untouched(story: Story) -> None:
    theirs = seen.of(story.hours, "part-2026010514-")
    assert seen.of(story.rerun, "part-2026010514-") == theirs
    assert len(theirs) == 4, "clicks and users of two event-days"
    assert seen.pages(story.hours) == ["/a", "/b", "/between", "/both", "/c", "/d", "/late-13", "/late-14"]
    after = ["/b", "/between", "/both", "/both", "/c", "/d", "/late-13-again", "/late-14", "/new"]
    assert seen.pages(story.rerun) == after


def test_late_events_of_both_hours_lie_in_their_event_day(story: Story) -> None:
    assert seen.pages(story.hours, "day=04/") == ["/late-13", "/late-14"]
    assert seen.pages(story.rerun, "day=04/") == ["/late-13-again", "/late-14"]
    assert seen.pages(story.day, "day=04/") == ["/late-13-again", "/late-14"]


def test_the_day_takes_the_place_of_its_hours_with_no_row_lost_or_doubled(story: Story) -> None:
    assert list(seen.units(story.day, DAY)) == [DAY]
    assert seen.of(story.day, "part-20260105-") and not seen.of(story.day, "part-2026010513-")
    assert seen.pages(story.day, "part-20260105") == sorted(set(seen.pages(story.rerun)))


@pytest.mark.parametrize("moment", ["hours", "rerun", "day"])
def test_nothing_lies_in_the_lake_that_no_unit_owns(story: Story, moment: str) -> None:
    found: Objects = getattr(story, moment)
    owned = {
        f"quarantine/{file['key']}" if file["table"] == "quarantine" else file["key"]
        for day in (DAY, BIG[:10])
        for entry in seen.units(found, day).values()
        for file in entry["commit"]["files"]
    }
    assert {key for key in found if not key.startswith("_ledger/")} == owned


def test_every_line_is_a_row_a_counted_duplicate_or_in_quarantine(story: Story) -> None:
    quality = seen.units(story.day, DAY)[DAY]["commit"]["quality"]
    aside = {(record["source"], record["line"]) for record in seen.rejects(story.day)}
    kept = []
    for key, data in story.raw.items():
        if key.startswith("2026/01/05/") and (key, None) not in aside:  # else the whole file is set aside
            lines = gzip.decompress(data) if key.endswith(".gz") else data
            numbered = [(n, line) for n, line in enumerate(lines.split(b"\n"), 1) if line.strip()]
            kept += [json.loads(line)["page_url"] for n, line in numbered if (key, n) not in aside]
    assert sorted(set(kept)) == seen.pages(story.day, "part-20260105-")
    assert quality["facts"] == len(set(kept))
    assert quality["duplicates"] == sum(Counter(kept).values()) - len(set(kept)) == 1
    assert quality["quarantined"] == len(aside)
    assert quality["lines"] == quality["facts"] + quality["duplicates"] + quality["quarantined"]


def test_quarantine_has_the_original_bytes_with_their_reasons(story: Story) -> None:
    records = seen.rejects(story.day)
    assert Counter(record["reasons"][0] for record in records if record["source"].endswith("part-2.json.gz")) == {
        "corrupt_file": 1
    }
    for record in records:
        data = story.raw[record["source"]]
        whole = data if record["line"] is None else data.split(b"\n")[record["line"] - 1]
        assert seen.original(record) == whole
    reasons = {reason for record in records for reason in record["reasons"]}
    assert reasons >= {"malformed_json", "not_an_object", "invalid_utf8", "missing_user_id", "action_not_permitted",
                       "unparseable_event_time", "event_time_out_of_range", "wrong_type:user_id"}  # fmt: skip


def test_spark_and_the_workers_of_the_local_engine_write_the_same_bytes(story: Story) -> None:
    ours, theirs = seen.rows_and_rejects(story.day), seen.rows_and_rejects(story.local)
    assert [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)] == []
    assert len(seen.of(ours, "fact_clicks/", "day=07/", "part-2026010710-")) > 1
    for unit in (DAY, BIG):
        commits = [seen.units(found, unit[:10])[unit]["commit"] for found in (story.day, story.local)]
        for name in ("quality", "files", "inputs", "fingerprint", "transform"):
            assert commits[0][name] == commits[1][name]


def test_the_same_commands_again_change_nothing_and_say_so(story: Story) -> None:
    day, hour, backfill = story.said
    assert [(result["unit"], result["outcome"]) for result in (day, hour)] == [(DAY, "unchanged")] * 2
    assert (backfill["counts"], backfill["units"]) == ({"unchanged": 1}, [])
    assert story.repeated == story.day
    assert [name for name in story.calls.counts if CHANGES.search(name)] == []
