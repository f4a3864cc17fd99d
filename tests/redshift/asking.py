"""A client of the stand-in for its own tests: the real driver, each statement on its own but in a block."""

from __future__ import annotations

import contextlib
from typing import Any

from tests.redshift.server import Standin


class Client:
    def __init__(self, standin: Standin, **changes: Any) -> None:
        self.connection = standin.connect(**changes)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.cursor.paramstyle = "qmark"

    def __call__(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        self.cursor.execute(sql, values or None)
        return [tuple(row) for row in self.cursor.fetchall()] if self.cursor.description else []

    def one(self, sql: str, *values: Any) -> Any:
        """The only value of the only row."""
        ((value,),) = self(sql, *values)
        return value

    def refused(self, sql: str, *values: Any) -> dict[str, str]:
        """The fields of the error it is answered with."""
        try:
            self(sql, *values)
        except Exception as error:
            assert error.args and isinstance(error.args[0], dict), error
            fields: dict[str, str] = error.args[0]
            return fields
        raise AssertionError(f"taken: {sql}")

    def close(self) -> None:
        """Also when it was closed before, or lost."""
        with contextlib.suppress(Exception):
            self.connection.close()
