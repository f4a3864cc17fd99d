"""clickctl init: write a configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from clickctl.commands.context import root
from clickctl.commands.files import whole_file
from clickctl.domain.errors import EXIT_OK, ConfigError, UsageError

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
        str | None,
        typer.Option("--local", help="Folder of the lake, made if missing; default: lake.", metavar="FOLDER"),
    ] = None,
    from_terraform: Annotated[
        str | None,
        typer.Option(
            "--from-terraform",
            help="Terraform's folder, a file with what 'terraform output -json' printed, or - for stdin.",
            metavar="PLACE",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing configuration.")] = False,
) -> None:
    """Write a configuration.

    The file is clickctl.toml, or the one named by --config. It is for a lake of folders, whose raw
    folder is made too, or with --from-terraform for what Terraform has made on AWS.

    \b
    Examples:
      clickctl init --local lake
      clickctl --config other.toml init --local /data/lake
      clickctl init --from-terraform terraform
      terraform output -json | clickctl init --from-terraform -
    """
    options = root(context)
    target = Path(options.config or "clickctl.toml")
    if from_terraform is not None:
        if local is not None:
            raise UsageError("--local and --from-terraform are two ways to a configuration.", hint="Leave one out.")
        if not from_terraform:
            raise UsageError(
                "--from-terraform names no place.", hint="Name Terraform's folder, a file, or - for stdin."
            )
        write_from_terraform(target, from_terraform, force=force)
        text = f"Wrote {target}, as Terraform's outputs say. Next: clickctl doctor"
        options.talk.say("initialised", text, config=str(target), terraform=from_terraform)
    else:
        folder = Path(local or "lake").expanduser().absolute()
        write_config(target, folder, force=force)
        text = f"Wrote {target}. Put raw files under {folder}/raw/YYYY/MM/DD/HH/, then: clickctl status"
        options.talk.say("initialised", text, config=str(target), raw=f"{folder}/raw")
    options.finish(EXIT_OK, changed=True)


def write_from_terraform(target: Path, place: str, *, force: bool) -> None:
    """The file that says what Terraform made; ConfigError if it cannot be had, read or written."""
    from clickctl.commands.terraform import configuration

    _refuse_existing(target, force=force)  # before Terraform is asked, which takes its time
    _put(target, configuration(place), force=force)


def write_config(target: Path, folder: Path, *, force: bool) -> None:
    """The raw folder and the file that names it; ConfigError if the file is there or cannot be written."""
    _refuse_existing(target, force=force)
    text = TEMPLATE.format(folder=folder.as_posix().replace("\\", "\\\\").replace('"', '\\"'))
    try:
        (folder / "raw").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"Cannot write {error.filename}: {error.strerror}.", hint=_OTHER) from None
    _put(target, text, force=force)


_OTHER = "Name another place with --local or --config."


def _refuse_existing(target: Path, *, force: bool) -> None:
    if target.exists() and not force:
        raise ConfigError(f"{target} is there already.", hint="Use --force to overwrite it.")


def _put(target: Path, text: str, *, force: bool) -> None:
    """Whole or not at all; readable by whom the umask lets, as cron has its own account and no secret is in it."""
    umask = os.umask(0o077)
    os.umask(umask)
    place = target.resolve() if target.is_symlink() else target  # a link to where the configuration is kept stays one
    try:
        with whole_file(str(place), replace=force, hint=_OTHER, keep_mode=True) as file:
            os.fchmod(file.fileno(), 0o666 & ~umask)
            file.write(text.encode("utf-8"))
    except UsageError as error:
        raise ConfigError(error.message, hint=error.hint) from None
