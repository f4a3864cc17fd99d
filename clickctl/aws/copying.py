"""Statements on a connection to Redshift, and COPY of Parquet files by a manifest."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickctl.domain.errors import LakeError
from clickctl.lakes import Lake
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

    def copy(self, stage: str, name: str, files: Sequence[CopyFile]) -> None:
        """By a manifest that is of this load alone: other warehouses may be loaded from the same lake."""
        place = f"{self.processed}/{name}-{stage}.manifest"
        with tempfile.TemporaryDirectory(prefix="clickctl-") as folder:
            path = Path(folder, "manifest")
            path.write_bytes(manifest(files))
            self.lake.upload(path, place)
        source = place.replace("'", "''")
        try:
            self.run(f"COPY {stage} FROM '{source}' IAM_ROLE {role_words(self.role)} FORMAT AS PARQUET MANIFEST")
        finally:
            with suppress(LakeError):  # one that is left costs little
                self.lake.delete([place])
