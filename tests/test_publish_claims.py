"""Whose claim stands: a living run's does, a dead one's is taken over."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clickctl.domain.errors import LakeError
from clickctl.domain.ledger import Owner
from clickctl.liveness import ProcessLiveness
from clickctl.publish import LEASE_SECONDS
from tests.backends.dying import run_and_hang_at_copy
from tests.backends.faults import FORKS, WatchedLake, failing, once, process
from tests.backends.small_lake import SmallLake

HOUR, DAY = "2026-01-05T13", "2026-01-05"
ME = ProcessLiveness().me()


class NamedOwner(ProcessLiveness):
    """A run that claims under another name."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def me(self) -> Owner:
        return self._owner


def claimed_by(small: SmallLake, owner: Owner) -> None:
    """Leave the lake as a run does that stopped after its claim without a word."""
    stopped = BaseException("stopped")
    watched = WatchedLake(small.lake, once("copy", "", failing(stopped)))
    with pytest.raises(BaseException, match="stopped"):
        replace(small, lake=watched, liveness=NamedOwner(owner)).run(HOUR)


def seconds_ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="seconds")


def test_a_claim_stands_while_its_process_lives_and_falls_with_it(small: SmallLake) -> None:
    small.put(HOUR, "/a")
    claimed = FORKS.Event()
    child = process(run_and_hang_at_copy, small, HOUR, claimed)
    child.start()
    assert claimed.wait(60)
    assert small.state(HOUR) == "publishing"
    busy = small.run(HOUR)
    assert (busy.outcome, busy.exit_code) == ("busy", 4)
    child.kill()
    child.join()
    assert small.state(HOUR) == "torn"
    assert small.run(HOUR).reason == "a run died while publishing it"
    assert small.state(HOUR) == "committed"
    assert small.unowned() == small.litter() == []


def test_force_does_not_overrule_a_living_claim(small: SmallLake) -> None:
    small.put(HOUR, "/a")
    claimed_by(small, ME)
    assert small.run(HOUR, force=True).outcome == "busy"
    assert small.run(DAY, force=True).outcome == "busy"


def test_a_later_process_with_the_same_id_does_not_keep_a_claim_alive(small: SmallLake) -> None:
    small.put(HOUR, "/a")
    claimed_by(small, replace(ME, started="another-boot:12345"))
    assert small.state(HOUR) == "torn"
    assert small.run(HOUR).outcome == "committed"


def test_a_claim_from_another_host_stands_for_its_lease_and_no_longer(small: SmallLake) -> None:
    small.put(HOUR, "/a")
    claimed_by(small, replace(ME, host="elsewhere", renewed_at=seconds_ago(LEASE_SECONDS - 60)))
    assert small.run(HOUR).outcome == "busy"
    entry = small.entry(HOUR)
    assert entry.publishing is not None
    late = replace(entry.publishing.owner, renewed_at=seconds_ago(LEASE_SECONDS + 60))
    assert not small.liveness.alive(late)


def test_the_claim_of_a_dead_host_is_taken_over_after_its_lease(small: SmallLake) -> None:
    small.put(HOUR, "/a")
    claimed_by(small, replace(ME, host="elsewhere", renewed_at=seconds_ago(LEASE_SECONDS + 60)))
    assert small.state(HOUR) == "torn"
    assert small.run(HOUR).outcome == "committed"
    assert small.unowned() == small.litter() == []


@pytest.mark.parametrize("error", [LakeError("the network broke"), KeyboardInterrupt()])
def test_a_run_that_failed_after_its_claim_can_be_rerun_by_the_process_that_lives_on(
    small: SmallLake, error: BaseException
) -> None:
    small.put(HOUR, "/a")
    with pytest.raises(type(error)):
        small.over(WatchedLake(small.lake, once("copy", "dim_users", failing(error)))).run(HOUR)
    entry = small.entry(HOUR)
    assert entry.publishing is not None
    assert small.liveness.alive(entry.publishing.owner)
    assert small.state(HOUR) == "torn"
    assert small.run(HOUR).outcome == "committed"
    assert small.unowned() == small.litter() == []


def test_whoever_lost_its_claim_to_another_stops_before_it_deletes_or_commits(small: SmallLake) -> None:
    """Its lease ran out while it slept; the other run finished the work."""
    small.put(HOUR, "/a", "/b@2026-01-04")
    small.run(HOUR)
    small.put(HOUR, "/a")

    def sleep_too_long() -> None:
        assert small.run(HOUR).outcome == "committed"

    sleeper = NamedOwner(replace(ME, host="elsewhere", renewed_at=seconds_ago(LEASE_SECONDS + 60)))
    watched = WatchedLake(small.lake, once("copy", "", sleep_too_long))
    with pytest.raises(Exception, match="taken over by another run") as conflict:
        replace(small, lake=watched, liveness=sleeper).run(HOUR)
    assert conflict.value.exit_code == 4
    assert small.pages() == ["/a"]
    assert small.state(HOUR) == "committed"
    assert small.unowned() == small.litter() == []


def test_a_process_that_ended_is_not_alive_even_before_its_parent_noticed() -> None:
    program = "from clickctl.liveness import ProcessLiveness as P; print(P().me().started, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        owner = replace(ME, pid=child.pid, started=child.stdout.readline().decode().strip())
        assert ProcessLiveness().alive(owner)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and still to be reaped
        assert not ProcessLiveness().alive(owner)
    assert not ProcessLiveness().alive(owner)


def test_an_owner_without_a_start_is_never_taken_for_alive_here() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert not ProcessLiveness().alive(replace(ME, pid=gone.pid, started=""))
