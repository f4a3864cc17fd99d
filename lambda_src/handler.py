"""The Lambda: decode an event, scan every raw file it names, send, and say in one line each what was done.

An invocation fails if anything in its event could not be done to the end, so that Lambda repeats it
and dead-letters it at last. It can be repeated at will: what was sent is not sent again.
Settings are clickctl's own variables, `CLICKCTL_LAKE_RAW` and the like; docs/alerts.md lists them.
"""

from __future__ import annotations

import os
import time
import traceback
from functools import lru_cache
from typing import Any

from clickctl.alerting import Again, Alerted, Alerter
from clickctl.aws.alerts import SnsTopic
from clickctl.aws.lake import S3Lake
from clickctl.domain.errors import AlertFailed, ClickctlError, Locked
from clickctl.domain.layout import raw_source
from clickctl.receipts import Receipts
from lambda_src import log
from lambda_src.events import Ignored, RawObject, decode
from lambda_src.settings import Settings, settings_of


def handle(event: Any, context: Any) -> dict[str, int]:
    """Lambda's entry: counts of what was done, by outcome. Raises AlertFailed if anything is left to do."""
    counts: dict[str, int] = {}
    try:
        settings = _settings()
        alerter = _alerter(settings, str(getattr(context, "aws_request_id", "") or ""))
    except ClickctlError as error:
        log.say("misconfigured", error=error.message, hint=error.hint)
        raise
    for part in decode(event):
        if isinstance(part, Ignored):
            log.say("ignored", reason=part.reason, known=part.known)
            outcome = "ignored" if part.known else "unknown"
        else:
            outcome = _one(alerter, part)
        counts[outcome] = counts.get(outcome, 0) + 1
    if left := sum(counts.get(outcome, 0) for outcome in ("failed", "locked", "unknown")):
        raise AlertFailed(f"{left} parts of the event could not be done; the log tells which.", changed="")
    return counts


def _one(alerter: Alerter, wanted: RawObject) -> str:
    """The outcome of one object, told in the log."""
    source = raw_source(alerter.raw, wanted.bucket, wanted.key)
    if not source:
        log.say("ignored", reason="no raw file of this lake", bucket=wanted.bucket, key=wanted.key, known=True)
        return "ignored"
    began = time.monotonic()
    try:
        done = alerter.alert(source, wanted.version, Again(wanted.again))
    except Locked as error:  # another delivery of the event is at it: Lambda asks again in a minute
        log.say("locked", source=source, error=error.message)
        return "locked"
    except ClickctlError as error:
        log.say("failed", source=source, error=error.message, changed=error.changed)
        log.metrics(Failed=1)
        return "failed"
    except Exception as error:  # must not keep the other objects of the event from being done
        log.say("failed", source=source, error=f"unexpected {type(error).__name__}", changed="")
        log.metrics(Failed=1)
        traceback.print_tb(error.__traceback__)  # without its text, which may quote a line
        return "failed"
    milliseconds = round((time.monotonic() - began) * 1000)
    log.say(done.outcome, **_fields(done), milliseconds=milliseconds)
    log.metrics(
        Objects=1, Alerts=done.alerts, Messages=done.messages, Summaries=int(done.summarised), Bytes=done.scanned,
        Milliseconds=milliseconds,
    )  # fmt: skip
    return done.outcome


def _fields(done: Alerted) -> dict[str, object]:
    return {
        "source": done.source, "etag": done.etag, "alerts": done.alerts, "messages": done.messages,
        "summarised": done.summarised, "bytes": done.scanned, "lines_read": done.candidates,
    }  # fmt: skip


@lru_cache(maxsize=1)
def _settings() -> Settings:
    return settings_of(os.environ)


def _alerter(settings: Settings, request: str) -> Alerter:
    """`request` is the same when Lambda repeats an event that failed (AWS re:Post, "Lambda duplicate invocations"), a
    minute and two minutes later: its claim is its own again."""
    alerts, lake = settings.alerts, S3Lake(settings.aws)
    topic = SnsTopic(alerts.topic, settings.aws) if alerts.topic else None
    receipts = Receipts(lake, settings.alerts_root, request or f"lambda-{time.time_ns()}")
    return Alerter(lake, settings.raw, receipts, settings.quality, alerts.action, topic, alerts.max_messages)
