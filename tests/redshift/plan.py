"""What is to be done with a statement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.redshift.session import Session


@dataclass(frozen=True)
class Plan:
    """`sql` for PostgreSQL, or `special`: something the stand-in does itself, and answers with the tag it returns.

    `writes` is the table written to, on which Redshift's writers wait for one another. `after` is run in PostgreSQL
    when the statement has succeeded. `alone`: refused in a transaction block, with this message.
    """

    sql: str = ""
    special: Callable[[Session], str] | None = None
    writes: str = ""
    after: tuple[str, ...] = field(default=())
    alone: str = ""
    ends_block: bool = False


def nothing(tag: str) -> Plan:
    """Accepted, and without effect here."""
    return Plan(special=lambda _: tag)


def literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'" if "\\" not in value else "E'" + value.replace("\\", "\\\\").replace(
        "'", "''"
    ) + "'"  # fmt: skip
