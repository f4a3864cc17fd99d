"""clickctl status: what is missing, waiting, stale or torn."""

from __future__ import annotations

from typing import Annotated

import typer

from clickctl.commands.context import now, root
from clickctl.domain.errors import EXIT_OK, nothing_changed
from clickctl.domain.hours import HourRange, hour_of, parse_range
from clickctl.render.console import show, show_json


def command(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="First hour or day, UTC.", metavar="FIRST")] = "",
    end: Annotated[str, typer.Argument(help="Hour or day after the last; default: now.", metavar="END")] = "",
) -> None:
    """Show the state of every hour of a range.

    A calendar, its legend, and the commands that would mend what is not well. Without FIRST the
    last seven days. --verbose adds why each hour is not well.

    \b
    Examples:
      clickctl status
      clickctl status 2026-01-05 2026-01-08 --output json
    """
    options = root(context)
    present = hour_of(now())
    if first:
        hours = parse_range(first, end or str(present.plus(1)), now())
    else:
        hours = HourRange(present.day.plus(-6).first_hour, present.plus(1))
    config = options.load()
    from clickctl.survey import status_of
    from clickctl.wiring import publisher_for

    with nothing_changed():
        report = status_of(publisher_for(config.lake, config.aws), hours, config.quality, present)
    if options.json:
        show_json(report)
    else:
        from clickctl.render.status import status

        show(status(report, options.verbose, options.talk.again))
    options.finish(EXIT_OK, changed=False)
