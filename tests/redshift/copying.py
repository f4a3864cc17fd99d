"""COPY … FROM 's3://…' … FORMAT AS PARQUET: what it says, and doing it in the session's own transaction.

https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html and …/copy-usage_notes-copy-from-columnar.html, by which few
parameters may go with a columnar format. Whatever fails once it runs fails with XX000.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.redshift.objects import listed
from tests.redshift.parquet import Column, rows_of
from tests.redshift.plan import Plan, literal
from tests.redshift.tokens import Reader, Refused, beyond

if TYPE_CHECKING:
    from tests.redshift.session import Session

ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_NOT_COLUMNAR = {
    "REGION", "MAXERROR", "GZIP", "BZIP2", "LZOP", "ZSTD", "TRUNCATECOLUMNS", "ACCEPTANYDATE", "BLANKSASNULL",
    "EMPTYASNULL", "COMPROWS", "COMPUPDATE", "DATEFORMAT", "TIMEFORMAT", "DELIMITER", "ENCODING", "ENCRYPTED", "ESCAPE",
    "IGNOREBLANKLINES", "IGNOREHEADER", "NOLOAD", "NULL", "QUOTE", "READRATIO", "REMOVEQUOTES", "ROUNDEC", "SSH",
    "TRIMBLANKS", "FIXEDWIDTH", "IGNOREALLERRORS",
}  # fmt: skip
_OTHER_FORMATS = {"CSV", "JSON", "AVRO", "ORC", "SHAPEFILE"}


@dataclass
class Order:
    """A COPY as it was written."""

    table: str
    columns: list[str] = field(default_factory=list)
    source: str = ""
    manifest: bool = False
    to_json: bool = False
    fill: bool = False


def planned(reader: Reader) -> Plan:
    order = _read(reader)
    return Plan(special=lambda session: _run(order, session), writes=order.table)


def _read(reader: Reader) -> Order:
    reader.need("COPY")
    order = Order(reader.qualified())
    if reader.sees("("):
        order.columns = reader.names()
    reader.need("FROM")
    order.source = reader.take("text").value
    authorised = parquet = False
    seen: set[str] = set()
    while reader.left:
        option = reader.take("word").key
        if option in seen:
            raise Refused("42601", "conflicting or redundant options")
        seen.add(option)
        if option in ("IAM_ROLE", "ACCESS_KEY_ID", "CREDENTIALS"):
            if authorised:
                raise Refused("42601", "conflicting or redundant options")
            authorised = _authorisation(option, reader)
        elif option in ("SECRET_ACCESS_KEY", "SESSION_TOKEN"):
            reader.skip("AS")
            reader.take("text")
        elif option in ("FORMAT", "PARQUET"):
            parquet = _format(option, reader)
        elif option == "STATUPDATE":
            reader.skip_any("ON", "OFF", "TRUE", "FALSE")
        else:
            _flag(option, order)
    if not order.source.startswith("s3://"):
        raise beyond("COPY from elsewhere than S3")
    if not authorised:
        raise Refused("XX000", "No credentials given: COPY needs IAM_ROLE, CREDENTIALS or ACCESS_KEY_ID")
    if not parquet:
        raise beyond("COPY of other formats than Parquet")
    return order


def _authorisation(option: str, reader: Reader) -> bool:
    if option == "IAM_ROLE" and reader.skip("DEFAULT"):
        return True
    reader.skip("AS")
    value = reader.take("text").value
    if option == "IAM_ROLE" and not (value == "default" or all(ROLE.fullmatch(arn) for arn in value.split(","))):
        raise Refused("XX000", f"The requested role {value} is not associated to cluster")
    return True


def _format(option: str, reader: Reader) -> bool:
    if option == "FORMAT":
        reader.skip("AS")
        option = reader.take("word").key
    if option in _OTHER_FORMATS:
        raise beyond(f"COPY … FORMAT {option}")
    if option != "PARQUET":
        raise reader.error()
    return True


def _flag(option: str, order: Order) -> None:
    if option == "MANIFEST":
        order.manifest = True
    elif option == "SERIALIZETOJSON":
        order.to_json = True
    elif option == "FILLRECORD":
        order.fill = True
    elif option == "ACCEPTINVCHARS":
        raise beyond("ACCEPTINVCHARS")
    elif option in _NOT_COLUMNAR:
        raise Refused("0A000", f"{option} argument is not supported for PARQUET based COPY")
    elif option in _OTHER_FORMATS:
        raise beyond(f"COPY … {option}")
    else:
        raise Refused("42601", f'syntax error at or near "{option.lower()}"')


def _run(order: Order, session: Session) -> str:
    columns = _columns(order, session)
    s3 = session.server.aws.client("s3")
    files = listed(s3, order.source, order.manifest)
    names = ", ".join('"' + column.name.replace('"', '""') + '"' for column in columns)
    called = False

    def between() -> None:
        nonlocal called
        waiting, called = ([] if called else [rule for rule in session.rules if rule.mid_copy]), True
        for rule in waiting:
            assert rule.mid_copy
            rule.mid_copy(session.statement)

    rows = session.upstream.copy_in(
        f"COPY {order.table} ({names}) FROM STDIN (FORMAT csv)", rows_of(s3, files, columns, order), between
    )
    session.upstream.query(f"SELECT set_config('standin.copied', '{rows}', false)")
    session.copied(order.table.replace('"', ""), tuple((file.url, file.size) for file in files), rows)

    return "COPY"


def _columns(order: Order, session: Session) -> list[Column]:
    """Those the file is to have, in their order."""
    found = session.upstream.query(
        "SELECT column_name, data_type, character_maximum_length, is_nullable, column_default IS NOT NULL"
        f" FROM standin.columns WHERE relation = {literal(order.table)}::regclass ORDER BY ordinal_position"
    )
    columns = {str(row[0]): Column(str(row[0]), str(row[1]), int(row[2] or 0), row[3] == "NO") for row in found}
    if not order.columns:
        return list(columns.values())
    names = [name.strip('"') for name in order.columns]
    for name in names:
        if name not in columns:
            raise Refused("42703", f'column "{name}" of relation {order.table} does not exist')
    for row in found:
        if row[3] == "NO" and row[4] == "f" and row[0] not in names:
            raise Refused("XX000", f"NOT NULL column without DEFAULT must be included in column list: {row[0]}")
    return [columns[name] for name in names]
