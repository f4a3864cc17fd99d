"""What a test lets go wrong: rules over the statements as they arrive."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.redshift.record import Statement

Call = Callable[[Statement], object]


@dataclass
class Rule:
    """Meets `times` statements that match, from the `nth` on; `met` counts them."""

    pattern: re.Pattern[str]
    nth: int
    times: float
    cut_before: bool = False
    cut_after: bool = False
    reset: bool = False
    refusal: dict[str, str] | None = None
    call: Call | None = None
    call_after: Call | None = None
    mid_copy: Call | None = None
    seen: int = 0
    met: int = 0

    def meets(self, statement: Statement) -> bool:
        if not self.pattern.search(statement):
            return False
        self.seen += 1
        if not self.nth <= self.seen < self.nth + self.times:
            return False
        self.met += 1
        return True


class Faults:
    """Patterns are searched in the statement's text, over lines, whatever the case. `nth` counts from 1."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def cut_before(self, pattern: str, nth: int = 1, times: float = 1, reset: bool = False) -> Rule:
        """Cut the connection instead of running it. `reset`: the client gets ECONNRESET instead of an end."""
        return self._add(pattern, nth, times, cut_before=True, reset=reset)

    def cut_after(self, pattern: str, nth: int = 1, times: float = 1, reset: bool = False) -> Rule:
        """Run it to its end, then cut the connection before it is answered."""
        return self._add(pattern, nth, times, cut_after=True, reset=reset)

    def refuse(self, pattern: str, code: str, message: str, detail: str = "", nth: int = 1, times: float = 1) -> Rule:
        """Answer with this error; an open transaction fails with it, as with any error."""
        fields = {"S": "ERROR", "C": code, "M": message, **({"D": detail} if detail else {})}
        return self._add(pattern, nth, times, refusal=fields)

    def conflict(self, pattern: str, nth: int = 1, times: float = 1) -> Rule:
        """Answer with Redshift's serializable isolation violation."""
        detail = "Serializable isolation violation on table - 100167, transactions forming the cycle are: 1, 2 (pid:3)"
        return self.refuse(pattern, "XX000", "1023", detail, nth, times)

    def call(self, pattern: str, function: Call, nth: int = 1, times: float = 1) -> Rule:
        """Call this with the statement before it is run, in the connection's thread."""
        return self._add(pattern, nth, times, call=function)

    def call_after(self, pattern: str, function: Call, nth: int = 1, times: float = 1) -> Rule:
        """Call this when it was run, before it is answered."""
        return self._add(pattern, nth, times, call_after=function)

    def mid_copy(self, pattern: str, function: Call, nth: int = 1, times: float = 1) -> Rule:
        """Call this when a COPY has sent the first of its rows to PostgreSQL, and not yet said that it is done."""
        return self._add(pattern, nth, times, mid_copy=function)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def _add(self, pattern: str, nth: int, times: float, **what: object) -> Rule:
        rule = Rule(re.compile(pattern, re.IGNORECASE | re.DOTALL), nth, times, **what)  # type: ignore[arg-type]
        with self._lock:
            self._rules.append(rule)
        return rule

    def of(self, statement: Statement) -> list[Rule]:
        """The rules a statement meets as it arrives."""
        with self._lock:
            return [rule for rule in self._rules if rule.meets(statement)]
