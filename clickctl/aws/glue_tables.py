"""Glue's structures to ours and back. Their shapes are those of botocore's model of Glue, 2017-03-31."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from clickctl.domain.hours import Day
from clickctl.plan.tables import Column, Storage, TableSeen, TableWanted, new_table, values_of

DEFINITION = "clickctl.definition"
"""The parameter of a view that tells what it was made from."""

_PRESTO = re.compile(r"/\* Presto View: (\S+) \*/")


def seen_table(plain: Mapping[str, Any]) -> TableSeen:
    """Without its partitions. A table of an open format (Iceberg) says so in its parameters."""
    parameters = dict(plain.get("Parameters") or {})
    kind = parameters.get("table_type") or plain.get("TableType") or ""
    return TableSeen(kind, storage_of(plain), _columns(plain.get("PartitionKeys")), parameters)


def storage_of(plain: Mapping[str, Any]) -> Storage:
    """Of a table or a partition."""
    found = plain.get("StorageDescriptor") or {}
    return Storage(
        location=found.get("Location") or "",
        columns=_columns(found.get("Columns")),
        serde=(found.get("SerdeInfo") or {}).get("SerializationLibrary") or "",
        reader=found.get("InputFormat") or "",
        writer=found.get("OutputFormat") or "",
    )


def _columns(plain: Any) -> tuple[Column, ...]:
    return tuple((column["Name"], column.get("Type") or "") for column in plain or ())


def new_table_input(wanted: TableWanted) -> dict[str, Any]:
    return {"Name": wanted.name, **_described(new_table(wanted), {})}


def changed_table_input(present: Mapping[str, Any], after: TableSeen, fields: Collection[str]) -> dict[str, Any]:
    """What UpdateTable is to make of a table: it replaces the whole, so all else is given back as it is.

    `fields` are those of TableInput; GetTable gives more, which UpdateTable refuses.
    """
    return {**_kept(present, fields), **_described(after, present)}


def _kept(present: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    # ViewDefinition has another shape in the answer than in the request; Athena's own views have none.
    return {name: present[name] for name in fields if present.get(name) is not None and name != "ViewDefinition"}


def _described(table: TableSeen, present: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "TableType": table.kind,
        "Parameters": table.parameters,
        "PartitionKeys": present.get("PartitionKeys") or _plain_columns(table.keys),
        "StorageDescriptor": _descriptor(table.storage, present),
    }


def partition_input(wanted: TableWanted, day: Day, present: Mapping[str, Any]) -> dict[str, Any]:
    """A partition of ours; of the one it replaces, `present`, all else is kept."""
    others = {name: present[name] for name in ("Parameters", "LastAccessTime", "LastAnalyzedTime") if name in present}
    return {"Values": list(values_of(day)), "StorageDescriptor": _descriptor(wanted.partition(day), present), **others}


def _descriptor(storage: Storage, present: Mapping[str, Any]) -> dict[str, Any]:
    before = present.get("StorageDescriptor") or {}
    serde = {"Parameters": {"serialization.format": "1"}, **(before.get("SerdeInfo") or {})}
    same = _columns(before.get("Columns")) == storage.columns
    return {
        **{name: value for name, value in before.items() if value is not None},
        "Location": storage.location,
        "Columns": before["Columns"] if same else _plain_columns(storage.columns, before.get("Columns") or ()),
        "InputFormat": storage.reader,
        "OutputFormat": storage.writer,
        "SerdeInfo": {**serde, "SerializationLibrary": storage.serde},
    }


def _plain_columns(columns: tuple[Column, ...], before: Collection[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """Columns that are there already keep their comments."""
    there = {(column["Name"], column.get("Type")): dict(column) for column in before}
    return [there.get((name, kind), {"Name": name, "Type": kind}) for name, kind in columns]


def seen_view(plain: Mapping[str, Any], ours: str) -> str:
    """The SELECT a view was made from, as far as that is known.

    Athena keeps it as its parser writes it, not as it was sent, so the text itself tells little:
    what a view was made from is noted beside it, with a digest of Athena's text, which says whether
    anybody has changed the view since.
    """
    text = plain.get("ViewOriginalText") or ""
    if (plain.get("Parameters") or {}).get(DEFINITION) == _definition(ours, text):
        return ours
    if match := _PRESTO.search(text):
        try:
            return str(json.loads(base64.b64decode(match[1]))["originalSql"])
        except (ValueError, KeyError, TypeError):
            return ""
    return text


def noted_view_input(present: Mapping[str, Any], ours: str, fields: Collection[str]) -> dict[str, Any] | None:
    """What UpdateTable is to make of a view to note what it was made from; None if that is noted."""
    parameters = present.get("Parameters") or {}
    note = _definition(ours, present.get("ViewOriginalText") or "")
    if parameters.get(DEFINITION) == note:
        return None
    return {**_kept(present, fields), "Parameters": {**parameters, DEFINITION: note}}


def _definition(sql: str, text: str) -> str:
    """Digests of our SELECT and of Athena's text of it."""
    return "-".join(hashlib.sha256(part.encode()).hexdigest()[:32] for part in (" ".join(sql.split()), text))
