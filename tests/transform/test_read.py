"""Reading a file: nothing is lost, and what is set aside can be had back to the byte."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickctl.domain.hours import Day
from clickctl.plan.unit import Shards
from clickctl.transform import lines as line_reader
from clickctl.transform.chunks import Target
from clickctl.transform.read import buckets_of_ids
from tests.conftest import event
from tests.transform.reading import run

DAY = Day(date(2026, 1, 5))


def good(n: int = 0, **fields: Any) -> bytes:
    return json.dumps(event(f"2026-01-05T13:{n % 60:02d}:00Z", f"u{n % 7}", **fields)).encode()


BAD = [b"GET /", b"{}", b"[]", b"null", b"\xff", b'{"user_id":"caf\xe9"}', b"\0", b"\xef\xbb\xbf[1]", b'{"\\ud800":1}']
BAD += [good(user_id=None), good(ip=4), good(action="hover") + b"\r", good(event_time="2020-01-01T00:00:00Z")]
BAD += ["\u043a\u043b\u044e\u0447 \u2028\u0085".encode()]
BLANK = [b"", b" ", b"\r", b"\xef\xbb\xbf"]
any_line = st.one_of(
    st.integers(0, 20).map(good),
    st.sampled_from(BAD),
    st.sampled_from(BLANK),
    st.binary(max_size=10).map(lambda data: data.replace(b"\n", b"")),
    st.integers(1000, 3000).map(lambda n: b"\xc3x" * (n // 2)),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(any_line, max_size=12), st.booleans(), st.booleans(), st.sampled_from([64, 700, 12 << 20]))
def test_every_line_ends_in_exactly_one_place(
    tmp_path_factory: pytest.TempPathFactory, some: list[bytes], newline: bool, gz: bool, block: int
) -> None:
    data = b"\n".join(some) + (b"\n" if newline else b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_reader, "BLOCK_BYTES", block)
        done = run(tmp_path_factory.getbasetemp(), gzip.compress(data) if gz else data, gz=gz)
    assert done.quality.balances
    numbered = {n: line for n, line in enumerate(data.split(b"\n"), 1) if line.removeprefix(b"\xef\xbb\xbf").strip()}
    assert done.quality.lines == len(numbered)
    aside = done.set_aside()
    assert all(raw == numbered[line] for line, (_, raw) in aside.items())
    assert all(line in aside for line, raw in numbered.items() if raw in BAD or len(raw) > 1024)
    assert not any(
        line in aside for line, raw in numbered.items() if raw.startswith(b'{"event_time"') and raw not in BAD
    )
    assert done.quality.quarantined == len(aside)


def test_a_line_of_the_greatest_length_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    short = good(page_url="x" * (1024 - len(good(page_url=""))))
    done = run(tmp_path, short + b"\n" + short + b" \n" + good() + b"\n")
    assert done.set_aside() == {2: (["line_too_long"], short + b" ")}
    assert (done.quality.lines, done.quality.facts) == (3, 2)


def test_a_long_line_is_set_aside_in_pieces_and_its_neighbours_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_reader, "BLOCK_BYTES", 2000)
    long = bytes(range(11, 256)) * 40
    done = run(tmp_path, good(1) + b"\n" + long + b"\n" + good(2) + b"\n" + long)
    assert done.set_aside() == {2: (["line_too_long"], long), 4: (["line_too_long"], long)}
    assert (done.quality.lines, done.quality.facts, done.quality.reasons) == (4, 2, {"line_too_long": 2})
    assert len(done.records) > 6


WHOLE = gzip.compress(b"".join(good(n) + b"\n" for n in range(400)), mtime=0)
DAMAGED = {
    "cut off": WHOLE[:-100],
    "empty": b"",
    "no gzip at all": b"".join(good(n) + b"\n" for n in range(9)),
    "a flipped bit": WHOLE[:200] + bytes([WHOLE[200] ^ 1]) + WHOLE[201:],
    "cut in its second member": WHOLE + WHOLE[:500],
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("piece_bytes", [100, 1 << 20])
def test_a_damaged_file_is_set_aside_whole(
    data: bytes, piece_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_reader, "BLOCK_BYTES", 1000)  # so that rows are known before the damage is
    monkeypatch.setattr("clickctl.transform.read.PIECE_BYTES", piece_bytes)
    done = run(tmp_path, data, gz=True)
    assert [target.table for target in done.written] == ["quarantine"]
    assert (done.quality.lines, done.quality.quarantined, done.quality.facts) == (1, 1, 0)
    assert (done.quality.reasons, done.quality.unknown_fields) == ({"corrupt_file": 1}, {})
    assert (done.quality.files_in, done.quality.bytes_in) == (1, len(data))
    records = done.records
    assert {record["source"] for record in records} == {"2026/01/05/13/part-0.json.gz"}
    pieces = [base64.b64decode(record["raw_base64"]) for record in records]
    assert b"".join(pieces) == data and records[-1]["more"] is False


def test_an_empty_file_is_read_and_is_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, b"")
    assert (done.quality.lines, done.quality.files_in, done.written) == (0, 1, {})


def test_a_record_names_its_line_its_source_and_all_its_reasons(tmp_path: Path) -> None:
    line = b'{"event_time":"soon","action":"hover","attributes":[]}'
    done = run(tmp_path, b"\n\n" + line + b"\r\n")
    assert done.records == [
        {
            "reasons": ["action_not_permitted", "missing_user_id", "unparseable_event_time", "wrong_type:attributes"],
            "source": "2026/01/05/13/part-0.json", "line": 3, "raw": line.decode() + "\r",
        }
    ]  # fmt: skip
    assert (done.quality.quarantined, sum(done.quality.reasons.values())) == (1, 4)


def test_unknown_fields_are_counted_as_drift(tmp_path: Path) -> None:
    some = [good(1, version="4"), good(2, version=None, consent={"ads": False}), good(3), b'{"ip":5,"version":1}']
    assert run(tmp_path, b"\n".join(some)).quality.unknown_fields == {"consent": 1, "version": 3}


def test_late_events_go_to_their_own_day(tmp_path: Path) -> None:
    late, early = event("2026-01-02T23:59:59.999999Z"), event("2026-01-05T00:00:00+01:00", "u2")
    done = run(tmp_path, b"\n".join(json.dumps(e).encode() for e in (event(), late, early)))
    assert {(target.table, str(target.day)): written.rows for target, written in done.written.items()} == {
        (table, day): 1 for table in ("fact_clicks", "dim_users") for day in ("2026-01-02", "2026-01-04", "2026-01-05")
    }
    assert done.quality.days == {"2026-01-02": 1, "2026-01-04": 1, "2026-01-05": 1}


def test_a_rows_file_is_the_first_8_digits_of_its_click_id_modulo_the_count(tmp_path: Path) -> None:
    data = b"\n".join(good(n, session_id=f"s{n}") for n in range(300))
    one, many = (
        run(tmp_path, data),
        run(tmp_path, data, shards=Shards((("fact_clicks", DAY, 7), ("dim_users", DAY, 2)))),
    )
    ids = {
        written.target.bucket: ids_in(written.path)
        for written in many.written.values()
        if written.target.table != "dim_users"
    }
    assert sorted(ids) == list(range(7))
    assert all(int(click_id[:8], 16) % 7 == bucket for bucket, some in ids.items() for click_id in some)
    assert (
        len({click_id for some in ids.values() for click_id in some}) == one.quality.facts == many.quality.facts == 300
    )
    assert one.quality.users == many.quality.users == 7
    assert {target.bucket for target in many.written if target.table == "dim_users"} == {0, 1}


def ids_in(path: Path) -> list[str]:
    return pq.read_table(path, columns=["click_id"])["click_id"].to_pylist()


def test_buckets_of_a_slice_are_those_of_its_rows() -> None:
    ids = pa.array([bytes([n, 0, 0, n]) + b"\xff" * 12 for n in range(10)], pa.binary(16))
    assert buckets_of_ids(ids.slice(3, 4)).tolist() == [n * 2**24 + n for n in range(3, 7)]
    assert buckets_of_ids(ids.slice(0, 0)).tolist() == []


def test_what_is_read_does_not_depend_on_the_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"\n".join([good(n % 90, session_id=f"s{n % 50}") for n in range(300)] + BAD)
    whole = seen(tmp_path, data)
    for block in (300, 5000):
        monkeypatch.setattr(line_reader, "BLOCK_BYTES", block)
        assert seen(tmp_path, data) == whole


def seen(folder: Path, data: bytes) -> Any:
    done = run(folder, data)
    files = {target: written.path.read_bytes() for target, written in done.written.items() if target != aside}
    return files, done.records, done.quality


aside = Target("quarantine", DAY, 0)
