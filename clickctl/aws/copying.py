"""Statements on a connection to Redshift, and COPY of Parquet files by a manifest."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickctl.domain.hours import Day
from clickctl.domain.layout import loads_prefix
from clickctl.ports import Lake
from clickctl.warehouse import CopyFile


def manifest(files: Sequence[CopyFile]) -> bytes:
    """What COPY reads: these objects, all of them, each of this size.

    `mandatory` is false unless it is said, and COPY of Parquet needs meta.content_length:
    https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
    """
    entries = [{"url": file.location, "mandatory": True, "meta": {"content_length": file.size}} for file in files]
    return json.dumps({"entries": entries}, indent=1).encode()


def role_words(role: str) -> str:
    """As it stands behind IAM_ROLE."""
    return "default" if role == "default" else "'" + role.replace("'", "''") + "'"


@dataclass(frozen=True)
class CopySession:
    """`connection` is one of redshift_connector that commits by itself: transactions are begun by statements."""

    connection: Any
    lake: Lake
    processed: str
    role: str

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        with self.connection.cursor() as cursor:
            cursor.paramstyle = "qmark"
            cursor.execute(sql, tuple(parameters))
            return list(cursor.fetchall()) if cursor.description else []

    def copy(self, stage: str, day: Day | None, files: Sequence[CopyFile]) -> None:
        """The manifest stays until the next load of the day, and tells what was copied."""
        place = f"{self.processed}/{loads_prefix(day) if day else '_loads/users/'}{stage}.manifest"
        with tempfile.TemporaryDirectory(prefix="clickctl-") as folder:
            path = Path(folder, "manifest")
            path.write_bytes(manifest(files))
            self.lake.upload(path, place)
        source = place.replace("'", "''")
        self.run(f"COPY {stage} FROM '{source}' IAM_ROLE {role_words(self.role)} FORMAT AS PARQUET MANIFEST")
