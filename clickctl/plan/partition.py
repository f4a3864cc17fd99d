"""What to do about one unit: run it, rerun it and why, or leave it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clickctl.domain.errors import EXIT_CONFLICT, EXIT_FAILED, EXIT_OK
from clickctl.domain.hours import Day, Hour, Unit
from clickctl.domain.ledger import Commit, InputFile, Ledger, UnitEntry, fingerprint
from clickctl.domain.rules import QualityRules


class Verdict(StrEnum):
    """Why a unit is run, or not."""

    MISSING = "missing"
    COMPACT = "compact"
    STALE = "stale"
    TORN = "torn"
    FAILED = "failed"
    FORCED = "forced"
    RUNNING = "running"
    BUSY = "busy"
    BLOCKED = "blocked"
    UNCHANGED = "unchanged"
    INPUTS_GONE = "inputs-gone"
    NO_RAW = "no-raw"

    @property
    def runs(self) -> bool:
        return self in _RUNS

    @property
    def needs_help(self) -> bool:
        """It is not up to date, and running it would not make it so."""
        return self in (Verdict.BUSY, Verdict.BLOCKED, Verdict.INPUTS_GONE)

    @property
    def exit_code(self) -> int:
        """Of a command that was asked for this unit and did not run it."""
        if self is Verdict.BUSY:
            return EXIT_CONFLICT
        return EXIT_FAILED if self.needs_help or self is Verdict.NO_RAW else EXIT_OK


_RUNS = {
    Verdict.MISSING, Verdict.COMPACT, Verdict.STALE, Verdict.TORN, Verdict.FAILED, Verdict.FORCED, Verdict.RUNNING
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """What was observed of one unit. `torn` and `busy` come from asking whether a run lives.

    `obstacles` are folders that lie where raw files should; `problem` says why its ledger could not
    be read. `job_run` is a job run that is publishing it and can be joined.
    """

    unit: Unit
    inputs: tuple[InputFile, ...]
    ledger: Ledger
    torn: bool = False
    busy: bool = False
    obstacles: tuple[str, ...] = ()
    problem: str = ""
    job_run: str = ""

    @property
    def entry(self) -> UnitEntry:
        return self.ledger.entry(self.unit)


@dataclass(frozen=True)
class Decision:
    """The verdict on a unit and the sentence that explains it."""

    verdict: Verdict
    reason: str


def decide(seen: Seen, rules: QualityRules, *, force: bool = False) -> Decision:
    """The verdict on one unit. `force` reruns what is unchanged, and what has lost inputs."""
    gone = lost_inputs(seen)
    if seen.busy and seen.job_run:
        return Decision(Verdict.RUNNING, f"job run {seen.job_run} is publishing it, and is joined")
    if seen.busy:
        return Decision(Verdict.BUSY, "another run is publishing it")
    if seen.problem:
        return Decision(Verdict.BLOCKED, seen.problem)
    if seen.obstacles:
        return Decision(Verdict.BLOCKED, f"{seen.obstacles[0]} is a folder where a raw file should be")
    if not seen.inputs:
        return _without_raw(seen.torn, bool(gone), force)
    if gone and not force:
        return Decision(Verdict.INPUTS_GONE, f"{_gone(gone)}: {gone[0]}")
    if seen.torn:
        return Decision(Verdict.TORN, seen.entry.how_torn)
    commit = seen.entry.commit
    if commit is None:
        return _uncommitted(seen)
    if force:
        return Decision(Verdict.FORCED, "committed already, rerun as asked")
    if seen.entry.failure:
        return Decision(Verdict.FAILED, f"its last run failed: {seen.entry.failure.error}")
    return _current(commit, seen.inputs, rules)


def _without_raw(torn: bool, committed: bool, force: bool) -> Decision:
    """Raw files expire: what was made of them stays, and is not to be replaced by nothing."""
    if torn:
        return Decision(Verdict.INPUTS_GONE, "a run died while publishing it, and its raw files are gone")
    if not committed:
        return Decision(Verdict.NO_RAW, "no raw files have arrived")
    if force:
        return Decision(Verdict.INPUTS_GONE, "it is committed, and all of its raw files are gone")
    return Decision(Verdict.UNCHANGED, "already committed; its raw files are gone by now")


def _uncommitted(seen: Seen) -> Decision:
    if seen.entry.failure:
        return Decision(Verdict.FAILED, f"its last run failed: {seen.entry.failure.error}")
    hours = hour_commits(seen)
    if hours:
        committed = "1 committed hour becomes" if len(hours) == 1 else f"{len(hours)} committed hours become"
        return Decision(Verdict.COMPACT, f"{committed} one day")
    for hour in seen.unit.hours:
        if failure := seen.ledger.entry(hour).failure:
            return Decision(Verdict.FAILED, f"the last run of {hour} failed: {failure.error}")
    return Decision(Verdict.MISSING, "not committed yet")


def _current(commit: Commit, inputs: tuple[InputFile, ...], rules: QualityRules) -> Decision:
    if commit.fingerprint != fingerprint(inputs):
        return Decision(Verdict.STALE, f"its raw files changed: {_difference(commit.inputs, inputs)}")
    if commit.transform != rules.name:
        return Decision(Verdict.STALE, f"made by rules {commit.transform}, the present ones are {rules.name}")
    return Decision(Verdict.UNCHANGED, "already committed, inputs unchanged")


def hours_current(seen: Seen, rules: QualityRules) -> bool:
    """True for a day all of whose raw hours are committed as hours and up to date."""
    commits = hour_commits(seen)
    by_hour: dict[str, list[InputFile]] = {}
    for file in seen.inputs:
        by_hour.setdefault(file.key[:13], []).append(file)
    hours = {hour.path: hour for hour in seen.unit.hours}
    return bool(by_hour) and all(
        (commit := commits.get(hours[path])) is not None
        and _current(commit, tuple(files), rules).verdict is Verdict.UNCHANGED
        and not seen.ledger.entry(hours[path]).failure
        for path, files in by_hour.items()
    )


def hour_commits(seen: Seen) -> dict[Hour, Commit]:
    """The committed hours of a day; none for an hour."""
    if not isinstance(seen.unit, Day):
        return {}
    return {unit: commit for unit, commit in seen.ledger.committed().items() if isinstance(unit, Hour)}


def lost_inputs(seen: Seen) -> tuple[str, ...]:
    """Raw files behind committed rows that are there no more: a rerun would lose those rows."""
    commits = list(hour_commits(seen).values())
    if seen.entry.commit:
        commits.append(seen.entry.commit)
    present = {file.key for file in seen.inputs}
    return tuple(sorted({file.key for commit in commits for file in commit.inputs} - present))


def _gone(keys: tuple[str, ...]) -> str:
    return (
        "1 raw file of its last commit is gone"
        if len(keys) == 1
        else f"{len(keys)} raw files of its last commit are gone"
    )


def _difference(before: tuple[InputFile, ...], now: tuple[InputFile, ...]) -> str:
    old, new = ({file.key: file for file in files} for files in (before, now))
    added, removed = len(new.keys() - old.keys()), len(old.keys() - new.keys())
    rewritten = sum(old[key] != new[key] for key in old.keys() & new.keys())
    parts = [(added, "added"), (removed, "removed"), (rewritten, "rewritten")]
    return ", ".join(f"{count} {word}" for count, word in parts if count)
