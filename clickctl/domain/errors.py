"""The one tree of errors: what failed, what to run next, and the exit code.

Anything foreseeable is raised as one of these and shown without a traceback. `changed` states
what had and had not been changed when it happened; most errors come before any change.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_CONFIG = 3
EXIT_CONFLICT = 4
EXIT_SERVICE = 5
EXIT_CHANGED = 10
EXIT_INTERRUPTED = 130

NOTHING = "Nothing was changed."


class ClickctlError(Exception):
    """Base of every error shown to people."""

    exit_code = EXIT_FAILED
    sent = 0
    """Messages that had been sent before it: of alerts alone."""

    def __init__(self, message: str, *, hint: str = "", changed: str = NOTHING) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.changed = changed

    def __reduce__(self) -> tuple[object, ...]:
        # Workers send errors between processes; keyword-only arguments do not pickle by themselves.
        return (_rebuild, (type(self), self.message, self.hint, self.changed))


def _rebuild(kind: type[ClickctlError], message: str, hint: str, changed: str) -> ClickctlError:
    return kind(message, hint=hint, changed=changed)


class UsageError(ClickctlError):
    """The words of the command are wrong."""

    exit_code = EXIT_USAGE


class ConfigError(ClickctlError):
    """The configuration, or the credentials it names, cannot be used."""

    exit_code = EXIT_CONFIG


class CommitConflict(ClickctlError):
    """Another run owns or changed this unit meanwhile."""

    exit_code = EXIT_CONFLICT


class Locked(CommitConflict):
    """Another process is at work where only one can be: nothing can be done now."""


class LakeError(ClickctlError):
    """Storage refused or failed: permission, disk full, damaged document."""

    exit_code = EXIT_SERVICE


class DamagedLedger(LakeError):
    """A ledger is there and cannot be understood: a matter of its day alone."""


class EngineError(ClickctlError):
    """The engine could not run at all (no Java, a worker killed, a cluster refused)."""

    exit_code = EXIT_SERVICE


class Unreached(EngineError):
    """A service cannot be reached, or is lost again and again: whatever is asked of it next would fail too."""


class RunFailed(ClickctlError):
    """A unit was attempted and is not committed."""


class AlertFailed(ClickctlError):
    """Not all of a raw object was read, or not all of its alerts were accepted."""


@contextmanager
def nothing_changed() -> Iterator[None]:
    """For what comes before any change: an error of a lake or a service, which cannot know that, says so."""
    try:
        yield
    except ClickctlError as error:
        error.changed = error.changed or NOTHING
        raise
