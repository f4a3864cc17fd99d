-- What a database of the stand-in has from the start: Redshift's functions and views that the tests need.
SET allow_system_table_mods = on;
CREATE SCHEMA standin;

-- SUPER is jsonb: keys come back in jsonb's order, and equal ones once. Its name is Redshift's.
CREATE DOMAIN pg_catalog.super AS jsonb;

-- VARCHAR(n) and CHAR(n) count bytes. Their length coercion is a function like any other, and is replaced by one that
-- does: an explicit cast cuts, at a character; storing too much is an error, unless the rest is blanks.
CREATE FUNCTION standin.cut(value text, bytes integer, explicit boolean, type text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  cut text := left(value, bytes);
BEGIN
  WHILE octet_length(cut) > bytes LOOP
    cut := left(cut, -greatest(1, (octet_length(cut) - bytes) / 4));
  END LOOP;
  IF NOT explicit AND rtrim(value, ' ') <> rtrim(cut, ' ') THEN
    RAISE EXCEPTION USING ERRCODE = '22001', MESSAGE = format('value too long for type %s(%s)', type, bytes);
  END IF;
  RETURN cut;
END $$;

CREATE FUNCTION standin.varchar_bytes(value varchar, typmod integer, explicit boolean) RETURNS varchar
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN typmod < 4 OR octet_length(value) <= typmod - 4 THEN value
    ELSE standin.cut(value::text, typmod - 4, explicit, 'character varying')::varchar END
$$;

CREATE FUNCTION standin.char_bytes(value bpchar, typmod integer, explicit boolean) RETURNS bpchar
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN typmod < 4 OR octet_length(value) <= typmod - 4 THEN rpad(value::text, typmod - 4, ' ')::bpchar
    ELSE rpad(standin.cut(value::text, typmod - 4, explicit, 'character'), typmod - 4, ' ')::bpchar END
$$;

UPDATE pg_cast SET castfunc = 'standin.varchar_bytes(varchar, integer, boolean)'::regprocedure
WHERE castsource = 'varchar'::regtype AND casttarget = 'varchar'::regtype;
UPDATE pg_cast SET castfunc = 'standin.char_bytes(bpchar, integer, boolean)'::regprocedure
WHERE castsource = 'bpchar'::regtype AND casttarget = 'bpchar'::regtype;

-- https://docs.aws.amazon.com/redshift/latest/dg/json-functions.html
-- A key that an object has twice is refused, unless json_parse_dedup_attributes says that the last one counts:
-- https://docs.aws.amazon.com/redshift/latest/dg/super-configurations.html
CREATE FUNCTION standin.repeats(value json) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE json_typeof(value)
    WHEN 'object' THEN (SELECT count(*) <> count(DISTINCT key) OR coalesce(bool_or(standin.repeats(part)), false)
                        FROM json_each(value) AS each(key, part))
    WHEN 'array' THEN (SELECT coalesce(bool_or(standin.repeats(part)), false)
                       FROM json_array_elements(value) AS each(part))
    ELSE false END;
END $$;

CREATE FUNCTION standin.parsed(text text) RETURNS jsonb LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
  IF current_setting('standin.json_parse_dedup_attributes', true) IS DISTINCT FROM 'on'
     AND standin.repeats(text::json) THEN
    RAISE EXCEPTION USING ERRCODE = '22030', MESSAGE = 'repeated attribute';
  END IF;
  RETURN text::jsonb;
END $$;

CREATE FUNCTION pg_catalog.can_json_parse(json text) RETURNS boolean LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
  PERFORM standin.parsed(json);
  RETURN true;
EXCEPTION WHEN data_exception OR program_limit_exceeded OR statement_too_complex THEN
  RETURN false;
END $$;

CREATE FUNCTION pg_catalog.json_parse(json text) RETURNS super LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
  RETURN standin.parsed(json);
EXCEPTION WHEN data_exception OR program_limit_exceeded OR statement_too_complex THEN
  RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'JSON parsing error', DETAIL = format(E'\n  error:  JSON parsing error\n  code:      8001\n  context:   %s\n', SQLERRM);
END $$;

CREATE FUNCTION standin.compact(value jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RETURN CASE jsonb_typeof(value)
    WHEN 'object' THEN (SELECT '{' || coalesce(string_agg(to_json(key)::text || ':' || standin.compact(part), ','), '') || '}'
                        FROM jsonb_each(value) AS each(key, part))
    WHEN 'array' THEN (SELECT '[' || coalesce(string_agg(standin.compact(part), ','), '') || ']'
                       FROM jsonb_array_elements(value) AS each(part))
    ELSE value::text END;
END $$;

-- Never null: https://docs.aws.amazon.com/redshift/latest/dg/JSON_SERIALIZE.html
CREATE FUNCTION pg_catalog.json_serialize(value super) RETURNS varchar LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  found text := coalesce(standin.compact(value::jsonb), 'null');
BEGIN
  IF octet_length(found) > 65535 THEN
    RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'Serialized SUPER value is larger than 65535 bytes';
  END IF;
  RETURN found;
END $$;

CREATE FUNCTION pg_catalog.is_valid_json(json text) RETURNS boolean LANGUAGE sql STABLE STRICT AS
$$ SELECT pg_catalog.can_json_parse(json) AND left(ltrim(json), 1) = '{' $$;
CREATE FUNCTION pg_catalog.is_valid_json_array(json text) RETURNS boolean LANGUAGE sql STABLE STRICT AS
$$ SELECT pg_catalog.can_json_parse(json) AND left(ltrim(json), 1) = '[' $$;
CREATE FUNCTION pg_catalog.json_typeof(value super) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT jsonb_typeof(value::jsonb)::varchar $$;

-- Times. Redshift's GETDATE() and SYSDATE are TIMESTAMPs in UTC; SYSDATE is that of the transaction's start.
CREATE FUNCTION pg_catalog.getdate() RETURNS timestamp LANGUAGE sql STABLE AS
$$ SELECT date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC') $$;
CREATE FUNCTION pg_catalog.sysdate() RETURNS timestamp LANGUAGE sql STABLE AS
$$ SELECT transaction_timestamp() AT TIME ZONE 'UTC' $$;
CREATE FUNCTION pg_catalog.dateadd(part text, amount bigint, moment timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE AS $$ SELECT moment + amount * ('1 ' || part)::interval $$;
CREATE FUNCTION pg_catalog.datediff(part text, first timestamp, last timestamp) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN lower(part) IN ('year', 'years') THEN (extract(year FROM last) - extract(year FROM first))::bigint
    WHEN lower(part) IN ('month', 'months') THEN
      ((extract(year FROM last) - extract(year FROM first)) * 12 + extract(month FROM last) - extract(month FROM first))::bigint
    ELSE round(extract(epoch FROM date_trunc(part, last) - date_trunc(part, first))
               / extract(epoch FROM ('1 ' || part)::interval))::bigint END
$$;

CREATE FUNCTION pg_catalog.nvl(anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce($1, $2) $$;
CREATE FUNCTION pg_catalog.len(text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT char_length($1) $$;
CREATE FUNCTION pg_catalog.sha2(value text, bits integer) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT encode(CASE bits WHEN 224 THEN sha224(value::bytea) WHEN 384 THEN sha384(value::bytea)
    WHEN 512 THEN sha512(value::bytea) ELSE sha256(value::bytea) END, 'hex')::varchar
$$;

-- Rows of the connection's last COPY, which the stand-in notes.
CREATE FUNCTION pg_catalog.pg_last_copy_count() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('standin.copied', true), ''), '0')::bigint $$;

-- How tables are laid out, which PostgreSQL has no place for.
CREATE TABLE standin.design (
  relation oid NOT NULL, column_name name NOT NULL, distkey boolean NOT NULL, sortkey integer NOT NULL, encoding text
);
CREATE TABLE standin.external_tables (relation oid NOT NULL, partition_keys text[] NOT NULL);

CREATE FUNCTION standin.type_of(type oid, typmod integer) RETURNS varchar LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN type IN ('text'::regtype, 'varchar'::regtype) AND typmod < 4 THEN 'character varying(65535)'
    ELSE replace(format_type(type, typmod), 'pg_catalog.', '') END::varchar
$$;

CREATE VIEW standin.columns AS
SELECT
  current_database()::varchar AS database_name, n.nspname::varchar AS schema_name, c.relname::varchar AS table_name,
  a.attname::varchar AS column_name,
  row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum)::integer AS ordinal_position,
  standin.type_of(a.atttypid, a.atttypmod) AS data_type,
  CASE WHEN a.atttypmod >= 4 AND a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) THEN a.atttypmod - 4 END
    AS character_maximum_length,
  pg_get_expr(d.adbin, d.adrelid)::varchar AS column_default,
  (CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END)::varchar AS is_nullable,
  coalesce(s.encoding, 'none')::varchar AS encoding, coalesce(s.distkey, false) AS distkey,
  coalesce(s.sortkey, 0) AS sortkey, ''::varchar AS column_acl,
  col_description(c.oid, a.attnum)::varchar AS remarks, c.oid AS relation,
  EXISTS (SELECT 1 FROM standin.external_tables AS e WHERE e.relation = c.oid) AS external
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN standin.design AS s ON s.relation = c.oid AND s.column_name = a.attname
WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'standin', 'pg_toast');

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_REDSHIFT_COLUMNS.html: no external tables, no temporary ones.
CREATE VIEW pg_catalog.svv_redshift_columns AS
SELECT database_name, schema_name, table_name, column_name, ordinal_position, data_type, column_default, is_nullable,
  encoding, distkey, sortkey, column_acl, remarks
FROM standin.columns WHERE NOT external AND schema_name NOT LIKE 'pg_temp%';

CREATE VIEW pg_catalog.svv_columns AS
SELECT database_name AS table_catalog, schema_name AS table_schema, table_name, column_name, ordinal_position,
  column_default, is_nullable, regexp_replace(data_type, '\(.*\)', '')::varchar AS data_type,
  character_maximum_length, remarks
FROM standin.columns;

CREATE VIEW pg_catalog.svv_tables AS
SELECT DISTINCT current_database()::varchar AS table_catalog, n.nspname::varchar AS table_schema,
  c.relname::varchar AS table_name,
  (CASE WHEN e.relation IS NOT NULL THEN 'EXTERNAL TABLE' WHEN c.relkind = 'v' THEN 'VIEW'
    ELSE 'BASE TABLE' END)::varchar AS table_type,
  obj_description(c.oid, 'pg_class')::varchar AS remarks
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN standin.external_tables AS e ON e.relation = c.oid
WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN ('standin', 'pg_toast');

CREATE VIEW pg_catalog.svv_redshift_tables AS
SELECT table_catalog AS database_name, table_schema AS schema_name, table_name,
  (CASE table_type WHEN 'BASE TABLE' THEN 'TABLE' ELSE table_type END)::varchar AS table_type,
  ''::varchar AS table_acl, remarks
FROM pg_catalog.svv_tables WHERE table_type <> 'EXTERNAL TABLE' AND table_schema NOT LIKE 'pg_temp%'
  AND table_schema NOT IN ('pg_catalog', 'information_schema');

CREATE VIEW pg_catalog.svv_external_schemas AS
SELECT n.oid AS esoid, 1 AS eskind, n.nspname::varchar AS schemaname, 100 AS esowner,
  split_part(obj_description(n.oid, 'pg_namespace'), ' ', 1)::varchar AS databasename,
  split_part(obj_description(n.oid, 'pg_namespace'), ' ', 2)::varchar AS esoptions
FROM pg_namespace AS n WHERE obj_description(n.oid, 'pg_namespace') LIKE '% {"IAM_ROLE":%';

CREATE VIEW pg_catalog.svv_external_tables AS
SELECT current_database()::varchar AS redshift_database_name, n.nspname::varchar AS schemaname,
  c.relname::varchar AS tablename
FROM standin.external_tables AS e JOIN pg_class AS c ON c.oid = e.relation
JOIN pg_namespace AS n ON n.oid = c.relnamespace;
GRANT USAGE ON SCHEMA standin TO public;
