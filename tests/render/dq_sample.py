"""A made-up report on data quality, the same every time: a weekly shape, an hour in every state, every verdict."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby

from clickctl.domain.hours import Hour, HourRange
from clickctl.plan.dq.judging import CHECKS
from clickctl.plan.dq.results import (
    ORDER,
    Check,
    Counts,
    DayVerified,
    DqReport,
    Example,
    Expected,
    GroupFigures,
    HourFigures,
    ReasonFigures,
    Totals,
    Verdict,
    Verified,
)  # fmt: skip

FIRST = Hour(datetime(2026, 1, 5, tzinfo=UTC))  # a Monday
EVIL = '</script><img src=x onerror="window.pwned=1">\'"&amp;{{7*7}}'
RTL, BELL = "\u202egpj.exe\u202c", "a\x07b\x1b[31mred\x00"
LONG = "x" * 2000
NAMES = (EVIL, RTL, BELL, LONG, "<b>bold</b>", "\u2028line\u2029", "שלום", "z\u0335\u0336\u0337\u0338")

GOOD, WARN, FAIL, SKIP = Verdict.GOOD, Verdict.WARN, Verdict.FAIL, Verdict.NOT_JUDGED
_REASONS = {"missing_user_id": 45, "malformed_json": 25, "action_not_permitted": 12, "wrong_type:attributes": 9,
            "unparseable_event_time": 5, "event_time_out_of_range": 3, "invalid_utf8": 1}  # fmt: skip
_ODD: dict[tuple[int, int], tuple[str, float, tuple[str, ...]]] = {
    # day (from the end, if less than 0) and hour → state, share of the usual facts, findings
    (0, 3): ("missing", 0, ("missing",)), (0, 9): ("committed", 0.3, ("volume",)),
    (0, 13): ("committed", 0.9, ("quarantined",)), (0, 14): ("committed", 1, ("quarantined",)),
    (-1, 2): ("stale", 1, ("stale",)), (-1, 4): ("torn", 0, ("torn",)), (-1, 5): ("failed", 0, ("failed",)),
    (-1, 6): ("blocked", 0, ("failed",)), (-1, 11): ("committed", 1.7, ("volume",)),
    (-1, 18): ("waiting", 0, ("late",)), (-1, 19): ("waiting", 0, ()), (-1, 20): ("publishing", 0, ()),
    **{(-1, hour): ("future", 0, ()) for hour in (21, 22, 23)},
}  # fmt: skip
_REJECTED = {(0, 13): 0.16, (0, 14): 0.041}


def _usual(hour: Hour) -> int:
    """More by day than by night, and less at the weekend."""
    by_day = 1.1 - math.cos((hour.start.hour - 3) / 24 * 2 * math.pi)
    return int(52_000 * by_day * (0.55 if hour.start.weekday() > 4 else 1))


def _hour(hour: Hour, day: int, days: int) -> HourFigures:
    odd = _ODD.get((day, hour.start.hour)) or _ODD.get((day - days, hour.start.hour))
    state, part, findings = odd or ("committed", 1.0, ())
    files = 0 if state in ("missing", "future") else 2
    unknown = days > 5 and day == 4  # a whole day, committed before hours were counted
    counts, usual = None, _usual(hour)
    if part and not unknown:
        facts = int(usual * part * (1 + 0.06 * math.sin(hour.start.day * 7 + hour.start.hour * 3)))
        lines = facts + facts // 60
        rejected = int(lines * _REJECTED.get((day, hour.start.hour), 0.004 + 0.002 * math.sin(day + hour.start.hour)))
        counts = Counts(lines + rejected, facts, rejected)
    expected = None if state == "future" or unknown else Expected(usual, 0.6 * usual, 1.4 * usual)
    off = (counts.facts - usual) / (0.1 * usual) if counts and expected else None
    held = str(hour.day) if unknown or 0 < day < days - 1 else str(hour)
    unit = held if counts or unknown or state in ("torn", "publishing") else None
    verdict = FAIL if {"missing", "torn", "failed"} & set(findings) or (day, hour.start.hour) == (0, 13) else WARN
    return HourFigures(hour, state, unit, files, files * 410 * usual, counts, expected, off, findings,
                       verdict if findings else GOOD)  # fmt: skip


def _group(name: str, hours: Iterable[HourFigures]) -> GroupFigures:
    of = tuple(hours)
    known = [one.counts for one in of if one.counts]
    bands = [one.expected for one in of if one.counts and one.expected]
    counts = Counts(*(sum(getattr(one, name) for one in known) for name in ("lines", "facts", "quarantined")))
    if not known and len(of) > 1:  # a day that does not tell of its hours tells of itself
        usual = sum(_usual(one.hour) for one in of)
        counts = Counts(usual + usual // 60 + usual // 250, usual, usual // 250)
    middle = sum(band.facts for band in bands)
    expected = Expected(middle, 0.85 * middle, 1.15 * middle) if len(of) > 1 else bands[0] if bands else None
    weights = {reason: counts.quarantined * share // 100 for reason, share in _REASONS.items()}
    return GroupFigures(
        name, len(of), sum(one.state in ("committed", "stale") for one in of),
        counts if known or len(of) > 1 else None, expected if bands else None,
        {reason: count for reason, count in weights.items() if count},
        tuple(dict.fromkeys(finding for one in of for finding in one.findings)),
    )  # fmt: skip


def _check(name: str, verdict: Verdict, seen: str, value: float | None, warn: float | None, fail: float | None,
           since: str = "", command: str = "") -> Check:  # fmt: skip
    return Check(name, CHECKS[name][0], verdict, seen, value, CHECKS[name][1], warn, fail, since, command)


def _checks(days: int, hostile: bool) -> tuple[Check, ...]:
    last, end = FIRST.plus(24 * days - 24), FIRST.plus(24 * days)
    day, of_last, status = last.day, f"{last.day} {end.day}", f"clickctl status {last.day} {end.day} --details"
    field = EVIL if hostile else "referrer"
    return (
        _check("missing", FAIL, "1 hour without raw files: 2026-01-05T03", 1, 0, 0,
               "2026-01-05T03", "clickctl status 2026-01-05 2026-01-06"),
        _check("late", WARN, f"raw files of {day}T18 have waited for 2 h", 2, 1, 3, f"{day}T18",
               f"clickctl backfill {day}T18 {day}T20"),
        _check("failed", FAIL, "2 hours: the last run of one failed, one cannot be run", 2, 0, 0,
               f"{day}T05", status),
        _check("torn", FAIL, "1 hour: a run died while publishing it", 1, 0, 0, f"{day}T04",
               f"clickctl run-partition {day}T04"),
        _check("stale", WARN, "1 hour: its raw files changed since it was committed", 1, 0, None,
               f"{day}T02", f"clickctl run-partition {day}T02"),
        _check("volume", WARN, f"{day}T11: 1.7 times the facts of earlier weeks", 7.1, 4, 8,
               f"{day}T11", f"clickctl dq-report {of_last} --verbose"),
        _check("quarantined", FAIL, "16.00 % of the lines of 2026-01-05T13, 4.10 % of one hour more", 0.16, 0.02, 0.10,
               "2026-01-05T13", "clickctl dq-report 2026-01-05 2026-01-06 --verbose"),
        _check("duplicates", GOOD, "at most 1.67 % of the lines of an hour", 0.0167, 0.10, 0.50),
        _check("nulls", GOOD, "session_id rose by 1.20 % to 4.10 %", 0.012, 0.05, 0.25),
        _check("actions", GOOD, "purchase: 1.3 times its usual share", 1.3, 2, 10),
        _check("fields", WARN, f"1 field that was not seen before: {field}", 1, 0, None,
               str(day), f"clickctl dq-report {of_last} --verbose"),
        _check("lateness", GOOD, "0.40 % of the facts belong to earlier days", 0.004, 0.05, 0.25),
        _check("skew", GOOD, "no event is ahead of its hour", 0, 600, None),
        _check("newest_event", GOOD, "1 h 5 min old", 1.08, 3, 6),
        _check("newest_commit", GOOD, "50 min old", 0.83, 3, 6),
        _check("newest_load", SKIP, "load-hot has never run", None, 3, 24),
        _check("alerts", SKIP, "no topic is configured", None, 0, 0),
        _check("small_files", GOOD, "12 more than the bytes need", 12, 100, 1000),
        _check("large_files", GOOD, "the largest is 0.9 of job.target_file_mb", 0.9, 4, None),
        _check("file_skew", GOOD, "the largest is 1.1 times the middle one", 1.1, 4, None),
        _check("cost", SKIP, "$0.041 for a million events; no limit is set", 0.041, None, None),
        _check("rows", FAIL, "1 event-day has other rows than the ledger", 1, 0, 0, "2026-01-05",
               "clickctl dq-report 2026-01-05 2026-01-06 --verbose"),
        _check("doubled", GOOD, "0.31 % of the facts", 0.0031, 0.02, 0.10),
        _check("orphans", FAIL, "1 file that no commit has, 1 that is lost", 2, 0, 0, "2026-01-05",
               "clickctl register-partitions --dry-run"),
    )  # fmt: skip


def _reasons(totals: Counter[str], lines: int, hostile: bool) -> tuple[ReasonFigures, ...]:
    texts = ('{"event_time":"9999-99-99A99:99:99A","user_id":null,"action":"aaaaa_aaaa"}', '{"event_time":"9999-99',
             '{"user_id":"a9","action":"aaaaa","attributes":[9,9]}')  # fmt: skip
    found = []
    for n, (reason, count) in enumerate(totals.most_common()):
        named = f"wrong_type:{NAMES[n % len(NAMES)]}" if hostile and n else reason
        source = f"2026/01/05/13/{NAMES[n % len(NAMES)] if hostile else 'part-0.json.gz'}"
        samples = (NAMES[n % len(NAMES)], LONG, RTL + EVIL) if hostile else texts
        examples = [Example(source, 1200 + 7 * k if k else None, 90 * k + 71, text) for k, text in enumerate(samples)]
        command = f"clickctl quarantine show 2026-01-05T13 --reason {reason}"
        found.append(ReasonFigures(named, count, count / lines, "2026-01-05T13", command, tuple(examples[: 3 - n % 3])))
    return tuple(found)


def _totals(groups: Iterable[GroupFigures], hours: tuple[HourFigures, ...], hostile: bool) -> Totals:
    counts = [group.counted for group in groups]
    lines, facts = sum(one.lines for one in counts), sum(one.facts for one in counts)
    duplicates, quarantined = sum(one.duplicates for one in counts), sum(one.quarantined for one in counts)
    shares = {"page_view": 61, "click": 24, "search": 9, "add_to_cart": 5, "purchase": 1}
    actions = {name: facts * share // 100 for name, share in shares.items()}
    fields = {"referrer": lines // 40, "experiment": lines // 900}
    if hostile:
        actions |= {name: facts // 90 - n for n, name in enumerate(NAMES)}
        fields |= {name: lines // 800 - n for n, name in enumerate(NAMES)}
    nulls = {"session_id": facts // 24, "page_url": facts // 160, "attrs": 0}
    days = Counter({str(day): sum(one.counts.facts for one in of if one.counts)
                    for day, of in groupby(hours, key=lambda one: one.hour.day)})  # fmt: skip
    days.update({str(FIRST.day): -(facts // 250), str(FIRST.day.plus(-1)): facts // 250})
    files = sum(one.raw_files for one in hours)
    at = f"{hours[-4].hour}:52:07Z" if len(hours) > 3 else ""
    size = sum(one.raw_bytes for one in hours)
    return Totals(lines, facts, duplicates, quarantined, 27, lines, size, 46 * facts, files, files * 2,
                  actions, nulls, fields, dict(sorted(days.items())), at, at, "", 3.25, 1.43)  # fmt: skip


def _verified(groups: Iterable[GroupFigures], hostile: bool) -> Verified:
    by_day: Counter[str] = Counter()
    for group in groups:
        by_day[group.name[:10]] += group.counted.facts
    days = tuple(DayVerified(FIRST.day.plus(n), facts - 17 * (n == 0), facts, facts // 9, facts // 9, facts // 320,
                             0, 0, {"session_id": facts // 24})
                 for n, facts in enumerate(by_day.values()))  # fmt: skip
    folder = "fact_clicks/year=2026/month=01/day=05"
    orphan = f"{folder}/{EVIL if hostile else 'part-2026010503-0000.parquet'}"
    lost = (f"dim_users/{'/'.join(folder.split('/')[1:])}/part-2026010509-0000.parquet",)
    return Verified(days, (orphan,), lost, {}, "", 4, 1_730_000_000, 0.00865, 12.4)


def sample_report(days: int = 3, *, hostile: bool = False, group: str = "day") -> DqReport:
    """Hours from 2026-01-05 on. `hostile`: texts of others try to be markup, to turn the line, and to be too long."""
    end = FIRST.plus(24 * days)
    hours = tuple(_hour(hour, n // 24, days) for n, hour in enumerate(HourRange(FIRST, end)))
    over = [one for one in hours if one.state != "future"]
    parts = groupby(over, key=lambda one: str(one.hour if group == "hour" else one.hour.day))
    groups = tuple(_group(name, of) for name, of in parts)
    totals = _totals(groups, hours, hostile)
    reasons: Counter[str] = Counter()
    for one in groups:
        reasons.update(one.reasons)
    checks = _checks(days, hostile)
    return DqReport(
        at=f"{end.plus(-3)}:02:11Z",
        lake=f"s3://company-processed/{EVIL}/{RTL}" if hostile else "s3://company-processed/clickstream",
        first=FIRST, end=end,
        verdict=max((check.verdict for check in checks), key=ORDER.__getitem__),
        verdicts={str(verdict): sum(check.verdict is verdict for check in checks) for verdict in Verdict},
        checks=checks, totals=totals, group=group, groups=groups, hours=hours,
        reasons=_reasons(reasons, totals.lines, hostile),
        history_weeks=8, ledgers_read=min(51, days * 9), verified=_verified(groups, hostile),
    )  # fmt: skip


def empty_report(hours: int = 24) -> DqReport:
    """A lake that nothing has arrived in."""
    end = FIRST.plus(hours)
    none = tuple(HourFigures(hour, "missing", None, 0, 0, None) for hour in HourRange(FIRST, end))
    days = groupby(none, key=lambda one: str(one.hour.day))
    groups = tuple(GroupFigures(name, len(list(of)), 0, None, None, {}) for name, of in days)
    check = _check("missing", SKIP, "there has never been a raw file", None, 0, 0)
    totals = Totals(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {}, {}, {}, {}, "", "", "", None, None)
    return DqReport("2026-01-06T00:02:11Z", "/srv/clicks/lake", FIRST, end, SKIP, {SKIP.value: 1}, (check,), totals,
                    "day", groups, none, (), 0, 1)  # fmt: skip
