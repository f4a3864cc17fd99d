"""Planted faults are found, each by its check; a clean lake gives no finding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clickctl.domain.hours import Hour, HourRange
from clickctl.domain.ledger import InputFile
from clickctl.domain.limits import QualityLimits, with_limits
from clickctl.domain.loads import LoadNote
from clickctl.domain.quality import Quality
from clickctl.plan.dq.results import Check, DqReport, Verdict
from clickctl.plan.dq.seen import AlertsSeen, history_days
from tests.plan.dq.worlds import END, World, at, counted

RANDOM = np.random.default_rng(1)


def findings(report: DqReport) -> dict[str, Check]:
    return {check.name: check for check in report.checks if check.verdict in (Verdict.WARN, Verdict.FAIL)}


def only(report: DqReport, name: str) -> Check:
    """The one finding there is."""
    found = findings(report)
    assert set(found) == {name}, {one.name: one.seen for one in found.values()}
    assert report.verdict == found[name].verdict
    return found[name]


def test_a_clean_lake_gives_no_finding_in_a_hundred_seeds() -> None:
    """Of any size and unevenness, over a day, a week and a month: one false alarm is the most."""
    found = {}
    for seed in range(100):
        days, size, noise = (1, 7, 30)[seed % 3], (40, 400, 20_000)[seed // 3 % 3], (0.02, 0.05, 0.1)[seed // 9 % 3]
        world = World(days, seed, size, noise, weeks=len(history_days(World.span(days))[0]) // 7 + 1)
        if faults := findings(world.judged()):
            found[seed] = [check.seen for check in faults.values()]
    assert len(found) <= 1, found


def test_an_hour_that_never_arrived_is_missing() -> None:
    world = World(7)
    world.raw[at(13)] = ()
    check = only(world.judged(), "missing")
    assert (check.verdict, check.value, check.since) == ("fail", 1, str(at(13)))
    assert str(at(13)) in check.seen and check.command == f"clickctl status {at(13).day} {at(13).day.plus(1)}"


def test_hours_before_the_lake_began_are_not_missing() -> None:
    world = World(2, weeks=0)
    for hour in list(world.hours)[:30]:
        world.raw[hour] = ()
    assert findings(world.judged()) == {}
    assert "since the lake's first" in world.check("missing").seen


def test_a_lake_in_which_nothing_arrives_any_more_is_missing_everything() -> None:
    world = World(1)
    for hour in world.hours:
        world.raw[hour] = ()
    assert world.check("missing").value == 23  # the hour that is just over may still arrive
    assert world.judged().verdict == "fail"


def test_an_hour_of_twice_the_volume_is_noticed() -> None:
    world = World(7)
    facts = 2 * world.quality[at(13)].facts
    world.quality[at(13)] = counted(at(13), facts, RANDOM)
    check = only(world.judged(), "volume")
    assert check.since == str(at(13)) and f"{facts:,} facts in {at(13)}" in check.seen


@pytest.mark.parametrize("days_ago", [1, 4], ids=["held as an hour", "held by its day"])
def test_an_hour_of_half_the_volume_is_noticed(days_ago: int) -> None:
    world, hour = World(7), at(13, days_ago=days_ago)
    world.quality[hour] = counted(hour, world.quality[hour].facts // 2, RANDOM)
    check = only(world.judged(), "volume")
    assert check.since == str(hour)
    marked = [figures for figures in world.judged().hours if figures.findings]
    assert [(figures.hour, figures.findings) for figures in marked] == [(hour, ("volume",))]


def test_a_doubled_delivery_is_duplicates() -> None:
    world = World(7)
    quality = world.quality[at(13)]
    lines = 2 * quality.lines
    world.quality[at(13)] = replace(
        quality, lines=lines, duplicates=quality.duplicates + quality.lines, hourly_lines={str(at(13)): lines}
    )
    check = only(world.judged(), "duplicates")
    assert (check.since, check.verdict) == (str(at(13)), "fail" if (check.value or 0) > 0.5 else "warn")


def test_a_burst_of_rejects_is_found_in_its_hour_and_led_to() -> None:
    world = World(30)
    hour = at(3, days_ago=9)
    world.quality[hour] = counted(hour, world.quality[hour].facts, RANDOM, rejects=0.2)
    report = world.judged()
    check = only(report, "quarantined")
    assert check.verdict == "fail" and check.since == str(hour)
    assert check.command == f"clickctl quarantine show {hour}"
    assert report.reasons[0].reason == "malformed_json"


def test_a_torn_unit_is_found_with_the_command_that_mends_it() -> None:
    world = World(7)
    world.torn.add(at(5))
    check = only(world.judged(), "torn")
    assert check.verdict == "fail" and check.command == f"clickctl run-partition {at(5)}"


def test_a_stale_unit_is_a_warning() -> None:
    world = World(7)
    world.stale.add(at(5))
    assert only(world.judged(), "stale").verdict == "warn"


def test_a_day_that_nobody_ran_is_late() -> None:
    world = World(7)
    world.uncommitted |= set(at(0, days_ago=3).day.hours)
    check = only(world.judged(), "late")
    assert check.verdict == "fail" and "24 hours waiting" in check.seen
    assert check.command == f"clickctl backfill {END.plus(-3)} {END.plus(-2)}"


def test_a_day_of_events_from_earlier_days_is_late_too() -> None:
    world = World(7)
    for hour in at(0, days_ago=3).day.hours:
        facts = world.quality[hour].facts
        world.quality[hour] = replace(world.quality[hour], days={str(hour.day.plus(-2)): facts})
    check = only(world.judged(), "lateness")
    assert check.since == str(END.plus(-3)) and check.verdict == "fail"


def changed(world: World, days_ago: int, **changes: object) -> None:
    for hour in at(0, days_ago=days_ago).day.hours:
        world.quality[hour] = replace(world.quality[hour], **changes)  # type: ignore[arg-type]


def test_a_field_that_was_never_there_before_is_told_once_with_its_first_day() -> None:
    world = World(7)
    for days_ago in (1, 2, 3):
        changed(world, days_ago, unknown_fields={"app_version": 10, "consent": 7})
    check = only(world.judged(), "fields")
    assert check.since == str(END.plus(-3)) and "'consent'" in check.seen and check.value == 1


def test_nulls_that_rise_are_found_in_their_column() -> None:
    world = World(7)
    for hour in at(0, days_ago=2).day.hours:
        nulls = {**world.quality[hour].nulls, "session_id": world.quality[hour].facts // 2}
        world.quality[hour] = replace(world.quality[hour], nulls=nulls)
    check = only(world.judged(), "nulls")
    assert check.verdict == "fail" and "session_id" in check.seen and check.since == str(END.plus(-2))


def test_an_action_that_is_gone_is_found() -> None:
    world = World(7)
    for hour in at(0, days_ago=2).day.hours:
        actions = {**world.quality[hour].actions}
        del actions["purchase"]
        world.quality[hour] = replace(world.quality[hour], actions=actions)
    check = only(world.judged(), "actions")
    assert check.verdict == "fail" and "'purchase'" in check.seen


def test_a_clock_that_is_ahead_is_found() -> None:
    world = World(7)
    world.quality[at(5)] = replace(world.quality[at(5)], max_event_time=f"{at(6)}:45:00.000000Z")
    assert "0:45:00 ahead" in only(world.judged(), "skew").seen


def test_a_lake_that_stood_still_for_hours_is_not_fresh() -> None:
    world = World(1)
    for hour in (at(n) for n in range(19, 24)):
        world.uncommitted.add(hour)
    assert set(findings(world.judged())) == {"late", "newest_event", "newest_commit"}


@pytest.mark.parametrize(("loaded", "verdict"), [(23, "good"), (18, "warn"), (0, "warn")])
def test_a_warehouse_behind_the_lake_is_told(loaded: int, verdict: str) -> None:
    world = World(1)
    world.load = LoadNote(f"{at(23)}:30:00Z", f"{at(loaded)}:59:00Z")
    check = world.check("newest_load")
    assert check.verdict == verdict
    assert check.command == ("clickctl load-hot --dry-run" if verdict == "warn" else "")


def test_a_purchase_file_without_a_receipt_is_told_and_one_without_purchases_is_not() -> None:
    world = World(2)
    quiet = at(3)
    world.quality[quiet] = replace(world.quality[quiet], actions={"click": world.quality[quiet].facts})
    unsent = tuple(InputFile(f"{hour.path}/part-0.json.gz", "e1", 1) for hour in (at(5), quiet))
    world.alerts = AlertsSeen("purchase", unsent, at(0, days_ago=2), True)
    check = world.check("alerts")
    assert (check.verdict, check.value, check.since) == ("fail", 1, str(at(5)))
    assert check.command == f"clickctl alerts-replay {at(5)} {at(6)} --dry-run"


def test_a_rerun_replaces_its_own_point_and_is_not_its_own_baseline() -> None:
    """The same hour in other states of the same lake: only what it holds now counts, against weeks before it."""
    world = World(7)
    halved: dict[Hour, Quality] = {at(13): counted(at(13), world.quality[at(13)].facts // 2, RANDOM)}
    expected = next(figures for figures in world.judged().hours if figures.hour == at(13)).expected
    world.quality |= halved
    after = next(figures for figures in world.judged().hours if figures.hour == at(13))
    assert after.expected == expected and after.findings == ("volume",)
    world.quality[at(13)] = counted(at(13), 2 * halved[at(13)].facts, RANDOM)
    assert findings(world.judged()) == {}


def test_little_history_is_not_judged_and_no_error() -> None:
    check = World(1, weeks=2).check("volume")
    assert check.verdict == "not judged" and "three are needed" in check.seen


def test_a_limit_of_the_command_line_is_over_that_of_the_configuration() -> None:
    world = World(7)
    strict = with_limits(QualityLimits(), ["quarantined=0.001,0.9", "duplicates=0.01"])
    found = findings(world.judged(strict))
    assert {name: check.verdict for name, check in found.items()} == {"quarantined": "warn", "duplicates": "fail"}
    never = with_limits(QualityLimits(), ["volume=inf"])
    assert world.check("volume", never).verdict == "not judged"


def test_figures_are_of_the_hours_of_the_range_where_its_edges_cut_a_day() -> None:
    world = World(7)
    hours = [at(n, days_ago=5) for n in range(17, 24)] + [at(n, days_ago=4) for n in range(17)]
    world.window = HourRange(hours[0], hours[-1].plus(1))
    report = world.judged(group="hour")
    facts = sum(world.quality[hour].facts for hour in hours)
    assert report.totals.facts == facts == sum(group.counted.facts for group in report.groups)
    assert report.totals.units == 2 and findings(report) == {}
    burst = at(3, days_ago=5)  # of a day that is touched, and not of the range
    world.quality[burst] = counted(burst, world.quality[burst].facts, RANDOM, rejects=0.5)
    assert findings(world.judged()) == {}


def test_a_day_that_does_not_tell_of_its_hours_is_unknown_by_the_hour_and_known_as_a_day() -> None:
    world = World(7)
    for hour in at(0, days_ago=4).day.hours:
        world.quality[hour] = replace(world.quality[hour], hourly_lines={}, hourly_facts={}, hourly_quarantined={})
    by_hour = {group.name: group.counts for group in world.judged(group="hour").groups}
    assert by_hour[str(at(5, days_ago=4))] is None and by_hour[str(at(5, days_ago=3))] is not None
    by_day = {group.name: group.counted.facts for group in world.judged().groups}
    whole = sum(world.quality[hour].facts for hour in at(0, days_ago=4).day.hours)
    assert by_day[str(END.plus(-4))] == whole
    assert world.judged().totals.facts == sum(world.quality[hour].facts for hour in world.hours)


def test_an_outage_at_the_beginning_of_a_range_is_missing_if_the_lake_held_anything_before() -> None:
    world = World(3, weeks=0)
    gone = [at(n, days_ago=1) for n in range(6)]
    for hour in gone:
        world.raw[hour] = ()
    world.window = HourRange(gone[0], at(23))
    assert world.check("missing").value == 6
    world.window = HourRange(at(2), at(23))  # the first day's own earlier hours are gone too, an earlier day is not
    assert world.check("missing").value == 4


def test_a_range_before_the_lake_began_is_not_judged_as_missing_and_an_empty_lake_is() -> None:
    world = World(2, weeks=0)
    world.window = HourRange(at(0, days_ago=9), at(0, days_ago=8))
    check = world.check("missing")
    assert check.verdict == "not judged" and str(END.plus(-2)) in check.seen
    for hour in world.raw:
        world.raw[hour] = ()
    world.window = HourRange(at(0), END.hours[5])
    assert world.check("missing").verdict == "fail"


def test_a_lake_whose_first_file_has_just_arrived_misses_nothing() -> None:
    world = World(1, weeks=0)
    for hour in list(world.hours)[:-1]:
        world.raw[hour] = ()
    assert "missing" not in findings(world.judged())


def test_a_range_of_hours_that_are_not_over_is_not_judged() -> None:
    world = World(1)
    world.window = HourRange(END.first_hour, END.hours[5])
    names = ("missing", "late", "failed", "torn", "stale")
    assert {world.check(name).verdict for name in names} == {Verdict.NOT_JUDGED}


def test_the_newest_event_is_looked_for_in_the_last_two_days_whatever_the_range() -> None:
    world = World(2)
    world.uncommitted.add(at(23))
    world.window = HourRange(at(23), END.first_hour)
    check = world.check("newest_event")
    assert check.value == pytest.approx(1.33, abs=0.02), check.seen
    for hour in world.quality:
        if hour.day in (END, END.plus(-1)):
            world.uncommitted.add(hour)
    check = world.check("newest_event")
    assert check.verdict == "fail" and check.since == str(END.plus(-1)), check.seen
    assert "nothing is committed of the last 24.3 hours" in check.seen
    far = world.check("newest_event", with_limits(QualityLimits(), ["newest_event=100"]))
    assert far.verdict == "not judged" and "no further was looked" in far.seen
    assert world.judged().totals.newest_event == ""


def test_an_action_that_was_permitted_since_is_news_and_no_fault() -> None:
    world = World(7)
    for hour in at(0, days_ago=2).day.hours:
        facts = world.quality[hour].facts
        world.quality[hour] = replace(world.quality[hour], actions={**world.quality[hour].actions, "wish": facts // 9})
    assert "actions" not in findings(world.judged())


def test_what_is_judged_by_the_day_waits_for_the_day_to_end() -> None:
    """A night is not like a day: part of one is not compared with whole ones."""
    world = World(7)
    for hour in at(0).day.hours:
        world.quality[hour] = replace(world.quality[hour], actions={"click": world.quality[hour].facts})
    world.present = at(12)
    assert world.check("actions").verdict == "good"


def test_cost_is_of_the_commits_that_cost_something() -> None:
    world = World(2)
    world.costs = {at(5): 2.0}
    lines = world.quality[at(5)].lines
    check = world.check("cost", with_limits(QualityLimits(), ["cost=1,1000000"]))
    assert check.value == pytest.approx(2.0 / lines * 1e6, rel=1e-6) and check.verdict == "warn"


@pytest.mark.parametrize("limit", ["volume=1000", "volume=100000,inf", "volume=0"])
def test_limits_of_any_size_make_bands_of_finite_numbers(limit: str) -> None:
    report = World(7).judged(with_limits(QualityLimits(), [limit]))
    edges = [edge for hour in report.hours if hour.expected for edge in (hour.expected.low, hour.expected.high)]
    assert edges and all(0 <= edge < 1e20 for edge in edges)
