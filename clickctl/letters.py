"""The dead-letter queue: its messages to raw files, and each deleted once all of its files have receipts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

from clickctl.alerts import DeadLetters, Letter
from clickctl.domain.errors import ClickctlError
from clickctl.domain.layout import raw_hour, raw_source
from clickctl.domain.receipts import receipt_key
from clickctl.plan.replay import ASKED, LEFT, MISSING, SENT, LetterReport, ReplayDone, ReplayItem
from clickctl.receipts import Receipts
from lambda_src.events import Ignored, RawObject, decode

_AT_ONCE = 16
MOST = 10_000
"""Letters read by one command. They are hidden from others until it ends, or for half an hour if it is killed."""

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
    items: dict[RawObject, ReplayItem | str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    _done: dict[tuple[str, str], ReplayDone] = field(default_factory=dict)
    _askers: dict[tuple[str, str], list[Letter]] = field(default_factory=dict)

    @property
    def todo(self) -> tuple[ReplayItem, ...]:
        """The files that all letters ask for, each version once."""
        found = {(one.source, one.etag): one for one in self.items.values() if isinstance(one, ReplayItem)}
        return tuple(sorted(found.values()))

    def read(self) -> None:
        """Receive all that are visible now, and find the version of each file they ask for."""
        found: dict[str, Letter] = {}
        try:
            while len(found) < MOST and (letters := self.queue.receive()):
                found.update({letter.id: letter for letter in letters})
        finally:
            self.letters = list(found.values())
        for letter in self.letters:
            self._open(letter)
        objects = list({wanted for objects in self.wanted.values() for wanted in objects})
        with ThreadPoolExecutor(_AT_ONCE, "letters") as pool:
            for one, item in zip(objects, pool.map(self._item, objects), strict=True):
                self.items[one] = item
        for letter in self.letters:
            for item in (self.items[one] for one in self.wanted.get(letter.id, ())):
                if isinstance(item, ReplayItem):
                    self._askers.setdefault((item.source, item.etag), []).append(letter)

    def note(self, done: ReplayDone) -> None:
        """A file has ended: letters whose files all have receipts now are deleted."""
        key = done.source, done.etag
        self._done[key] = done
        for letter in self._askers.get(key, ()):
            if letter.id in self.deleted or self._why_left(letter):
                continue
            try:
                self.queue.delete(letter)
                self.deleted.add(letter.id)
            except ClickctlError as error:  # the alerts are sent: the letter may be deleted another time
                self.problems[letter.id] = f"done, but it could not be deleted: {error.message}"

    def release(self) -> None:
        """Make what is left visible again."""
        self.queue.release([letter for letter in self.letters if letter.id not in self.deleted])

    def hidden(self) -> int:
        """How many letters others have received, or a run that was killed; they come back by themselves."""
        return max(0, self.queue.hidden() - (len(self.letters) - len(self.deleted)))

    def reports(self, *, applied: bool) -> tuple[LetterReport, ...]:
        """What became of each letter; of a dry run, what would if all goes well."""
        return tuple(self._report(letter, self._why_left(letter, hopeful=not applied)) for letter in self.letters)

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
        return raw_source(self.raw, one.bucket, one.key)

    def _item(self, one: RawObject) -> ReplayItem | str:
        """Or why there is none."""
        source = self._source(one)
        hour = raw_hour(source)
        try:
            opened = self.receipts.lake.stream(f"{self.raw}/{source}", one.version)
            if opened is None or hour is None:
                return f"{one.bucket}/{one.key} is no more"
            with closing(opened.stream):
                there = self.receipts.exists(receipt_key(source, opened.etag))
                return ReplayItem(
                    hour, source, opened.etag, opened.size, SENT if there else MISSING, one.version, one.again
                )
        except ClickctlError as error:  # one letter that cannot be done must not keep the others
            return error.message

    def _why_left(self, letter: Letter, *, hopeful: bool = False) -> str:
        """Empty for a letter that can be deleted."""
        if letter.id in self.problems:
            return self.problems[letter.id]
        for item in (self.items[one] for one in self.wanted[letter.id]):
            if isinstance(item, str):
                return item
            done = self._done.get((item.source, item.etag))
            if done and done.error:
                return done.error
            if hopeful:
                continue
            if done is None or done.outcome == ASKED:
                return f"{item.source} was not seen to be done"
            if not self.receipts.exists(receipt_key(item.source, done.scanned or item.etag)):
                return f"{item.source} has no receipt yet"
        return ""

    def _report(self, letter: Letter, why: str) -> LetterReport:
        objects = tuple(sorted(f"{one.bucket}/{one.key}" for one in self.wanted.get(letter.id, ())))
        deleted = letter.id in self.deleted or not why
        return LetterReport(letter.id, DELETED if deleted else LEFT, objects, "" if deleted else why)
