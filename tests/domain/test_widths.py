"""Texts that are wider than their column are loaded shortened, and fit."""

from __future__ import annotations

import re
from hashlib import md5
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.domain.widths import IDS, KEPT_OF_AN_ID, STAGED, WIDTHS, shortened
from tests.conftest import REPO

SQL = {path.stem: path.read_text("utf-8") for path in sorted(Path(REPO, "clickctl/sql/hot").glob("*.sql"))}
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.sampled_from(sorted(WIDTHS)), texts, st.integers(1, 5000))
def test_what_is_shortened_fits_its_column_whatever_its_characters(column: str, text: str, times: int) -> None:
    fitted = shortened(column, text * times)
    assert fitted is not None and len(fitted.encode()) <= WIDTHS[column] < STAGED


@pytest.mark.parametrize("column", IDS)
def test_ids_that_begin_alike_stay_apart(column: str) -> None:
    begin = "😀" * KEPT_OF_AN_ID
    one, other = begin + "x" * 999 + "1", begin + "x" * 999 + "2"
    assert shortened(column, one) == f"{begin}:{md5(one.encode()).hexdigest()}"
    assert shortened(column, one) != shortened(column, other)


def test_other_texts_keep_their_beginning_and_attrs_nothing() -> None:
    assert shortened("page_url", "/ü" * 99_999) == "/ü" * 1024
    assert shortened("attrs", "{}") is None


def test_the_statements_have_the_same_widths() -> None:
    assert SQL
    for name, sql in SQL.items():
        declared = re.findall(rf"^  ({'|'.join(WIDTHS)}) VARCHAR\((\d+)\)", sql, re.MULTILINE)
        staged = name in ("stage_facts", "stage_users")
        assert all(int(width) == (STAGED if staged else WIDTHS[column]) for column, width in declared), name
        compared = re.findall(r"octet_length\((\w+)\) > (\d+)", sql)
        assert all(int(width) == WIDTHS[column] for column, width in compared), name
        for column, characters in re.findall(r"left\((\w+), (\d+)\)", sql):
            assert int(characters) == (KEPT_OF_AN_ID if column in IDS else WIDTHS[column] // 4), name
