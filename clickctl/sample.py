"""A made-up but realistic day of clickstream files, the same for the same seed.

`clickctl demo` and the benchmark read what this writes. Lines are put together from strings, not by
json.dumps: most of a line belongs to its session and is rendered once. Users and pages are Zipf
distributed through `int(n ** random())`, which gives rank r a share that falls off as 1/r.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from itertools import accumulate, islice, pairwise
from pathlib import Path
from random import Random
from typing import Any

USERS, PAGES, OPEN_SESSIONS = 60_000, 4_000, 90
SESSION_ENDS = 1 / 9  # so a session has nine events on average
DUPLICATE, FROM_LAST_HOUR, LATE, UNUSUAL = 0.02, 0.0205, 0.01, 0.01  # the second is a running total
BAD_EVERY = 200  # the kinds take turns, so 6,400 events have every one of them
RECENT, CARRIED, BATCH = 500, 100, 1_000
HOUR, LATEST = 3_600_000_000, 3 * 24 * 3_600_000_000  # microseconds
# Events per hour of the day (UTC), relative: quiet before dawn, busiest in the evening.
CURVE = [30, 22, 17, 14, 14, 18, 28, 42, 55, 62, 66, 70]
CURVE += [74, 72, 68, 67, 70, 76, 86, 96, 100, 88, 66, 44]
ACTIONS = ["page_view"] * 58 + ["click"] * 26 + ["search"] * 10 + ["add_to_cart"] * 5 + ["purchase"]
AGENTS = [
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36"
    for system in ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "Android 14")
    for v in range(118, 132)
]
COUNTRIES = [("DE", "EUR"), ("FR", "EUR"), ("PL", "PLN"), ("US", "USD"), ("GB", "GBP")]
WORDS = ["schuhe größe 42", "thé vert", "żółta kurtka", "赤いバッグ", "mouse", "café ☕", "lamp"]
LABELS = ["In den Warenkorb", "Añadir", 'Jetzt \\"heute\\" kaufen', "詳細を見る", "Next page"]
REFERRERS = ["https://www.google.com/search?q=shoes", "https://news.example.org/", "android-app://"]
ODD_ATTRIBUTES = [  # only where hostile: good JSON that a careless rewrite would change
    '{"z":19.90,"a":1e3,"neg":-0.0,"escaped":"caf\\u00e9 \\ud83d\\ude00","deep":[[1,{"k":null}]]}',
    '{"big":12345678901234567890,"no":false,"":"empty key","tab":"a\\tb"}',
]
Bad = tuple[str, str, Any]  # (reason, field to replace, with what; ... leaves it out)
TRUNCATED, WHOLE_LINE = "truncated", "whole line"
TOO_LONG: Bad = ("line_too_long", "page_url", "/" * 1_100_000)
BAD: list[Bad] = [
    ("malformed_json", TRUNCATED, None),
    *(("missing_user_id", "user_id", user) for user in (None, "", "  ", "-", ...)),
    *(("unparseable_event_time", "event_time", time) for time in (None, "", "yesterday")),
    *(("action_not_permitted", "action", action) for action in ("hover", "log_out")),
]
WRONG_TYPES: dict[str, Any] = {"event_time": {"seconds": 1}, "user_id": True, "session_id": ["a"]}
WRONG_TYPES |= {"action": 5, "page_url": {"path": "/"}, "user_agent": ["curl"], "ip": {"v": 4}}
HOSTILE: list[Bad] = [
    *((f"wrong_type:{field}", field, value) for field, value in WRONG_TYPES.items()),
    *(("wrong_type:attributes", "attributes", value) for value in ("none", [1])),
    *(("not_an_object", WHOLE_LINE, line) for line in ('["click","u1"]', "42", "null")),
    *(("malformed_json", WHOLE_LINE, line) for line in ("GET / HTTP/1.1", '{"action":"click",}')),
    ("malformed_json", "attributes", {"ratio": float("nan")}),
    *(("event_time_out_of_range", "event_time", timedelta(days)) for days in (-9, 1)),
    ("unparseable_event_time", "event_time", "2026-02-30T10:00:00Z"),
    ("invalid_utf8", "page_url", "https://shop.example.com/caf\udce9"),  # written as the byte E9
]


@dataclass(frozen=True)
class Sample:
    """How much to write: `events` counts the lines of all hours, blank ones apart."""

    hours: int
    events: int
    files_per_hour: int = 2
    seed: int = 7
    hostile: bool = True  # False: only the mess that any careful pipeline copes with


@dataclass(frozen=True)
class _File:
    hour: datetime
    number: int
    lines: int
    ordinal: int  # of its first line, over the whole sample


@dataclass(frozen=True)
class _Session:
    head: str  # from the user to the quote that opens the action
    tail: str  # from the quote that closes the page to the attributes
    place: str  # the attributes all its events share
    clock: Callable[[int], str]  # how this client writes microseconds since the epoch


def write_sample(root: Path, first: datetime, sample: Sample, *, jobs: int = 1) -> int:
    """Write root/YYYY/MM/DD/HH/part-NNNNN.json.gz from hour `first` on; return bytes written."""
    if first.tzinfo is None or first.timestamp() % 3600:
        raise ValueError(f"first must be a whole hour in UTC, not {first}")
    files = _files(first.astimezone(UTC), sample)
    before = [None] * sample.files_per_hour + files  # each file's neighbour of the hour before
    if jobs == 1:
        return sum(map(partial(_write_file, root, sample), files, before))
    with ProcessPoolExecutor(jobs) as pool:
        return sum(pool.map(partial(_write_file, root, sample), files, before))


def _files(first: datetime, sample: Sample) -> list[_File]:
    count = sample.files_per_hour
    hours = [first + timedelta(hours=h) for h in range(sample.hours) for _ in range(count)]
    passed = [0, *accumulate(CURVE[hour.hour] for hour in hours)]
    bounds = pairwise(sample.events * weight // passed[-1] for weight in passed)
    numbered = enumerate(zip(hours, bounds, strict=True))
    return [_File(hour, i % count, end - start, start) for i, (hour, (start, end)) in numbered]


def _write_file(root: Path, sample: Sample, file: _File, before: _File | None) -> int:
    path = root / f"{file.hour:%Y/%m/%d/%H}" / f"part-{file.number:05d}.json.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = _lines(sample, file, before)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as zipped:
        while batch := "".join(islice(lines, BATCH)):
            zipped.write(batch.encode("utf-8", "surrogateescape"))
    return path.stat().st_size


def _lines(sample: Sample, file: _File, before: _File | None) -> Iterator[str]:
    """The file's lines, each with its newline, with repeats and bad ones among them."""
    rng = Random(f"{sample.seed} {file.hour:%Y%m%d%H} {file.number} repeats")
    random, fresh, recent = rng.random, _fresh(sample, file), list[str]()
    carried = list(islice(_fresh(sample, before), CARRIED)) if before else []
    kinds = BAD + HOSTILE if sample.hostile else BAD
    for i in range(file.ordinal, file.ordinal + file.lines):
        draw = random()
        if i % BAD_EVERY == BAD_EVERY - 1:
            turn = i // BAD_EVERY
            kind = TOO_LONG if sample.hostile and turn == 0 else kinds[turn % len(kinds)]
            yield _bad(rng, file.hour, rng.choice(recent) if recent else next(fresh), kind)
            if sample.hostile and turn % 8 == 0:
                yield "  \n" if turn % 16 else "\n"
        elif draw < DUPLICATE and recent:
            yield rng.choice(recent)
        elif DUPLICATE <= draw < FROM_LAST_HOUR and carried:
            yield rng.choice(carried)
        else:
            line = next(fresh)
            recent[i % RECENT : i % RECENT + 1] = [line]  # appends until there are enough
            yield line


def _bad(rng: Random, hour: datetime, line: str, kind: Bad) -> str:
    _, field, value = kind
    if field == TRUNCATED:
        return line[: rng.randrange(1, len(line) - 2)] + "\n"
    if field == WHOLE_LINE:
        return f"{value}\n"
    if isinstance(value, timedelta):
        value = (hour + value * rng.uniform(1, 9)).isoformat()
    event = {**json.loads(line), field: value}
    if value is ...:
        del event[field]
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n"


def _fresh(sample: Sample, file: _File) -> Iterator[str]:
    """Good lines without repeats, in the order of their arrival, spread over the hour."""
    rng = Random(f"{sample.seed} {file.hour:%Y%m%d%H} {file.number}")
    random, step = rng.random, HOUR / max(1, file.lines)
    start = int(file.hour.timestamp()) * 1_000_000
    sessions = [_session(rng, sample.hostile) for _ in range(OPEN_SESSIONS)]
    for n in range(file.lines):
        session = sessions[slot := int(random() * OPEN_SESSIONS)]
        moment = start + int((n + random()) * step)
        if random() < LATE:
            moment -= int(random() * LATEST)
        action, rank = rng.choice(ACTIONS), int(PAGES ** random())
        page = f"/category/{rank % 40}/product/{rank}?ref=campaign-{int(random() * 90)}"
        attributes = _attributes(action, session.place, rng)
        if random() < UNUSUAL:
            attributes = rng.choice(["null", *ODD_ATTRIBUTES]) if sample.hostile else "null"
        yield (
            f'{{"event_time":{session.clock(moment)}{session.head}{action}","page_url":"https://'
            f"shop.example.com{page}{session.tail}{attributes}}}\n"
        )
        if random() < SESSION_ENDS:
            sessions[slot] = _session(rng, sample.hostile)


def _session(rng: Random, hostile: bool) -> _Session:
    random, rank, name = rng.random, int(USERS ** rng.random()), f"{rng.getrandbits(128):032x}"
    user, extra, clock = f'"u{rank * 48_271 % 99_999_989:08d}"', "", CLOCKS[0]
    if hostile:
        user = str(rank) if random() < 0.01 else user
        clock = rng.choice(CLOCKS) if random() < 0.15 else clock
        extra = ',"app_version":"4.2.0","consent":{"ads":false}' if random() < 0.02 else ""
    session = f'"{name[:8]}-{name[8:12]}-4{name[13:16]}-a{name[17:20]}-{name[20:]}"'
    agent = f'"{rng.choice(AGENTS)}"' if random() > 0.01 else "null"
    ip = f'"{".".join(str(int(random() * 254)) for _ in range(4))}"' if random() > 0.005 else "null"
    country, currency = rng.choice(COUNTRIES)
    device = "mobile" if "Android" in agent else "desktop"
    return _Session(
        head=f',"user_id":{user},"session_id":{session if random() > 0.003 else "null"},"action":"',
        tail=f'","user_agent":{agent},"ip":{ip}{extra},"attributes":',
        place=f'"country":"{country}","currency":"{currency}","device":"{device}"',
        clock=clock,
    )


def _attributes(action: str, place: str, rng: Random) -> str:
    """Sorted keys and no zeros at a number's end: a peer that rewrites them changes nothing."""
    random, draw = rng.random, rng.random()
    if action == "page_view":
        return (
            f'{{{place},"experiment":{{"arm":"{"ab"[draw > 0.5]}","name":"exp-{int(draw * 30)}"}},'
            f'"load_ms":{int(40 + draw * draw * 4000)},"referrer":"{rng.choice(REFERRERS)}",'
            f'"screen":"1920x1080","scroll":{int(draw * 100) / 100}}}'
        )
    if action == "click":
        point = f'"position":{{"x":{int(random() * 1920)},"y":{int(draw * 4000)}}}'
        return f'{{{place},"element":"#main > a.buy","label":"{rng.choice(LABELS)}",{point}}}'
    if action == "search":
        found = f'"query":"{rng.choice(WORDS)}","results":{int(random() * 500)}'
        return f'{{{place},"filters":["brand:acme","size:{36 + int(draw * 12)}"],{found}}}'
    money = f"{int(5 + draw * draw * 900)}.{int(random() * 10)}{1 + int(draw * 9)}"
    item = f'"price":{money},"quantity":{1 + int(random() * 3)},"sku":"SKU-{int(draw * 5000):05d}"'
    if action == "add_to_cart":
        return f"{{{place},{item}}}"
    order = f'"order_id":"o-{int(random() * 1e12):012d}"'
    return f'{{"amount":{money},{place},"items":[{{{item}}}],{order}}}'


@lru_cache(maxsize=256)
def _minute(minutes: int) -> str:
    return f"{datetime.fromtimestamp(minutes * 60, UTC):%Y-%m-%dT%H:%M}"


def _text(moment: int, *, digits: int, gap: str = "T", zone: str = "", shift: int = 0) -> str:
    seconds, fraction = divmod(moment, 1_000_000)
    dot = f".{fraction:06d}719"[: digits + 1] if digits else ""
    return f'"{_minute(seconds // 60 + shift).replace("T", gap)}:{seconds % 60:02d}{dot}{zone}"'


CLOCKS: list[Callable[[int], str]] = [  # the first is the usual one
    *(partial(_text, digits=digits, zone="Z") for digits in (3, 0, 1, 2, 4, 5, 6, 7, 8, 9)),
    partial(_text, digits=3, zone="+01:00", shift=60),
    partial(_text, digits=6, zone="-03:30", shift=-210),
    partial(_text, digits=0, gap=" "),
    partial(_text, digits=3, gap=" ", zone=" UTC"),
    *(lambda moment, unit=unit: f"{moment // unit}" for unit in (1, 1_000, 1_000_000)),
    *(lambda moment, unit=unit: f'"{moment // unit}"' for unit in (1, 1_000, 1_000_000)),
]
