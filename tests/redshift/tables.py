"""CREATE TABLE and ALTER TABLE: what only Redshift knows is taken out and noted.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html, …/r_CREATE_TABLE_AS.html, …/r_ALTER_TABLE.html.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.redshift.plan import Plan, literal, nothing
from tests.redshift.tokens import Reader, Refused, Token, beyond, syntax, unsupported
from tests.redshift.types import type_name

_ENCODINGS = {"AZ64", "BYTEDICT", "DELTA", "DELTA32K", "LZO", "MOSTLY8", "MOSTLY16", "MOSTLY32", "RAW", "RUNLENGTH",
              "TEXT255", "TEXT32K", "ZSTD", "AUTO"}  # fmt: skip
_SYSTEM_COLUMNS = {"oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}
Expressions = Callable[[list[Token]], str]


@dataclass
class _Table:
    """What is told of a table while it is read."""

    columns: dict[str, str] = field(default_factory=dict)  # its name, quoted: its definition for PostgreSQL
    like: list[str] = field(default_factory=list)
    not_null: set[str] = field(default_factory=set)
    encodings: dict[str, str] = field(default_factory=dict)
    distkey: str = ""
    diststyle: str = ""
    sortkeys: list[str] = field(default_factory=list)

    def key(self, name: str) -> None:
        if self.distkey:
            raise Refused("42601", "multiple DISTKEY columns are not allowed")
        self.distkey = name

    def sort(self, *names: str) -> None:
        if self.sortkeys:
            raise Refused("42601", "multiple SORTKEY clauses are not allowed")
        self.sortkeys = list(names)


def create(reader: Reader, expressions: Expressions) -> Plan:
    reader.need("CREATE")
    if reader.skip("LOCAL"):
        reader.key() in ("TEMP", "TEMPORARY") or reader.need("TEMP")
    temporary = "TEMPORARY " if reader.skip_any("TEMP", "TEMPORARY") else ""
    reader.need("TABLE")
    exists = "IF NOT EXISTS " if reader.skip("IF", "NOT", "EXISTS") else ""
    name = reader.qualified()
    table = _Table()
    names: list[str] = []
    if reader.sees("("):
        if _is_names(reader):
            names = reader.names()
        else:
            _definitions(Reader(reader.group()), table, expressions)
    _attributes(reader, table)
    if reader.sees("AS"):
        if exists:
            raise syntax("AS")
        return _create_as(reader, f"CREATE {temporary}TABLE {name}", names, table, expressions)
    if names or not (table.columns or table.like):
        raise reader.error()
    reader.end()
    _check(table)
    for column in table.not_null:
        table.columns[column] += " NOT NULL"
    inside = [*(f"{column} {definition}" for column, definition in table.columns.items()), *table.like]
    return Plan(f"CREATE {temporary}TABLE {exists}{name} ({', '.join(inside)})", after=_design(name, table))


def _is_names(reader: Reader) -> bool:
    """Names alone in parentheses: CREATE TABLE t (a, b) AS …"""
    look = Reader(reader.found)
    look.at = reader.at
    inside = look.group()
    return all(
        token.kind in ("word", "name") if place % 2 == 0 else token.text == "," for place, token in enumerate(inside)
    )


def _create_as(reader: Reader, head: str, names: list[str], table: _Table, expressions: Expressions) -> Plan:
    reader.need("AS")
    query = reader.left
    if not query or query[0].key not in ("SELECT", "WITH", "("):
        raise reader.error()
    if any(token.key == "GENERATE_SERIES" for token in query):
        raise Refused("0A000", "Specified types or functions (one per INFO message) not supported on Redshift tables.")
    columns = f" ({', '.join(names)})" if names else ""
    return Plan(f"{head}{columns} AS {expressions(query)}", after=_design(head.split("TABLE ", 1)[1], table))


def _definitions(reader: Reader, table: _Table, expressions: Expressions) -> None:
    while True:
        if reader.skip("LIKE"):
            table.like.append(f"LIKE {reader.qualified()}")
            if reader.skip_any("INCLUDING", "EXCLUDING") and reader.found[reader.at - 1].key == "INCLUDING":
                table.like[-1] += " INCLUDING DEFAULTS"
                reader.need("DEFAULTS")
            else:
                reader.skip("DEFAULTS")
        elif reader.key() in ("UNIQUE", "PRIMARY", "FOREIGN", "CONSTRAINT", "CHECK", "EXCLUDE"):
            _constraint(reader, table)
        else:
            name = reader.name()
            if name.strip('"') in _SYSTEM_COLUMNS:
                raise Refused("42701", f"column name {name} conflicts with a system column name")
            if name in table.columns:
                raise Refused("42701", f"column {name} specified more than once")
            table.columns[name] = _column(name, reader, table, expressions)
        if not reader.skip(","):
            break
    reader.end()


def _constraint(reader: Reader, table: _Table) -> None:
    """Told, and not enforced; but what is a primary key is never null."""
    if reader.skip("CONSTRAINT"):
        reader.name()
    if reader.skip("PRIMARY", "KEY"):
        table.not_null.update(reader.names())
    elif reader.skip("UNIQUE"):
        reader.names()
    elif reader.skip("FOREIGN", "KEY"):
        reader.names()
        _references(reader)
    else:
        raise unsupported(f"The constraint {reader.key()}")


def _references(reader: Reader) -> None:
    reader.need("REFERENCES")
    reader.qualified()
    if reader.sees("("):
        reader.names()


def _column(name: str, reader: Reader, table: _Table, expressions: Expressions) -> str:
    definition = type_name(reader)
    while reader.left and not reader.sees(","):
        if reader.skip("NOT", "NULL") or reader.skip("PRIMARY", "KEY"):
            table.not_null.add(name)
        elif reader.skip("DEFAULT"):
            definition += f" DEFAULT {_default(reader, expressions)}"
        elif reader.skip("ENCODE"):
            table.encodings[name] = _encoding(reader)
        elif reader.skip("DISTKEY"):
            table.key(name)
        elif reader.skip("SORTKEY"):
            table.sort(name)
        elif reader.sees("REFERENCES"):
            _references(reader)
        elif reader.sees("GENERATED") or reader.sees("IDENTITY"):
            raise unsupported("GENERATED") if reader.sees("GENERATED") else beyond("IDENTITY columns")
        elif not (reader.skip("NULL") or reader.skip("UNIQUE")):
            raise unsupported(reader.key()) if reader.key() in ("CHECK", "COLLATE") else reader.error()
    return definition


def _default(reader: Reader, expressions: Expressions) -> str:
    """An expression, up to what can follow it."""
    start, depth = reader.at, 0
    while reader.left:
        key = reader.key()
        ends = key in (",", "NOT", "NULL", "ENCODE", "DISTKEY", "SORTKEY", "UNIQUE", "PRIMARY", "REFERENCES")
        if depth == 0 and ends and reader.at > start:
            break
        depth += {"(": 1, ")": -1}.get(key, 0)
        reader.at += 1
    return expressions(reader.found[start : reader.at])


def _encoding(reader: Reader) -> str:
    word = reader.take("word").key
    if word not in _ENCODINGS:
        raise Refused("42704", f'encoding type "{word.lower()}" does not exist')
    return "none" if word == "RAW" else word.lower()


def _attributes(reader: Reader, table: _Table) -> None:
    """BACKUP, DISTSTYLE, DISTKEY, SORTKEY, ENCODE AUTO, in any order."""
    while reader.left and not reader.sees("AS"):
        if reader.skip("BACKUP"):
            reader.skip_any("YES", "NO") or reader.need("NO")
        elif reader.skip("DISTSTYLE"):
            table.diststyle = reader.skip_any("AUTO", "EVEN", "KEY", "ALL")
            if not table.diststyle:
                raise reader.error()
        elif reader.skip("DISTKEY"):
            (name,) = reader.names() if reader.sees("(") else [reader.name()]
            table.key(name)
        elif reader.skip("SORTKEY", "AUTO"):
            continue
        elif reader.skip_any("COMPOUND", "INTERLEAVED", "SORTKEY"):
            if reader.found[reader.at - 1].key != "SORTKEY":
                reader.need("SORTKEY")
            table.sort(*(reader.names() if reader.sees("(") else [reader.name()]))
        elif reader.skip("ENCODE"):
            reader.need("AUTO")
        else:
            raise unsupported(reader.key()) if reader.key() in ("PARTITION", "INHERITS", "WITH") else reader.error()


def _check(table: _Table) -> None:
    if table.diststyle == "KEY" and not table.distkey:
        raise Refused("42601", "DISTKEY column must be specified when DISTSTYLE KEY is used")
    if table.distkey and table.diststyle in ("ALL", "EVEN"):
        raise Refused("42601", f"DISTKEY cannot be used with DISTSTYLE {table.diststyle}")
    if table.like and not table.columns:
        return
    for name in [*table.sortkeys, *([table.distkey] if table.distkey else []), *table.not_null]:
        if name not in table.columns:
            raise Refused("42703", f"column {name} named in key does not exist")
        if table.columns[name].startswith("super") and name not in table.not_null:
            raise unsupported("A SUPER column as DISTKEY or SORTKEY")


def _design(name: str, table: _Table) -> tuple[str, ...]:
    told = {*table.encodings, *table.sortkeys, *([table.distkey] if table.distkey else [])}
    rows = [
        f"({literal(name)}::regclass, {literal(column.strip(chr(34)))}, {column == table.distkey}, "
        f"{table.sortkeys.index(column) + 1 if column in table.sortkeys else 0}, "
        f"{literal(table.encodings.get(column, 'none'))})"
        for column in sorted(told)
    ]
    if not rows:
        return ()
    clear = f"DELETE FROM standin.design WHERE relation = {literal(name)}::regclass"
    return (f"{clear}; INSERT INTO standin.design VALUES {', '.join(rows)}",)


def alter(reader: Reader, expressions: Expressions) -> Plan:
    """One change at a time, as Redshift has it."""
    reader.need("ALTER")
    if not reader.skip("TABLE"):
        raise beyond(f"ALTER {reader.key()}")
    head = f"ALTER TABLE {reader.qualified()}"
    if reader.sees("APPEND"):
        return Plan(alone="ALTER TABLE APPEND cannot run inside a transaction block", special=_append)
    if reader.skip("RENAME"):
        sql = _rename(reader)
    elif reader.skip("DROP", "CONSTRAINT") or reader.skip("ADD", "CONSTRAINT") or reader.sees("ADD", "PRIMARY"):
        return nothing("ALTER TABLE")
    elif reader.skip("ADD"):
        reader.skip("COLUMN")
        sql = _add(reader, expressions)
    elif reader.skip("DROP"):
        reader.skip("COLUMN")
        sql = f"DROP COLUMN {reader.name()} {reader.skip_any('CASCADE', 'RESTRICT')}"
    elif reader.skip("ALTER", "COLUMN") or reader.skip("ALTER"):
        sql = _alter_column(reader)
    elif reader.skip("OWNER", "TO"):
        sql = f"OWNER TO {reader.name()}"
    else:
        raise reader.error()
    reader.end()
    return Plan(f"{head} {sql}")


def _append(_: object) -> str:
    raise beyond("ALTER TABLE APPEND")


def _rename(reader: Reader) -> str:
    if reader.skip("TO"):
        return f"RENAME TO {reader.name()}"
    reader.skip("COLUMN")
    old = reader.name()
    reader.need("TO")
    return f"RENAME COLUMN {old} TO {reader.name()}"


def _add(reader: Reader, expressions: Expressions) -> str:
    table, name = _Table(), reader.name()
    definition = _column(name, reader, table, expressions)
    if table.not_null and " DEFAULT " not in definition:
        raise Refused("0A000", "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression")
    return f"ADD COLUMN {name} {definition}{' NOT NULL' if table.not_null else ''}"


def _alter_column(reader: Reader) -> str:
    name = reader.name()
    if reader.skip("ENCODE"):
        raise beyond("ALTER COLUMN … ENCODE")
    reader.need("TYPE")
    wanted = type_name(reader)
    if not wanted.startswith("varchar"):
        raise Refused("0A000", "target data type is not supported: only the size of a VARCHAR column can be changed")
    return f"ALTER COLUMN {name} TYPE {wanted}"
