"""A file's bytes to lines: the same whatever the blocks, and damage is noticed."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickctl.transform import lines
from clickctl.transform.lines import Block, CorruptFile, LongPiece, read_blocks

TEXT = b"".join(b'{"n":%d}\n' % n for n in range(5000))


@contextmanager
def blocks_of(size: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_BYTES", size)
        yield


def split(data: bytes, limit: int = 1 << 20, name: str = "part-0.json") -> list[tuple[int, bytes, bool]]:
    """Every line with its number, and whether it came in pieces. What each block promises is checked."""
    found: list[tuple[int, bytes, bool]] = []
    pieces: list[LongPiece] = []
    for part in read_blocks(io.BytesIO(data), name, limit):
        if isinstance(part, LongPiece):
            pieces.append(part)
            if not part.more:
                assert {piece.number for piece in pieces} == {part.number}
                found.append((part.number, b"".join(piece.data for piece in pieces), True))
                pieces = []
            continue
        assert not pieces, "the pieces of a line come together"
        joined = b"\n".join(part.lines)
        assert part.lines and part.text in (joined, joined + b"\n")
        found += [(part.first + at, line, False) for at, line in enumerate(part.lines)]
    assert not pieces, "the last piece says so"
    return found


def naive(data: bytes, limit: int) -> list[tuple[int, bytes, bool]]:
    parts = data.split(b"\n")
    if parts[-1] == b"":
        parts.pop()
    return [(number, line, len(line) > limit) for number, line in enumerate(parts, 1)]


some_text = st.lists(st.sampled_from([b"\n", b"\n\n", b"a", b"bc", b"\r\n", b"\0", b"12345678", b"\xff"])).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(some_text, st.integers(1, 12), st.integers(1, 10))
@example(b"abc\n", 2, 3)
@example(b"abcd", 2, 3)
@example(b"abcdef\n", 3, 3)
@example(b"abcdef", 3, 5)
@example(b"\nabcdefgh\n\nab", 4, 3)
def test_the_blocks_do_not_matter(data: bytes, block: int, limit: int) -> None:
    with blocks_of(block):
        assert split(data, limit) == naive(data, limit)
        if data:
            assert split(gzip.compress(data), limit, "part-0.json.gz") == naive(data, limit)


@settings(max_examples=100, deadline=None)
@given(some_text, st.integers(1, 12), st.integers(1, 10), st.integers(1, 4))
def test_a_bound_on_the_lines_of_a_block_does_not_matter(data: bytes, block: int, limit: int, most: int) -> None:
    with blocks_of(block), pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_LINES", most)
        assert split(data, limit) == naive(data, limit)
        parts = list(read_blocks(io.BytesIO(data), "part-0.json", limit))
        assert all(len(part.lines) <= most for part in parts if isinstance(part, Block))


@settings(max_examples=100, deadline=None)
@given(st.lists(some_text, min_size=1), st.integers(1, 12))
def test_the_members_of_a_gzip_are_one_text(members: list[bytes], block: int) -> None:
    with blocks_of(block):
        packed = b"".join(gzip.compress(member) for member in members)
        assert split(packed, 6, "part-0.json.gz") == naive(b"".join(members), 6)


def test_no_piece_is_longer_than_a_block_and_the_limit() -> None:
    with blocks_of(100):
        parts = list(read_blocks(io.BytesIO(b"ab\n" + b"x" * 5000 + b"\ncd\n"), "part-0.json", 50))
    assert max(len(part.data) for part in parts if isinstance(part, LongPiece)) <= 150


def test_lines_end_where_a_newline_is_and_nowhere_else() -> None:
    data = "a\u2028b\r\x0bc\x85d\r\ne".encode()
    assert [line for _, line, _ in split(data)] == ["a\u2028b\r\x0bc\x85d\r".encode(), b"e"]


def test_an_empty_file_has_no_lines() -> None:
    assert split(b"") == []
    assert split(gzip.compress(b""), name="part-0.json.gz") == []


def test_gzip_is_known_by_its_content_too() -> None:
    assert split(gzip.compress(TEXT), name="part-0.json") == naive(TEXT, 100)


@pytest.mark.parametrize("zeros", [1, 7, 5000])
def test_zeros_after_a_gzip_are_padding(zeros: int) -> None:
    assert split(gzip.compress(TEXT) + b"\0" * zeros, name="part-0.json.gz") == naive(TEXT, 100)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


PACKED = gzip.compress(TEXT, mtime=0)
DAMAGED = {
    "plain text under a gzip's name": TEXT,
    "an empty file under a gzip's name": b"",
    "cut within the header": PACKED[:6],
    "cut after one byte": PACKED[:1],
    "cut in the middle": PACKED[: len(PACKED) // 2],
    "cut within the checksum": PACKED[:-5],
    "cut by one byte": PACKED[:-1],
    "a flipped bit in the middle": flipped(PACKED, len(PACKED) // 2),
    "a flipped bit near the start": flipped(PACKED, 12),
    "a flipped bit in the checksum": flipped(PACKED, len(PACKED) - 8),
    "a flipped bit in the length": flipped(PACKED, len(PACKED) - 1),
    "a flipped bit in the method": flipped(PACKED, 2),
    "text after the gzip": PACKED + b"more",
    "a second member that is cut": PACKED + PACKED[: len(PACKED) // 2],
    "a second member of which a byte is left": PACKED + PACKED[:1],
    "zlib without a gzip's header": zlib.compress(TEXT),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("block", [100, 12 << 20])
def test_damage_is_noticed(data: bytes, block: int) -> None:
    with blocks_of(block), pytest.raises(CorruptFile):
        split(data, name="part-0.json.gz")


@settings(max_examples=200, deadline=None)
@given(st.integers(18, len(PACKED) - 1), st.integers(0, 7))
def test_no_flipped_bit_changes_a_line_unnoticed(at: int, bit: int) -> None:
    damaged = bytearray(PACKED)
    damaged[at] ^= 1 << bit
    with suppress(CorruptFile):
        assert split(bytes(damaged), name="part-0.json.gz") == naive(TEXT, 100), "written otherwise, meaning the same"


def test_two_bytes_that_only_begin_like_a_gzip_are_a_damaged_one() -> None:
    with pytest.raises(CorruptFile):
        split(b"\x1f\x8b hello\n")
