"""How the hot tables differ from what they should be, by their columns. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Columns = Sequence[tuple[str, str]]
"""Names and types, in order."""

_TYPE = re.compile(r"([a-z0-9 ]+?)\s*(?:\((\d+)\))?")
_SAME = {
    "character varying": "varchar",
    "timestamp without time zone": "timestamp",
    "int8": "bigint",
    "json": "super",
}


def missing(wanted: Mapping[str, Columns], seen: Mapping[str, Columns]) -> tuple[str, ...]:
    """The tables that are not there."""
    return tuple(table for table in wanted if table not in seen)


def drift(wanted: Mapping[str, Columns], seen: Mapping[str, Columns]) -> tuple[str, ...]:
    """A phrase for each table that is there and is another one. A VARCHAR that is wider is fine."""
    return tuple(
        f"{table}: {'; '.join(problems)}"
        for table, columns in wanted.items()
        if table in seen and (problems := _differences(columns, seen[table]))
    )


def _differences(wanted: Columns, seen: Columns) -> list[str]:
    there, names = dict(seen), [name for name, _ in wanted]
    found = [f"column {name} is missing" for name in names if name not in there]
    found += [f"column {name} is unknown" for name in there if name not in names]
    found += [f"{name} is {there[name]} where {kind} is needed" for name, kind in wanted
              if name in there and not _holds(there[name], kind)]  # fmt: skip
    if not found and names != list(there):
        found.append(f"its columns are in the order {', '.join(there)}")
    return found


def _holds(seen: str, wanted: str) -> bool:
    (kind, width), (needed, least) = _parsed(seen), _parsed(wanted)
    return kind == needed and (width is None or least is None or width >= least)


def _parsed(text: str) -> tuple[str, int | None]:
    """The plain name of a type, and its width where it is told."""
    match = _TYPE.fullmatch(text.lower().strip())
    if not match:
        return text, None
    return _SAME.get(match[1], match[1]), int(match[2]) if match[2] else None
