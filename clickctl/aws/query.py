"""Athena: one statement at a time, waited for, paged, and told what it cost."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any
from uuid import uuid4

import botocore.exceptions

from clickctl.aws.clients import client
from clickctl.aws.errors import THROTTLED, code_of, explained, shown, text_of
from clickctl.aws.query_answers import Plain, charge, columns_of, has_header, row_of
from clickctl.aws.query_errors import over_limit, refused, stopped
from clickctl.domain.errors import ClickctlError, UsageError
from clickctl.domain.hours import Day
from clickctl.domain.layout import FACTS
from clickctl.ports import Answer
from clickctl.roots import AwsSettings
from clickctl.settings import AthenaSettings, CatalogSettings
from clickctl.sqlfiles import first_rows

LONGEST_STATEMENT = 262_144  # bytes of UTF-8 (Athena's service quotas; it cannot be raised)
LONGEST_PARAMETER = 1024  # characters of a literal (botocore's model, ExecutionParameter)
_PAGE = 1000  # rows (botocore's model, MaxQueryResults)
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.2, 5.0, 1.5  # seconds
_PATIENCE = 600.0  # seconds of throttling
_ATTEMPTS = 4  # of the SDK; longer throttling is waited out here, where Ctrl-C is seen between calls
_RUNS = ("QUEUED", "RUNNING")  # a query can go back from RUNNING to QUEUED


class AthenaQuery:
    """Asks Athena in the workgroup and database of the configuration.

    Parameters are sent as SQL text literals. A statement is sent under one client token, so that
    one whose answer was lost is not started twice. Whatever ends the waiting, Ctrl-C above all,
    cancels the query.

    `max_scan_gb` is looked after by polling: a query that has scanned more is cancelled. That
    Athena counts DataScannedInBytes up while a query runs is unverified, and a query can be past
    the limit by what it scans between two polls: the hard limit is the workgroup's own
    (BytesScannedCutoffPerQuery), which Athena enforces whatever is configured here.
    """

    def __init__(
        self,
        aws: AwsSettings,
        athena: AthenaSettings,
        catalog: CatalogSettings,
        *,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._aws, self._athena, self._catalog, self._pause = aws, athena, catalog, pause

    def rows(self, table: str, days: Sequence[Day], limit: int) -> Answer:
        name = self._catalog.facts if table == FACTS else self._catalog.users
        return self.run(first_rows(name, days, limit))

    def run(self, sql: str, parameters: Sequence[str] = ()) -> Answer:
        """See ports.Query. Raises ConfigError for a workgroup or an output location that cannot be used."""
        began = time.monotonic()
        request = self._request(sql, parameters)
        with self._explained():
            query_id = self._call("start_query_execution", **request)["QueryExecutionId"]
            query = self._finished(query_id)
            rate, scanned = self._athena.dollars_per_tb, _scanned(query)
            dollars = charge(query.get("StatementType", "DML"), query["Status"]["State"], scanned, rate)
            if query["Status"]["State"] != "SUCCEEDED":
                raise stopped(query, self._athena, scanned, dollars)
            columns, rows = self._results(query)
        return Answer(columns, rows, scanned, dollars, time.monotonic() - began, query_id)

    def _request(self, sql: str, parameters: Sequence[str]) -> Plain:
        if (size := len(sql.encode())) > LONGEST_STATEMENT:
            raise UsageError(f"The statement has {size:,} bytes, and Athena takes {LONGEST_STATEMENT:,}.")
        literals = ["'" + text.replace("'", "''") + "'" for text in parameters]
        if any(len(literal) > LONGEST_PARAMETER for literal in literals):
            raise UsageError(f"A parameter is longer than the {LONGEST_PARAMETER:,} characters Athena takes.")
        request: Plain = {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": self._catalog.database},
            "WorkGroup": self._athena.workgroup,
            "ClientRequestToken": str(uuid4()),
        }
        if literals:
            request["ExecutionParameters"] = literals
        if self._athena.output:
            request["ResultConfiguration"] = {"OutputLocation": self._athena.output}
            if key := self._aws.kms_key:
                request["ResultConfiguration"]["EncryptionConfiguration"] = {
                    "EncryptionOption": "SSE_KMS",
                    "KmsKey": key,
                }
        return request

    def _finished(self, query_id: str) -> Plain:
        """The query in its final state; cancelled where it is not waited for to the end."""
        try:
            for pause in _pauses():
                query: Plain = self._call("get_query_execution", QueryExecutionId=query_id)["QueryExecution"]
                if query["Status"]["State"] not in _RUNS:
                    return query
                if 0 < self._athena.max_scan_gb * 1e9 < _scanned(query):
                    raise over_limit(query_id, self._athena.max_scan_gb, _scanned(query))
                self._pause(pause)
            raise AssertionError("pauses have no end")
        except BaseException as error:
            self._cancel(query_id, error)
            raise

    def _cancel(self, query_id: str, reason: BaseException) -> None:
        """Tells in `reason`, which ended the waiting, what became of the query."""
        told = "The query was cancelled."
        try:
            self._call("stop_query_execution", QueryExecutionId=query_id)
        except Exception as error:
            told = f"Athena query {query_id} could not be cancelled and may go on: {shown(error)}."
            reason.add_note(told)
        if isinstance(reason, ClickctlError):
            reason.changed = told

    def _results(self, query: Plain) -> tuple[tuple[str, ...], tuple[tuple[object, ...], ...]]:
        found: Plain = {"NextToken": None}
        columns: Sequence[Plain] = ()
        rows: list[tuple[object, ...]] = []
        while "NextToken" in found:
            token = {"NextToken": found["NextToken"]} if found["NextToken"] else {}
            found = self._call(
                "get_query_results", QueryExecutionId=query["QueryExecutionId"], MaxResults=_PAGE, **token
            )
            page = found["ResultSet"].get("Rows", ())
            columns = columns or columns_of(found)
            skipped = 1 if not token and has_header(query, columns, page) else 0
            rows += [row_of(row, columns) for row in islice(page, skipped, None)]
        return tuple(column["Name"] for column in columns), tuple(rows)

    def _call(self, operation: str, **request: Any) -> Plain:
        """Any of these calls is safe to repeat. Throttling is waited out for _PATIENCE."""
        call = getattr(client("athena", self._aws, attempts=_ATTEMPTS), operation)
        waited = 0.0
        for pause in _pauses():
            try:
                reply: Plain = call(**request)
                return reply
            except botocore.exceptions.ClientError as error:
                if code_of(error) not in THROTTLED or waited >= _PATIENCE:
                    raise
            self._pause(pause)
            waited += pause
        raise AssertionError("pauses have no end")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with explained(f"Athena workgroup {self._athena.workgroup}"):
            try:
                yield
            except botocore.exceptions.ClientError as error:
                if code_of(error) != "InvalidRequestException":
                    raise
                raise refused(text_of(error), self._athena) from error


def _pauses() -> Iterator[float]:
    """Seconds between tries: growing, and drawn, so that many who wait do not ask at the same time."""
    longest = _FIRST_PAUSE
    while True:
        yield random.uniform(longest / 2, longest)
        longest = min(longest * _GROWTH, _LONGEST_PAUSE)


def _scanned(query: Plain) -> int:
    return int(query.get("Statistics", {}).get("DataScannedInBytes") or 0)
