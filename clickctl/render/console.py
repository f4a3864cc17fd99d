"""The two streams: data on stdout, talk on stderr."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clickctl.domain.errors import ClickctlError
from clickctl.domain.structure import to_plain

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_WIDEST = 10_000
_SUGGESTED = re.compile(
    r"\bclickctl (?=(--verbose )?"
    r"(run-partition|backfill|status|register-partitions|load-hot|alerts-replay|dq-report|quarantine|doctor)\b)"
)


def show_json(result: Any) -> None:
    """A frozen result as JSON on stdout; never through rich."""
    plain = to_plain(result)
    text = json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False)
    if sys.stdout.isatty():  # nothing in it may command a terminal
        text = "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    sys.stdout.write((text if can_show(text) else json.dumps(plain, indent=2)) + "\n")


def show(renderable: RenderableType) -> None:
    """A table or text on stdout: as wide as the terminal, or off one, as wide as it needs."""
    console = console_for(sys.stdout)
    sys.stdout.write(rendered(console, renderable, console.width if sys.stdout.isatty() else None))


def show_fitted(made: Callable[[int], RenderableType]) -> None:
    """What is laid out for a width: the terminal's, or off one 80 columns, unless COLUMNS says otherwise."""
    console = console_for(sys.stdout)
    width = max(80, console.width)
    sys.stdout.write(rendered(console, made(width), width))


def show_text(text: str) -> None:
    sys.stdout.write(text if can_show(text) else text.encode("ascii", "backslashreplace").decode())


def rendered(console: Console, renderable: RenderableType, width: int | None) -> str:
    """Text at most `width` wide; wider, for the terminal to wrap, where a word or number would be cut."""
    from rich.measure import Measurement

    wide = console.options.update(max_width=_WIDEST, width=_WIDEST)
    needs = Measurement.get(console, wide, renderable)
    console.width = max(80, needs.maximum if width is None else max(width, needs.minimum))
    with console.capture() as shown:
        console.print(renderable, crop=False)
    return "".join(f"{line.rstrip()}\n" for line in shown.get().splitlines())


def console_for(stream: Any) -> Console:
    from rich.console import Console

    return Console(file=stream, highlight=False, emoji=False, markup=False)


def can_show(text: str) -> bool:
    """False where stdout's encoding has no such characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class Talk:
    """What is said on stderr while working: sentences, or one JSON object a line for cron."""

    json_lines: bool = False
    quiet: bool = False
    config: str = ""

    def again(self, text: str) -> str:
        """The text with --config in the commands it suggests, if this command was given one."""
        if not self.config:
            return text
        return _SUGGESTED.sub(f"clickctl --config {shlex.quote(self.config)} ", text)

    def say(self, event: str, text: str, **fields: object) -> None:
        """Tell `text` to people, or `event` with its fields to machines."""
        if self.json_lines:
            self._line("info", event, fields)
        elif not self.quiet:
            _write(self.again(text))

    def error(self, error: ClickctlError) -> None:
        """An error: what failed, what was changed, what to run next. Not silenced by quiet."""
        if self.json_lines:
            fields = {
                "message": error.message,
                "changed": error.changed,
                "hint": error.hint,
                "exit_code": error.exit_code,
            }
            self._line("error", "error", {key: value for key, value in fields.items() if value != ""})
            return
        lines = [f"error: {error.message}"]
        lines += [f"       {error.changed}"] if error.changed else []
        lines += [f" next: {self.again(error.hint)}"] if error.hint else []
        _write("\n".join(lines))

    def _line(self, level: str, event: str, fields: dict[str, object]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        plain = {key: to_plain(value) for key, value in fields.items()}
        _write(json.dumps({"at": at, "level": level, "event": event, **plain}))


def _write(text: str) -> None:
    """One write, so that lines of several threads stay lines.

    Where nobody can be told (a full disk, a reader that has gone), nobody is: the exit code says it all the same.
    """
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except OSError:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (Python must not try again at its end)
