"""clickctl alerts-replay: alerts that were not sent, sent once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clickctl.commands.context import day_or_range, root
from clickctl.domain.errors import UsageError

if TYPE_CHECKING:
    from clickctl.commands.alerts_run import Asked


def command(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="First arrival hour, UTC; default: a day ago.", metavar="FIRST")] = "",
    end: Annotated[str, typer.Argument(help="Hour or day after the last; default: now.", metavar="END")] = "",
    missing: Annotated[bool, typer.Option("--missing", help="Raw files without a sent receipt; the default.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every raw file: what is new in it is sent.")] = False,
    from_dlq: Annotated[bool, typer.Option("--from-dlq", help="What the dead-letter queue holds.")] = False,
    audit: Annotated[bool, typer.Option("--audit", help="Compare the facts with the receipts; send nothing.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Local lakes: follow new raw files until Ctrl-C.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Send again what was sent.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would be sent; send nothing.")] = False,
    max_parallel: Annotated[int, typer.Option(help="Raw files side by side.", min=1, max=64, metavar="N")] = 4,
    in_process: Annotated[bool, typer.Option("--in-process", help="Scan here, not in the Lambda function.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Send the alerts that were not sent.

    Looks for raw files without a receipt, scans them and tells the topic, each alert once. Safe to
    repeat, and beside the Lambda. --audit compares the purchases in the tables with the receipts.

    \b
    Examples:
      clickctl alerts-replay 2026-01-05 2026-01-06 --dry-run
      clickctl alerts-replay 2026-01-05T13 2026-01-05T16
      clickctl alerts-replay --from-dlq
      clickctl alerts-replay --audit 2026-01-05 2026-01-06
    """
    options = root(context)
    from clickctl.commands.alerts_run import Asked, Replay

    asked = Asked(first, end, everything, from_dlq, force, in_process, max_parallel)
    _refuse_mixtures(asked, missing=missing, audit=audit, watch=watch, dry_run=dry_run)
    hours = day_or_range(first, end)
    config = options.load()
    if audit:
        from clickctl.commands.alerts_audit import audit_alerts

        audit_alerts(options, config, hours)
    elif watch:
        from clickctl.commands.alerts_watch import watch_alerts

        watch_alerts(options, config, hours.first if first else None)
    else:
        Replay(options, config, asked, hours).run(dry_run=dry_run, yes=yes)


def _refuse_mixtures(asked: Asked, *, missing: bool, audit: bool, watch: bool, dry_run: bool) -> None:
    modes = {"--missing": missing, "--all": asked.everything, "--from-dlq": asked.from_dlq, "--audit": audit,
             "--watch": watch}  # fmt: skip
    given = [name for name, on in modes.items() if on]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} do not go together: give one of them.")
    if watch and asked.end:
        raise UsageError(
            "--watch goes on from FIRST: give no END.", hint=f"clickctl alerts-replay {asked.first} --watch"
        )
    if (audit or watch) and (asked.force or dry_run or asked.in_process):
        raise UsageError(f"{given[0]} goes with a range alone.", hint=f"clickctl alerts-replay {given[0]}")
    if asked.from_dlq and asked.first:
        raise UsageError(
            "--from-dlq takes what the queue holds: give no range.", hint="clickctl alerts-replay --from-dlq"
        )
    if asked.force and not (asked.everything or asked.from_dlq or asked.first):
        raise UsageError("--force sends again what was sent: say for which hours, FIRST and END.")
