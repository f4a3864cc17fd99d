"""clickctl doctor: is the set-up right?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import typer

from clickctl.commands.context import now, root
from clickctl.domain.hours import hour_of
from clickctl.plan.checks import Examination, Report, safe
from clickctl.render.console import show, show_json

_AT_ONCE = 16


def command(context: typer.Context) -> None:
    """Look at everything the configuration names.

    One line a resource, and what to do if it is not ok: warn, fail, or skipped where nothing can be
    known. Changes nothing: an upload is begun and aborted, a file made and removed, to see whether
    writing is permitted. Exit code 0 unless something failed: 3 when somebody has to put something
    right (configuration, credentials, permissions), 5 when only services did not answer. No secret
    is ever shown.

    \b
    Examples:
      clickctl doctor
      clickctl --profile oncall doctor --output json
    """
    options = root(context)
    config = options.load()
    from clickctl.wiring import doctor_for

    report = examined(doctor_for(config, hour_of(now()).day))
    if options.json:
        show_json(report)
    else:
        from clickctl.render.doctor import doctor

        show(doctor(report, options.talk.again))
    options.finish(report.exit_code, changed=False)


def examined(examination: Examination) -> Report:
    """All lines, looked at side by side."""
    with ThreadPoolExecutor(_AT_ONCE, "doctor") as pool:
        made = list(pool.map(lambda probe: probe.made(), examination.probes))
    secrets = [*examination.secrets()]
    return Report(tuple(safe(check, secrets) for check in made))
