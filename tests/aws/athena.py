"""Athena over DuckDB: statements are run; tokens, states, pages and refusals are as AWS has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import duckdb
import pytest

from clickctl.aws.query import AthenaQuery
from clickctl.domain.errors import ClickctlError
from clickctl.roots import AwsSettings
from clickctl.settings import AthenaSettings, CatalogSettings
from tests.aws.harness.account import Aws
from tests.aws.harness.replies import AwsError
from tests.aws.harness.requests import Request

Row = tuple[Any, ...]

_KINDS = {"VARCHAR": "varchar", "INTEGER": "integer", "BIGINT": "bigint", "HUGEINT": "bigint", "DOUBLE": "double",
          "BOOLEAN": "boolean", "TIMESTAMP": "timestamp", "DATE": "date"}  # fmt: skip
TB = 10**12
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
MISSING = "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.clickstream.{}' does not exist"


@dataclass
class Asked:
    """One query. Each look at it brings the next of `states` and of `scanned`; the last ones stay."""

    request: dict[str, Any]
    states: list[str]
    scanned: list[int]
    columns: tuple[tuple[str, str], ...] = ()
    rows: Sequence[Row] = ()
    reason: str = ""
    kind: str = "DML"
    id: str = field(default_factory=lambda: str(uuid4()))
    looked: int = -1

    def now(self, values: list[Any]) -> Any:
        return values[min(max(self.looked, 0), len(values) - 1)]

    @property
    def state(self) -> str:
        return str(self.now(self.states))


class Athena:
    """Answers for one test's account. The attributes say how the next queries go."""

    def __init__(self, aws: Aws, database: duckdb.DuckDBPyConnection | None = None) -> None:
        self.database = database or duckdb.connect()
        self.workgroups = {"primary": "s3://results/primary/", "bare": ""}
        self.disabled = {"off"}
        self.states = ["QUEUED", "RUNNING", "SUCCEEDED"]
        self.scanned = [0]
        self.reason = ""
        self.asked: list[Asked] = []
        for name in ("StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution"):
            aws.handlers[f"athena.{name}"] = getattr(self, f"_{name}")

    def _StartQueryExecution(self, request: Request) -> dict[str, Any]:  # noqa: N802 - the operation's name
        plain = request.json
        for asked in self.asked:
            if asked.request["ClientRequestToken"] == plain["ClientRequestToken"]:
                if asked.request != plain:
                    raise AwsError("InvalidRequestException", "Idempotent parameters do not match")
                return {"QueryExecutionId": asked.id}
        group, output = plain["WorkGroup"], plain.get("ResultConfiguration", {}).get("OutputLocation")
        if group in self.disabled:
            raise AwsError("InvalidRequestException", f"WorkGroup {group} is disabled.")
        if group not in self.workgroups:
            raise AwsError("InvalidRequestException", "WorkGroup is not found.")
        if not (output or self.workgroups[group]):
            raise AwsError("InvalidRequestException", "No output location provided. An output location is required "
                           "either through the Workgroup result configuration setting or as an API input.")  # fmt: skip
        asked = Asked(plain, list(self.states), list(self.scanned), reason=self.reason)
        self._run(asked)
        self.asked.append(asked)
        return {"QueryExecutionId": asked.id}

    def _run(self, asked: Asked) -> None:
        """A parameter is any expression, as in EXECUTE … USING."""
        sql, literals = asked.request["QueryString"], asked.request.get("ExecutionParameters", ())
        asked.kind = {"SHOW": "UTILITY", "DESCRIBE": "UTILITY", "CREATE": "DDL"}.get(sql.split()[0].upper(), "DML")
        try:
            values = [self.database.execute(f"SELECT {literal}").fetchall()[0][0] for literal in literals]
            found = self.database.execute(sql, values)
            asked.columns = tuple((c[0], _KINDS.get(str(c[1]), "varchar")) for c in found.description or ())
            asked.rows = found.fetchall()
        except duckdb.CatalogException as error:
            asked.reason, asked.states[-1] = MISSING.format(str(error).split()[5]), "FAILED"
        except duckdb.Error as error:
            asked.reason, asked.states[-1] = f"SYNTAX_ERROR: line 1:1: {str(error).splitlines()[0]}", "FAILED"

    def _found(self, request: Request) -> Asked:
        for asked in self.asked:
            if asked.id == request.json["QueryExecutionId"]:
                return asked
        raise AwsError("InvalidRequestException", "QueryExecution was not found")

    def _GetQueryExecution(self, request: Request) -> dict[str, Any]:  # noqa: N802
        asked = self._found(request)
        asked.looked += 1
        why = {"StateChangeReason": asked.reason} if asked.state in ENDED and asked.reason else {}
        return {
            "QueryExecution": {
                "QueryExecutionId": asked.id,
                "StatementType": asked.kind,
                "Status": {"State": asked.state, **why},
                "Statistics": {"DataScannedInBytes": asked.now(asked.scanned)},
            }
        }

    def _StopQueryExecution(self, request: Request) -> dict[str, Any]:  # noqa: N802
        asked = self._found(request)
        if asked.state not in ENDED:
            asked.states, asked.reason = ["CANCELLED"], "Query cancelled by user"
        return {}

    def _GetQueryResults(self, request: Request) -> dict[str, Any]:  # noqa: N802
        asked = self._found(request)
        names = [tuple(name for name, _ in asked.columns)] if asked.kind == "DML" and asked.columns else []
        rows = [*names, *asked.rows]
        begin = int(request.json.get("NextToken", 0))
        end = begin + request.json.get("MaxResults", 1000)
        return {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": [{"Data": [_datum(value) for value in row]} for row in rows[begin:end]],
                "ResultSetMetadata": {"ColumnInfo": [{"Name": name, "Type": kind} for name, kind in asked.columns]},
            },
            **({"NextToken": str(end)} if end < len(rows) else {}),
        }


def _datum(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"VarCharValue": str(value).lower()}
    if isinstance(value, datetime):
        return {"VarCharValue": value.isoformat(" ", "milliseconds")}
    return {"VarCharValue": str(value)}


def query(pause: Callable[[float], object] = lambda seconds: None, kms_key: str = "", **athena: Any) -> AthenaQuery:
    names = CatalogSettings("lake", "clicks", "people")
    return AthenaQuery(AwsSettings(kms_key=kms_key), AthenaSettings(**athena), names, pause=pause)


def refusal(sql: str = "SELECT 1 AS a", **athena: Any) -> ClickctlError:
    with pytest.raises(ClickctlError) as raised:
        query(**athena).run(sql)
    return raised.value
