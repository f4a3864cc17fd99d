"""What PostgreSQL would take and Redshift does not, wherever in a statement it stands.

https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-and-postgres-sql.html, its pages on unsupported features, data
types and functions.
"""

from __future__ import annotations

from tests.redshift.tokens import Reader, Refused, Token, beyond, pairs, syntax, unsupported

_PAIRS = {
    ("ON", "CONFLICT"): "ON CONFLICT", ("DISTINCT", "ON"): "SELECT DISTINCT ON", ("FILTER", "("): "FILTER",
    ("FOR", "UPDATE"): "SELECT FOR UPDATE", ("FOR", "SHARE"): "SELECT FOR SHARE", ("FOR", "NO"): "SELECT FOR NO KEY",
    ("FOR", "KEY"): "SELECT FOR KEY SHARE", ("WITH", "ORDINALITY"): "WITH ORDINALITY", ("FETCH", "FIRST"): "FETCH",
    ("FETCH", "NEXT"): "FETCH", ("ROWS", "FROM"): "ROWS FROM", ("ARRAY", "["): "ARRAY[]",
    ("IS", "DISTINCT"): "IS DISTINCT FROM", ("IS", "JSON"): "IS JSON",
}  # fmt: skip
_WORDS = {"RETURNING", "LATERAL", "GENERATED", "INHERITS", "TABLESPACE", "TABLESAMPLE", "ONLY", "CONCURRENTLY",
          "OVERRIDING", "MATERIALIZED"}  # fmt: skip
_OPERATORS = {"->", "->>", "#>", "#>>", "@>", "<@", "?", "@", "&&"}
_SYSTEM_COLUMNS = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}

# Words before a parenthesis that call nothing.
_NO_CALL = {
    "AND", "ALL", "ANY", "AS", "BY", "CASE", "CUBE", "DISTINCT", "ELSE", "EXCEPT", "EXISTS", "FROM", "GROUP",
    "HAVING", "IN", "INTERSECT", "INTO", "IS", "JOIN", "LIKE", "ILIKE", "LIMIT", "NOT", "ON", "OR", "OVER", "ROLLUP",
    "SELECT", "SETS", "SOME", "THEN", "TO", "UNION", "USING", "VALUES", "WHEN", "WHERE", "WITH", "BETWEEN", "SET",
    "RETURN", "TOP", "OFFSET", "VARCHAR", "CHAR", "CHARACTER", "VARYING", "NUMERIC", "DECIMAL", "FLOAT", "KEY",
    "UNIQUE", "REFERENCES", "DISTKEY", "SORTKEY", "DEFAULT", "TABLE", "COPY", "INSERT", "IDENTITY", "CHECK", "END",
    "ANALYZE", "VACUUM", "MINUS",
}  # fmt: skip
# What Redshift runs on its compute nodes and PostgreSQL has (or catalog.sql makes); those of its leader follow.
_FUNCTIONS = {
    "abs", "acos", "any_value", "ascii", "asin", "atan", "atan2", "avg", "bit_and", "bit_or", "bool_and", "bool_or",
    "bpcharcmp", "btrim", "can_json_parse", "cast", "cbrt", "ceil", "ceiling", "char_length", "character_length",
    "chr", "coalesce", "concat", "convert_timezone", "corr", "cos", "count", "cume_dist", "current_setting", "date",
    "date_add", "date_part", "date_trunc", "dateadd", "datediff", "decode", "degrees", "dense_rank", "div", "exp",
    "extract", "first_value", "floor", "getdate", "greatest", "grouping", "initcap", "is_valid_json",
    "is_valid_json_array", "json_parse", "json_serialize", "json_typeof", "lag", "last_value", "lead", "least",
    "left", "len", "length", "ln", "log", "lower", "lpad", "ltrim", "max", "md5", "min", "mod", "nth_value", "ntile",
    "nullif", "nvl", "octet_length", "percent_rank", "percentile_cont", "pi", "position", "power", "quote_ident",
    "quote_literal", "radians", "random", "rank", "regexp_count", "regexp_instr", "regexp_replace", "regexp_substr",
    "repeat", "replace", "reverse", "right", "round", "row_number", "rpad", "rtrim", "sha2", "sign", "sin",
    "split_part", "sqrt", "stddev", "stddev_pop", "stddev_samp", "strpos", "substr", "substring", "sum", "sysdate",
    "tan", "textlen", "timezone", "to_char", "to_date", "to_number", "to_timestamp", "translate", "trim", "trunc",
    "upper", "var_pop", "var_samp", "variance", "version", "to_hex", "timeofday", "set_config", "current_database",
    "current_schema", "current_schemas", "current_user", "session_user", "exists", "super", "timestamp",
}  # fmt: skip
_LEADER = ("pg_", "has_", "col_description", "obj_description", "format_type", "generate_series", "now", "age")
_LEADER_ONLY = {"generate_series", "now", "age"}
_SYNONYMS = {"CHARINDEX", "LISTAGG", "NVL2", "STRTOL", "JSON_EXTRACT_PATH_TEXT", "MEDIAN", "RATIO_TO_REPORT",
             "CONVERT", "FNV_HASH", "CRC32", "SHA1", "FUNC_SHA1", "LAST_DAY", "ADD_MONTHS", "MONTHS_BETWEEN",
             "NEXT_DAY", "ARRAY", "GET_ARRAY_LENGTH", "OBJECT", "JSON_SIZE", "APPROXIMATE", "TRY_CAST", "BOOL",
             "ISNULL"}  # fmt: skip


def check(found: list[Token]) -> None:
    """Refused: anything in it that only PostgreSQL would take."""
    for place, key, after in pairs(found):
        token = found[place]
        if token.kind == "op" and key in _OPERATORS:
            raise Refused("42883", f"operator does not exist: {key}")
        if token.kind == "op" and key in "[]{}`\\$#":
            raise beyond("subscripts and navigation of SUPER values") if key in "[]" else syntax(key)
        if token.kind != "word":
            continue
        if (key, after) in _PAIRS:
            raise unsupported(_PAIRS[key, after])
        if key in _WORDS:
            raise unsupported(key)
        if token.value in _SYSTEM_COLUMNS:
            raise Refused("42703", f'column "{token.value}" does not exist')
        _check_values_as_table(found, place)
        if after == "(":
            _check_call(found, place)
    _check_windows(found)


def _check_values_as_table(found: list[Token], place: int) -> None:
    """VALUES lists used as constant tables."""
    if found[place].key == "VALUES":
        before = [token.key for token in found[:place]]
        if before[:1] not in (["INSERT"], ["MERGE"]) or before[-2:] == ["FROM", "("] or before[-2:] == ["JOIN", "("]:
            raise unsupported("VALUES list used as a constant table")


def _check_call(found: list[Token], place: int) -> None:
    token = found[place]
    if token.key in _NO_CALL or _is_column_list(found, place):
        return
    if token.key in _SYNONYMS:
        raise beyond(f"the function {token.key}")
    if token.value not in _FUNCTIONS and not token.value.startswith(_LEADER):
        raise Refused("42883", f"function {token.value}() does not exist")


def _is_column_list(found: list[Token], place: int) -> bool:
    """A table's or alias's name before its columns: INTO s.t (a), AS t (a), WITH t (a) AS (…)."""
    start = place
    while start >= 2 and found[start - 1].text == ".":
        start -= 2
    before = found[start - 1].key if start else ""
    if before in ("INTO", "AS", "TABLE", "EXISTS", "COPY", "WITH", "RECURSIVE", "REFERENCES", "ON", "ANALYZE", "VIEW"):
        return before != "ON" or found[0].key in ("GRANT", "REVOKE")
    reader = Reader(found)
    reader.at = place + 1
    reader.group()
    return before == "," and reader.sees("AS", "(")


def _check_windows(found: list[Token]) -> None:
    for place, key, after in pairs(found):
        if key == "OVER" and after == "(":
            reader = Reader(found)
            reader.at = place + 1
            if any(token.key == "NULLS" for token in reader.group()):
                raise unsupported("NULLS FIRST or NULLS LAST in a window")


def check_for_tables(found: list[Token]) -> None:
    """Refused: functions of the leader node in a statement that reads or writes tables of users."""
    for place, key, after in pairs(found):
        if key.lower() in _LEADER_ONLY and after == "(" and found[place].kind == "word":
            raise Refused(
                "0A000", "Specified types or functions (one per INFO message) not supported on Redshift tables."
            )


def _begins_call(found: list[Token], place: int, names: tuple[str, ...]) -> bool:
    return place > 1 and found[place - 1].text == "(" and found[place - 2].key in names


def moments(found: list[Token]) -> list[Token]:
    """SYSDATE is a word in Redshift and a function here; the first argument of DATEADD and DATEDIFF is one too."""
    out = []
    for place, key, after in pairs(found):
        token = found[place]
        if token.kind == "word" and key == "SYSDATE" and after != "(":
            token = Token("word", "pg_catalog.sysdate()", token.gap)
        elif token.kind == "word" and after == "," and _begins_call(found, place, ("DATEADD", "DATEDIFF", "DATE_ADD")):
            token = Token("text", f"'{token.value}'", token.gap)
        out.append(token)
    return out
