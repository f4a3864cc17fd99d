"""What every command begins with: the root options, the clock, the configuration, the backend."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from clickctl.domain.errors import EXIT_CHANGED, EXIT_INTERRUPTED, EXIT_OK, UsageError
from clickctl.render.console import Talk

if TYPE_CHECKING:
    from clickctl.config import Config
    from clickctl.domain.hours import HourRange, Unit
    from clickctl.execute import UnitRunner
    from clickctl.many import Stop
    from clickctl.wiring import Backend, Manner


ENGINE_HELP = "glue, local or spark; default: job.engine of the config."
NO_WAIT_HELP = "Engine glue: start the job run and leave it."
STOP_HELP = "Engine glue: Ctrl-C also stops the job runs that were started."


@dataclass(frozen=True)
class Root:
    """The options that every command shares."""

    config: str | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    json_log: bool = False
    detailed_exitcode: bool = False
    markdown: bool = False

    @property
    def talk(self) -> Talk:
        return Talk(self.json_log, self.quiet, self.config or "")

    def load(self) -> Config:
        from clickctl.config import find_config, load_config  # not at start-up: --help needs neither

        return load_config(find_config(self.config, os.environ), os.environ)

    def finish(self, code: int, *, changed: bool) -> NoReturn:
        """End with `code`; a success that changed something is 10 under --detailed-exitcode."""
        raise typer.Exit(EXIT_CHANGED if code == EXIT_OK and changed and self.detailed_exitcode else code)


def root(context: typer.Context) -> Root:
    found: Any = context.find_object(Root)
    return found if isinstance(found, Root) else Root()


def now() -> datetime:
    """The only reading of the clock that decides anything."""
    return datetime.now(UTC)


def day_or_range(first: str, end: str) -> HourRange:
    """FIRST and END as typed; without FIRST the last 24 hours and the present one."""
    from clickctl.domain.hours import HourRange, hour_of, parse_range

    present = hour_of(now()).plus(1)
    return parse_range(first, end or str(present), now()) if first else HourRange(present.plus(-25), present)


def runner_for(backend: Backend, config: Config, engine: str) -> UnitRunner:
    from clickctl.execute import UnitRunner

    return UnitRunner(backend.publisher, config.quality, config.job.target_file_mb * 1_000_000, engine == "glue")


def engine_name(flag: str, config: Config) -> str:
    """--engine, else the configured one."""
    from clickctl.settings import ENGINES

    if flag and flag not in ENGINES:
        raise UsageError(f"--engine {flag!r} is not one of {', '.join(ENGINES)}.")
    return flag or config.engine


def lanes(flag: int, config: Config, engine: str) -> int:
    """--max-parallel, else what the engine is made for: Spark alone takes all cores of a machine."""
    if engine == "glue":
        return flag or config.glue.max_concurrent_runs
    return flag or (1 if engine == "spark" else config.job.workers or os.cpu_count() or 1)


def manner_for(engine: str, *, wait: bool, stop_on_interrupt: bool, units_at_once: int = 1) -> Manner:
    """How the engine is to run; what only job runs elsewhere can do is refused for the others."""
    from clickctl.wiring import Manner

    if engine != "glue" and (stop_on_interrupt or not wait):
        raise UsageError("--no-wait and --stop-on-interrupt are for the engine glue.", hint="Leave them out.")
    return Manner(units_at_once, wait, stop_on_interrupt)


@contextmanager
def stopping(talk: Talk) -> Iterator[Stop]:
    """The first Ctrl-C (or SIGTERM) starts no more units; the second ends the program at once."""
    from clickctl.many import Stop

    def tell(running: Sequence[Unit]) -> None:
        names = [str(unit) for unit in running]
        still = f"still running: {', '.join(names)}" if names else "nothing is running"
        text = f"Starting no more; {still}. Ctrl-C again ends at once; the same command carries on later."
        talk.say("stopping", text, running=names)

    stop = Stop(tell)

    def handle(number: int, frame: object) -> None:
        if stop.asked:
            if sys.stderr.isatty():
                os.write(sys.stderr.fileno(), b"\x1b[?25h\n")  # the progress bar has hidden the cursor
            os._exit(EXIT_INTERRUPTED)  # a publish under way is torn, which the next run repairs
        stop.asked = True

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
