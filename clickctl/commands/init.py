"""clickctl init: write a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clickctl.commands.context import root
from clickctl.domain.errors import EXIT_OK, ConfigError

TEMPLATE = """\
# clickctl configuration. docs/configuration.md tells every key.
backend = "local"

[lake]
raw = "{folder}/raw"
processed = "{folder}/processed"
quarantine = "{folder}/quarantine"
alerts = "{folder}/alerts"

[quality]
actions = ["page_view", "click", "search", "add_to_cart", "purchase"]   # ["*"] permits any
"""


def command(
    context: typer.Context,
    local: Annotated[
        str, typer.Option("--local", help="Folder of the lake; made if missing.", metavar="FOLDER")
    ] = "lake",
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing configuration.")] = False,
) -> None:
    """Write a configuration for a lake of folders.

    The file is clickctl.toml, or the one named by --config; the lake's raw folder is made too.

    \b
    Examples:
      clickctl init --local lake
      clickctl --config other.toml init --local /data/lake
    """
    options = root(context)
    target = Path(options.config or "clickctl.toml")
    folder = Path(local).expanduser().absolute()
    write_config(target, folder, force=force)
    follow = f"clickctl --config {target} status" if options.config else "clickctl status"
    text = f"Wrote {target}. Put raw files under {folder}/raw/YYYY/MM/DD/HH/, then: {follow}"
    options.talk.say("initialised", text, config=str(target), raw=f"{folder}/raw")
    options.finish(EXIT_OK, changed=True)


def write_config(target: Path, folder: Path, *, force: bool) -> None:
    """The raw folder and the file that names it; ConfigError if the file is there or cannot be written."""
    if target.exists() and not force:
        raise ConfigError(f"{target} is there already.", hint="Use --force to overwrite it.")
    text = TEMPLATE.format(folder=folder.as_posix().replace("\\", "\\\\").replace('"', '\\"'))
    try:
        (folder / "raw").mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    except OSError as error:
        hint = "Name another place with --local or --config."
        raise ConfigError(f"Cannot write {error.filename}: {error.strerror}.", hint=hint) from None
