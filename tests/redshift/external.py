"""CREATE EXTERNAL SCHEMA: a schema of empty tables with the columns that Glue's have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.redshift.copying import ROLE
from tests.redshift.plan import Plan, literal
from tests.redshift.tokens import Reader, Refused, beyond

if TYPE_CHECKING:
    from tests.redshift.session import Session

_TYPES = {"string": "varchar(65535)", "bigint": "bigint", "int": "integer", "integer": "integer",
          "smallint": "smallint", "tinyint": "smallint", "boolean": "boolean", "double": "double precision",
          "float": "real", "date": "date", "timestamp": "timestamp", "binary": "varchar(65535)"}  # fmt: skip


def create_schema(reader: Reader) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_EXTERNAL_SCHEMA.html"""
    reader.need("CREATE", "EXTERNAL", "SCHEMA")
    exists = reader.skip("IF", "NOT", "EXISTS")
    name = reader.name()
    reader.need("FROM")
    if not reader.skip("DATA", "CATALOG"):
        raise beyond(f"CREATE EXTERNAL SCHEMA … FROM {reader.key()}")
    reader.need("DATABASE")
    database = reader.take("text").value
    if reader.skip("REGION"):
        reader.take("text")
    reader.need("IAM_ROLE")
    role = "default" if reader.skip("DEFAULT") else reader.take("text").value
    if role != "default" and not all(ROLE.fullmatch(arn) for arn in role.split(",")):
        raise Refused("XX000", f"The requested role {role} is not associated to cluster")
    make = reader.skip("CREATE", "EXTERNAL", "DATABASE", "IF", "NOT", "EXISTS")
    reader.end()
    return Plan(special=lambda session: _create(session, name, database, role, exists, make))


def _create(session: Session, name: str, database: str, role: str, exists: bool, make: bool) -> str:
    there = session.upstream.query(f"SELECT 1 FROM pg_namespace WHERE nspname = {literal(name.strip(chr(34)))}")
    if there and exists:
        return "CREATE SCHEMA"
    comment = f'{database} {{"IAM_ROLE":"{role}"}}'
    parts = [f"CREATE SCHEMA {name}", f"COMMENT ON SCHEMA {name} IS {literal(comment)}"]
    for table in _tables(session.server.aws.client("glue"), database, make):
        parts += _table(name, table)
    session.upstream.query("; ".join(parts))
    return "CREATE SCHEMA"


def _tables(glue: Any, database: str, make: bool) -> list[dict[str, Any]]:
    from botocore.exceptions import ClientError

    try:
        glue.get_database(Name=database)
    except ClientError:
        if make:
            glue.create_database(DatabaseInput={"Name": database})
        return []  # where it is not there, Redshift says so when the schema is first used
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    return [table for page in pages for table in page["TableList"] if table.get("TableType") != "VIRTUAL_VIEW"]


def _table(schema: str, table: dict[str, Any]) -> list[str]:
    keys = table.get("PartitionKeys", [])
    columns = [*table.get("StorageDescriptor", {}).get("Columns", []), *keys]
    if not columns:
        return []
    name = f'{schema}."{table["Name"]}"'
    inside = ", ".join(f'"{column["Name"].lower()}" {_type(column["Type"])}' for column in columns)
    partitions = ", ".join(literal(key["Name"]) for key in keys)
    return [
        f"CREATE TABLE {name} ({inside})",
        f"INSERT INTO standin.external_tables VALUES ({literal(name)}::regclass, ARRAY[{partitions}]::text[])",
    ]


def _type(told: str) -> str:
    told = told.lower()
    if re.fullmatch(r"(varchar|char|decimal)\(\d+(,\s*\d+)?\)", told):
        return told.replace("decimal", "numeric")
    return _TYPES.get(told, "super")
