"""clickctl dq-report: is the data good?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from clickctl.commands.context import now, root
from clickctl.domain.errors import EXIT_FAILED, EXIT_SERVICE, ClickctlError, UsageError, nothing_changed
from clickctl.domain.hours import LONGEST_RANGE, HourRange, hour_of, parse_range

_LAST = re.compile(r"(\d{1,4})([hd])", re.ASCII)
_FEW_HOURS = 48
_HELP = "clickctl dq-report --help"


def command(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="First arrival hour or day, UTC.", metavar="FIRST")] = "",
    end: Annotated[str, typer.Argument(help="Hour or day after the last; default: now.", metavar="END")] = "",
    last: Annotated[str, typer.Option(help="The hours before now: 24h, 7d, 30d.", metavar="SPAN")] = "",
    verify: Annotated[bool, typer.Option("--verify", help="Ask the tables too, which scans them.")] = False,
    html: Annotated[str, typer.Option(help="Write the report as a page, too.", metavar="FILE")] = "",
    fail_on: Annotated[str, typer.Option(help="warn or fail: what ends with exit code 1.", metavar="WHAT")] = "fail",
    group: Annotated[str, typer.Option(help="hour or day; default: by the range.", metavar="BY")] = "",
    limit: Annotated[
        list[str] | None, typer.Option(help="Another limit, as quarantined=0.01,0.05.", metavar="CHECK=WARN,FAIL")
    ] = None,
    no_samples: Annotated[bool, typer.Option("--no-samples", help="Show no examples of bad records.")] = False,
    emit: Annotated[str, typer.Option(help="cloudwatch: put verdicts and counts as metrics.", metavar="WHERE")] = "",
) -> None:
    """Tell whether the data is good.

    Judges the ledgers of some arrival hours, without FIRST the last 24: what is missing, late or
    torn, volume against earlier weeks, rejects, duplicates, freshness, alerts, files, cost. Scans no
    table and costs a few reads, unless --verify asks Athena, or DuckDB. Exit code 0 if no check
    failed, 1 if one did; trouble in looking is never 1.

    \b
    Examples:
      clickctl dq-report
      clickctl dq-report --last 7d --html dq.html
      clickctl dq-report 2026-01-05 2026-01-06 --verify --verbose
      clickctl dq-report --last 24h --quiet --fail-on warn --limit quarantined=0.01,0.05
    """
    options = root(context)
    for name, value, known in (("--fail-on", fail_on, ("warn", "fail")), ("--group", group, ("", "hour", "day")),
                               ("--emit", emit, ("", "cloudwatch"))):  # fmt: skip
        if value not in known:
            raise UsageError(f"{name} {value!r} is not one of {', '.join(filter(None, known))}.", hint=_HELP)
    from clickctl.commands.dq_run import Asked, DqRun
    from clickctl.plan.dq.results import Verdict

    hours = _range(first, end, last)
    asked = Asked(hours, group or ("hour" if len(hours) <= _FEW_HOURS else "day"), limit or [], verify,
                  not no_samples, html, emit)  # fmt: skip
    with _never_failed():
        report = DqRun(options, options.load(), asked).run()
    options.finish(report.exit_code(Verdict(fail_on)), changed=False)


def _range(first: str, end: str, last: str) -> HourRange:
    """The hours that are over, unless END says otherwise."""
    present = hour_of(now())
    if end and not first:
        raise UsageError(f"END is {end}, and there is no FIRST.", hint="Give both, or neither.")
    if not last:
        return parse_range(first, end or str(present), now()) if first else HourRange(present.plus(-24), present)
    match = _LAST.fullmatch(last)
    hours = int(match[1]) * (24 if match[2] == "d" else 1) if match else 0
    if first:
        raise UsageError("--last goes up to now: give no FIRST.", hint=f"clickctl dq-report --last {last}")
    if not 0 < hours <= LONGEST_RANGE:
        raise UsageError(f"--last {last!r} is no number of hours or days.", hint="Write 24h, 7d or 30d.")
    return HourRange(present.plus(-hours), present)


@contextmanager
def _never_failed() -> Iterator[None]:
    """Exit code 1 says that the data is bad: trouble in looking at it is not to say so."""
    try:
        with nothing_changed():
            yield
    except ClickctlError as error:
        if error.exit_code == EXIT_FAILED:
            error.exit_code = EXIT_SERVICE
        raise
