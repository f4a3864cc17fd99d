"""P3: killed at any instant, a rerun ends as if nothing had happened, and readers never saw nonsense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain

import pytest

from tests.backends.dying import run_and_die_at_change, run_and_die_at_operation
from tests.backends.faults import Step, WatchedLake, in_child, killed, moments
from tests.backends.small_lake import SmallLake

HOUR, NEXT, DAY = "2026-01-05T13", "2026-01-05T14", "2026-01-05"
MANY = [f"/{n}" for n in range(60)]


@dataclass(frozen=True)
class Scenario:
    """A lake as it was before a run, the run, and the pages of the old and the new rows."""

    small: SmallLake
    unit: str
    old: list[str]
    new: list[str]

    def fresh(self, name: str) -> Scenario:
        return replace(self, small=self.small.beside(name))


def first_run(small: SmallLake) -> Scenario:
    pages = [*MANY, "/late@2026-01-04"]
    small.put(HOUR, *pages, {"broken": True})
    return Scenario(replace(small, target_bytes=700), HOUR, [], sorted([*MANY, "/late"]))


def rerun_with_changed_input(small: SmallLake) -> Scenario:
    """Some rows go, some come; one event-day is no longer written to, another one is."""
    small = first_run(small).small
    small.put(NEXT, "/next")
    small.run(HOUR), small.run(NEXT)
    old = small.pages()
    small.put(HOUR, *MANY[5:], "/new", "/late-too@2026-01-03", {"broken": True})
    return Scenario(replace(small, target_bytes=4000), HOUR, old, sorted([*MANY[5:], "/new", "/late-too", "/next"]))


def day_replacing_hours(small: SmallLake) -> Scenario:
    small.put(HOUR, *MANY[:9], "/twice@2026-01-04", {"broken": True})
    small.put(NEXT, *MANY[9:12], "/twice@2026-01-04", "/late@2026-01-04")
    small.run(HOUR), small.run(NEXT)
    return Scenario(small, DAY, small.pages(), sorted([*MANY[:12], "/twice", "/late"]))


SCENARIOS = [first_run, rerun_with_changed_input, day_replacing_hours]
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
Make = Callable[[SmallLake], Scenario]


def undisturbed(before: Scenario) -> tuple[SmallLake, list[Step]]:
    """The same run, never killed, and the operations to kill it at."""
    small = before.small.beside("undisturbed")
    steps = kill_points(small, before.unit)
    assert small.pages() == before.new
    return small, steps


def kill_points(small: SmallLake, unit: str) -> list[Step]:
    """Run a unit; the operations that change something. Killed before a read is killed after one of these."""
    steps: list[Step] = []
    assert small.over(WatchedLake(small.lake, steps.append)).run(unit).outcome == "committed"
    assert steps[-1].changes
    return [step for step in moments(small.lake, steps) if step.changes]


def check_torn(after: Scenario) -> None:
    """What a reader and `status` see between the kill and the rerun."""
    entry, seen = after.small.entry(after.unit), Counter(after.small.pages())
    assert (after.small.state(HOUR) == "torn") == (entry.publishing is not None)
    assert seen >= Counter(after.old) & Counter(after.new), "rows are lost"
    if entry.publishing is None:
        assert seen in (Counter(after.old), Counter(after.new)), "rows changed with no run to mend them"
    elif after.unit == HOUR:
        assert max(seen.values(), default=1) == 1, "rows are doubled"


def check_mended(after: Scenario, wanted: SmallLake) -> None:
    """A rerun ends as if nothing had happened."""
    small = after.small
    assert small.run(after.unit).outcome in ("committed", "unchanged")
    assert small.contents() == wanted.contents()
    assert small.ledgers() == wanted.ledgers()
    assert small.unowned() == small.litter() == []
    assert small.state(HOUR) == "committed"


@each_scenario
def test_killed_before_or_after_any_lake_operation_a_rerun_ends_the_same(scenario: Make, small: SmallLake) -> None:
    before = scenario(small)
    wanted, steps = undisturbed(before)
    for step in steps:
        after = before.fresh(f"killed-before-{step.number}")
        assert killed(in_child(run_and_die_at_operation, after.small, after.unit, step.number)), step
        check_torn(after)
        check_mended(after, wanted)
    assert in_child(run_and_die_at_operation, before.small, before.unit, 99) == 0


def test_killed_inside_any_operation_of_a_folder_lake_a_rerun_ends_the_same(small_folder: SmallLake) -> None:
    """Before each file is opened to be written, linked, renamed or removed, and each folder made."""
    before = rerun_with_changed_input(small_folder)
    wanted, _ = undisturbed(before)
    number = 0
    while code := in_child(run_and_die_at_change, (after := before.fresh(f"{number}")).small, after.unit, number):
        assert killed(code)
        check_torn(after)
        check_mended(after, wanted)
        number += 1
    assert number > 50


def test_killed_again_and_again_the_last_rerun_ends_the_same(small: SmallLake) -> None:
    before = rerun_with_changed_input(small)
    wanted, steps = undisturbed(before)
    for step in reversed(steps):
        in_child(run_and_die_at_operation, before.small, before.unit, step.number)
        check_torn(before)
    check_mended(before, wanted)


def test_killed_again_and_again_on_ever_new_input_the_last_rerun_leaves_nothing_of_the_others(
    small_folder: SmallLake,
) -> None:
    """Each run puts files for an event-day of its own, which only the ledger's record of dead runs tells of."""
    before = rerun_with_changed_input(small := small_folder)
    for number in range(24):
        small.put(HOUR, f"/{number}", f"/late@2026-01-{number % 5 + 1:02}")
        in_child(run_and_die_at_operation, small, HOUR, 23 - number % 12)
        assert max(Counter(small.pages()).values()) == 1 or before.small.state(HOUR) == "torn"
    small.put(HOUR, "/last")
    assert small.run(HOUR).outcome == "committed"
    assert small.pages() == ["/last", "/next"]
    assert small.unowned() == small.litter() == []


def test_a_day_cleans_up_after_an_hour_that_was_killed_at_any_operation(small: SmallLake) -> None:
    before = day_replacing_hours(small)
    wanted, _ = undisturbed(before)
    small.put(NEXT, *MANY[9:12], "/late@2026-01-04", "/twice@2026-01-04")  # the same rows: stale
    for step in kill_points(small.beside("counted"), NEXT):
        after = before.fresh(f"killed-before-{step.number}").small
        assert killed(in_child(run_and_die_at_operation, after, NEXT, step.number)), step
        assert after.run(DAY).outcome == "committed"
        assert after.contents() == wanted.contents()
        assert after.unowned() == after.litter() == []


def test_a_rerun_with_the_same_file_count_shows_every_row_old_or_new_at_every_instant(small: SmallLake) -> None:
    before = rerun_with_changed_input(small)
    files = [key for key in small.files() if f"{DAY[-2:]}/part-2026010513" in key and key.startswith("fact_clicks")]
    old = {key: before.small.pages(key) for key in files}
    seen: list[dict[str, list[str]]] = []
    counts: list[Counter[str]] = []

    def observe(step: Step) -> None:
        seen.append({key: before.small.pages(key) for key in files})
        counts.append(Counter(before.small.pages()))

    before.small.over(WatchedLake(before.small.lake, observe)).run(HOUR)
    new = {key: before.small.pages(key) for key in files}
    assert len(files) > 1
    assert all(rows[key] in (old[key], new[key]) for rows in seen for key in files)
    assert all(count >= Counter(before.old) & Counter(before.new) and max(count.values()) == 1 for count in counts)
    assert sorted(chain(*new.values())) == sorted([*MANY[5:], "/new"])


def test_a_day_replacing_its_hours_never_shows_less_and_shows_rows_twice_only_while_publishing(
    small: SmallLake,
) -> None:
    before = day_replacing_hours(small)
    seen: list[tuple[Counter[str], bool]] = []

    def observe(step: Step) -> None:
        seen.append((Counter(small.pages()), small.entry(DAY).publishing is not None))

    small.over(WatchedLake(small.lake, observe)).run(DAY)
    assert all(set(count) == set(before.new) for count, _ in seen)
    assert all(count in (Counter(before.old), Counter(before.new)) for count, publishing in seen if not publishing)
