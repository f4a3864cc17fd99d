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
    local: Annotated[str, typer.Option("--local", help="Folder of the lake; made if missing.")] = "lake",
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing configuration.")] = False,
) -> None:
    """Write clickctl.toml for a lake of folders, and make its raw folder.

    Examples: clickctl init --local lake;  clickctl --config other.toml init --local /data/lake
    """
    options = root(context)
    target = Path(options.config or "clickctl.toml")
    folder = Path(local).expanduser().absolute()
    write_config(target, folder, force=force)
    options.talk.say("initialised", f"Wrote {target}. Put raw files under {folder}/raw/YYYY/MM/DD/HH/, then: clickctl status")
    options.finish(EXIT_OK, changed=True)


def write_config(target: Path, folder: Path, *, force: bool, extra: str = "") -> None:
    """The file and the raw folder it names; ConfigError if it is there already or cannot be written."""
    text = TEMPLATE.format(folder=folder.as_posix().replace("\\", "\\\\").replace('"', '\\"')) + extra
    try:
        with open(target, "w" if force else "x", encoding="utf-8") as out:
            out.write(text)
        (folder / "raw").mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise ConfigError(f"{target} is there already.", hint="Use --force to overwrite it.") from None
    except OSError as error:
        raise ConfigError(f"Cannot write {target}: {error}.") from None
