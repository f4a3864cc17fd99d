"""clickctl quarantine: the records that were set aside, looked at and exported."""

from __future__ import annotations

from typing import Annotated

import typer

from clickctl.commands.context import day_or_range, now, root
from clickctl.domain.hours import parse_unit

_REASON_HELP = "Only records with this reason: missing_user_id, wrong_type:page_url, …"

HELP = """Look at the records that were set aside.

Records are personal data, unfiltered: whatever was in the line, passwords included.

\b
Examples:
  clickctl quarantine show 2026-01-05T13
  clickctl quarantine export 2026-01-05 2026-01-06 --reason malformed_json --to bad.ndjson
"""


def show(
    context: typer.Context,
    unit: Annotated[
        str, typer.Argument(help="Hour or day, UTC: 2026-01-05T13, 2026-01-05, last-hour, -3h.", metavar="UNIT")
    ],
    reason: Annotated[str, typer.Option(help=_REASON_HELP, metavar="REASON")] = "",
    limit: Annotated[int, typer.Option(help="Records to show.", min=1, max=1000, metavar="N")] = 20,
) -> None:
    """Show the bad records of an hour or a day.

    How many there are by reason, and the first of them: reasons, raw file, line, and the original
    bytes, escaped. On a terminal they are cut to its width, unless --verbose is given. These are
    personal data, unfiltered.

    \b
    Examples:
      clickctl quarantine show 2026-01-05T13
      clickctl quarantine show yesterday --reason wrong_type:page_url --limit 100 --output json
    """
    options = root(context)
    wanted = parse_unit(unit, now())
    from clickctl.commands.quarantine_show import show_unit

    show_unit(options, wanted, reason, limit)


def export(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="First arrival hour, UTC; default: a day ago.", metavar="FIRST")] = "",
    end: Annotated[str, typer.Argument(help="Hour or day after the last; default: now.", metavar="END")] = "",
    reason: Annotated[str, typer.Option(help=_REASON_HELP, metavar="REASON")] = "",
    to: Annotated[str, typer.Option(help="File to write, for its owner alone; default: stdout.", metavar="FILE")] = "",
    raw: Annotated[bool, typer.Option("--raw", help="The original lines, to be mended and delivered again.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Write the bad records of a range of arrival hours.

    A JSON object a line, exactly as stored; with --raw the original lines, and damaged files, which
    are none, are left out. FILE is there at the end or not at all. These are personal data, unfiltered.

    \b
    Examples:
      clickctl quarantine export 2026-01-05 2026-01-06 | jq -r .source | sort | uniq -c
      clickctl quarantine export -3h --reason malformed_json --raw --to part-mended.json
    """
    options = root(context)
    hours = day_or_range(first, end)
    from clickctl.commands.quarantine_export import Export

    Export(options, hours, reason, to, raw=raw, force=force).run()


COMMANDS = {"show": show, "export": export}
