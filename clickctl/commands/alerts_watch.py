"""clickctl alerts-replay --watch: new raw files of a folder lake, scanned as they come."""

from __future__ import annotations

import time
from functools import partial

from clickctl.commands.alerts_run import loud, owner, tell_done
from clickctl.commands.context import Root, now, stopping
from clickctl.config import Config
from clickctl.domain.errors import EXIT_INTERRUPTED, UsageError
from clickctl.domain.hours import Hour, HourRange, hour_of

_EVERY = 0.5  # seconds between two looks
_REST = 60.0  # and before a file that failed is tried again


def watch_alerts(options: Root, config: Config, first: Hour | None) -> None:
    """Until Ctrl-C. A file is scanned once it is the same at two looks: whoever writes it has ended."""
    from clickctl.alerting import Again
    from clickctl.plan.replay import ReplayItem, to_replay
    from clickctl.replaying import InProcess, replay, see_items
    from clickctl.wiring import alerter_for

    if config.lake.raw.startswith("s3://"):
        hint = "On S3 the bucket's events start the Lambda; 'clickctl alerts-replay' finds what they missed."
        raise UsageError("--watch is for lakes of folders.", hint=hint)
    alerter = alerter_for(config, owner(), loud(options))
    act = InProcess(alerter, Again.NO)
    begin = first or hour_of(now()).plus(-1)
    text = f"Watching {config.lake.raw} from arrival hour {begin} (UTC) on; Ctrl-C ends it."
    options.talk.say("watching", text, raw=config.lake.raw, first=begin)

    before: set[ReplayItem] = set()
    resting: dict[ReplayItem, float] = {}  # those that failed, and when they may be tried again
    with stopping(options.talk) as stop:
        while not stop.asked:
            hours = HourRange(begin, max(begin, hour_of(now())).plus(2))
            seen = set(to_replay(see_items(alerter.lake, config.lake, hours), everything=False))
            settled = sorted(item for item in seen & before if resting.get(item, 0) < time.monotonic())
            ended = replay(settled, act, at_once=1, stopped=stop.noticed, on_done=partial(tell_done, options))
            failed = [item for item, done in zip(settled, ended, strict=True) if done.exit_code]
            resting.update(dict.fromkeys(failed, time.monotonic() + _REST))
            before = seen
            time.sleep(_EVERY)
    options.finish(EXIT_INTERRUPTED, changed=True)
