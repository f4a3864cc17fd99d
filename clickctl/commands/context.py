"""What every command begins with: the root options, the clock, the configuration, the backend."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from clickctl.config import Config, find_config, load_config
from clickctl.domain.errors import EXIT_CHANGED, EXIT_OK
from clickctl.render.console import Talk

if TYPE_CHECKING:
    from clickctl.execute import UnitRunner
    from clickctl.wiring import Backend


@dataclass(frozen=True)
class Root:
    """The options that every command shares."""

    config: str | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    json_log: bool = False
    detailed_exitcode: bool = False

    @property
    def talk(self) -> Talk:
        return Talk(self.json_log, self.quiet)

    def load(self) -> Config:
        return load_config(find_config(self.config, os.environ), os.environ)

    def finish(self, code: int, *, changed: bool) -> None:
        """End with `code`; a success that changed something is 10 under --detailed-exitcode."""
        raise typer.Exit(EXIT_CHANGED if code == EXIT_OK and changed and self.detailed_exitcode else code)


def root(context: typer.Context) -> Root:
    found: Any = context.find_object(Root)
    return found if isinstance(found, Root) else Root()


def now() -> datetime:
    """The only reading of the clock that decides anything."""
    return datetime.now(UTC)


def runner_for(backend: Backend, config: Config) -> UnitRunner:
    from clickctl.execute import UnitRunner

    return UnitRunner(backend.publisher, config.quality, config.job.target_file_mb * 1_000_000)
