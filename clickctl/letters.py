"""The dead-letter queue: its messages to raw files, and each deleted once all of its files have receipts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from clickctl.alerts import DeadLetters, Letter
from clickctl.domain.layout import raw_hour
from clickctl.domain.receipts import receipt_key
from clickctl.plan.replay import LEFT, MISSING, LetterReport, ReplayDone, ReplayItem
from clickctl.receipts import Receipts
from lambda_src.events import Ignored, RawObject, decode

MOST = 10_000
"""Letters read by one command. What was read stays hidden from others until the command ends, or 15 minutes."""

DELETED = "deleted"


@dataclass
class Mail:
    """The letters of a queue and what they ask for. `raw` is the root of raw files."""

    queue: DeadLetters
    receipts: Receipts
    raw: str
    letters: list[Letter] = field(default_factory=list)
    wanted: dict[str, tuple[RawObject, ...]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    items: dict[RawObject, ReplayItem] = field(default_factory=dict)

    def read(self) -> None:
        """Receive all that are visible now, and find the version of each file they ask for."""
        found: dict[str, Letter] = {}
        while len(found) < MOST and (letters := self.queue.receive()):
            found.update({letter.id: letter for letter in letters})
        self.letters = list(found.values())
        for letter in self.letters:
            self._open(letter)
        for one in {wanted for objects in self.wanted.values() for wanted in objects}:
            if item := self._item(one):
                self.items[one] = item

    def settle(self, done: Iterable[ReplayDone]) -> tuple[LetterReport, ...]:
        """Delete the letters whose files all have receipts, make the others visible again, and tell of each."""
        ended = {(one.source, one.etag): one for one in done}
        reports = [self._report(letter, ended) for letter in self.letters]
        settled = {report.id for report in reports if report.outcome == DELETED}
        self.queue.delete([letter for letter in self.letters if letter.id in settled])
        self.queue.release([letter for letter in self.letters if letter.id not in settled])
        return tuple(reports)

    def shown(self) -> tuple[LetterReport, ...]:
        """The letters as a dry run tells of them; all are made visible again."""
        self.queue.release(self.letters)
        return tuple(self._told(letter, self.problems.get(letter.id) or self._gone(letter)) for letter in self.letters)

    def _open(self, letter: Letter) -> None:
        parts = decode(letter.body)
        objects = tuple(part for part in parts if isinstance(part, RawObject) and self._source(part))
        strange = [part for part in parts if isinstance(part, Ignored)]
        others = [part for part in parts if isinstance(part, RawObject) and part not in objects]
        if objects and all(part.known for part in strange):
            self.wanted[letter.id] = objects
            return
        reasons = [part.reason for part in strange]
        reasons += [f"no raw file of this lake: {part.bucket}/{part.key}" for part in others]
        self.problems[letter.id] = "; ".join(reasons[:3]) or "it is empty"

    def _source(self, one: RawObject) -> str:
        """The key under the raw root; empty for what is no raw file of this lake."""
        bucket, _, prefix = self.raw.removeprefix("s3://").partition("/")
        source = one.key.removeprefix(f"{prefix}/" if prefix else "")
        return source if one.bucket == bucket and one.key.startswith(prefix) and raw_hour(source) else ""

    def _item(self, one: RawObject) -> ReplayItem | None:
        """None for a file that is no more."""
        source = self._source(one)
        hour = raw_hour(source)
        opened = self.receipts.lake.stream(f"{self.raw}/{source}", one.version)
        if opened is None or hour is None:
            return None
        with closing(opened.stream):
            return ReplayItem(hour, source, opened.etag, opened.size, MISSING, one.version)

    def _report(self, letter: Letter, ended: dict[tuple[str, str], ReplayDone]) -> LetterReport:
        why = self.problems.get(letter.id) or self._gone(letter)
        for item in self._items_of(letter):
            done = ended.get((item.source, item.etag))
            if not why and done and done.error:
                why = done.error
            elif not why and not self.receipts.exists(receipt_key(item.source, item.etag)):
                why = f"{item.source} has no receipt yet"
        return self._told(letter, why)

    def _gone(self, letter: Letter) -> str:
        lost = [one for one in self.wanted.get(letter.id, ()) if one not in self.items]
        return f"{lost[0].bucket}/{lost[0].key} is no more" if lost else ""

    def _items_of(self, letter: Letter) -> Iterator[ReplayItem]:
        return (self.items[one] for one in self.wanted.get(letter.id, ()) if one in self.items)

    def _told(self, letter: Letter, why: str) -> LetterReport:
        objects = tuple(sorted(f"{one.bucket}/{one.key}" for one in self.wanted.get(letter.id, ())))
        return LetterReport(letter.id, LEFT if why else DELETED, objects, why)
