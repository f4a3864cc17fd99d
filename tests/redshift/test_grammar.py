"""What is taken, what is refused, and with which SQLSTATE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.redshift.asking import Client


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("INSERT INTO t VALUES (1, 'a') ON CONFLICT DO NOTHING", "0A000"),
        ("INSERT INTO t VALUES (1, 'a') RETURNING a", "0A000"),
        ("SELECT DISTINCT ON (a) a, b FROM t", "0A000"),
        ("SELECT count(*) FILTER (WHERE a > 1) FROM t", "0A000"),
        ("SELECT * FROM t, LATERAL (SELECT 1) AS x", "0A000"),
        ("SELECT * FROM t FOR UPDATE", "0A000"),
        ("SELECT * FROM (VALUES (1), (2)) AS v (a)", "0A000"),
        ("SELECT ARRAY[1, 2]", "0A000"),
        ("SELECT row_number() OVER (ORDER BY a NULLS FIRST) FROM t", "0A000"),
        ("CREATE INDEX i ON t (a)", "0A000"),
        ("CREATE UNIQUE INDEX i ON t (a)", "0A000"),
        ("CREATE TABLE u (a INT GENERATED ALWAYS AS IDENTITY)", "0A000"),
        ("CREATE TABLE u (a SERIAL)", "0A000"),
        ("CREATE TABLE u (a JSONB)", "0A000"),
        ("CREATE TABLE u (a INT[])", "0A000"),
        ("CREATE TABLE u (a INT CHECK (a > 1))", "0A000"),
        ("CREATE TABLE u (a INT) INHERITS (t)", "0A000"),
        ("CREATE TABLE u (a INT) PARTITION BY RANGE (a)", "0A000"),
        ("CREATE TABLE IF NOT EXISTS u AS SELECT 1 AS a", "42601"),
        ("CREATE TABLE u AS SELECT generate_series(1, 3) AS a", "0A000"),
        ("INSERT INTO t SELECT generate_series(1, 3), 'a'", "0A000"),
        ("SELECT string_agg(b, ',') FROM t", "42883"),
        ("SELECT array_agg(b) FROM t", "42883"),
        ("SELECT b -> 'x' FROM t", "42883"),
        ("SELECT b::json FROM t", "0A000"),
        ("SELECT ctid FROM t", "42703"),
        ("LOCK t NOWAIT", "42601"),
        ("LOCK TABLE t IN SHARE MODE", "42601"),
        ("MERGE INTO t USING (SELECT 1 AS a) AS s ON t.a = s.a WHEN MATCHED THEN DELETE "
         "WHEN NOT MATCHED THEN INSERT VALUES (1, 'a')", "42601"),
        ("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", "42601"),
        ("MERGE INTO t USING s ON t.a = s.a REMOVE DUPLICATES", "0A000"),
        ("WITH gone AS (DELETE FROM t) SELECT 1 FROM t", "0A000"),
        ("ALTER TABLE t APPEND FROM s", "0A000"),
        ("ALTER TABLE t ADD COLUMN c INT NOT NULL", "0A000"),
        ("ALTER TABLE t ADD COLUMN c INT, ADD COLUMN d INT", "42601"),
        ("CALL p()", "0A000"),
        ("DO $$ BEGIN END $$", "42601"),
        ("SELECT 1; SELECT 2", "42601"),
        ("UPSERT INTO t VALUES (1)", "42601"),
        ("CREATE TABLE u (a VARCHAR(65536))", "22023"),
        ("CREATE TABLE u (a INT) DISTSTYLE KEY", "42601"),
        ("CREATE TABLE u (a INT) DISTSTYLE ALL DISTKEY (a)", "42601"),
        ("CREATE TABLE u (a INT) SORTKEY (b)", "42703"),
        ("CREATE TABLE u (a SUPER) SORTKEY (a)", "0A000"),
        ("CREATE TABLE u (xmin INT)", "42701"),
        ("SET nonsense TO 1", "42704"),
        ("SET statement_timeout TO '5s'", "22023"),
    ],
)  # fmt: skip
def test_what_redshift_does_not_take_is_refused(ask: Client, sql: str, code: str) -> None:
    ask("CREATE TABLE t (a INT, b VARCHAR(9))")
    ask("CREATE TABLE s (a INT, b VARCHAR(9))")
    assert ask.refused(sql)["C"] == code


def test_keys_of_layout_are_stripped_and_told_in_svv_redshift_columns(ask: Client) -> None:
    ask("""CREATE TABLE IF NOT EXISTS public.t (
             a BIGINT NOT NULL ENCODE az64, b VARCHAR(20) ENCODE zstd DEFAULT 'x,' NOT NULL, c SUPER, d TEXT,
             e VARCHAR, f CHAR(3), g TIMESTAMP WITHOUT TIME ZONE, h NUMERIC, i DOUBLE PRECISION, j VARCHAR(MAX)
           ) BACKUP NO DISTSTYLE KEY DISTKEY (a) COMPOUND SORTKEY (g, a)""")
    told = ask("SELECT column_name, data_type, is_nullable, distkey, sortkey, encoding FROM svv_redshift_columns"
               " WHERE database_name = current_database() AND schema_name = ? AND table_name = ?"
               " ORDER BY ordinal_position", "public", "t")  # fmt: skip
    assert told == [
        ("a", "bigint", "NO", True, 2, "az64"),
        ("b", "character varying(20)", "NO", False, 0, "zstd"),
        ("c", "super", "YES", False, 0, "none"),
        ("d", "character varying(256)", "YES", False, 0, "none"),
        ("e", "character varying(256)", "YES", False, 0, "none"),
        ("f", "character(3)", "YES", False, 0, "none"),
        ("g", "timestamp without time zone", "YES", False, 1, "none"),
        ("h", "numeric(18,0)", "YES", False, 0, "none"),
        ("i", "double precision", "YES", False, 0, "none"),
        ("j", "character varying(65535)", "YES", False, 0, "none"),
    ]


def test_keys_and_references_are_told_and_not_enforced_but_not_null_is(ask: Client) -> None:
    keys = "UNIQUE (a, b), FOREIGN KEY (b) REFERENCES no"
    ask(f"CREATE TABLE t (a INT PRIMARY KEY, b INT UNIQUE REFERENCES nowhere (x), {keys})")
    ask("INSERT INTO t VALUES (1, 1), (1, 1)")
    assert ask.refused("INSERT INTO t VALUES (NULL, 1)")["C"] == "23502"


def test_tables_are_made_like_others_and_from_queries(ask: Client) -> None:
    ask("CREATE TABLE t (a INT, b VARCHAR(3) NOT NULL)")
    ask("CREATE TEMP TABLE l (LIKE t)")
    assert ask.refused("INSERT INTO l VALUES (1, 'éé')")["C"] == "22001"
    ask("INSERT INTO t VALUES (1, 'abc')")
    ask("CREATE TABLE made DISTSTYLE ALL SORTKEY (a) AS SELECT a, b FROM t")
    assert ask("SELECT a, b FROM made") == [(1, "abc")]
    assert ask.one("SELECT sortkey FROM svv_redshift_columns WHERE table_name = 'made' AND column_name = 'a'") == 1


def test_tables_are_altered_one_thing_at_a_time(ask: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    ask("ALTER TABLE t ADD COLUMN b VARCHAR(4) DEFAULT 'x' ENCODE lzo NOT NULL")
    ask("ALTER TABLE t RENAME COLUMN b TO c")
    ask("ALTER TABLE t ALTER COLUMN c TYPE VARCHAR(8)")
    assert ask.refused("ALTER TABLE t ALTER COLUMN a TYPE BIGINT")["C"] == "0A000"
    ask("ALTER TABLE t DROP COLUMN a")
    ask("ALTER TABLE t RENAME TO u")
    assert ask("SELECT column_name, data_type FROM svv_redshift_columns WHERE table_name = 'u'") == [
        ("c", "character varying(8)")
    ]


def test_names_are_folded_to_lower_case_in_quotes_too(ask: Client) -> None:
    ask('CREATE TABLE "T" ("A" INT)')
    assert ask('SELECT "a" FROM t') == []


def test_backslashes_in_texts_are_escapes(ask: Client) -> None:
    assert ask.one(r"SELECT 'a\\b\'c'") == r"a\b'c"


def test_comments_and_a_semicolon_at_the_end_are_no_matter(ask: Client) -> None:
    assert ask.one("-- one ; two\nSELECT /* ON CONFLICT */ 'RETURNING;' -- '\n;") == "RETURNING;"


def test_delete_using_update_and_merge_from_a_plain_table_work(ask: Client) -> None:
    ask("CREATE TABLE t (a INT, b VARCHAR(9))")
    ask("CREATE TABLE s (a INT, b VARCHAR(9))")
    ask("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    ask("INSERT INTO s VALUES (2, 'new'), (4, 'd')")
    ask("""MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = s.b
           WHEN NOT MATCHED THEN INSERT (a, b) VALUES (s.a, s.b)""")
    ask("UPDATE t SET b = 'z' FROM s WHERE t.a = s.a AND s.a = 4")
    ask("DELETE FROM t USING s WHERE t.a = s.a AND s.a = 2")
    ask("DELETE t WHERE a = 1")
    assert ask("SELECT a, b FROM t ORDER BY a") == [(3, "c"), (4, "z")]


def test_views_work_and_late_binding_ones_name_every_schema(ask: Client) -> None:
    ask("CREATE TABLE public.t (a INT)")
    ask("CREATE OR REPLACE VIEW v AS SELECT a FROM public.t WITH NO SCHEMA BINDING")
    ask("INSERT INTO t VALUES (1)")
    assert ask("SELECT a FROM v") == [(1,)]
    assert ask.refused("CREATE VIEW w AS SELECT a FROM t WITH NO SCHEMA BINDING")["C"] == "42601"
    ask("DROP VIEW v")


def test_settings_of_redshift_are_known(ask: Client) -> None:
    assert ask.one("SHOW enable_case_sensitive_identifier") == "off"
    ask("SET query_group TO 'etl'")
    assert ask.one("SHOW query_group") == "etl"
    ask("RESET query_group")
    assert ask.one("SHOW query_group") == ""
    ask("SET search_path TO public, other")
    assert ask.one("SHOW server_version") == "8.0.2"


def test_analyze_grant_comment_and_explain_are_passed_on(ask: Client) -> None:
    ask("CREATE TABLE t (a INT)")
    for sql in ("ANALYZE t", "ANALYZE t PREDICATE COLUMNS", "GRANT SELECT ON t TO PUBLIC", "VACUUM DELETE ONLY t",
                "COMMENT ON TABLE t IS 'x'", "EXPLAIN SELECT a FROM t", "VACUUM FULL t TO 99 PERCENT"):  # fmt: skip
        ask(sql)
