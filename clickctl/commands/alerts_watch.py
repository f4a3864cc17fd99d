"""clickctl alerts-replay --watch: new raw files of a folder lake, scanned as they come."""

from __future__ import annotations

import os
import time
from uuid import uuid4

from clickctl.commands.context import Root, now, stopping
from clickctl.config import Config
from clickctl.domain.errors import EXIT_FAILED, EXIT_INTERRUPTED, UsageError
from clickctl.domain.hours import Hour, HourRange, hour_of

_EVERY = 0.5  # seconds between two looks


def watch_alerts(options: Root, config: Config, first: Hour | None) -> None:
    """Until Ctrl-C. A file is scanned once it is the same at two looks: whoever writes it has ended."""
    from clickctl.alerting import Again
    from clickctl.plan.replay import ReplayDone, ReplayItem, to_replay
    from clickctl.render.alerts import done_line
    from clickctl.replaying import InProcess, replay, see_items
    from clickctl.wiring import alerter_for

    if config.lake.raw.startswith("s3://"):
        hint = "On S3 the bucket's events start the Lambda; 'clickctl alerts-replay' finds what they missed."
        raise UsageError("--watch is for lakes of folders.", hint=hint)
    alerter = alerter_for(config, f"{os.uname().nodename}-{uuid4().hex[:12]}", options.talk.say)
    act = InProcess(alerter, Again.NO)
    options.talk.say("watching", f"Watching {config.lake.raw}; Ctrl-C ends it.", raw=config.lake.raw)

    def tell(done: ReplayDone) -> None:
        options.talk.say("replayed", done_line(done), source=done.source, outcome=done.outcome,
                         alerts=done.alerts, messages=done.messages, error=done.error)  # fmt: skip

    before: set[ReplayItem] = set()
    failed: set[ReplayItem] = set()
    with stopping(options.talk) as stop:
        while not stop.asked:
            present = hour_of(now())
            hours = HourRange(first or present.plus(-1), present.plus(2))
            seen = set(to_replay(see_items(alerter.lake, config.lake, hours), everything=False))
            settled = sorted((seen & before) - failed)
            done = replay(settled, act, at_once=1, stopped=stop.noticed, on_done=tell)
            failed |= {item for item, one in zip(settled, done, strict=True) if one.exit_code == EXIT_FAILED}
            before = seen
            time.sleep(_EVERY)
    options.finish(EXIT_INTERRUPTED, changed=True)
