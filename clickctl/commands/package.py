"""clickctl package: what AWS is given, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clickctl.commands.context import root
from clickctl.domain.errors import EXIT_OK
from clickctl.render.console import show, show_json


def command(
    context: typer.Context,
    out: Annotated[str, typer.Option(help="Folder to write to.", metavar="FOLDER")] = "dist",
    wheels: Annotated[
        bool, typer.Option("--wheels", help="Also download the modules that Glue lacks, for a job without internet.")
    ] = False,
) -> None:
    """Write the zips of the Lambda and the Glue job.

    The Lambda's zip, the Glue job's library and its script, with their hashes. The same version
    of clickctl writes the same bytes on every machine. With --wheels also FOLDER/wheels, which
    pip downloads. Other versions of these files in FOLDER are removed: Terraform takes what is there.

    \b
    Examples:
      clickctl package
      clickctl package --wheels
      clickctl package --out build --output json
    """
    options = root(context)
    from clickctl.packaging import JOB_MODULES, write_packages

    if wheels:
        modules = ", ".join(JOB_MODULES)
        options.talk.say("downloading", f"Downloading the wheels of {modules} by pip.", modules=list(JOB_MODULES))
    written = write_packages(Path(out), wheels=wheels)
    if options.json:
        show_json(written)
    else:
        from clickctl.render.packages import packages

        show(packages(written))
    options.finish(EXIT_OK, changed=True)
