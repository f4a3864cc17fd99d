"""A look at the bad records of one unit."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import NoReturn

from clickctl.commands.context import Root
from clickctl.domain.errors import EXIT_FAILED, EXIT_OK, nothing_changed
from clickctl.domain.hours import Unit
from clickctl.domain.ledger import Ledger
from clickctl.domain.quality import total
from clickctl.domain.structure import to_plain
from clickctl.plan.quarantine import KEPT_BYTES, Part, QuarantineView, Record, ShownRecord, parts_of, shown
from clickctl.publish import Publisher
from clickctl.quarantined import Reading, read_records, refusal, unsettled
from clickctl.render.console import console_for, show, show_json
from clickctl.render.words import plural


def show_unit(options: Root, unit: Unit, reason: str, limit: int) -> NoReturn:
    config = options.load()
    from clickctl.wiring import publisher_for

    publisher = publisher_for(config.lake, config.aws)
    terminal = sys.stdout.isatty()
    cut = terminal and not options.verbose and not options.json
    with nothing_changed():
        ledger = publisher.ledger(unit.day)
        parts = parts_of(ledger, unit.hours)
        if not parts:
            raise refusal(publisher, ledger, unit)
        _tell_parts(options, publisher, ledger, unit, parts)
        reading = Reading(publisher)
        view = _look(reading, ledger, unit, parts, reason, limit, KEPT_BYTES if cut else sys.maxsize)
    if options.json and terminal:
        sys.stdout.write(json.dumps(to_plain(view), indent=2) + "\n")  # all escaped: nothing commands the terminal
    elif options.json:
        show_json(view)
    else:
        from clickctl.render.quarantine import looked_at

        show(looked_at(view, console_for(sys.stdout).width if cut else None, options.talk.again))
    for trouble in reading.troubles:
        options.talk.error(trouble)
    options.finish(EXIT_FAILED if reading.troubles else EXIT_OK, changed=False)


def _tell_parts(options: Root, publisher: Publisher, ledger: Ledger, unit: Unit, parts: tuple[Part, ...]) -> None:
    say = options.talk.say
    if not parts[0].whole:
        text = f"{unit} belongs to a day that is committed as a whole: shown is what of {unit.day} came in that hour."
        say("redirected", text, hour=unit, unit=unit.day)
    if missing := len(unit.hours) - sum(len(part.hours) for part in parts):
        say("not_committed", f"Not committed, and so not in this: {plural(missing, 'hour')} of {unit}.", hours=missing)
    if found := unsettled(publisher, ledger, unit):
        say("unsettled", f"{found.message} What is shown may be of either run.", unit=unit)


@dataclass
class _Seen:
    """What was read: how many records, how many of the reason, and the first of those."""

    quarantined: int = 0
    matching: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    kept: list[ShownRecord] = field(default_factory=list)

    def add(self, record: Record, reason: str, limit: int) -> None:
        self.quarantined += 1
        self.reasons.update(record.reasons)
        if not reason or reason in record.reasons:
            self.matching += 1
            if len(self.kept) < limit:
                self.kept.append(shown(record))


def _look(
    reading: Reading, ledger: Ledger, unit: Unit, parts: tuple[Part, ...], reason: str, limit: int, keep: int
) -> QuarantineView:
    """Whole units are counted by the ledger and read as far as is shown; an hour of a day is counted here."""
    whole, seen = all(part.whole for part in parts), _Seen()
    read = partial(read_records, keep=keep)
    with closing(reading.of(ledger, unit.hours, read, reason if whole else "")) as found:
        for record in found:
            seen.add(record, reason, limit)
            if whole and len(seen.kept) == limit:
                break
    if whole:
        quality = total(part.commit.quality for part in parts)
        seen.quarantined, seen.reasons = quality.quarantined, Counter(quality.reasons)
        seen.matching = quality.reasons.get(reason, 0) if reason else quality.quarantined
    reasons = dict(sorted(seen.reasons.items()))
    counts = (seen.quarantined, reasons, reason or None, seen.matching)
    problems = tuple(trouble.message for trouble in reading.troubles)
    return QuarantineView(unit, tuple(part.unit for part in parts), *counts, tuple(seen.kept), problems)
