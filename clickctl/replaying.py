"""Replays: what there is to replay, and doing it, several files side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from clickctl.alerting import AGAIN, Again, Alerted, Alerter
from clickctl.alerts import Function
from clickctl.domain.errors import EXIT_FAILED, EXIT_SERVICE, ClickctlError
from clickctl.domain.hours import Hour, HourRange
from clickctl.domain.layout import bucket_and_key
from clickctl.domain.receipts import PENDING, ReceiptName, receipt_key
from clickctl.lakes import Lake
from clickctl.observe import list_raw
from clickctl.plan.replay import ASKED, FAILED, LEFT, NOT_STARTED, SENT, ReplayDone, ReplayItem, items_of
from clickctl.receipts import names_under
from clickctl.roots import LakeRoots
from lambda_src.events import RawObject, replay_request

_AT_ONCE = 16
_SILENT = "Look at the function's log and its dead-letter queue, or use --in-process."
_POLLS = 450
"""Looks at most for a receipt that the function is to write: with 2 seconds between them, as long as a Lambda runs."""


def see_receipts(lake: Lake, roots: LakeRoots, hours: HourRange) -> list[ReceiptName]:
    """Every receipt of a range, and what is pending: two listings a day, several days at once."""
    prefixes = [f"{under}{day.path}/" for day in hours.days for under in ("", PENDING)]
    with ThreadPoolExecutor(_AT_ONCE, "receipts") as pool:
        listed = pool.map(lambda prefix: list(names_under(lake, roots.alerts, prefix)), prefixes)
        return [name for names in listed for name in names if hours.first <= name.hour < hours.end]


def see_items(lake: Lake, roots: LakeRoots, hours: HourRange) -> tuple[ReplayItem, ...]:
    """Every raw file of a range with the verdict on it."""
    return see_raw(lake, roots, hours, see_receipts(lake, roots, hours))


def see_raw(
    lake: Lake, roots: LakeRoots, hours: HourRange, receipts: Collection[ReceiptName]
) -> tuple[ReplayItem, ...]:
    """The same, where the receipts of the range are known."""
    with ThreadPoolExecutor(_AT_ONCE, "raw") as pool:
        listings = list(pool.map(lambda day: list_raw(lake, roots, day), hours.days))
    items = items_of((file for listing in listings for file in listing.files), receipts)
    return tuple(item for item in items if hours.first <= item.hour < hours.end)


@dataclass(frozen=True)
class Preview:
    """Counts what would be sent."""

    alerter: Alerter
    again: Again

    def __call__(self, item: ReplayItem) -> ReplayDone:
        again = _again(item, self.again)
        if item.verdict == LEFT:
            return _ended(item, self.alerter.finish(_name(item), dry=True))
        if item.verdict == SENT and again is Again.NO:
            return ReplayDone(item.source, item.etag, "already")
        return _ended(item, self.alerter.preview(item.source, item.version, again))


@dataclass(frozen=True)
class InProcess:
    """Replays in this process."""

    alerter: Alerter
    again: Again

    def __call__(self, item: ReplayItem) -> ReplayDone:
        if item.verdict == LEFT:
            return _ended(item, self.alerter.finish(_name(item)))
        return _ended(item, self.alerter.alert(item.source, item.version, _again(item, self.again)))


@dataclass(frozen=True)
class ByFunction:
    """Replays by the Lambda. Of a file without a receipt the receipt is waited for; of others nothing can be seen."""

    alerter: Alerter
    again: Again
    function: Function
    pause: Callable[[], bool]
    """Waits a while between two looks for a receipt; false when it is to wait no longer."""
    silent: threading.Event = field(default_factory=threading.Event)
    """Set once the function did not do in time what it was asked for: it is not asked any more."""

    def __call__(self, item: ReplayItem) -> ReplayDone:
        again = _again(item, self.again)
        if item.verdict == LEFT:  # what a Lambda cannot be asked for: it is asked for raw files
            return InProcess(self.alerter, again)(item)
        if item.verdict == SENT and again is Again.NO:
            return ReplayDone(item.source, item.etag, "already", scanned=item.etag)
        if self.silent.is_set():
            return _failed(item, "the function was not asked: it did not answer for another file", _SILENT)
        receipts, receipt = self.alerter.receipts, receipt_key(item.source, item.etag)
        blind, before = receipts.exists(receipt), receipts.state(receipt)
        wanted = RawObject(*bucket_and_key(self.alerter.raw, item.source), item.version)
        self.function.invoke(replay_request([wanted], again))
        if blind:
            self.pause()  # so many functions are not to run at once
            return ReplayDone(item.source, item.etag, ASKED, messages=None, scanned=item.etag)
        for _ in range(_POLLS):
            if receipts.exists(receipt):
                alerts = sum(1 for _ in receipts.lines(receipt))
                return ReplayDone(item.source, item.etag, "sent", alerts, None, scanned=item.etag)
            state = receipts.state(receipt)
            if state and state.broken and state != before:
                return _failed(item, "it cannot be read to its end", AGAIN)
            if not self.pause():
                break
        else:
            self.silent.set()
        return _failed(item, "the function was asked, and wrote no receipt yet", _SILENT)


def _again(item: ReplayItem, asked: Again) -> Again:
    """What the command asks for, else what a letter does."""
    return asked if asked is not Again.NO else Again(item.again)


def _name(item: ReplayItem) -> ReceiptName:
    return ReceiptName(item.source, item.etag, pending=True, state=True)


def _failed(item: ReplayItem, error: str, hint: str) -> ReplayDone:
    return ReplayDone(item.source, item.etag, FAILED, error=error, hint=hint, exit_code=EXIT_FAILED)


def _ended(item: ReplayItem, done: Alerted) -> ReplayDone:
    counts = done.alerts, done.messages, done.summarised
    return ReplayDone(item.source, item.etag, done.outcome, *counts, scanned=done.etag or item.etag)


def replay(
    items: Sequence[ReplayItem],
    act: Callable[[ReplayItem], ReplayDone],
    *,
    at_once: int,
    stopped: Callable[[Iterable[Hour]], bool],
    on_done: Callable[[ReplayDone], None],
) -> tuple[ReplayDone, ...]:
    """Replay files, `at_once` side by side, the oldest first: that is also the limit of their rate.

    One file's failure does not touch the others. After `stopped` no more are started.
    """
    ended: dict[ReplayItem, ReplayDone] = {}
    waiting = list(items)
    running: dict[Future[ReplayDone], ReplayItem] = {}
    with ThreadPoolExecutor(at_once, "replay") as pool:
        while waiting or running:
            stop = stopped(item.hour for item in running.values())
            while len(running) < at_once and not stop and (item := _startable(waiting, running.values())):
                waiting.remove(item)
                running[pool.submit(_attempt, act, item)] = item
            if not running:
                break
            done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                item = running.pop(future)
                ended[item] = future.result()
                on_done(ended[item])
    return tuple(ended.get(item) or _not_started(item) for item in items)


def _startable(waiting: Sequence[ReplayItem], running: Collection[ReplayItem]) -> ReplayItem | None:
    """The next; versions of one file wait for each other."""
    busy = {item.source for item in running}
    return next((item for item in waiting if item.source not in busy), None)


def _not_started(item: ReplayItem) -> ReplayDone:
    return ReplayDone(item.source, item.etag, NOT_STARTED, error="stopped before its turn", exit_code=EXIT_FAILED)


def _attempt(act: Callable[[ReplayItem], ReplayDone], item: ReplayItem) -> ReplayDone:
    try:
        return act(item)
    except ClickctlError as error:
        message = f"{error.message} {error.changed}".strip() if error.changed else error.message
        return ReplayDone(
            item.source,
            item.etag,
            FAILED,
            messages=error.sent,
            error=message,
            hint=error.hint,
            exit_code=error.exit_code,
        )
    except Exception as error:  # one file's surprise must not end the others
        text = f"unexpected {type(error).__name__}: {error}"
        return ReplayDone(item.source, item.etag, FAILED, error=text, exit_code=EXIT_SERVICE)


def patience(seconds: float, tired: Callable[[], bool]) -> Callable[[], bool]:
    """A pause between two looks, broken off as soon as one is `tired`: false then."""

    def pause() -> bool:
        until = time.monotonic() + seconds
        while not tired() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))
        return not tired()

    return pause
