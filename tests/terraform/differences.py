"""Tables of lines, compared so that what differs is seen whole."""

from __future__ import annotations

from collections.abc import Set

import pytest


def compare(found: Set[str], wanted: Set[str]) -> None:
    """Fail with every line that is there and should not be, or the other way round."""
    if found == wanted:
        return
    lines = [*(f"there is: {line}" for line in found - wanted), *(f"there is not: {line}" for line in wanted - found)]
    pytest.fail("\n".join(sorted(lines, key=lambda line: line.partition(": ")[2])), pytrace=False)
