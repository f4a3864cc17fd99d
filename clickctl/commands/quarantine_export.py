"""The bad records of a range of arrival hours, to stdout or to a file."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import dataclass, field

from clickctl.commands.context import Root
from clickctl.commands.quarantine_sink import Sink, target
from clickctl.domain.errors import EXIT_FAILED, EXIT_OK, DamagedLedger, UsageError, nothing_changed
from clickctl.domain.hours import Day, Hour, HourRange
from clickctl.domain.ledger import Ledger
from clickctl.plan.quarantine import QuarantineExport, parts_of
from clickctl.quarantined import Reading, entries, unsettled
from clickctl.render.console import show_json
from clickctl.render.words import plural, printable, size

_NAMED = 20  # damaged raw files that are told one by one


@dataclass
class Export:
    """One export: a day after the other, an entry after the other."""

    options: Root
    hours: HourRange
    reason: str
    to: str
    raw: bool
    force: bool
    reasons: set[str] = field(default_factory=set)
    uncommitted: int = 0

    def run(self) -> None:
        terminal = not self.to and sys.stdout.isatty()
        if terminal and self.raw:
            raise UsageError("--raw writes bytes that can command a terminal.", hint="Give --to FILE, or use a pipe.")
        config = self.options.load()
        from clickctl.wiring import publisher_for

        reading = Reading(publisher_for(config.lake, config.aws))
        with nothing_changed(), target(self.to, force=self.force) as out:
            sink = Sink(out, raw=self.raw, terminal=terminal)
            for day in self.hours.days:
                self._day(reading, day, sink)
            sink.end()
        self._tell(reading, sink)
        self.options.finish(EXIT_FAILED if reading.troubles else EXIT_OK, changed=bool(self.to))

    def _day(self, reading: Reading, day: Day, sink: Sink) -> None:
        wanted = {hour for hour in day.hours if self.hours.first <= hour < self.hours.end}
        try:
            ledger = reading.publisher.ledger(day)
        except DamagedLedger as error:
            reading.troubles.append(error)
            return
        parts = parts_of(ledger, wanted)
        self.reasons.update(*(part.commit.quality.reasons for part in parts))
        self._without_commit(reading, ledger, wanted.difference(*(part.hours for part in parts)))
        with closing(reading.of(ledger, wanted, entries, self.reason)) as found:
            for entry in found:
                sink.put(entry)

    def _without_commit(self, reading: Reading, ledger: Ledger, hours: set[Hour]) -> None:
        """Hours that nobody has run have no records yet; those of a publish under way or torn do have some."""
        found = {hour: unsettled(reading.publisher, ledger, hour) for hour in sorted(hours)}
        reading.troubles += {error.message: error for error in found.values() if error}.values()
        self.uncommitted += sum(error is None for error in found.values())

    def _tell(self, reading: Reading, sink: Sink) -> None:
        first, end, reason, to = self.hours.first, self.hours.end, self.reason or None, self.to or None
        counts = {"records": sink.records, "files": reading.files, "bytes": sink.bytes}
        say = self.options.talk.say
        if left_out := tuple(sink.left_out):
            say("left_out", _left_out(left_out), sources=left_out)
        if self.uncommitted:
            text = f"Not committed, and so not in this: {plural(self.uncommitted, 'hour')} of {self.hours}."
            say("not_committed", f"{text} See: clickctl status {self.hours.words}", hours=self.uncommitted)
        say("exported", self._sentence(reading, sink), first=first, end=end, reason=reason, to=to, **counts)
        if self.options.json and self.to:
            problems = tuple(trouble.message for trouble in reading.troubles)
            show_json(QuarantineExport(first, end, reason, to, **counts, left_out=left_out, problems=problems))
        for trouble in reading.troubles:
            trouble.changed = ""  # the rest was exported
            self.options.talk.error(trouble)

    def _sentence(self, reading: Reading, sink: Sink) -> str:
        if sink.records:
            place = f", to {self.to}" if self.to else ""
            return f"{plural(sink.records, 'record')} of {plural(reading.files, 'file')}, {size(sink.bytes)}{place}."
        those = f" with the reason {printable(self.reason)}" if self.reason else ""
        others = ", ".join(map(printable, sorted(self.reasons))) or "none"
        known = f" Reasons there are: {others}." if self.reason else ""
        return f"Nothing to export: no record of {self.hours}{those}.{known}"


def _left_out(sources: tuple[str, ...]) -> str:
    named = ", ".join(map(printable, sources[:_NAMED]))
    more = f" and {len(sources) - _NAMED} more" if len(sources) > _NAMED else ""
    return (
        f"Left out, because a damaged file is no line: {named}{more}. Have it delivered again whole; "
        "what came of it is exported without --raw."
    )
