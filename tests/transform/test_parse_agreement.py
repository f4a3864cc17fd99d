"""The fast way, the careful way and Python's own JSON say the same of every line."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickctl.transform.parse import FIELDS, TEXTS, LineParser, Parsed, _Batch, _Refused

quick = settings(max_examples=250, deadline=None)

tricky = st.sampled_from(
    ['"', "\\", "/", "\x7f", "\u2028", "é", "😀", "\ufeff", "\\u0000", "[", "{", "}", "]", ":", ","]
)
texts = st.one_of(st.text(max_size=8), st.lists(tricky, max_size=5).map("".join)).filter(lambda t: "\0" not in t)
numbers = st.one_of(
    st.integers(-(2**66), 2**66).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(["-0", "0", "-0.0", "1e5", "1.0", "9" * 30, str(2**63), str(-(2**63)), str(-(2**63) - 1)]),
)
spaces = st.sampled_from(["", "", "", " ", "\t", "\r", "  "])


@st.composite
def strings(draw: st.DrawFn) -> str:
    return json.dumps(draw(texts), ensure_ascii=draw(st.booleans()))


def containers(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(st.tuples(spaces, values, spaces).map("".join), max_size=3).map(as_array), objects(values, strings())
    )


def as_array(parts: list[str]) -> str:
    return f"[{','.join(parts)}]"


def objects(values: st.SearchStrategy[str], keys: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(spaces, keys, spaces, st.just(":"), spaces, values, spaces).map("".join)
    return st.lists(pair, max_size=5).map(lambda pairs: f"{{{','.join(pairs)}}}")


values = st.recursive(
    st.one_of(strings(), numbers, st.sampled_from(["null", "true", "false"])), containers, max_leaves=6
)
own_keys = st.sampled_from([json.dumps(name) for name in FIELDS] + ['"user\\u005fid"', '"attribute"', '"extra_0"'])
lines = st.tuples(spaces, objects(values, st.one_of(own_keys, own_keys, own_keys, strings())), spaces).map("".join)


DAMAGE = [b"", b"\0", b"\xff", b"\xc3", b"NaN", b"-", b"0", b".", b"e", b",", b'"', b"\\", b"]", b"{", b"1", b"\t"]
DAMAGE += [b"\\ud800", b"\\u0000", b"\\x", b"\xef\xbb\xbf", b"Infinity"]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    line = draw(lines).encode()
    at = draw(st.integers(0, len(line)))
    put = draw(st.sampled_from(DAMAGE))
    return line[:at] + put + line[at + draw(st.integers(0, 2)) :]


any_line = st.one_of(lines.map(str.encode), lines.map(str.encode), damaged(), st.binary(max_size=12)).map(
    lambda line: line.replace(b"\n", b"")
)


@quick
@given(st.lists(any_line, max_size=6))
@example([b'{"user_id":1.0}', b'{"user_id":-0}', b'{"user_id":[],"user_id":"b"}', b'{"a\\"b":1}'])
@example([b'{"x":1,"x":2}', b'{"x":null}', b'{"ip":5,"x":1}', b'{"attributes":[],"attributes":{}}'])
def test_the_fast_way_and_the_careful_way_agree_on_every_line(some: list[bytes]) -> None:
    fast, careful = LineParser(), LineParser()
    for _ in range(2):  # the second time, unknown fields have been learned
        assert told(parse(fast, some)) == told(parse_carefully(careful, some))
        assert fast.unknown == careful.unknown


@quick
@given(st.lists(any_line, max_size=6))
@example([b'{"attributes":{"a":1.}}', b'{"attributes":{"a":"\\ud800"}}', b'{"zz":"\\x"}', b'{"zz":01}', b"{} {}"])
@example([b"\xef\xbb\xbf{}", b"\xef\xbb\xbf", b"{}\x0c", b'{"\\ud800":1}', b'{"zz":"\\udc00\\ud800"}', b'["\xff"]'])
def test_a_line_is_accepted_or_refused_as_strict_json_says(some: list[bytes]) -> None:
    parsed = parse(LineParser(), some)
    accepted, refused = [], []
    for number, line in enumerate(some, 1):
        verdict = strictly(line)
        if isinstance(verdict, dict):
            accepted.append((number, verdict))
        elif verdict:
            refused.append((number, verdict))
    assert (parsed.numbers, parsed.refused) == ([number for number, _ in accepted], refused)
    for row, (_, event) in enumerate(accepted):
        assert parsed.wrong.get(row, []) == [name for name in TEXTS if not fits(name, event.get(name))]
        for name in TEXTS:
            if fits(name, event.get(name)):
                assert same_text(parsed.columns[name][row].as_py(), event.get(name))
        assert json.loads(parsed.attributes[row].as_py(), parse_float=Number) == event.get("attributes")


def parse(parser: LineParser, some: list[bytes]) -> Parsed:
    return parser.parse(some, 1, b"\n".join(some))


def parse_carefully(parser: LineParser, some: list[bytes]) -> Parsed:
    """Every line the careful way, which `parse` takes only when the fast way has failed."""
    batch = _Batch()
    for number, line in enumerate(some, 1):
        try:
            event, problems = parser._carefully(line)
        except _Refused as reason:
            batch.refused += [(number, str(reason))] if str(reason) else []
            continue
        if problems:
            batch.wrong[len(batch.events)] = problems
        batch.events.append(event)
        batch.numbers.append(number)
    return parser._columns(batch)


def told(parsed: Parsed) -> tuple[Any, ...]:
    columns = {name: column.to_pylist() for name, column in parsed.columns.items()}
    return parsed.numbers, columns, parsed.attributes.to_pylist(), parsed.wrong, parsed.refused


def strictly(line: bytes) -> dict[str, Any] | str:
    """The object, or why it is none, by Python's JSON; empty for a blank line."""
    line = line.removeprefix(b"\xef\xbb\xbf")
    if not line.strip():
        return ""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return "invalid_utf8"
    seen: list[str] = []
    try:
        event = json.loads(text, parse_constant=refuse, parse_float=Number, object_pairs_hook=lambda p: noted(p, seen))
        "".join([*seen, *texts_in(event)]).encode()
    except ValueError:  # and a lone surrogate, which does not encode
        return "malformed_json"
    if any("\0" in text for text in [*seen, *texts_in(event)]):
        return "malformed_json"
    return event if isinstance(event, dict) else "not_an_object"


class Number(str):
    """A number with a point or an exponent, as it was written."""


def fits(name: str, value: Any) -> bool:
    if isinstance(value, (Number, int)):
        return name in ("event_time", "user_id", "session_id") and not isinstance(value, bool)
    return value is None or isinstance(value, str)


def refuse(constant: str) -> None:
    raise ValueError(constant)


def noted(pairs: list[tuple[str, Any]], seen: list[str]) -> dict[str, Any]:
    """A dict of pairs; what a duplicate key hides is noted too."""
    for key, value in pairs:
        seen += [key, *texts_in(value)]
    return dict(pairs)


def texts_in(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in texts_in(item)]
    return [value] if isinstance(value, str) else []


def same_text(ours: Any, theirs: Any) -> bool:
    return ours is theirs is None or str(ours) == str(theirs)
