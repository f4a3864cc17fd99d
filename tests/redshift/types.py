"""Redshift's types, as PostgreSQL is to be told of them.

https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html. VARCHAR(n) stays VARCHAR(n) here: that it
counts bytes is seen to in catalog.sql.
"""

from __future__ import annotations

from tests.redshift.tokens import Reader, Refused, Token, beyond, unsupported

MAX_VARCHAR, MAX_CHAR, DEFAULT_VARCHAR = 65535, 4096, 256

_PLAIN = {
    "SMALLINT": "smallint", "INT2": "smallint", "INTEGER": "integer", "INT": "integer", "INT4": "integer",
    "BIGINT": "bigint", "INT8": "bigint", "REAL": "real", "FLOAT4": "real", "FLOAT8": "double precision",
    "BOOLEAN": "boolean", "BOOL": "boolean", "DATE": "date", "SUPER": "super", "TIMESTAMPTZ": "timestamptz",
    "DATETIME": "timestamp", "TIMETZ": "timetz",
}  # fmt: skip
_BEYOND = {"GEOMETRY", "GEOGRAPHY", "HLLSKETCH", "VARBYTE", "VARBINARY", "BINARY", "INTERVAL"}
_REFUSED = {"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL4", "SERIAL8", "JSON", "JSONB", "UUID", "BYTEA", "MONEY",
            "INET", "CIDR", "MACADDR", "XML", "BIT", "TSVECTOR", "TSQUERY", "POINT", "HSTORE"}  # fmt: skip


def type_name(reader: Reader) -> str:
    """Read a type; its name for PostgreSQL. Refused: what Redshift has not."""
    word = reader.take("word").key
    if word in _REFUSED:
        raise Refused("0A000", f'Column "{word.lower()}" has unsupported type "{word.lower()}".')
    if word in _BEYOND:
        raise beyond(f"the type {word}")
    if word in _PLAIN:
        found = _PLAIN[word]
    elif word in ("VARCHAR", "NVARCHAR", "TEXT", "CHAR", "CHARACTER", "NCHAR", "BPCHAR"):
        found = _characters(word, reader)
    elif word in ("NUMERIC", "DECIMAL"):
        found = _numeric(reader)
    elif word == "DOUBLE":
        reader.need("PRECISION")
        found = "double precision"
    elif word == "FLOAT":
        found = "real" if reader.sees("(") and _length(reader) <= 24 else "double precision"
    elif word in ("TIMESTAMP", "TIME"):
        found = _time(word.lower(), reader)
    else:
        raise Refused("42704", f'type "{word.lower()}" does not exist')
    if reader.sees("[") or reader.sees("ARRAY"):
        raise unsupported(f"the type {found}[]")
    return found


def _characters(word: str, reader: Reader) -> str:
    if word == "TEXT":
        return f"varchar({DEFAULT_VARCHAR})"
    varying = word in ("VARCHAR", "NVARCHAR") or reader.skip("VARYING")
    most = MAX_VARCHAR if varying else MAX_CHAR
    length = DEFAULT_VARCHAR if varying or word == "BPCHAR" else 1
    if reader.sees("("):
        length = most if reader.key(1) == "MAX" and varying else 0
        length = (reader.group() and length) or _checked(reader, most)
    return f"{'varchar' if varying else 'char'}({length})"


def _checked(reader: Reader, most: int) -> int:
    """The length in the parentheses just passed."""
    inside = reader.found[reader.at - 2]
    if inside.kind != "number" or not inside.text.isdigit() or reader.found[reader.at - 3].text != "(":
        raise Refused("42601", f'syntax error at or near "{inside.text}"')
    if not 1 <= int(inside.text) <= most:
        kind = "varchar" if most == MAX_VARCHAR else "char"
        raise Refused("22023", f"length for type {kind} cannot exceed {most}" if int(inside.text) else
                      f"length for type {kind} must be at least 1")  # fmt: skip
    return int(inside.text)


def _length(reader: Reader) -> int:
    inside = reader.group()
    if len(inside) != 1 or not inside[0].text.isdigit():
        raise reader.error()
    return int(inside[0].text)


def _numeric(reader: Reader) -> str:
    if not reader.sees("("):
        return "numeric(18,0)"
    numbers = [int(token.text) for token in reader.group() if token.kind == "number"]
    precision, scale = [*numbers, 0][:2] if numbers else (0, 0)
    if not 1 <= precision <= 38 or not 0 <= scale <= precision:
        raise Refused("22023", f"NUMERIC precision {precision} must be between 1 and 38")
    return f"numeric({precision},{scale})"


def _time(word: str, reader: Reader) -> str:
    if reader.sees("("):
        raise reader.error()
    if reader.skip("WITH", "TIME", "ZONE"):
        return f"{word}tz"
    reader.skip("WITHOUT", "TIME", "ZONE")
    return word


def casts(found: list[Token]) -> list[Token]:
    """The same tokens with the types of `x::type` and `CAST(x AS type)` as PostgreSQL is to be told of them."""
    reader, out, open_casts, depth = Reader(found), [], [], 0
    while reader.at < len(found):
        token = found[reader.at]
        reader.at += 1
        out.append(token)
        if token.key in ("(", ")"):
            depth += 1 if token.key == "(" else -1
            if token.key == "(" and len(out) > 1 and out[-2].key in ("CAST", "TRY_CAST"):
                open_casts.append(depth)
            elif token.key == ")" and open_casts and depth < open_casts[-1]:
                open_casts.pop()
        is_cast = token.key == "::" or (token.key == "AS" and bool(open_casts) and depth == open_casts[-1])
        if is_cast:
            out.append(Token("word", type_name(reader), token.key == "AS"))
    return out
