"""The scan says purchase if and only if the transform says purchase, with the same click_id."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickctl.domain.hours import Hour
from clickctl.domain.rules import QualityRules
from clickctl.domain.times import Window
from clickctl.transform.lines import Block, CorruptFile, read_blocks
from clickctl.transform.parse import LineParser
from clickctl.transform.rows import build_rows
from lambda_src.lines import LineReader
from lambda_src.scan import BrokenFile, Scanner

RULES = QualityRules(max_line_bytes=4096)
HOUR = Hour(datetime(2026, 1, 5, 13, tzinfo=UTC))
GOOD = {
    "event_time": "2026-01-05T13:00:01.250Z", "user_id": "u1", "session_id": "s-u1", "action": "purchase",
    "page_url": "/p/1", "user_agent": "Mozilla/5.0", "ip": "192.0.2.7", "attributes": {"ref": "mail", "n": 1.50},
}  # fmt: skip


def transformed(data: bytes, action: str = "purchase", rules: QualityRules = RULES) -> list[dict[str, Any]]:
    """The facts of the action that the transform makes of a file, in order."""
    found: list[dict[str, Any]] = []
    for part in read_blocks(io.BytesIO(data), "part-0.json", rules.max_line_bytes):
        if isinstance(part, Block):
            parsed = LineParser().parse(part.lines, part.first, part.text)
            facts = build_rows(parsed, Window.around(HOUR, rules), rules).facts
            found += [{**row, "click_id": row["click_id"].hex()} for row in facts.to_pylist()]
    return [row for row in found if row["action"] == action]


def scanned(data: bytes, action: str = "purchase", rules: QualityRules = RULES) -> list[dict[str, Any]]:
    return [fact._asdict() for fact in Scanner(action, rules, HOUR).facts(io.BytesIO(data), "part-0.json")]


def line(**fields: Any) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


def test_a_purchase_is_found_with_its_click_id() -> None:
    data = b"\n".join([line(action="click"), line(), b"{broken", line(user_id=None), line(user_id=17)])
    assert [fact["user_id"] for fact in scanned(data)] == ["u1", "17"]
    assert scanned(data) == transformed(data)


HOSTILE = [
    b'{"action":"purchase"}',
    line(action="purchase "),
    line(action="PURCHASE"),
    line().replace(b'"purchase"', b'"purch\\u0061se"'),
    line().replace(b'"purchase"', b'"\\u0050urchase"'),
    line().replace(b'"purchase"', b'"\\u0070\\u0075\\u0072\\u0063\\u0068\\u0061\\u0073\\u0065"'),
    line().replace(b'"purchase"', b'"purchas\\U0065"'),
    line().replace(b'"action"', b'"\\u0061ction"'),
    line().replace(b'"action"', b'"Action"'),
    line().replace(b'": ', b'"\t \r: '),
    line().replace(b'"purchase"', b'"click", "action": "purchase"'),
    line().replace(b'"purchase"', b'"purchase", "action": "click"'),
    line().replace(b'"purchase"', b'7, "action": "purchase"'),
    line().replace(b'"purchase"', b'"purchase", "action": null'),
    line(attributes={"action": "purchase"}, action="click"),
    line(attributes=None), line(attributes=[]), line(attributes="x"), line(attributes={}),
    line(attributes={"a": float("nan")}), line(attributes={"a": float("-inf")}), line(page_url=5), line(ip={}),
    line(user_agent=True), line(user_id=True), line(user_id=1.5), line(user_id=-0.0), line(user_id=10**40),
    line(user_id="-"), line(user_id=" \x1c\u3000"), line(session_id=" - "), line(session_id="-"),
    line().replace(b'"u1"', b"-0"), line().replace(b'"u1"', b"01"), line().replace(b'"u1"', b"1."),
    line().replace(b'"u1"', b"1e5"), line().replace(b'"u1"', b"1E+400"), line().replace(b'"u1"', b"-"),
    line().replace(b"1.5", b"1e999999"), line().replace(b"1.5", b"-"), line().replace(b"1.5", b".5"),
    line().replace(b"1.5", b"1,"), line().replace(b"mail", b"\\ud800"), line().replace(b"mail", b"\\ud83d\\ude00"),
    line().replace(b"mail", b"\\udc00\\ud800"), line().replace(b"mail", b"\\\\ud800"), line().replace(b"mail", b"\\/"),
    line().replace(b"/p/1", b"\\ud800"), line().replace(b"/p/1", b"\\u0000"), line().replace(b"/p/1", b"\\\\u0000"),
    line().replace(b'"ref"', b'"\\ud800"'), line().replace(b'"ref": "mail"', b'"r":"\\ud800","r":1'),
    line().replace(b"/p/1", b"\x01"), line().replace(b"/p/1", b"\x00"), line().replace(b"/p/1", b"\xff"),
    line().replace(b"/p/1", b"\xed\xa0\x80"), line().replace(b"/p/1", "/café".encode()), line(page_url="/caf\u00e9"),
    line().replace(b"/p/1", b"\\x"), line().replace(b"/p/1", b"\\u12g4"), line().replace(b"/p/1", b"\x7f"),
    b"\xef\xbb\xbf" + line(), b"\xef\xbb\xbf\xef\xbb\xbf" + line(), b" \t\r" + line() + b"\r ", line() + b"x",
    line() + line(), b"[" + line() + b"]", b'"purchase"', b"null", b"{}", b'{"action" "purchase"}', line()[:-1],
    line().replace(b"}}", b"},}"), line().replace(b'{"event', b'{,"event'), line()[:-1] + b', "x": tru}',
    line(event_time=1767618009), line(event_time="1767618009.25"), line(event_time=1.767618009e9),
    line(event_time="2026-01-05 13:00:09 UTC"), line(event_time="2026-01-05T14:59:59.999999Z"),
    line(event_time="2026-01-05T15:00:00Z"), line(event_time="2025-12-29T13:00:00Z"),
    line(event_time="2025-12-29T12:59:59Z"),
    line(event_time=None), line(event_time=""), line(event_time=" 2026-01-05T13:00:09Z "),
    line(event_time="2026-02-30T00:00:00Z"),
    line(attributes={"a": {"b": [1, {"c": "}"}]}}, x={"y": []}), line(x="\u2028"), line(page_url="x" * 5000),
    line(attributes=json.loads("[" * 390 + "]" * 390)), line().replace(b"1.5", b"[" * 398 + b"]" * 398),
    line().replace(b"1.5", b"[" * 399 + b"]" * 399), line().replace(b"1.5", b"[" * 1999 + b"]" * 1999),
    line().replace(b"mail", b"[" * 500), line().replace(b'"mail"', b'"a\\\\"'),
    line(purchase="purchase", action="click"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_strange_line_is_a_purchase_where_the_transform_says_so(number: int) -> None:
    assert scanned(HOSTILE[number]) == transformed(HOSTILE[number])


NAMES = st.sampled_from([*GOOD, "action", "\u0061ction", "x", "user_id ", ""])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(10**8, 10**17), st.floats(), st.text(max_size=8),
    st.sampled_from(["purchase", "purchase", "purchase", "click", "-", " ", "2026-01-05T13:00:01Z", "1767618009"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """An event with fields changed, doubled, reordered, letters escaped and bytes spoiled."""
    fields = [(name, json.dumps(value)) for name, value in GOOD.items()]
    more = draw(st.lists(st.tuples(NAMES, VALUES, st.booleans()), max_size=3))
    fields += [(name, json.dumps(value, ensure_ascii=ascii_only)) for name, value, ascii_only in more]
    if draw(st.booleans()):
        fields = draw(st.permutations(fields))
    space = draw(st.sampled_from(["", "", " ", "\t", "\r", "  "]))
    text = f"{space},{space}".join(f'"{name}"{space}:{space}{value}' for name, value in fields)
    data = f"{space}{{{text}}}{space}".encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        letter = draw(st.sampled_from("purchaseti")).encode()
        count = draw(st.integers(1, 3))
        data = data.replace(letter, draw(st.sampled_from([b"\\u%04x", b"\\u%04X", b"\\U%04x"])) % ord(letter), count)
    for at, byte in draw(st.lists(st.tuples(st.integers(0, len(data)), st.integers(0, 255)), max_size=2)):
        data = data[:at] + bytes([byte]) + data[at + draw(st.integers(0, 1)) :]
    return data


@settings(max_examples=1500, deadline=None)
@given(st.lists(lines(), min_size=1, max_size=3))
@example([line(), b"", line()])
def test_for_any_lines_the_scan_says_purchase_if_and_only_if_the_transform_does(found: list[bytes]) -> None:
    data = b"\n".join(found)
    assert scanned(data) == transformed(data)


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=6), st.booleans(), st.data())
def test_any_action_is_found_however_it_is_spelled(action: str, ascii_only: bool, data: st.DataObject) -> None:
    rules = QualityRules(actions=("*",))
    text = line(action="@@@").replace(
        b"@@@", json.dumps(action, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "replace")
    )
    assert scanned(text, action, rules) == transformed(text, action, rules)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 5000])
def test_lines_are_found_wherever_the_blocks_end(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambda_src.scan.BLOCK_BYTES", size)
    data = b"\n".join([line(user_id=n, page_url="x" * (n * 1000)) for n in range(6)])
    assert [fact["user_id"] for fact in scanned(data)] == ["0", "1", "2", "3"]  # longer ones are over the limit
    assert scanned(data) == transformed(data)


def members(*parts: bytes) -> bytes:
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


FILES = [
    members(line()), members(line() + b"\n", line(user_id=2)), members(b"", line(), b""),
    members(line()[:40], line()[40:]),
    members(line()) + b"\0" * 1000, members(line()) + b"\0\0" + members(b"\n" + line(user_id=3)),
    b"", b"\x1f", b"\x1f\x8b",
    members(line())[:-1], members(line())[:20], members(line())[:-8] + b"12345678", members(line()) + b"garbage",
    members(line()) + b"\x1f", line(), b"\0" + members(line()),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(FILES)))
@pytest.mark.parametrize("name", ["part-0.json", "part-0.json.gz"])
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_file_is_read_or_broken_as_it_is_for_the_transform(
    number: int, name: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = FILES[number]
    monkeypatch.setattr("lambda_src.scan.BLOCK_BYTES", size)
    found: list[str] = []
    try:
        found.extend(fact.user_id for fact in Scanner("purchase", RULES, HOUR).facts(io.BytesIO(data), name))
    except BrokenFile:
        found.append("broken")
    wanted = []
    try:
        for part in read_blocks(io.BytesIO(data), name, RULES.max_line_bytes):
            assert isinstance(part, Block)
            wanted += [fact["user_id"] for fact in transformed(part.text)]
    except CorruptFile:
        wanted.append("broken")
    assert found[-1:] == wanted[-1:]
    if wanted[-1:] != ["broken"]:
        assert found == wanted


def test_a_broken_gzip_yields_what_was_read_before_it_breaks() -> None:
    whole = members(b"".join(line(user_id=n, page_url=f"/{n * n}") + b"\n" for n in range(20_000)))
    found: list[str] = []
    with pytest.raises(BrokenFile):
        half = io.BytesIO(whole[: len(whole) // 2])
        found.extend(fact.user_id for fact in Scanner("purchase", RULES, HOUR).facts(half, "part-0.json.gz"))
    assert found == [str(n) for n in range(len(found))]
    assert len(found) > 1000


def test_a_line_that_cannot_match_is_never_read() -> None:
    others = [
        line(action="click", page_url="/purchase/1"),
        line(action="click", x="purchase order"),
        b'{"caf\\u00e9": 1}',
    ]
    scanner = Scanner("purchase", RULES, HOUR)
    assert list(scanner.facts(io.BytesIO(b"\n".join([*others, line()])), "part-0.json"))
    assert scanner.candidates == 1


def test_no_line_is_a_purchase_where_the_action_is_not_permitted() -> None:
    rules = QualityRules(actions=("click",))
    assert scanned(line(), rules=rules) == transformed(line(), rules=rules) == []


def test_a_line_reader_never_raises() -> None:
    reader = LineReader("purchase", RULES, HOUR)
    assert all(reader.read(text[:cut]) is None for text in HOSTILE for cut in range(min(len(text), 60)))
