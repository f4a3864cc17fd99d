"""Which raw files alerts are replayed for, and what became of them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from clickctl.domain.errors import EXIT_CONFLICT, EXIT_FAILED, EXIT_OK
from clickctl.domain.hours import Hour, HourRange
from clickctl.domain.layout import raw_hour
from clickctl.domain.ledger import InputFile
from clickctl.domain.receipts import ReceiptName

MISSING, PENDING, SENT, LEFT = "missing", "pending", "sent", "left"
"""Verdicts: no receipt; begun and not ended; sent; begun, and its raw file is no more."""

PLANNED, ASKED, FAILED, NOT_STARTED = "planned", "asked", "failed", "not-started"


@dataclass(frozen=True, order=True)
class ReplayItem:
    """One version of a raw file. `size` in bytes, 0 where it is no more; `again` is what a letter asked for."""

    hour: Hour
    source: str
    etag: str
    size: int
    verdict: str
    version: str = ""
    again: str = "no"


@dataclass(frozen=True)
class ReplayDone:
    """What became of one: `outcome` is sent, already, gone, planned, asked, failed or not-started.

    `etag` is the item's, `scanned` that of the version that was there. `messages` is None where the
    function sent them, which does not tell.
    """

    source: str
    etag: str
    outcome: str
    alerts: int = 0
    messages: int | None = 0
    summarised: bool = False
    error: str = ""
    hint: str = ""
    exit_code: int = EXIT_OK
    scanned: str = ""


@dataclass(frozen=True)
class LetterReport:
    """What became of one message of the dead-letter queue: deleted, or left and why."""

    id: str
    outcome: str
    objects: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True)
class HourCount:
    """The raw files of one hour: all of them, those to be replayed, and what that gave."""

    hour: Hour
    files: int
    to_do: int
    bytes: int
    alerts: int = 0
    messages: int | None = 0
    failed: int = 0


@dataclass(frozen=True)
class ReplayReport:
    """How a replay ended, or with `applied` false what it would do: then alerts and messages are what it would send.

    `hours` are those with files; `letters` those of the dead-letter queue, where it was asked.
    """

    mode: str
    first: str
    end: str
    applied: bool
    audience: tuple[str, ...]
    hours: tuple[HourCount, ...]
    files: tuple[ReplayDone, ...]
    letters: tuple[LetterReport, ...] = ()
    next: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def messages(self) -> int | None:
        return _total(one.messages for one in self.files)

    @property
    def exit_code(self) -> int:
        """1 when something is left to do; 4 when all that is left is being sent by others."""
        codes = {done.exit_code for done in self.files if done.exit_code}
        if self.applied and any(letter.outcome == LEFT for letter in self.letters):
            codes.add(EXIT_FAILED)
        if not codes:
            return EXIT_OK
        return EXIT_CONFLICT if codes == {EXIT_CONFLICT} else EXIT_FAILED


def items_of(raw: Iterable[InputFile], receipts: Collection[ReceiptName]) -> tuple[ReplayItem, ...]:
    """A verdict on every raw file, and on what is pending of those that are no more; in order."""
    names = {(name.source, name.etag, name.pending) for name in receipts}
    found = []
    present = set()
    for file in raw:
        if (hour := raw_hour(file.key)) is not None:
            present.add((file.key, file.etag))
            began, sent = ((file.key, file.etag, pending) in names for pending in (True, False))
            found.append(
                ReplayItem(hour, file.key, file.etag, file.size, PENDING if began else SENT if sent else MISSING)
            )
    lost = {name for name in receipts if name.pending and (name.source, name.etag) not in present}
    return tuple(sorted({*found, *(ReplayItem(name.hour, name.source, name.etag, 0, LEFT) for name in lost)}))


def _total(counts: Iterable[int | None]) -> int | None:
    """None if one of them is not known."""
    known = list(counts)
    return None if None in known else sum(count for count in known if count is not None)


def to_replay(items: Iterable[ReplayItem], *, everything: bool) -> tuple[ReplayItem, ...]:
    return tuple(item for item in items if everything or item.verdict != SENT)


def hours_of(
    items: Sequence[ReplayItem], chosen: Collection[ReplayItem], done: Iterable[ReplayDone]
) -> tuple[HourCount, ...]:
    """The counts of every hour that has files."""
    wanted, ended = set(chosen), {(one.source, one.etag): one for one in done}
    counts = []
    for hour in sorted({item.hour for item in items}):
        of_hour = [item for item in items if item.hour == hour]
        todo = [item for item in of_hour if item in wanted]
        became = [ended[key] for item in todo if (key := (item.source, item.etag)) in ended]
        counts.append(
            HourCount(
                hour, len(of_hour), len(todo), sum(item.size for item in todo),
                sum(one.alerts for one in became), _total(one.messages for one in became),
                sum(one.outcome in (FAILED, NOT_STARTED) for one in became),
            )
        )  # fmt: skip
    return tuple(counts)


def replay_report(
    mode: str, hours: HourRange | None, items: Sequence[ReplayItem], todo: Collection[ReplayItem],
    done: Sequence[ReplayDone], letters: tuple[LetterReport, ...], *, audience: tuple[str, ...], applied: bool,
    command: str, hidden: int = 0,
) -> ReplayReport:  # fmt: skip
    """The report; `command` is what does it, for a dry run, or goes on with it."""
    counts: dict[str, int] = {}
    for one in done:
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
    first, end = (str(hours.first), str(hours.end)) if hours else ("", "")
    report = ReplayReport(mode, first, end, applied, audience, hours_of(items, todo, done), tuple(done), letters,
                          counts=dict(sorted(counts.items())))  # fmt: skip
    return replace(report, next=_next(report, command, hidden))


def _next(report: ReplayReport, command: str, hidden: int) -> str:
    """One line: what helps the first file in trouble, or the same again, or nothing."""
    troubled = [one for one in report.files if one.exit_code and one.outcome != NOT_STARTED]
    if report.applied:
        command = command.replace(" --force", "")  # what was sent again need not be so a third time
    if troubled:
        hints = [one.hint for one in troubled if one.hint]
        return f"Next: {hints[0]} Then: {command}" if hints else f"Next: clickctl --verbose {command.split(' ', 1)[1]}"
    if not report.applied:
        return f"Next: {command}" if report.files else "Nothing to do."
    if report.exit_code and any(one.outcome == NOT_STARTED for one in report.files):
        return f"Next: {command}"
    if any(letter.outcome == LEFT for letter in report.letters):
        return "The letters that were left are told above; they leave the queue by themselves, at its retention."
    if any(one.outcome == ASKED for one in report.files):
        return "Next: look at the function's log: of files that had a receipt it cannot be seen here when it is done."
    if hidden:
        return (
            f"SQS tells of letters that another run holds, or one that was killed: {hidden}, for half an hour at most."
        )
    return "Nothing more to do."
