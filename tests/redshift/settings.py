"""SET, RESET and SHOW: parameters Redshift has, some of which PostgreSQL has too."""

from __future__ import annotations

from tests.redshift.plan import Plan, literal
from tests.redshift.tokens import Reader, Refused, beyond

_SHARED = {"statement_timeout", "search_path", "timezone", "datestyle", "extra_float_digits", "client_encoding",
           "application_name", "server_version", "intervalstyle"}  # fmt: skip
# PostgreSQL keeps these for us, under a name of its own; the values are Redshift's defaults.
OWN = {
    "query_group": "", "wlm_query_slot_count": "1", "enable_result_cache_for_session": "on",
    "enable_case_sensitive_identifier": "off", "enable_case_sensitive_super_attribute": "off",
    "json_serialization_enable": "off", "json_serialization_parse_nested_strings": "off",
    "json_parse_dedup_attributes": "off", "analyze_threshold_percent": "10",
    "max_cursor_result_set_size": "0", "navigate_super_null_on_error": "on", "cast_super_null_on_error": "on",
    "parse_super_null_on_error": "off", "describe_field_name_in_uppercase": "off", "use_fips_ssl": "off",
    "spectrum_enable_pseudo_columns": "on", "mv_enable_aqmv_for_session": "on", "autocommit": "on",
}  # fmt: skip
_CHANGES_MEANING = {"enable_case_sensitive_identifier", "enable_case_sensitive_super_attribute"}


def _place(name: str) -> str:
    if name in OWN:
        return f"standin.{name}"
    if name in _SHARED:
        return name
    raise Refused("42704", f'unrecognized configuration parameter "{name}"')


def set_one(reader: Reader) -> Plan:
    reader.need("SET")
    local = reader.skip_any("SESSION", "LOCAL") == "LOCAL"
    name = reader.take("word", "name").value
    if name in ("transaction", "characteristics", "authorization", "role"):
        raise beyond(f"SET {name.upper()}")
    place = _place(name)
    if not reader.skip("="):
        reader.need("TO")
    value = ", ".join(part.value if part.kind in ("text", "name", "word") else part.text
                      for part in reader.left if part.text != ",")  # fmt: skip
    value = value.replace("-, ", "-")
    if name == "statement_timeout" and not value.lstrip("-").isdigit() and value != "default":
        raise Refused("22023", 'parameter "statement_timeout" requires an integer value')
    if name in _CHANGES_MEANING and value in ("on", "true", "1"):
        raise beyond(f"SET {name} TO on")
    word = "SET LOCAL" if local else "SET"
    if value == "default":
        return Plan(f"{word} {place} TO {literal(OWN[name]) if name in OWN else 'DEFAULT'}")
    if name == "search_path":
        value = ", ".join('"' + part.strip().replace('"', '""') + '"' for part in value.split(","))
        return Plan(f"{word} search_path TO {value}")
    return Plan(f"{word} {place} TO {literal(value)}")


def reset(reader: Reader) -> Plan:
    reader.need("RESET")
    name = reader.take("word", "name").value
    reader.end()
    if name == "all":
        return Plan("RESET ALL")
    return Plan(f"SET {_place(name)} TO {literal(OWN[name]) if name in OWN else 'DEFAULT'}")


def show(reader: Reader) -> Plan:
    reader.need("SHOW")
    if reader.key() in ("ALL", "TABLES", "SCHEMAS", "DATABASES", "COLUMNS", "TABLE", "VIEW", "GRANTS", "EXTERNAL"):
        raise beyond(f"SHOW {reader.key()}")
    name = reader.take("word", "name").value
    reader.end()
    if name == "server_version":
        return Plan("SELECT '8.0.2'::varchar AS server_version")
    return Plan(f"SELECT current_setting({literal(_place(name))})::varchar AS {name}")
