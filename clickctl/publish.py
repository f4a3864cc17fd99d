"""Staged files to a committed unit: write-ahead, by compare-and-swap (promise P3).

1. CAS the ledger to `publishing`, naming the new files and those they replace.
2. Put the new files at their final names.
3. Delete what they replace, and the staging area; nothing else.
4. CAS the ledger to `committed`. Last, so that a committed unit has left nothing to clean up.

Killed anywhere, the ledger says what was under way: the next run of the unit replaces both the
files of the last commit and those the dead run may have put. Whoever loses a CAS raises
CommitConflict and has changed nothing (before 1) or leaves the rest to the winner (after 1).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from clickctl.domain.errors import ClickctlError, CommitConflict, LakeError
from clickctl.domain.hours import Day, Hour
from clickctl.domain.layout import ledger_key, staging_prefix
from clickctl.domain.ledger import (
    Commit,
    Failure,
    Ledger,
    OutputFile,
    Publishing,
    UnitEntry,
    dump,
    load,
)
from clickctl.interrupts import uninterrupted
from clickctl.lakes import Lake, PreconditionFailed
from clickctl.plan.unit import UnitOrder, base_of, related
from clickctl.ports import Liveness, Outcome
from clickctl.roots import LakeRoots

_TRIES = 50
LEASE_SECONDS = 600
"""A claim not renewed for so long may be taken over by those who cannot ask its owner."""


@dataclass(frozen=True)
class Publisher:
    """Reads and changes the ledgers of one lake."""

    lake: Lake
    roots: LakeRoots
    liveness: Liveness
    lease: float = LEASE_SECONDS

    def ledger(self, day: Day) -> Ledger:
        """The day's ledger as it is now; an empty one when there is none yet."""
        return self._read(day)[0]

    def staged(self, order: UnitOrder, file: OutputFile) -> str:
        """Where the order's run must put `file` before `publish` is called."""
        return f"{self.roots.processed}/{staging_prefix(order.unit, order.run_id)}{file.table}/{file.key}"

    def publish(self, order: UnitOrder, commit: Commit) -> Outcome:
        """Make the staged files of `commit` the unit's files. See the module for the steps."""
        leftovers = self._staged_before(order)
        claim = self._claim(order, commit)
        keep = {(file.table, file.key) for file in commit.files}
        with self._renewed(order):
            try:
                self._place_all(order, commit.files)
            except LakeError:
                self._still_ours(order, self.ledger(order.unit.day))  # who took over has deleted what was staged
                raise
            self._still_ours(order, self.ledger(order.unit.day))
            obsolete = [f for f in claim.replaces if (f.table, f.key) not in keep]
            self.lake.delete([*map(self._final, obsolete), *leftovers])
        self._commit(order, commit, claim)
        return Outcome(commit, len(claim.replaces))

    def abandon(self, order: UnitOrder, error: BaseException, hint: str) -> None:
        """After a failure: delete what the run staged and note the failure beside the last commit."""
        prefix = f"{self.roots.processed}/{staging_prefix(order.unit, order.run_id)}"
        self.lake.delete([info.location for info in self.lake.list(prefix)])
        if isinstance(error, CommitConflict):
            return  # the unit is well: another run has it
        note = Failure(order.run_id, now_text(), str(error) or "interrupted", hint)

        def noted(ledger: Ledger) -> Ledger:
            entry = ledger.entry(order.unit)
            ours = entry.publishing is not None and entry.publishing.run_id == order.run_id
            if not ours and base_of(order.unit, ledger) != order.base:
                return ledger  # another run has it by now, or this one had committed
            return ledger.with_entry(order.unit, replace(entry, failure=note))

        self._change(order.unit.day, noted)

    def torn(self, entry: UnitEntry) -> bool:
        """True when a publish was begun and nobody is at it any more."""
        if entry.publishing is None:
            return False
        gave_up = entry.failure is not None and entry.failure.run_id == entry.publishing.run_id
        return gave_up or not self.liveness.alive(entry.publishing.owner)

    def _staged_before(self, order: UnitOrder) -> list[str]:
        """Everything staged so far for units this run touches: once it has claimed, no other run of them can win."""
        unit = order.unit
        # The name of a day begins those of its hours.
        units = [f"{unit}/", f"{unit.day}/"] if isinstance(unit, Hour) else [str(unit)]
        prefixes = [f"{self.roots.processed}/_staging/{name}" for name in units]
        return [info.location for prefix in prefixes for info in self.lake.list(prefix)]

    def _claim(self, order: UnitOrder, commit: Commit) -> Publishing:
        made: list[Publishing] = []

        def claimed(ledger: Ledger) -> Ledger:
            mine = ledger.entry(order.unit).publishing
            if mine and mine.run_id == order.run_id:  # written already: the answer was lost
                made[:] = [mine]
                return ledger
            self._refuse_unless_ours(order, ledger)
            others = tuple(unit for unit in related(order.unit, ledger)[1:] if ledger.entry(unit) != UnitEntry())
            replaces = _files_of(ledger.entry(unit) for unit in (order.unit, *others))
            claim = Publishing(order.run_id, self.liveness.me(), commit.files, replaces, others)
            made[:] = [claim]
            return ledger.with_entry(order.unit, replace(ledger.entry(order.unit), publishing=claim))

        self._change(order.unit.day, claimed)
        return made[0]

    def _refuse_unless_ours(self, order: UnitOrder, ledger: Ledger) -> None:
        for unit in related(order.unit, ledger):
            entry = ledger.entry(unit)
            publishing = entry.publishing
            if publishing and not self.torn(entry):
                owner = publishing.owner
                raise CommitConflict(
                    f"{unit} is being published by run {publishing.run_id} (process {owner.pid} on {owner.host}).",
                    hint="Wait for it, then run the same command again.",
                )
        if base_of(order.unit, ledger) != order.base:
            raise CommitConflict(
                f"{order.unit} was committed by another run while this one worked.",
                hint=f"Look at 'clickctl status {order.unit.day}', then run the same command again.",
            )

    @contextmanager
    def _renewed(self, order: UnitOrder) -> Iterator[None]:
        """Renew the claim's lease while files are put: thousands of them can take longer than it lasts."""
        done = threading.Event()

        def renewed(ledger: Ledger) -> Ledger:
            entry = ledger.entry(order.unit)
            if entry.publishing is None or entry.publishing.run_id != order.run_id:
                return ledger
            owner = replace(entry.publishing.owner, renewed_at=now_text())
            return ledger.with_entry(order.unit, replace(entry, publishing=replace(entry.publishing, owner=owner)))

        def renew() -> None:
            while not done.wait(self.lease / 4):
                with suppress(ClickctlError):  # what ails the lake is told by those who put files
                    self._change(order.unit.day, renewed)

        thread = threading.Thread(target=renew, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _place_all(self, order: UnitOrder, files: tuple[OutputFile, ...]) -> None:
        def place(file: OutputFile) -> None:
            self.lake.copy(self.staged(order, file), self._final(file))

        with ThreadPoolExecutor(8, "publish") as pool:
            try:
                with uninterrupted():  # a pool does not wait for a thread whose start was interrupted
                    placed = [pool.submit(place, file) for file in files]
                for future in placed:
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _commit(self, order: UnitOrder, commit: Commit, claim: Publishing) -> None:
        def committed(ledger: Ledger) -> Ledger:
            if ledger.entry(order.unit).commit == commit:  # written already: the answer was lost
                return ledger
            self._still_ours(order, ledger)
            for unit in claim.replaced_units:
                ledger = ledger.with_entry(unit, UnitEntry())
            return ledger.with_entry(order.unit, UnitEntry(commit=commit))

        self._change(order.unit.day, committed)

    def _still_ours(self, order: UnitOrder, ledger: Ledger) -> None:
        publishing = ledger.entry(order.unit).publishing
        if publishing is None or publishing.run_id != order.run_id:
            raise CommitConflict(
                f"{order.unit} was taken over by another run while this one was publishing.",
                changed="Some of this run's files may lie in the lake until the other run has finished.",
                hint=f"Run 'clickctl run-partition {order.unit} --force' once it has.",
            )

    def _final(self, file: OutputFile) -> str:
        return f"{self.roots.root(file.table)}/{file.key}"

    def _read(self, day: Day) -> tuple[Ledger, str | None]:
        location = f"{self.roots.processed}/{ledger_key(day)}"
        found = self.lake.get(location)
        return (Ledger(day), None) if found is None else (load(found[0], location), found[1])

    def _change(self, day: Day, change: Callable[[Ledger], Ledger]) -> None:
        """Apply a pure change to the ledger, again on a fresh copy whenever others were first."""
        for _ in range(_TRIES):
            ledger, etag = self._read(day)
            if (changed := change(ledger)) == ledger:
                return
            try:
                self.lake.put_if(f"{self.roots.processed}/{ledger_key(day)}", dump(changed), etag)
                return
            except PreconditionFailed:
                continue
        raise CommitConflict(
            f"The ledger of {day} changed {_TRIES} times while it was being written.",
            hint="Too many runs of one day at once: run fewer, or try again.",
        )


def _files_of(entries: Iterable[UnitEntry]) -> tuple[OutputFile, ...]:
    """Every file these units own or may have put: of commits, and of runs that died publishing."""
    files: set[OutputFile] = set()
    for entry in entries:
        files.update(entry.commit.files if entry.commit else ())
        if entry.publishing:
            files.update(entry.publishing.files)
            files.update(entry.publishing.replaces)
    return tuple(sorted({(f.table, f.key): f for f in sorted(files)}.values()))


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
