"""Why Athena would not, or could not, and what to do. The service says it in words only."""

from __future__ import annotations

import re

from clickctl.aws.errors import hint_for, shown
from clickctl.aws.query_answers import Plain
from clickctl.domain.errors import ClickctlError, ConfigError, EngineError
from clickctl.settings import AthenaSettings

_OUTPUT = "Set [athena] output to an s3:// prefix you may write to, or the workgroup's own result location."
_SMALLER = "Ask for fewer days or columns."

# The first that is found counts. A missing column is told as "cannot be resolved or requester is not authorized".
_HINTS = (
    (r"bytes scanned limit",
     f"{_SMALLER} The limit is the workgroup's own, BytesScannedCutoffPerQuery: who administers it may raise it."),
    (r"TABLE_NOT_FOUND|SCHEMA_NOT_FOUND|DATABASE_NOT_FOUND|(table|view|schema|database) \S+ (does not exist|not found)",
     "Check [catalog]; 'clickctl register-partitions --create-tables' makes database, tables and view."),
    (r"COLUMN_NOT_FOUND|SYNTAX_ERROR|MISMATCH|mismatched input|FUNCTION_NOT_FOUND|INVALID_(FUNCTION|PARAMETER|CAST)|"
     r"incorrect number of parameters|queries of this type are not supported|cannot be resolved",
     "Check the SQL: it is Athena's (Trino's)."),
    (r"output (location|bucket)|writing output|result location", _OUTPUT),
    (r"\bkms\b|kms:", hint_for("KMS.AccessDeniedException", "")),
    (r"PERMISSION_DENIED|access ?denied|not authorized|insufficient lake ?formation|forbidden",
     "The role needs s3:GetObject and s3:ListBucket on the lake, read and write on the output location, and "
     "glue:GetDatabase, GetTable and GetPartitions: 'clickctl doctor' tells which is missing."),
    (r"HIVE_(CURSOR_ERROR|CANNOT_OPEN_SPLIT|BAD_DATA)",
     "A file cannot be read, or was replaced while it was: run it again; if it stays, look at the file."),
    (r"exhausted resources|EXCEEDED|time(d)? ?out", _SMALLER),
)  # fmt: skip


def refused(text: str, athena: AthenaSettings) -> ClickctlError:
    """The error for a statement Athena did not start."""
    if re.search(r"work ?group", text, re.IGNORECASE):
        hint = "Check [athena] workgroup, the account and the region; a disabled one has to be enabled."
        return ConfigError(f"Athena workgroup {athena.workgroup}: {text}.", hint=hint)
    if re.search(r"output (location|bucket)", text, re.IGNORECASE):
        return ConfigError(f"Athena workgroup {athena.workgroup}, output {athena.output!r}: {text}.", hint=_OUTPUT)
    return EngineError(f"Athena: {text}.", hint=_hint(text))


def stopped(query: Plain, athena: AthenaSettings, scanned: int, dollars: float) -> ClickctlError:
    """The error for a query that FAILED or was CANCELLED."""
    status, query_id = query["Status"], query["QueryExecutionId"]
    detail = status.get("AthenaError") or {}
    reason = shown(status.get("StateChangeReason") or detail.get("ErrorMessage") or "no reason given")
    what = "failed" if status["State"] == "FAILED" else "was cancelled"
    cost = f" It scanned {scanned / 1e9:.2f} GB, for ${dollars:.4f}." if dollars else ""
    retry = "Athena says it may succeed when repeated." if detail.get("Retryable") else ""
    hint = _hint(reason) or retry or f"Look at it in Athena's history, workgroup {athena.workgroup}."
    return EngineError(f"Athena query {query_id} {what}: {reason}.{cost}", hint=hint, changed="")


def over_limit(query_id: str, max_scan_gb: float, scanned: int) -> ClickctlError:
    """The error for a query that has scanned more than we allow."""
    message = f"Athena query {query_id} has scanned {scanned / 1e9:.2f} GB, and athena.max_scan_gb is {max_scan_gb:g}."
    hint = f"{_SMALLER} Or raise athena.max_scan_gb. What was scanned is charged."
    return EngineError(message, hint=hint, changed="")


def _hint(text: str) -> str:
    return next((hint for pattern, hint in _HINTS if re.search(pattern, text, re.IGNORECASE)), "")
