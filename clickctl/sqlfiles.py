"""SQL that is kept as files, `sql/*.sql`, and the little that is put together. For Athena (Trino) and DuckDB alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import Template

from clickctl.domain.errors import ConfigError
from clickctl.domain.hours import Day

_NAME = re.compile(r"[A-Za-z0-9_]+")


def statement(name: str, **names: str) -> str:
    """The statement of `sql/<name>.sql` without its comments, each `${word}` replaced by the name given for it.

    The quotes around a name stand in the file. Raises ConfigError for what is not letters, digits
    and underscores, so that nothing in a configuration can become SQL.
    """
    return _template(name).substitute({word: checked(value) for word, value in names.items()})


def statement_on(name: str, days: Iterable[Day], **names: str) -> str:
    """The same, with `${days}` replaced by the condition for these event-days."""
    return _template(name).substitute({word: checked(value) for word, value in names.items()}, days=on_days(days))


def _template(name: str) -> Template:
    from importlib.resources import files

    text = files("clickctl").joinpath("sql", *f"{name}.sql".split("/")).read_text("utf-8")
    return Template("\n".join(line for line in text.splitlines() if not line.startswith("--")))


def checked(name: str) -> str:
    """The name, if it is one that needs no escaping in SQL; else ConfigError."""
    if not _NAME.fullmatch(name):
        hint = "Check [catalog]: names have letters, digits and underscores."
        raise ConfigError(f"{name!r} is no name of a database, table or view.", hint=hint)
    return name


def first_rows(table: str, days: Iterable[Day], limit: int) -> str:
    """The rows of a table on some event-days that come first by its time, the second column."""
    return f'SELECT * FROM "{checked(table)}" WHERE {on_days(days)} ORDER BY 2, 1 LIMIT {int(limit)}'


def on_days(days: Iterable[Day]) -> str:
    """A condition that holds on these event-days. Engines read only the partitions it names; none: FALSE."""
    months: dict[tuple[str, str], list[str]] = {}
    for year, month, day in sorted({tuple(str(day).split("-")) for day in days}):
        months.setdefault((year, month), []).append(f"'{day}'")
    parts = [f"(year = '{year}' AND month = '{month}' AND day IN ({', '.join(found)}))"
             for (year, month), found in months.items()]  # fmt: skip
    return f"({' OR '.join(parts)})" if parts else "FALSE"
