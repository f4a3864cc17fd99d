"""clickctl alerts-replay --audit: what is in the tables and was never alerted."""

from __future__ import annotations

from clickctl.commands.context import Root, now
from clickctl.config import Config
from clickctl.domain.errors import nothing_changed
from clickctl.domain.hours import HourRange, hour_of
from clickctl.render.console import show, show_json


def audit_alerts(options: Root, config: Config, hours: HourRange) -> None:
    """Changes nothing; exit code 1 when something was missed."""
    from clickctl.auditing import audit_range
    from clickctl.wiring import lake_for, query_for

    lake = lake_for(config.lake, config.aws)
    with nothing_changed():
        report = audit_range(
            hours, hour_of(now()), lake, config.lake, config.quality, query_for(config), config.catalog.facts,
            config.alerts.action,
        )  # fmt: skip
    if options.json:
        show_json(report)
    else:
        from clickctl.render.audit import audited

        show(audited(report))
    options.talk.say("audited", report.next, missed=len(report.missed), without_receipt=report.without_receipt,
                     next=report.next)  # fmt: skip
    options.finish(report.exit_code, changed=False)
