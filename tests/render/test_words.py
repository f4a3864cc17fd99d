"""Money, and what a query cost, as people read them."""

from __future__ import annotations

import pytest

from clickctl.render.words import dollars, query_cost


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "$0.00"), (0.00005, "<$0.0001"), (0.0001, "$0.0001"), (0.006, "$0.006"), (0.00999, "$0.01"), (0.05, "$0.05"),
     (1234, "$1,234.00")],
)  # fmt: skip
def test_an_amount_that_is_something_is_never_shown_as_nothing(amount: float, shown: str) -> None:
    assert dollars(amount) == shown


def test_a_query_tells_what_it_read_what_it_cost_and_how_long_it_took() -> None:
    assert query_cost(1_200_000_000, 0.006, 3.4) == "1.2 GB scanned, $0.006, 3.4 s"
    assert query_cost(0, 0.00005, 1) == "0 B scanned, <$0.0001, 1.0 s"
    assert query_cost(0, 0, 0.2) == "0.2 s"
