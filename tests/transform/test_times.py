"""event_time: what is a time, to the microsecond, and the same for a column as for one text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickctl.domain.times import parse_time
from clickctl.transform.times import parse_times

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIVE_PAST = 1_767_618_300_000_000  # 2026-01-05T13:05:00Z in microseconds
quick = settings(max_examples=200, deadline=None)

digits = st.text("0123456789", min_size=0, max_size=9)
zones = st.sampled_from(["", "Z", " UTC", "UTC", "+01:00", "-03:30", "+0530", "-11", " +02:00", "+23:59"])
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda d: d.replace(microsecond=0, tzinfo=UTC))


@st.composite
def iso_texts(draw: st.DrawFn) -> str:
    fraction = draw(digits)
    dot = f".{fraction}" if fraction else ""
    gap = draw(st.sampled_from("T "))
    return f"{draw(moments).isoformat(gap)[:19]}{dot}{draw(zones)}"


@st.composite
def near_misses(draw: st.DrawFn) -> str:
    """A good text with one character changed, put in or taken out."""
    text = draw(iso_texts())
    at = draw(st.integers(0, len(text)))
    put = draw(st.sampled_from(["", "0", "9", "-", ":", ".", "T", "Z", " ", "+", "e", "٣", "\t", "\u00a0"]))
    return text[:at] + put + text[at + draw(st.integers(0, 1)) :]


numbers = st.from_regex(r"-?[0-9]{1,19}(\.[0-9]{1,19})?([eE]\+?[0-9]{1,2})?", fullmatch=True)


@quick
@given(st.lists(st.one_of(st.none(), iso_texts(), near_misses(), numbers, st.text(max_size=30)), max_size=20))
def test_a_column_is_parsed_as_its_texts_are(texts: list[str | None]) -> None:
    assert_column_agrees(texts)


@quick
@given(st.lists(moments, min_size=1, max_size=3), st.sampled_from(["", ".000", ".907", ".999999"]), st.data())
def test_a_long_column_of_the_usual_forms_is_parsed_as_its_texts_are(
    some: list[datetime], fraction: str, data: st.DataObject
) -> None:
    texts = [f"{moment.isoformat()[:19]}{fraction}Z" for moment in some] * 40
    odd = data.draw(st.lists(st.tuples(st.integers(0, len(texts) - 1), st.one_of(st.none(), near_misses()))))
    assert_column_agrees([dict(odd).get(at, text) for at, text in enumerate(texts)])


IMPOSSIBLE = [
    "2026-02-30T10:00:00Z", "2025-02-29T10:00:00Z", "1900-02-29T10:00:00Z", "2026-13-01T10:00:00Z",
    "2026-00-01T10:00:00Z", "2026-01-00T10:00:00Z", "2026-04-31T10:00:00Z", "2026-01-05T24:00:00Z",
    "2026-01-05T23:60:00Z", "2026-01-05T23:59:60Z", "0000-01-01T00:00:00Z", "2026-99-99T99:99:99Z",
]  # fmt: skip
REFUSED = [
    *IMPOSSIBLE, "", " ", "-", "yesterday", "2026-01-05", "2026-01-05T13:05", "2026-01-05T13:05:00z",
    "2026-01-05t13:05:00Z", "2026-01-05T13:05:00.Z", "2026-01-05T13:05:00.1234567890Z", "2026-01-05T13:05:00,5Z",
    "2026-01-05T13:05:00+24:00", "2026-01-05T13:05:00+01:60", "2026-01-05T13:05:00+1", "2026-01-05  13:05:00Z",
    "26-01-05T13:05:00Z", "\uff12026-01-05T13:05:00Z", "+1767618300", "1767618300.", ".5", "1_767_618_300",
    "0x10", "nan", "inf", "1e-3", "1767618300 seconds", "1" * 19, "1" * 400, "1" * 5000, "1e99", "--1", "1.5.5",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_time(text) is None
    assert_column_agrees([text] * 33)


@pytest.mark.parametrize("day", ["2024-02-29", "2000-02-29", "2026-12-31", "0001-01-01", "9999-12-31"])
def test_possible_dates_are_right_in_either_way(day: str) -> None:
    expected = (date.fromisoformat(day) - date(1970, 1, 1)).days * 86_400_000_000
    assert parse_time(f"{day}T00:00:00Z") == expected
    assert_column_agrees([f"{day}T00:00:00Z"] * 33)


@quick
@given(
    moments, digits, st.sampled_from([("", 0), ("Z", 0), (" UTC", 0), ("+01:30", 90), ("-0330", -210), ("+14", 840)])
)
def test_iso_is_the_moment_it_names_with_its_fraction_cut(
    moment: datetime, fraction: str, zone: tuple[str, int]
) -> None:
    text = f"{moment.isoformat()[:19]}{'.' if fraction else ''}{fraction}{zone[0]}"
    seconds = (moment - EPOCH) // timedelta(seconds=1) - zone[1] * 60
    assert parse_time(text) == seconds * 1_000_000 + int((fraction + "000000")[:6])


def test_a_fraction_is_cut_and_never_rounded() -> None:
    assert parse_time("2026-01-05T13:05:00.123456999Z") == FIVE_PAST + 123_456
    assert parse_time("2026-01-05T13:05:00.999999999Z") == FIVE_PAST + 999_999
    assert parse_time("1767618300.0000019") == FIVE_PAST + 1
    assert parse_time("1767618300000.0009") == FIVE_PAST
    assert parse_time("-0.0000019") == -1


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T13:05:00Z", "2026-01-05 13:05:00", "2026-01-05 13:05:00 UTC", "2026-01-05T14:05:00+01:00",
        "2026-01-05T09:35:00-0330", "2026-01-05T14:05:00+01", "2026-01-05 14:05:00 +01:00", "\t2026-01-05T13:05:00Z\r ",
        "1767618300", "1767618300000", "1767618300000000", "1767618300.0", "1.7676183e9", "17676183e2", "1.7676183E+15",
    ],
)  # fmt: skip
def test_every_accepted_form_names_the_same_moment(text: str) -> None:
    assert parse_time(text) == FIVE_PAST


def test_the_size_of_a_number_tells_its_unit() -> None:
    assert parse_time("99999999999") == 99_999_999_999_000_000
    assert parse_time("100000000000") == 100_000_000_000_000
    assert parse_time("99999999999999") == 99_999_999_999_999_000
    assert parse_time("100000000000000") == 100_000_000_000_000
    assert parse_time("99999999999999999") == 99_999_999_999_999_999
    assert parse_time("100000000000000000") is None


@quick
@given(numbers)
@example("1767618300.123456789012345678")
@example("-1.9999999")
def test_numbers_are_exact(text: str) -> None:
    micros = parse_time(text)
    if micros is None:
        return
    with localcontext(prec=200):
        value = Decimal(text)
        unit = next(unit for limit, unit in ((11, 6), (14, 3), (17, 0)) if abs(value) < Decimal(10) ** limit)
        assert micros == int(value * 10**unit)


@quick
@given(st.one_of(iso_texts(), near_misses(), numbers))
@example("0001-01-01T00:00:00+23:59")
@example("9999-12-31T23:59:59-00:01")
@example("-99999999999")
def test_every_time_is_a_date_of_the_calendar(text: str) -> None:
    if (micros := parse_time(text)) is not None:
        assert EPOCH + timedelta(microseconds=micros)


def test_a_slice_of_a_column_is_parsed_as_a_slice() -> None:
    texts = [f"2026-01-05T13:05:{n % 60:02d}Z" if n % 7 else None for n in range(200)]
    whole = pa.array(["x", *texts, "2026-01-05T13:05:00.5Z"])
    micros, valid = parse_times(whole.slice(1, 200))
    assert micros.tolist() == [parse_time(text or "") or 0 for text in texts]
    assert valid.tolist() == [text is not None for text in texts]


def test_columns_of_nothing_and_of_nulls_are_fine() -> None:
    assert [len(part) for part in parse_times(pa.array([], pa.string()))] == [0, 0]
    assert not parse_times(pa.array([None] * 50, pa.string()))[1].any()


def assert_column_agrees(texts: list[str | None]) -> None:
    micros, valid = parse_times(pa.array(texts, pa.string()))
    one_by_one = [None if text is None else parse_time(text) for text in texts]
    assert [m if ok else None for m, ok in zip(micros.tolist(), valid.tolist(), strict=True)] == one_by_one
