"""Reading quarantine: what the kernel set aside comes back to the byte, and what is damaged hides nothing else."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterable
from contextlib import closing

import pytest

from clickctl.domain.errors import CommitConflict
from clickctl.domain.hours import Day, Hour, unit_from_name
from clickctl.domain.layout import QUARANTINE
from clickctl.domain.ledger import Failure, Ledger, OutputFile, Owner, UnitEntry, dump
from clickctl.lakes import Lake, Opened, Stream
from clickctl.plan.quarantine import KEPT_BYTES, DamagedQuarantine, Record, shown
from clickctl.publish import Publisher
from clickctl.quarantined import MissingQuarantine, Reading, entries, read_records, records, refusal
from clickctl.transform.rejects import PIECE_BYTES, member, piece, record
from tests.backends.faults import WatchedLake, once
from tests.backends.small_lake import SmallLake
from tests.plan.facts import DAY, HOUR, commit, ledger, publishing

SOURCE = "2026/01/05/13/part-0.json"
LINES = [b'{"event_time":"2026-01', b"[1]", b"caf\xe9 \x1b[2J", b'"' + b"x" * (1 << 20) + b'"']
BROKEN_GZIP = b"\x1f\x8b" + random.Random(7).randbytes(2 * PIECE_BYTES + 100)
Rows = list[dict[str, object]]


def put(small: SmallLake, location: str, data: bytes) -> None:
    present = small.lake.get(location)
    small.lake.put_if(location, data, present[1] if present else None)


def made(small: SmallLake, unit: str = "2026-01-05T13") -> str:
    """Where the quarantine file of a unit lies, by its commit."""
    found = small.entry(unit).commit
    assert found
    (file,) = [file for file in found.files if file.table == QUARANTINE]
    return f"{small.roots.quarantine}/{file.key}"


def bad(number: int, hour: str = "13", reason: str = "malformed_json") -> dict[str, object]:
    return record([reason], f"2026/01/05/{hour}/part-0.json", number, b"line %d" % number)


def heads(found: Iterable[Record]) -> list[bytes]:
    return [one.head for one in found]


def test_what_was_set_aside_comes_back_to_the_byte(small: SmallLake) -> None:
    put(small, small.raw("2026-01-05T13"), b"\n".join(LINES))
    put(small, small.raw("2026-01-05T13", "part-1.json.gz"), BROKEN_GZIP)
    small.put("2026-01-05T13", "/a", name="part-2.json")
    small.run("2026-01-05T13")
    found = list(records(small.lake, made(small), keep=100))
    assert found == [
        *(
            Record((reason,), SOURCE, n, len(line), line[:100])
            for n, (reason, line) in enumerate(
                zip(("malformed_json", "not_an_object", "invalid_utf8", "line_too_long"), LINES, strict=True), 1
            )
        ),
        Record(("corrupt_file",), "2026/01/05/13/part-1.json.gz", None, len(BROKEN_GZIP), BROKEN_GZIP[:100]),
    ]
    assert found[-1] != list(records(small.lake, made(small)))[-1]  # more of it is kept, and never all
    assert len(list(records(small.lake, made(small), keep=1 << 30))[-1].head) == KEPT_BYTES


class Closings(WatchedLake):
    """Counts the streams that are open."""

    open_streams = 0

    def stream(self, location: str, version: str = "") -> Opened | None:
        found = super().stream(location, version)
        if found is None:
            return None
        self.open_streams += 1
        return found._replace(stream=_Counted(found.stream, self))


class _Counted:
    def __init__(self, stream: Stream, lake: Closings) -> None:
        self._stream, self._lake = stream, lake
        self.read = stream.read

    def close(self) -> None:
        self._lake.open_streams -= 1
        self._stream.close()


def test_who_stops_early_leaves_nothing_open(small: SmallLake) -> None:
    location = f"{small.roots.quarantine}/part-2026010513-0000.json.gz"
    numbers = random.Random(7)
    rows = (record(["malformed_json"], SOURCE, n, numbers.randbytes(3000)) for n in range(2000))
    put(small, location, member(rows))
    lake = Closings(small.lake)
    with closing(records(lake, location)) as found:
        assert next(found).line == 0
        assert lake.open_streams == 1
    assert lake.open_streams == 0
    assert sum(1 for _ in records(lake, location)) == 2000
    assert lake.open_streams == 0
    fill(small)
    with closing(reading(small, lake).of(small.ledger("2026-01-05"), DAY.hours, entries)) as some:
        assert next(some).raw == b"[1]"
        assert lake.open_streams == 1
    assert lake.open_streams == 0


def test_a_file_that_is_not_there_is_named_with_the_way_to_make_it(small: SmallLake) -> None:
    location = f"{small.roots.quarantine}/2026/01/05/part-2026010513-0000.json.gz"
    with pytest.raises(MissingQuarantine, match="part-2026010513") as raised:
        next(records(small.lake, location))
    assert "clickctl run-partition 2026-01-05T13 --force" in raised.value.hint


def pieces(*numbers: int, last: int) -> Rows:
    return [piece("line_too_long", SOURCE, 7, n, b"piece %d, " % n, n != last) for n in numbers]


WHOLE = b"piece 0, piece 1, piece 2, "
DAMAGED: dict[str, tuple[bytes, list[bytes]]] = {
    "the end of the gzip is missing": (
        member([bad(1), bad(2)]) + member([bad(3)])[:-9], [b"line 1", b"line 2", b"line 3"]
    ),
    "what follows is no gzip": (member([bad(1), bad(2)]) + b"zzzz", [b"line 1", b"line 2"]),
    "a line is no JSON": (member([bad(1)]) + gzip.compress(b"{zzz\n") + member([bad(2)]), [b"line 1", b"line 2"]),
    "a line is no record": (
        member([bad(1), {"raw": "x"}, {**bad(2), "reasons": "text"}, {**bad(2), "line": "2"}, {**bad(2), "raw": 5},
                {**bad(2), "more": 1}, [], bad(3)]), [b"line 1", b"line 3"],  # type: ignore[list-item]
    ),
    "bytes are no base64": (
        member([{"reasons": [], "source": SOURCE, "line": 1, "raw_base64": "\u00e9"}, bad(2)]), [b"line 2"]
    ),
    "lists are nested too deep": (gzip.compress(b"[" * 100_000 + b"\n") + member([bad(2)]), [b"line 2"]),
    "the last line has no end": (member([bad(1)]) + gzip.compress(b'{"reasons":'), [b"line 1"]),
    "a piece in the middle is missing": (member([*pieces(0, 2, last=2), bad(8)]), [b"piece 0, piece 2, ", b"line 8"]),
    "the first piece is missing": (member([bad(1), *pieces(1, last=1)]), [b"line 1", b"piece 1, "]),
    "the last piece is missing": (member([*pieces(0, last=9), bad(8)]), [b"piece 0, ", b"line 8"]),
    "the file ends among pieces": (member([bad(1), *pieces(0, 1, last=9)]), [b"line 1", b"piece 0, piece 1, "]),
    "it is empty": (b"", []),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGED)
def test_damage_is_told_after_all_that_could_be_read(small_folder: SmallLake, damage: str) -> None:
    data, readable = DAMAGED[damage]
    location = f"{small_folder.roots.quarantine}/2026/01/05/part-20260105-0000.json.gz"
    put(small_folder, location, data)
    seen: list[bytes] = []
    with pytest.raises(DamagedQuarantine, match="part-20260105-0000") as raised:
        for one in records(small_folder.lake, location):
            seen.append(one.head)  # noqa: PERF401 - what came before the error counts
    assert seen == readable
    assert "clickctl run-partition 2026-01-05 --force" in raised.value.hint


def test_pieces_are_one_record_and_neighbours_stay_apart(small_folder: SmallLake) -> None:
    location = f"{small_folder.roots.quarantine}/part-20260105-0000.json.gz"
    others = [{**one, "line": 9} for one in pieces(0, 1, last=1)]
    put(small_folder, location, member([*pieces(0, 1, 2, last=2), *others, bad(10)]))
    found = list(records(small_folder.lake, location))
    assert [(one.line, one.size, one.head) for one in found] == [
        (7, 27, WHOLE),
        (9, 18, b"piece 0, piece 1, "),
        (10, 7, b"line 10"),
    ]


def test_a_cut_never_goes_through_a_character() -> None:
    euros = "€€".encode()
    assert shown(Record((), "s", 1, 6, euros)).raw == "€€"
    assert shown(Record((), "s", 1, 6, euros[:5])).raw == "€"
    assert shown(Record((), "s", 1, 5, euros[:5])).raw is None
    assert shown(Record((), "s", 1, 5, euros[:5])).raw_base64 == "4oKs4oI="


def reading(small: SmallLake, lake: Lake | None = None) -> Reading:
    return Reading(Publisher(lake or small.lake, small.roots, small.liveness))


def hours(*names: str) -> list[Hour]:
    found = [unit_from_name(name) for name in names]
    return [hour for hour in found if isinstance(hour, Hour)]


def fill(small: SmallLake) -> None:
    for hour in ("12", "13"):
        put(small, small.raw(f"2026-01-05T{hour}"), b"[1]\n{,%s\n" % hour.encode())
        small.run(f"2026-01-05T{hour}")


def test_records_of_hours_that_their_day_replaces_meanwhile_come_once_each(small: SmallLake) -> None:
    fill(small)
    before = small.ledger("2026-01-05")
    lake = WatchedLake(small.lake, once("stream", "part-2026010513", lambda: small.run("2026-01-05")))
    found = reading(small, lake)
    got = heads(found.of(before, hours("2026-01-05T12", "2026-01-05T13"), read_records))
    assert sorted(got) == [b"[1]", b"[1]", b"{,12", b"{,13"]
    assert not found.troubles


def test_a_file_that_is_rewritten_between_ledger_and_file_is_read_by_the_newer_ledger(small_folder: SmallLake) -> None:
    fill(small_folder)
    before = small_folder.ledger("2026-01-05")
    put(small_folder, small_folder.raw("2026-01-05T13"), b"[1]\n{,13\n{,14\n")
    small_folder.run("2026-01-05T13")
    found = reading(small_folder)
    assert heads(found.of(before, hours("2026-01-05T13"), read_records)) == [b"[1]", b"{,13", b"{,14"]
    assert not found.troubles


@pytest.mark.parametrize("ruin", ["missing", "shorter"])
def test_what_is_not_as_the_ledger_says_is_told_and_the_others_are_read(small_folder: SmallLake, ruin: str) -> None:
    fill(small_folder)
    location = made(small_folder, "2026-01-05T12")
    small_folder.lake.delete([location])
    if ruin == "shorter":
        put(small_folder, location, member([bad(1, "12")]))
    found = reading(small_folder)
    got = heads(found.of(small_folder.ledger("2026-01-05"), DAY.hours, read_records))
    assert sorted(got) == ([b"[1]", b"{,13"] if ruin == "missing" else [b"[1]", b"line 1", b"{,13"])
    (trouble,) = found.troubles
    assert location in trouble.message
    assert "2026-01-05T12 --force" in trouble.hint


def test_an_hour_is_found_in_its_day_and_a_reason_only_where_the_ledger_counts_it(small_folder: SmallLake) -> None:
    fill(small_folder)
    small_folder.run("2026-01-05")
    now, found = small_folder.ledger("2026-01-05"), reading(small_folder)
    assert [one.raw for one in found.of(now, hours("2026-01-05T13"), entries)] == [b"[1]", b"{,13"]
    assert [one.raw for one in found.of(now, DAY.hours, entries, "not_an_object")] == [b"[1]", b"[1]"]
    assert found.files == 2
    assert not list(found.of(now, DAY.hours, entries, "corrupt_file"))
    assert found.files == 2  # nothing was opened for it


REFUSED: list[tuple[Ledger, Day | Hour, bool, str, str]] = [
    (ledger({}), HOUR, False, "it has not been run", "clickctl run-partition 2026-01-05T13"),
    (
        ledger({HOUR: UnitEntry(failure=Failure("r", "t", "no room."))}),
        HOUR, False, "its last run failed: no room.", "clickctl run-partition 2026-01-05T13",
    ),
    (ledger({HOUR: UnitEntry(publishing=publishing())}), HOUR, True, "is being published by run run2", "Wait for it"),
    (ledger({DAY: UnitEntry(publishing=publishing())}), HOUR, True, "2026-01-05 is being published", "Wait for it"),
    (
        ledger({HOUR: UnitEntry(publishing=publishing())}),
        HOUR, False, "2026-01-05T13 is torn: a run died", "clickctl run-partition 2026-01-05T13",
    ),
    (ledger({DAY: UnitEntry(publishing=publishing())}), HOUR, False, "2026-01-05 is torn", "run-partition 2026-01-05'"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "unit", "alive", "told", "hint"), REFUSED)
def test_why_nothing_is_shown_of_a_unit_and_what_to_run(
    small_folder: SmallLake, found: Ledger, unit: Day | Hour, alive: bool, told: str, hint: str
) -> None:
    error = refusal(Publisher(small_folder.lake, small_folder.roots, _Known(alive)), found, unit)
    assert told in error.message
    assert hint in error.hint
    assert isinstance(error, CommitConflict) == alive


class _Known:
    """Every run of others is alive, or dead."""

    def __init__(self, alive: bool) -> None:
        self._alive = alive

    def me(self) -> Owner:
        raise NotImplementedError

    def alive(self, owner: object) -> bool:
        return self._alive


def test_a_missing_file_of_a_torn_unit_is_mended_by_running_that(small_folder: SmallLake) -> None:
    key = "2026/01/05/part-2026010513-0000.json.gz"
    was = commit(HOUR, files=(OutputFile(QUARANTINE, DAY, key, 10, 0),))
    torn = ledger({HOUR: UnitEntry(commit=was), DAY: UnitEntry(publishing=publishing())})
    small_folder.lake.put_if(f"{small_folder.roots.processed}/_ledger/2026/01/05.json", dump(torn), None)
    found = Reading(Publisher(small_folder.lake, small_folder.roots, _Known(False)))
    assert not list(found.of(torn, [HOUR], entries))
    (trouble,) = found.troubles
    assert key in trouble.message
    assert trouble.hint == "Run 'clickctl run-partition 2026-01-05', then the same command again."
