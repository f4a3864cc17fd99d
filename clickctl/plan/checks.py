"""What `doctor` looks at, what it found, and the exit code that follows: pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from clickctl.domain.errors import EXIT_CONFIG, EXIT_OK, EXIT_SERVICE, ClickctlError, ConfigError
from clickctl.domain.ledger import Ledger
from clickctl.domain.secrets import one_line


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """One line: what was seen of one resource, and for warn and fail what to do.

    `exit_code` of a failure is EXIT_CONFIG where somebody has to put something right, and
    EXIT_SERVICE where a service did not answer; else 0.
    """

    name: str
    resource: str
    verdict: Verdict
    seen: str
    hint: str = ""
    exit_code: int = EXIT_OK


@dataclass(frozen=True)
class Subject:
    """What a line is about."""

    name: str
    resource: str

    def ok(self, seen: str) -> Check:
        return Check(self.name, self.resource, Verdict.OK, seen)

    def warn(self, seen: str, hint: str) -> Check:
        return Check(self.name, self.resource, Verdict.WARN, seen, hint)

    def fail(self, seen: str, hint: str, exit_code: int = EXIT_CONFIG) -> Check:
        return Check(self.name, self.resource, Verdict.FAIL, seen, hint, exit_code)

    def skipped(self, seen: str) -> Check:
        """Nothing is known, and nothing has to be done about it here."""
        return Check(self.name, self.resource, Verdict.SKIPPED, seen)


@dataclass(frozen=True)
class Probe:
    """One thing to look at. `look` may raise: that is a failure of this line alone."""

    subject: Subject
    look: Callable[[Subject], Check]

    def made(self) -> Check:
        """The line. Any ClickctlError is one of the configuration or of a service, by its exit code."""
        subject = self.subject
        try:
            return self.look(subject)
        except ClickctlError as error:
            seen = told(error, subject.resource)
            code = EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_SERVICE
            return subject.fail(seen, error.hint, code)
        except Exception as error:  # the surprise of one line must not hide the others
            seen = f"unexpected {type(error).__name__}: {error}"
            return subject.fail(seen, "This is a defect of clickctl: report it.", EXIT_SERVICE)


def told(error: ClickctlError, *known: str) -> str:
    """The error without what a line says anyway at its beginning."""
    text = error.message.rstrip(". ")
    for name in known:
        text = text.removeprefix(f"{name}: ")
    return text


@dataclass(frozen=True)
class Examination:
    """What there is to look at, in the order it is shown. `secrets` gives texts that must never be."""

    probes: Sequence[Probe]
    secrets: Callable[[], Iterable[str]] = tuple


@dataclass(frozen=True)
class Report:
    """All lines in a stable order, and how many there are of each verdict."""

    checks: tuple[Check, ...]
    ok: int = field(init=False)
    warn: int = field(init=False)
    fail: int = field(init=False)
    skipped: int = field(init=False)

    def __post_init__(self) -> None:
        for verdict in Verdict:
            object.__setattr__(self, verdict.value, sum(check.verdict is verdict for check in self.checks))

    @property
    def exit_code(self) -> int:
        """What a person must put right goes before what may pass by itself."""
        codes = {check.exit_code for check in self.checks} - {EXIT_OK}
        if EXIT_CONFIG in codes:
            return EXIT_CONFIG
        return max(codes, default=EXIT_OK)


def safe(check: Check, secrets: Iterable[str] = ()) -> Check:
    """A line as it may be shown: one line, no secrets, no web page that some proxy answered with."""
    seen, hint, resource = (one_line(text, secrets) for text in (check.seen, check.hint, check.resource))
    return replace(check, seen=seen, hint=hint, resource=resource)


def ledger_seen(ledger: Ledger) -> str:
    units = len(ledger.units)
    count = f"{units} {'unit' if units == 1 else 'units'}" if units else "no unit"
    return f"readable, {count} of today"


def fits(version: str, wanted: str) -> bool:
    """Whether `3.5.6` is what `>=3.5,<3.6` asks for. What is no number in a version is passed over."""
    for part in wanted.split(","):
        found = re.fullmatch(r"(>=|<|==)\s*(.+)", part.strip())
        if found is None:
            raise ValueError(f"{part!r} is no bound")
        one, other = _numbers(version), _numbers(found[2])
        if not {">=": one >= other, "<": one < other, "==": one == other}[found[1]]:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """`3.10.0` and `3.10` are the same."""
    numbers = [int(found) for found in re.findall(r"\d+", version)]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
