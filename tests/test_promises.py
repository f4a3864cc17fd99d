"""P1 and P2: a run replaces exactly its own rows; a day takes the place of its hours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from tests.backends.small_lake import SmallLake

H13, H14, H15, DAY, YESTERDAY = "2026-01-05T13", "2026-01-05T14", "2026-01-05T15", "2026-01-05", "2026-01-04"
OLD_DAY = "year=2026/month=01/day=04"


def two_hours(small: SmallLake) -> None:
    small.put(H13, "/a", "/b", "/a", f"/late-13@{YESTERDAY}")
    small.put(H14, "/c", f"/late-14@{YESTERDAY}")


TWO_HOURS = ["/a", "/b", "/c", "/late-13", "/late-14"]


def check_whole(small: SmallLake) -> None:
    assert small.unowned() == small.litter() == []


@pytest.mark.parametrize("order", [[H13, H14], [H14, H13], [H13, H14, H13], [H14, H13, H14, H14]])
def test_two_hours_in_any_order_and_rerun_give_the_union_with_each_row_once(small: SmallLake, order: list[str]) -> None:
    two_hours(small)
    for unit in order:
        assert small.run(unit, force=True).outcome == "committed"
    assert small.pages() == TWO_HOURS
    check_whole(small)


def test_the_order_of_runs_leaves_no_trace_in_the_files(small: SmallLake) -> None:
    two_hours(small)
    other = small.beside("other")
    for lake, order in ((small, [H13, H14]), (other, [H14, H13, H14])):
        for unit in order:
            lake.run(unit, force=True)
    assert small.contents() == other.contents()
    assert small.ledgers() == other.ledgers()


def test_rerunning_an_hour_leaves_the_files_of_the_other_hours_untouched(small: SmallLake) -> None:
    two_hours(small)
    small.run(H13), small.run(H14)
    others = {info for info in small.lake.list(f"{small.roots.processed}/") if "part-2026010514" in info.location}
    small.put(H13, "/a", "/new")
    small.run(H13)
    assert {
        info for info in small.lake.list(f"{small.roots.processed}/") if "part-2026010514" in info.location
    } == others
    assert len(others) == 4
    assert small.pages() == ["/a", "/c", "/late-14", "/new"]
    check_whole(small)


def test_a_rerun_drops_the_event_days_it_no_longer_writes_to(small: SmallLake) -> None:
    two_hours(small)
    small.run(H13), small.run(H14)
    small.put(H13, "/a", "/late-13@2026-01-03")
    small.run(H13)
    assert small.pages(where=OLD_DAY) == ["/late-14"]
    assert small.pages(where="day=03") == ["/late-13"]
    check_whole(small)


def test_late_events_land_in_their_event_day_and_survive_its_reruns(small: SmallLake) -> None:
    small.put(f"{YESTERDAY}T10", "/then")
    small.run(f"{YESTERDAY}T10")
    two_hours(small)
    small.run(H13), small.run(H14)
    for unit in (f"{YESTERDAY}T10", YESTERDAY, YESTERDAY):
        small.run(unit, force=True)
        assert small.pages(where=OLD_DAY) == ["/late-13", "/late-14", "/then"]
    assert list(small.ledger(YESTERDAY).units) == [YESTERDAY]
    check_whole(small)


def test_users_are_replaced_with_the_rows_they_come_from(small: SmallLake) -> None:
    two_hours(small)
    small.run(H13), small.run(H14)
    small.put(H13, "/b", "/d")
    small.run(H13)
    assert small.pages(table="dim_users") == [f"user of {page}" for page in ("/b", "/c", "/d", "/late-14")]


def test_rejects_are_owned_and_replaced_like_rows(small: SmallLake) -> None:
    small.put(H13, "/a", {"bad": 13})
    small.put(H14, "/b", {"bad": 14})
    small.run(H13), small.run(H14)
    rejects = [key for key in small.files() if key.endswith(".json.gz")]
    assert rejects == ["2026/01/05/part-2026010513-0000.json.gz", "2026/01/05/part-2026010514-0000.json.gz"]
    small.put(H13, "/a")
    small.run(H13)
    assert [key for key in small.files() if key.endswith(".json.gz")] == rejects[1:]
    small.run(DAY)
    assert [key for key in small.files() if key.endswith(".json.gz")] == ["2026/01/05/part-20260105-0000.json.gz"]
    check_whole(small)


def test_an_hour_without_a_good_line_commits_and_drops_the_rows_it_had(small: SmallLake) -> None:
    two_hours(small)
    small.run(H13), small.run(H14)
    small.put(H13)
    result = small.run(H13)
    assert (result.outcome, result.quality and result.quality.lines) == ("committed", 0)
    assert small.pages() == ["/c", "/late-14"]
    assert small.run(H13).outcome == "unchanged"
    check_whole(small)


def test_a_day_replaces_its_hours_with_no_row_lost_or_doubled(small: SmallLake) -> None:
    two_hours(small)
    small.put(H15, "/c", f"/late-13@{YESTERDAY}")  # late-13 arrived twice: same event, other hour
    for unit in (H13, H14, H15):
        small.run(unit)
    assert small.pages() == sorted([*TWO_HOURS, "/c", "/late-13"])
    result = small.run(DAY)
    assert result.reason == "3 committed hours become one day"
    assert small.pages() == sorted([*TWO_HOURS, "/c"])  # an event of two hours' files is one row of their day
    assert result.quality is not None
    assert (result.quality.duplicates, result.quality.balances) == (2, True)
    assert list(small.ledger(DAY).units) == [DAY]
    assert all("part-20260105-" in key for key in small.files())
    check_whole(small)


def test_a_day_takes_in_hours_that_were_never_run_failed_or_went_stale(small: SmallLake) -> None:
    two_hours(small)
    small.run(H13)
    small.put(H13, "/newer")
    assert small.run(DAY).outcome == "committed"
    assert small.pages() == ["/c", "/late-14", "/newer"]
    assert [small.state(hour) for hour in (H13, H14, H15)] == ["committed", "committed", "missing"]
    check_whole(small)


def test_an_hour_of_a_day_that_is_held_as_a_day_reruns_the_day_and_says_so(small: SmallLake) -> None:
    two_hours(small)
    small.run(DAY)
    assert str(small.run(H13).unit) == DAY
    small.put(H15, "/much-later")
    rerun = small.run(H15)
    assert (str(rerun.unit), rerun.outcome) == (DAY, "committed")
    assert "1 added" in rerun.reason
    assert small.pages() == sorted([*TWO_HOURS, "/much-later"])
    assert list(small.ledger(DAY).units) == [DAY]
    check_whole(small)


def test_neighbouring_days_keep_out_of_each_other(small: SmallLake) -> None:
    small.put("2026-01-04T23", "/four")
    small.put("2026-01-05T00", "/five", f"/late@{YESTERDAY}")
    small.put("2026-01-06T00", "/six", "/later@2026-01-05")
    for unit in ("2026-01-05", "2026-01-06", "2026-01-04", "2026-01-05"):
        small.run(unit, force=True)
    assert small.pages(where=OLD_DAY) == ["/four", "/late"]
    assert small.pages(where="day=05") == ["/five", "/later"]
    check_whole(small)


def test_an_unchanged_unit_is_left_alone_to_the_byte_and_the_ledger_too(small: SmallLake) -> None:
    two_hours(small)
    for unit in (H13, DAY):
        small.run(unit)
        before = list(small.lake.list(f"{small.roots.processed}/"))
        result = small.run(unit)
        assert (result.outcome, result.exit_code, result.changed) == ("unchanged", 0, False)
        assert list(small.lake.list(f"{small.roots.processed}/")) == before


def overwrite_partitions(rows: pa.Table, folder: Path) -> None:
    """What `INSERT OVERWRITE` does with dynamic partitions: wipe each event-day that has new rows."""
    columns = pa.schema([("year", pa.string()), ("month", pa.string()), ("day", pa.string())])
    ds.write_dataset(
        rows, folder, format="parquet", partitioning=ds.partitioning(columns, flavor="hive"),
        existing_data_behavior="delete_matching",
    )  # fmt: skip


def rows_of(small: SmallLake, unit_name: str) -> pa.Table:
    """The rows one unit wrote, with the event-day that a plain job would partition by."""
    pieces = []
    for key in small.files():
        if key.startswith("fact_clicks/") and unit_name in key:
            rows = small.rows(key)
            for part in key.split("/")[1:4]:
                name, value = part.split("=")
                rows = rows.append_column(name, pa.array([value] * rows.num_rows))
            pieces.append(rows)
    return pa.concat_tables(pieces)


def test_plain_partition_overwrite_loses_the_rows_that_ours_keeps(small: SmallLake, tmp_path: Path) -> None:
    """The bug the design exists to avoid: hour 14 wipes hour 13, and a late event wipes an old day."""
    small.put(f"{YESTERDAY}T10", "/then-1", "/then-2")
    small.put(H13, "/a", "/b")
    small.put(H14, "/c", f"/late@{YESTERDAY}")
    plain: Callable[[], list[str]] = lambda: sorted(ds.dataset(tmp_path).to_table()["page_url"].to_pylist())  # noqa: E731
    for unit, name in ((f"{YESTERDAY}T10", "2026010410"), (H13, "2026010513"), (H14, "2026010514")):
        small.run(unit)
        overwrite_partitions(rows_of(small, name), tmp_path)
    assert plain() == ["/c", "/late"]
    assert small.pages() == ["/a", "/b", "/c", "/late", "/then-1", "/then-2"]
