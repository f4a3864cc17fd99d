"""P5: the same input gives the same output, whatever the workers, the order of files and their names."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clickctl.domain.errors import LakeError, RunFailed
from clickctl.local import engine as local_engine
from clickctl.sample import Sample, write_sample
from tests.engine_runs import Place, comparable, unpack

SPLIT = 40_000  # a file size that makes many files of little data
DAY = "2026-01-05"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Three hours of the demo's events, hostile lines and all, and a damaged file; run in this process."""
    place = Place(tmp_path_factory.mktemp("sample"))
    raw = Path(place.roots.raw)
    write_sample(raw, datetime(2026, 1, 5, 11, tzinfo=UTC), Sample(hours=3, events=6000))
    some = raw / "2026/01/05/12/part-00000.json.gz"
    (some.parent / "part-cut.json.gz").write_bytes(some.read_bytes()[:-20])
    (some.parent / "part-plain.json").write_bytes(gzip.decompress(some.read_bytes())[:-30])
    (some.parent / "_SUCCESS").write_bytes(b"")
    place.run(DAY, target=SPLIT)
    return place


@pytest.fixture
def spread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spread even little data over the workers."""
    monkeypatch.setattr(local_engine, "_SMALL", 0)


def test_a_day_balances_and_fills_every_place(sample: Place) -> None:
    quality = sample.commit(DAY).quality
    assert quality.balances
    assert quality.facts > 5000 and quality.duplicates > 1000 and quality.quarantined == lines_aside(sample) > 25
    assert quality.reasons["corrupt_file"] == 1
    assert len([key for key in sample.parquet() if "fact_clicks/year=2026/month=01/day=05" in key]) > 3
    assert sample.litter() == []


def lines_aside(place: Place) -> int:
    return len({(record["source"], record["line"]) for record in place.records()})


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_writes_the_same_bytes(sample: Place, workers: int, spread: None, tmp_path: Path) -> None:
    other = Place(tmp_path, sample.roots.raw)
    (quality,) = other.run(DAY, workers=workers, target=SPLIT)
    assert quality == sample.commit(DAY).quality
    assert other.parquet() == sample.parquet()
    assert other.records() == sample.records()
    assert other.litter() == []


def test_the_names_and_the_order_of_files_do_not_matter(sample: Place, tmp_path: Path) -> None:
    other, shuffled = Place(tmp_path), random.Random(3)
    for path in Path(sample.roots.raw).rglob("*.json*"):
        target = Path(other.roots.raw, path.parent.relative_to(sample.roots.raw))
        target.mkdir(parents=True, exist_ok=True)
        (target / f"part-{shuffled.random()}{''.join(path.suffixes)}").write_bytes(path.read_bytes())
    (quality,) = other.run(DAY, target=SPLIT)
    assert comparable(quality) == comparable(sample.commit(DAY).quality)
    assert other.parquet() == sample.parquet()


def test_the_number_of_files_changes_no_row(sample: Place, tmp_path: Path) -> None:
    other = Place(tmp_path, sample.roots.raw)
    (quality,) = other.run(DAY)
    assert len(other.parquet()) < len(sample.parquet())
    assert (quality.facts, quality.duplicates) == (
        sample.commit(DAY).quality.facts,
        sample.commit(DAY).quality.duplicates,
    )
    for table in ("fact_clicks", "dim_users"):
        assert other.table(table).equals(sample.table(table))


def test_units_at_once_give_what_they_give_one_by_one(sample: Place, tmp_path: Path) -> None:
    hours = [f"{DAY}T{hour}" for hour in (11, 12, 13)]
    one_by_one, at_once = Place(tmp_path / "a", sample.roots.raw), Place(tmp_path / "b", sample.roots.raw)
    expected = one_by_one.run(*hours)
    engine = at_once.local(workers=2, units_at_once=3)
    with ThreadPoolExecutor(3) as threads:
        outcomes = list(threads.map(lambda hour: engine.run([at_once.order(hour)])[0], hours))
    engine.close()
    assert [outcome.commit.quality for outcome in outcomes] == expected
    assert at_once.parquet() == one_by_one.parquet()


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("apache_semicomplete", ["2015/05/17/10", "2015/05/18/03", "2015/05/20/21"]),
        ("online_retail", ["2010/12/01/08", "2010/12/01/09", "2011/11/10/12", "2011/04/18/13"]),
    ],
)
def test_real_data_is_the_same_for_any_engine_settings(
    name: str, hours: list[str], spread: None, tmp_path: Path
) -> None:
    one, many = Place(tmp_path / "a"), Place(tmp_path / "b", str(tmp_path / "a" / "raw"))
    unpack(name, Path(one.roots.raw), *hours)
    units = [f"{hour[:10].replace('/', '-')}T{hour[11:]}" for hour in hours]
    expected = one.run(*units)
    assert many.run(*units, workers=2) == expected
    assert many.parquet() == one.parquet() and many.records() == one.records()
    lines = sum(len(gzip.decompress(path.read_bytes()).splitlines()) for path in Path(one.roots.raw).rglob("*.gz"))
    assert sum(quality.lines for quality in expected) == lines > 100
    assert all(quality.balances for quality in expected)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_raw_file_that_is_gone_is_said_and_nothing_is_left(
    sample: Place, workers: int, spread: None, tmp_path: Path
) -> None:
    place = copied(sample, tmp_path)
    order = place.order(DAY)
    (gone,) = Path(place.roots.raw).rglob("part-plain.json")
    gone.unlink()
    engine = place.local(workers)
    with pytest.raises(LakeError, match=r"part-plain\.json: No such file"):
        engine.run([order])
    engine.close()
    failure = place.publisher.ledger(order.unit.day).entry(order.unit).failure
    assert failure is not None and "part-plain.json" in failure.error
    assert place.litter() == [] and place.parquet() == {}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no file here that opens and cannot be read")
def test_a_raw_file_that_breaks_while_it_is_read_is_named(tmp_path: Path) -> None:
    place = Place(tmp_path)
    raw = Path(place.roots.raw, "2026/01/05/13/part-0.json")
    raw.parent.mkdir(parents=True)
    raw.symlink_to("/proc/self/mem")
    with pytest.raises(LakeError, match=r"Cannot read 2026/01/05/13/part-0\.json.*Input/output error"):
        place.local().run([place.order(DAY)])
    assert place.litter() == []


def copied(sample: Place, folder: Path) -> Place:
    place = Place(folder)
    for path in Path(sample.roots.raw).rglob("*.json*"):
        target = Path(place.roots.raw, path.relative_to(sample.roots.raw))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return place


def test_input_that_changes_while_it_is_read_is_not_committed(sample: Place, tmp_path: Path) -> None:
    place = copied(sample, tmp_path)
    order = place.order(DAY)
    Path(place.roots.raw, "2026/01/05/12/part-late.json").write_bytes(b"")
    with pytest.raises(RunFailed, match="changed while they were read"):
        place.local().run([order])
    assert place.litter() == [] and place.parquet() == {}


def test_a_scratch_folder_that_cannot_be_made_is_said(sample: Place, tmp_path: Path) -> None:
    place = Place(tmp_path, sample.roots.raw)
    engine = local_engine.LocalEngine(place.publisher, 1, str(tmp_path / "not there"))
    with pytest.raises(LakeError, match="scratch folder"):
        engine.run([place.order(DAY)])


def test_the_scratch_of_a_killed_run_is_swept_away_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for pid in (ended.pid, os.getpid()):
        (tmp_path / f"clickctl-{pid}-abc" / "deep").mkdir(parents=True)
    local_engine.LocalEngine(Place(tmp_path).publisher, 1, str(tmp_path))
    assert [path.name for path in tmp_path.glob("clickctl-*")] == [f"clickctl-{os.getpid()}-abc"]
