"""Why Athena would not, told with what to do."""

from __future__ import annotations

import os
from typing import Any

import pytest

from clickctl.domain.errors import ConfigError, EngineError
from tests.aws.athena import Athena, refusal
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("Bytes scanned limit was exceeded", "BytesScannedCutoffPerQuery"),
        ("Query exhausted resources at this scale factor", "fewer days"),
        ("SCHEMA_NOT_FOUND: line 1:15: Schema 'lake' does not exist", "register-partitions --create-tables"),
        ("COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved or requester is not authorized to access "
         "requested resources", "Check the SQL"),
        ("TYPE_MISMATCH: line 1:1: '=' cannot be applied to varchar, integer", "Check the SQL"),
        ("Permission denied on S3 path: s3://x: Access Denied (Service: Amazon S3; Status Code: 403)", "s3:GetObject"),
        ("Insufficient Lake Formation permission(s) on clicks", "glue:GetDatabase"),
        ("com.amazonaws.services.s3.model.AmazonS3Exception: user is not authorized to perform: kms:Decrypt",
         "kms:Decrypt"),
        ("Access denied when writing output to url: s3://x/y", "[athena] output"),
        ("something nobody has seen yet", "Athena's history, workgroup primary"),
        ("", "Athena's history, workgroup primary"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_failed_query_is_explained(athena: Athena, state: str, reason: str, told: str) -> None:
    athena.states, athena.reason = ["RUNNING", state], reason
    error = refusal()
    assert (type(error), error.exit_code) == (EngineError, 5)
    assert (reason or "no reason given") in error.message
    assert athena.asked[-1].id in error.message
    assert told in error.hint


def test_a_cancelled_query_tells_what_is_charged_and_a_failed_one_is_free(athena: Athena) -> None:
    athena.scanned, athena.states = [20 * 10**9], ["CANCELLED"]
    assert "It scanned 20.00 GB, for $0.1000." in refusal().message
    athena.states = ["FAILED"]
    assert "$" not in refusal().message


def test_a_missing_table_is_told_with_what_makes_it(athena: Athena) -> None:
    error = refusal("SELECT * FROM clicks")
    assert "TABLE_NOT_FOUND" in error.message
    assert "clickctl register-partitions --create-tables" in error.hint


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"workgroup": "none"}, "workgroup none: WorkGroup is not found"),
        ({"workgroup": "off"}, "WorkGroup off is disabled"),
        ({"workgroup": "bare"}, "No output location provided"),
    ],
)
def test_a_workgroup_or_output_that_cannot_be_used_is_an_error_of_the_configuration(
    athena: Athena, settings: dict[str, Any], told: str
) -> None:
    error = refusal(**settings)
    assert (type(error), error.exit_code) == (ConfigError, 3)
    assert told in error.message
    assert "[athena]" in error.hint


def test_a_statement_athena_cannot_read_is_an_error_of_the_statement(aws: Aws, athena: Athena) -> None:
    text = "line 1:1: mismatched input 'SELEC'. Expecting: 'ALTER', 'ANALYZE'"
    aws.faults.add(Fault("athena.StartQueryExecution", "error", code="InvalidRequestException", message=text))
    error = refusal("SELEC 1")
    assert (type(error), error.message, error.hint) == (
        EngineError,
        f"Athena: {text}.",
        "Check the SQL: it is Athena's (Trino's).",
    )


def test_missing_credentials_are_told_without_a_traceback(athena: Athena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    assert isinstance(refusal(), ConfigError)
