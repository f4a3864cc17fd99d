"""Lines: what is an event, what is refused and why, and what is learned of unknown fields."""

from __future__ import annotations

import json

import pytest

from clickctl.transform.parse import LineParser, Parsed

GOOD = b'{"user_id":"u1"}'


def parse(*lines: bytes, parser: LineParser | None = None) -> Parsed:
    return (parser or LineParser()).parse(list(lines), 1, b"\n".join(lines))


def nested(levels: int, inner: bytes = b"") -> bytes:
    """An array within arrays, `levels` of them."""
    return b"[" * levels + inner + b"]" * levels


MALFORMED = {
    "no JSON": b"GET / HTTP/1.1",
    "cut off": b'{"user_id":"u1"',
    "two objects": b"{} {}",
    "text after the object": b"{}x",
    "trailing comma in the object": b'{"user_id":"u1",}',
    "trailing comma in attributes": b'{"attributes":{"a":[1,]}}',
    "NaN in attributes": b'{"attributes":{"a":NaN}}',
    "Infinity in attributes": b'{"attributes":[-Infinity]}',
    "NaN as user": b'{"user_id":NaN}',
    "NaN in an unknown field": b'{"zz":[NaN]}',
    "single quotes": b"{'user_id':'u1'}",
    "a comment": b'{"user_id":"u1"} // here',
    "a number with a leading zero": b'{"user_id":01}',
    "a raw NUL in a text": b'{"user_id":"a\0b"}',
    "a raw NUL in attributes": b'{"attributes":{"a":"\0"}}',
    "a raw NUL in an unknown field": b'{"zz":"\0"}',
    "nothing but NUL": b"\0\0\0\0",
    "an escaped NUL in a text": rb'{"user_id":"a\u0000b"}',
    "an escaped NUL in attributes": rb'{"attributes":{"a":"\\\u0000"}}',
    "an escaped NUL in an unknown field": rb'{"zz":"\u0000"}',
    "a raw tab in a text": b'{"user_id":"a\tb"}',
    "a lone surrogate in a text": rb'{"user_id":"\ud800"}',
    "a lone surrogate in attributes": rb'{"attributes":{"a":"\udc00"}}',
    "a lone surrogate in an unknown field": rb'{"zz":"\ud83d"}',
    "a lone surrogate as a key": rb'{"attributes":{"\ud800":1}}',
    "a bad escape": rb'{"attributes":{"a":"\x41"}}',
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD,
    "401 levels in attributes": b'{"attributes":%b}' % nested(400),
    "401 levels in an unknown field": b'{"zz":%b}' % nested(400),
    "401 levels in a typed field": b'{"user_id":%b}' % nested(400),
    "50,000 levels in attributes": b'{"attributes":%b}' % nested(50_000),
    "50,000 levels in an unknown field": b'{"zz":%b}' % nested(50_000),
    "50,000 levels in a typed field": b'{"user_id":%b}' % nested(50_000),
    "50,000 levels and no end": b"[" * 50_000,
    "50,000 objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
}
NO_OBJECT = {"an array": b'["click","u1"]', "a number": b"42", "null": b"null", "a text": b'"{}"', "true": b" true "}
NOT_UTF8 = {
    "in a kept field": b'{"user_id":"caf\xe9"}',
    "in a field that is only reduced": b'{"ip":"\xff"}',
    "in attributes": b'{"attributes":{"a":"\xc3"}}',
    "in a skipped field": b'{"zz":"\xe9"}',
    "in a key": b'{"\xff":1}',
    "outside of any text": b"{}\xff",
    "as an encoded surrogate": b'{"user_id":"\xed\xa0\x80"}',
    "as an overlong NUL": b'{"user_id":"\xc0\x80"}',
}


@pytest.mark.parametrize("line", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_strict_json_is_malformed(line: bytes) -> None:
    assert_refused(line, "malformed_json")


@pytest.mark.parametrize("line", NO_OBJECT.values(), ids=NO_OBJECT)
def test_json_that_is_no_object_is_told_apart(line: bytes) -> None:
    assert_refused(line, "not_an_object")


@pytest.mark.parametrize("line", NOT_UTF8.values(), ids=NOT_UTF8)
def test_invalid_utf8_is_refused_wherever_it_is(line: bytes) -> None:
    assert_refused(line, "invalid_utf8")


def assert_refused(line: bytes, reason: str) -> None:
    parsed = parse(GOOD, line, GOOD)
    assert parsed.refused == [(2, reason)]
    users = parsed.columns["user_id"].to_pylist()
    assert (parsed.numbers, users) == ([1, 3], ["u1", "u1"]), "its neighbours are unharmed"


@pytest.mark.parametrize("blank", [b"", b" ", b"\r", b"\t \r", b"\xef\xbb\xbf", b"\xef\xbb\xbf \r"])
def test_a_blank_line_is_no_line(blank: bytes) -> None:
    parsed = parse(GOOD, blank, GOOD)
    assert (parsed.numbers, parsed.refused) == ([1, 3], [])


@pytest.mark.parametrize(
    "line", [b"\xef\xbb\xbf" + GOOD, GOOD + b"\r", b" \t" + GOOD + b" \r", b"\xef\xbb\xbf" + GOOD + b"\r"]
)
def test_byte_order_marks_and_windows_line_ends_do_no_harm(line: bytes) -> None:
    assert parse(line).columns["user_id"].to_pylist() == ["u1"]


@pytest.mark.parametrize("field", ["event_time", "user_id", "session_id", "action", "page_url", "user_agent", "ip"])
@pytest.mark.parametrize("value", [b"{}", b"[]", b"true", b"false", b'["a"]'])
def test_a_field_of_a_wrong_type_is_named(field: str, value: bytes) -> None:
    parsed = parse(b'{"%b":%b,"attributes":{"k":1}}' % (field.encode(), value))
    assert (parsed.wrong, parsed.refused, parsed.attributes.to_pylist()) == ({0: [field]}, [], [b'{"k":1}'])


@pytest.mark.parametrize("field", ["action", "page_url", "user_agent", "ip"])
def test_a_number_is_a_wrong_type_where_only_text_will_do(field: str) -> None:
    assert parse(b'{"%b":5}' % field.encode()).wrong == {0: [field]}


def test_every_field_of_a_wrong_type_is_named() -> None:
    assert parse(b'{"ip":1,"user_id":{},"action":[]}').wrong == {0: ["user_id", "action", "ip"]}


@pytest.mark.parametrize(
    "number", [b"0", b"17850", b"17850.0", b"-1", b"1e3", b"1E+3", b"9" * 400, b"9" * 5000, b"0." + b"3" * 5000]
)
@pytest.mark.parametrize("field", ["user_id", "session_id", "event_time"])
def test_a_number_keeps_its_text_however_long(field: str, number: bytes) -> None:
    (value,) = parse(b'{"%b":%b}' % (field.encode(), number)).columns[field].to_pylist()
    assert (str(value) if type(value) is int else value) == number.decode()


@pytest.mark.parametrize("number", [b"9" * 400, b"9" * 5000, b"1e400", b"-0.0", b"19.90", b"12345678901234567890"])
def test_numbers_in_attributes_stay_as_they_were_written(number: bytes) -> None:
    attributes = b'{"z":%b,"a":[%b]}' % (number, number)
    assert parse(b'{"attributes":%b}' % attributes).attributes.to_pylist() == [attributes]


def test_the_last_of_duplicate_keys_wins() -> None:
    parsed = parse(b'{"user_id":"a","user_id":"b"}', b'{"user_id":[],"user_id":"b"}', b'{"user_id":"b","user_id":[]}')
    assert (parsed.columns["user_id"].to_pylist()[:2], parsed.wrong) == (["b", "b"], {2: ["user_id"]})
    assert parse(b'{"attributes":[1],"attributes":{"b":1,"b":2}}').attributes.to_pylist() == [b'{"b":1,"b":2}']


def test_a_key_may_be_written_with_escapes() -> None:
    assert parse(rb'{"user\u005fid":"u1"}').columns["user_id"].to_pylist() == ["u1"]


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert parse(rb'{"user_id":"a\\u0000"}').columns["user_id"].to_pylist() == [r"a\u0000"]


@pytest.mark.parametrize("field", ["attributes", "zz"])
def test_400_levels_are_read(field: str) -> None:
    parsed = parse(b'{"%b":%b}' % (field.encode(), nested(399)))
    assert (parsed.numbers, parsed.refused) == ([1], [])


def test_400_levels_in_a_typed_field_are_a_wrong_type() -> None:
    assert parse(b'{"user_id":%b}' % nested(399)).wrong == {0: ["user_id"]}


def test_brackets_within_texts_nest_nothing() -> None:
    text = json.dumps('[{"\\' * 1000)
    parsed = parse(b'{"attributes":{"a":%b}}' % text.encode())
    assert parsed.attributes.to_pylist() == [b'{"a":%b}' % text.encode()]


@pytest.mark.parametrize(
    "noise", [b'\\"' * 300_000, b"\\" * 600_000, b'"' * 600_000, b"a" * 600_000, b"\\u0000" * 100_000]
)
def test_hostile_texts_take_one_pass(noise: bytes) -> None:
    """Backtracking would take minutes, or gigabytes."""
    parsed = parse(GOOD, b'{"a":' + b"[" * 500 + b'"' + noise, b'{"\\u0000' + noise)
    assert [reason for _, reason in parsed.refused] == ["malformed_json"] * 2


def test_unknown_fields_are_counted_once_a_line_and_learned() -> None:
    parser = LineParser()
    parse(b'{"zz":1,"user_id":"a","zz":2}', b'{"zz":null,"yy":[]}', b'{"zz":{"yy":1}}', parser=parser)
    parsed = parse(b'{"yy":"\\n","user_id":"b"}', b'{"ip":5,"zz":1}', parser=parser)
    assert parser.unknown == {"zz": 4, "yy": 2}
    assert parsed.columns["user_id"].to_pylist() == ["b", None]


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "", "ключ", "extra_0", "self", "class", "😀", " ", "_Learned"])
def test_an_unknown_field_may_have_any_name(name: str) -> None:
    parser, line = LineParser(), json.dumps({name: 1, "user_id": "u1"}).encode()
    for _ in range(2):
        assert parse(line, GOOD, parser=parser).columns["user_id"].to_pylist() == ["u1", "u1"]
    assert parser.unknown == {name: 2}


def test_a_refused_line_has_no_unknown_fields() -> None:
    parser = LineParser()
    parse(b'["zz"]', b'{"zz":1', b'{"zz":"\xff"}', parser=parser)
    assert not parser.unknown


def test_thousands_of_unknown_fields_are_read_without_learning_them_all() -> None:
    parser, line = LineParser(), json.dumps({f"f{n}": n for n in range(3000)}).encode()
    parse(*[line] * 20, parser=parser)
    assert set(parser.unknown.values()) == {20} and len(parser.unknown) == 3000
    assert sum(name.startswith("extra_") for name in dir(parser._decode(b"{}"))) <= 64


def test_what_is_kept_of_unknown_names_is_bounded() -> None:
    parser = LineParser()
    for start in range(0, 30_000, 1000):
        parse(json.dumps({f"{n:0200d}": n for n in range(start, start + 1000)}).encode(), parser=parser)
        parse(json.dumps({f"f{n}": n for n in range(start, start + 1000)}).encode(), parser=parser)
    assert len(parser.unknown) == 10_000 and max(map(len, parser.unknown)) <= 100
    assert sum(parser.unknown.values()) == 60_000


def test_which_unknown_names_are_kept_does_not_depend_on_chance() -> None:
    """On the order of a set of texts, for one, which differs from process to process."""
    parser = LineParser()
    parse(json.dumps({f"f{n:05d}": n for n in range(20_000, 0, -1)}).encode(), parser=parser)
    assert sorted(parser.unknown)[1:] == [f"f{n:05d}" for n in range(1, 10_001)]
