"""Whether the warehouse's tables are ours, by their columns."""

from __future__ import annotations

import pytest

from clickctl.plan.hot_tables import drift, missing

WANTED = {"clicks": (("id", "VARCHAR(32)"), ("at", "TIMESTAMP"), ("attrs", "SUPER"), ("n", "BIGINT"))}
REDSHIFT = (("id", "character varying(32)"), ("at", "timestamp without time zone"), ("attrs", "super"), ("n", "bigint"))
DUCKDB = (("id", "VARCHAR"), ("at", "TIMESTAMP"), ("attrs", "JSON"), ("n", "BIGINT"))


@pytest.mark.parametrize("seen", [REDSHIFT, DUCKDB])
def test_the_same_columns_in_another_systems_words_are_no_drift(seen: tuple[tuple[str, str], ...]) -> None:
    assert drift(WANTED, {"clicks": seen}) == ()


def test_a_wider_varchar_is_no_drift() -> None:
    assert drift(WANTED, {"clicks": (("id", "character varying(64)"), *REDSHIFT[1:])}) == ()


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ((("id", "character varying(16)"), *REDSHIFT[1:]), "id is character varying(16) where VARCHAR(32) is needed"),
        ((*REDSHIFT[:2], ("attrs", "character varying(65535)"), REDSHIFT[3]),
         "attrs is character varying(65535) where SUPER is needed"),
        (REDSHIFT[1:], "column id is missing"),
        ((*REDSHIFT, ("source", "integer")), "column source is unknown"),
        (REDSHIFT[::-1], "its columns are in the order n, attrs, at, id"),
    ],
)  # fmt: skip
def test_each_difference_is_told(seen: tuple[tuple[str, str], ...], told: str) -> None:
    assert drift(WANTED, {"clicks": seen}) == (f"clicks: {told}",)


def test_a_table_that_is_not_there_is_missing_and_no_drift() -> None:
    assert (missing(WANTED, {}), drift(WANTED, {})) == (("clicks",), ())


def test_tables_of_others_are_nobodys_business() -> None:
    assert drift(WANTED, {"clicks": REDSHIFT, "sales": (("id", "integer"),)}) == ()
