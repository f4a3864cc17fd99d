"""Redshift's statements, each known by its first words; what is not known is refused."""

from __future__ import annotations

from collections.abc import Callable

from tests.redshift import copying, dialect, external, settings, tables
from tests.redshift.plan import Plan
from tests.redshift.tokens import Reader, Refused, Token, beyond, joined, syntax, tokens, unsupported
from tests.redshift.types import casts


def planned(sql: str) -> Plan:
    """How a statement is run. Refused: what Redshift would refuse before it looks at any table."""
    found = tokens(sql)
    if not found:
        return Plan(sql="")
    reader = Reader(found)
    first = found[0].key
    if first == "(":
        return _query(reader)
    if first in _BEYOND:
        raise beyond(f"the statement {first}")
    if (known := _KNOWN.get(first)) is None:
        raise syntax(found[0].text)
    return known(reader)


def _expressions(found: list[Token]) -> str:
    """The same for PostgreSQL, where nothing needs a closer look than its expressions do."""
    dialect.check(found)
    return joined(dialect.moments(casts(found)))


def _query(reader: Reader) -> Plan:
    words = {token.key for token in reader.found if token.kind == "word"}
    if "FROM" in words and reader.found[0].key == "WITH" and words & {"INSERT", "UPDATE", "DELETE", "MERGE"}:
        raise unsupported("A statement that writes, in WITH")
    if "INTO" in words:
        raise beyond("SELECT INTO")
    return Plan(_expressions(reader.found))


def _insert(reader: Reader) -> Plan:
    reader.need("INSERT", "INTO")
    table = reader.qualified()
    dialect.check_for_tables(reader.found)
    return Plan(_expressions(reader.found), writes=table)


def _delete(reader: Reader) -> Plan:
    reader.need("DELETE")
    reader.skip("FROM")
    table = reader.qualified()
    dialect.check_for_tables(reader.found)
    return Plan(f"DELETE FROM {table} {_expressions(reader.left)}", writes=table)


def _update(reader: Reader) -> Plan:
    reader.need("UPDATE")
    table = reader.qualified()
    dialect.check_for_tables(reader.found)
    return Plan(_expressions(reader.found), writes=table)


def _merge(reader: Reader) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html"""
    reader.need("MERGE", "INTO")
    table = reader.qualified()
    reader.need("USING")
    if reader.sees("("):
        raise syntax("(")
    reader.qualified()
    keys = [token.key for token in reader.left]
    if "REMOVE" in keys:
        raise beyond("MERGE … REMOVE DUPLICATES")
    text = " ".join(keys)
    if text.count("WHEN MATCHED THEN") != 1 or text.count("WHEN NOT MATCHED THEN INSERT") != 1 or keys.count(
        "MATCHED") != 2:  # fmt: skip
        raise syntax("WHEN")
    dialect.check_for_tables(reader.found)
    return Plan(_expressions(reader.found), writes=table)


def _begin(reader: Reader) -> Plan:
    """Isolation levels are read and mean nothing: the database has one."""
    reader.skip("START") or reader.need("BEGIN")
    reader.skip_any("WORK", "TRANSACTION")
    mode = ""
    while reader.left:
        if reader.skip("ISOLATION", "LEVEL"):
            reader.skip("READ", "COMMITTED") or reader.skip("READ", "UNCOMMITTED") or reader.skip(
                "REPEATABLE", "READ") or reader.need("SERIALIZABLE")  # fmt: skip
        elif reader.skip("READ", "ONLY"):
            mode = " READ ONLY"
        else:
            reader.need("READ", "WRITE")
        reader.skip(",")
    return Plan("BEGIN" + mode)


def _end(reader: Reader) -> Plan:
    word = reader.take("word").key
    reader.skip_any("WORK", "TRANSACTION")
    reader.end()
    return Plan("COMMIT" if word in ("COMMIT", "END") else "ROLLBACK", ends_block=True)


def _lock(reader: Reader) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html: one mode, and no NOWAIT."""
    reader.need("LOCK")
    reader.skip("TABLE")
    names = [reader.qualified()]
    while reader.skip(","):
        names.append(reader.qualified())
    reader.end()
    return Plan(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")


def _truncate(reader: Reader) -> Plan:
    reader.need("TRUNCATE")
    reader.skip("TABLE")
    table = reader.qualified()
    reader.end()
    return Plan(
        f"TRUNCATE TABLE {table}",
        alone="TRUNCATE in a transaction block: Redshift would commit the block with it, the stand-in refuses",
    )


def _drop(reader: Reader) -> Plan:
    reader.need("DROP")
    kind = reader.skip_any("TABLE", "VIEW", "SCHEMA")
    if not kind:
        raise beyond(f"DROP {reader.key()}") if reader.left else reader.error()
    exists = " IF EXISTS" if reader.skip("IF", "EXISTS") else ""
    names = [reader.qualified()]
    while reader.skip(","):
        names.append(reader.qualified())
    if kind == "SCHEMA":
        reader.skip("DROP", "EXTERNAL", "DATABASE")
    how = reader.skip_any("CASCADE", "RESTRICT")
    reader.end()
    return Plan(f"DROP {kind}{exists} {', '.join(names)} {how}".rstrip())


def _create(reader: Reader) -> Plan:
    keys = [token.key for token in reader.found[:5]]
    if keys[1:3] == ["EXTERNAL", "SCHEMA"]:
        return external.create_schema(reader)
    if "TABLE" in keys[1:4] and keys[1] != "EXTERNAL":
        return tables.create(reader, _expressions)
    if "VIEW" in keys[1:4]:
        return _create_view(reader)
    if keys[1] == "SCHEMA":
        return _create_schema(reader)
    if keys[1] in ("INDEX", "UNIQUE", "SEQUENCE", "TRIGGER", "RULE", "TYPE", "DOMAIN", "EXTENSION", "UNLOGGED",
                   "TABLESPACE", "AGGREGATE", "OPERATOR", "CAST", "EVENT"):  # fmt: skip
        raise unsupported(f"CREATE {keys[1]}")
    raise beyond(f"CREATE {keys[1]}")


def _create_view(reader: Reader) -> Plan:
    reader.need("CREATE")
    replace = "OR REPLACE " if reader.skip("OR", "REPLACE") else ""
    if reader.sees("MATERIALIZED"):
        raise beyond("materialized views")
    reader.need("VIEW")
    name = reader.qualified()
    columns = f" ({', '.join(reader.names())})" if reader.sees("(") else ""
    reader.need("AS")
    query = reader.left
    late = [token.key for token in query[-4:]] == ["WITH", "NO", "SCHEMA", "BINDING"]
    body = query[:-4] if late else query
    if late and any(token.key == "FROM" for token in body):
        _check_schemas_named(body)
    return Plan(f"CREATE {replace}VIEW {name}{columns} AS {_query(Reader(body)).sql}")


def _check_schemas_named(body: list[Token]) -> None:
    """A late-binding view has to name the schema of every table."""
    ctes = {body[i].value for i in range(len(body) - 2) if body[i + 1].key == "AS" and body[i + 2].key == "("}
    for place, token in enumerate(body[:-1]):
        if token.key in ("FROM", "JOIN") and body[place + 1].kind in ("word", "name"):
            after = body[place + 2].key if place + 2 < len(body) else ""
            inside_call = place > 1 and any(
                t.key in ("EXTRACT", "TRIM", "SUBSTRING") for t in body[max(0, place - 4) : place]
            )
            if after != "." and body[place + 1].value not in ctes and not inside_call:
                raise Refused(
                    "42601",
                    "All the relation names inside should be qualified when creating VIEW WITH NO SCHEMA BINDING.",
                )


def _create_schema(reader: Reader) -> Plan:
    reader.need("CREATE", "SCHEMA")
    exists = "IF NOT EXISTS " if reader.skip("IF", "NOT", "EXISTS") else ""
    name = reader.name()
    owner = f" AUTHORIZATION {reader.name()}" if reader.skip("AUTHORIZATION") else ""
    if reader.skip("QUOTA") and not reader.skip("UNLIMITED"):
        reader.take("number")
        reader.skip_any("MB", "GB", "TB")
    reader.end()
    return Plan(f"CREATE SCHEMA {exists}{name}{owner}")


def _analyze(reader: Reader) -> Plan:
    reader.need("ANALYZE")
    if reader.sees("COMPRESSION"):
        raise beyond("ANALYZE COMPRESSION")
    reader.skip("VERBOSE")
    table = reader.qualified() if reader.left and not reader.sees("PREDICATE") else ""
    columns = f" ({', '.join(reader.names())})" if reader.sees("(") else ""
    reader.skip("PREDICATE", "COLUMNS") or reader.skip("ALL", "COLUMNS")
    reader.end()
    return Plan(f"ANALYZE {table}{columns}")


def _vacuum(reader: Reader) -> Plan:
    reader.need("VACUUM")
    reader.skip("FULL") or reader.skip("SORT", "ONLY") or reader.skip("DELETE", "ONLY") or reader.skip_any(
        "REINDEX", "RECLUSTER")  # fmt: skip
    table = reader.qualified() if reader.left and not reader.sees("TO") else ""
    if reader.skip("TO"):
        reader.take("number")
        reader.need("PERCENT")
    reader.skip("BOOST")
    reader.end()
    return Plan(f"VACUUM {table}", alone="VACUUM cannot run inside a transaction block")


def _as_it_is(reader: Reader) -> Plan:
    return Plan(joined(reader.found))


def _explain(reader: Reader) -> Plan:
    reader.need("EXPLAIN")
    verbose = "VERBOSE " if reader.skip("VERBOSE") else ""
    return Plan(f"EXPLAIN {verbose}{_query(Reader(reader.left)).sql}")


_BEYOND = {
    "CALL",
    "UNLOAD",
    "DECLARE",
    "FETCH",
    "CLOSE",
    "PREPARE",
    "EXECUTE",
    "DEALLOCATE",
    "REFRESH",
    "CANCEL",
    "USE",
}
_KNOWN: dict[str, Callable[[Reader], Plan]] = {
    "SELECT": _query, "WITH": _query, "INSERT": _insert, "DELETE": _delete, "UPDATE": _update, "MERGE": _merge,
    "BEGIN": _begin, "START": _begin, "COMMIT": _end, "END": _end, "ROLLBACK": _end, "ABORT": _end, "LOCK": _lock,
    "TRUNCATE": _truncate, "DROP": _drop, "CREATE": _create, "ALTER": lambda reader: tables.alter(reader, _expressions),
    "COPY": copying.planned, "ANALYZE": _analyze, "VACUUM": _vacuum, "GRANT": _as_it_is, "REVOKE": _as_it_is,
    "COMMENT": _as_it_is, "EXPLAIN": _explain, "SET": settings.set_one, "RESET": settings.reset, "SHOW": settings.show,
}  # fmt: skip
