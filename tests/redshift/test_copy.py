"""COPY of Parquet files, as Redshift does it."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

pytest.importorskip("redshift_connector")

from tests.redshift.parquets import ROLE, copy, manifest, parquet, put_manifest

if TYPE_CHECKING:
    from tests.aws.harness.account import Aws
    from tests.redshift.server import Standin

ROWS = {"id": pa.array([1, 2], pa.int64()), "name": ["a", None]}


@pytest.fixture
def cursor(standin: Standin, aws: Aws) -> Any:
    connection = standin.connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.paramstyle = "qmark"
    cursor.execute("CREATE TABLE t (id BIGINT, name VARCHAR(5))")
    yield cursor
    connection.close()


def refused(cursor: Any, sql: str, *words: str) -> None:
    """With XX000, and these words in its message or detail."""
    with pytest.raises(Exception) as caught:
        cursor.execute(sql)
    fields = caught.value.args[0]
    assert fields["C"] == "XX000", fields
    for word in words:
        assert word in fields["M"] + fields.get("D", ""), fields


def test_every_file_of_a_manifest_is_loaded(standin: Standin, aws: Aws, cursor: Any) -> None:
    first, second = parquet(aws, "1.parquet", ROWS), parquet(aws, "2.parquet", ROWS)
    parquet(aws, "other.parquet", ROWS)
    cursor.execute(copy("t", manifest(aws, first, second)))
    assert cursor.rowcount == -1
    cursor.execute("SELECT pg_last_copy_count()")
    assert cursor.fetchall() == ([4],)
    assert standin.query("SELECT id, name FROM t ORDER BY id") == [(1, "a"), (1, "a"), (2, None), (2, None)]
    (done,) = standin.copies
    assert done.files == tuple((url, len(aws.read(url))) for url in (first, second))
    assert standin.copied_bytes == done.bytes > 0


def test_a_copy_is_part_of_the_transaction_it_is_in(standin: Standin, aws: Aws, cursor: Any) -> None:
    cursor.execute("BEGIN")
    cursor.execute(copy("t", manifest(aws, parquet(aws, "1.parquet", ROWS))))
    assert standin.query("SELECT count(*) FROM t") == [(0,)]
    cursor.execute("ROLLBACK")
    assert standin.query("SELECT count(*) FROM t") == [(0,)]


def test_times_of_both_kinds_arrive_to_the_microsecond(standin: Standin, aws: Aws, cursor: Any) -> None:
    cursor.execute("CREATE TABLE times (at TIMESTAMP)")
    moment = datetime.datetime(2026, 1, 5, 13, 0, 0, 123456)
    for int96 in (True, False):
        rows = {"at": pa.array([moment], pa.timestamp("us"))}
        cursor.execute(copy("times", manifest(aws, parquet(aws, f"{int96}.parquet", rows, int96=int96))))
    assert standin.query("SELECT at FROM times") == [(moment,), (moment,)]


def test_texts_with_quotes_commas_and_newlines_arrive_as_they_are(standin: Standin, aws: Aws, cursor: Any) -> None:
    cursor.execute("CREATE TABLE texts (a VARCHAR(MAX))")
    texts = ['"', ",", "a\nb\r\nc", "\\N", "\\.", "", " ", "é\U0001f600", None]
    cursor.execute(copy("texts", manifest(aws, parquet(aws, "1.parquet", {"a": pa.array(texts)}))))
    assert [row[0] for row in standin.query("SELECT a FROM texts")] == texts


def test_a_manifest_without_content_length_is_refused(aws: Aws, cursor: Any) -> None:
    url = parquet(aws, "1.parquet", ROWS)
    refused(cursor, copy("t", put_manifest(aws, [{"url": url}])), "File entry does not have 'meta' key.")
    refused(cursor, copy("t", put_manifest(aws, [{"url": url, "meta": {}}])), "content_length")


def test_a_manifest_with_another_size_than_the_objects_is_refused(aws: Aws, cursor: Any) -> None:
    url = parquet(aws, "1.parquet", ROWS)
    refused(cursor, copy("t", manifest(aws, url, meta={"content_length": 7})), "InvalidRange")


def test_a_mandatory_file_that_is_missing_is_an_error(aws: Aws, cursor: Any) -> None:
    missing = {"url": f"{aws.lake.processed}/none.parquet", "mandatory": True, "meta": {"content_length": 1}}
    refused(cursor, copy("t", put_manifest(aws, [missing])), "The specified key does not exist")


def test_a_file_that_is_not_mandatory_is_left_out_in_silence(standin: Standin, aws: Aws, cursor: Any) -> None:
    url = parquet(aws, "1.parquet", ROWS)
    there = {"url": url, "meta": {"content_length": len(aws.read(url))}}
    missing = {"url": f"{aws.lake.processed}/none.parquet", "meta": {"content_length": 1}}
    cursor.execute(copy("t", put_manifest(aws, [there, missing])))
    assert standin.query("SELECT count(*) FROM t") == [(2,)]
    refused(cursor, copy("t", put_manifest(aws, [missing])))


def test_a_missing_manifest_and_one_that_is_none_are_errors(aws: Aws, cursor: Any) -> None:
    refused(cursor, copy("t", f"{aws.lake.processed}/none.manifest"), "Problem reading manifest file")
    aws.put(f"{aws.lake.processed}/bad.manifest", b"{")
    refused(cursor, copy("t", f"{aws.lake.processed}/bad.manifest"), "manifest")


def test_without_a_manifest_everything_below_the_prefix_is_loaded(standin: Standin, aws: Aws, cursor: Any) -> None:
    parquet(aws, "x/1.parquet", ROWS)
    url = parquet(aws, "x/2.parquet", ROWS)
    cursor.execute(copy("t", url.rsplit("/", 1)[0] + "/", ""))
    assert standin.query("SELECT count(*) FROM t") == [(4,)]
    refused(cursor, copy("t", f"{aws.lake.processed}/nothing/", ""), "does not exist")


def test_another_number_of_columns_is_refused(aws: Aws, cursor: Any) -> None:
    for rows, count in (({"id": ROWS["id"]}, 1), ({**ROWS, "more": [1, 2]}, 3)):
        url = parquet(aws, "1.parquet", rows)
        refused(cursor, copy("t", manifest(aws, url)), f"Table columns: 2, Data columns: {count}")


def test_columns_are_taken_by_position_and_never_by_name(standin: Standin, aws: Aws, cursor: Any) -> None:
    cursor.execute("CREATE TABLE pairs (a BIGINT, b BIGINT)")
    swapped = {"b": pa.array([1], pa.int64()), "a": pa.array([2], pa.int64())}
    cursor.execute(copy("pairs", manifest(aws, parquet(aws, "1.parquet", swapped))))
    assert standin.query("SELECT a, b FROM pairs") == [(1, 2)]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("BIGINT", pa.array(["1"])), ("BIGINT", pa.array([1], pa.int32())), ("INTEGER", pa.array([1], pa.int64())),
        ("VARCHAR(9)", pa.array([1], pa.int64())), ("TIMESTAMP", pa.array(["2026-01-05"])),
        ("TIMESTAMP", pa.array([1], pa.int64())), ("DOUBLE PRECISION", pa.array([1.0], pa.float32())),
        ("VARCHAR(9)", pa.array([["a"]])), ("SUPER", pa.array(["{}"])), ("DATE", pa.array(["2026-01-05"])),
        ("BOOLEAN", pa.array([1], pa.int32())),
    ],
)  # fmt: skip
def test_a_column_of_another_type_is_refused(aws: Aws, cursor: Any, kind: str, values: pa.Array) -> None:
    cursor.execute(f"CREATE TABLE typed (a {kind})")
    url = parquet(aws, "1.parquet", {"a": values})
    refused(cursor, copy("typed", manifest(aws, url)), "incompatible Parquet schema")


def test_a_text_longer_in_bytes_than_its_column_is_refused(standin: Standin, aws: Aws, cursor: Any) -> None:
    long = {"id": pa.array([1], pa.int64()), "name": ["éée"]}
    cursor.execute(copy("t", manifest(aws, parquet(aws, "1.parquet", long))))
    longer = {"id": pa.array([1], pa.int64()), "name": ["ééé"]}
    url = parquet(aws, "1.parquet", longer)
    refused(cursor, copy("t", manifest(aws, url)), "data column name is longer", "Table: 5, Data: 6")
    assert standin.query("SELECT count(*) FROM t") == [(1,)]


def test_null_is_refused_where_a_column_is_not_null(aws: Aws, cursor: Any) -> None:
    cursor.execute("CREATE TABLE strict (id BIGINT NOT NULL, name VARCHAR NOT NULL)")
    refused(cursor, copy("strict", manifest(aws, parquet(aws, "1.parquet", ROWS))), "NOT NULL")


def test_a_file_that_is_no_parquet_is_refused(aws: Aws, cursor: Any) -> None:
    url = f"{aws.lake.processed}/copies/x.parquet"
    aws.put(url, b"PAR1 not really")
    refused(cursor, copy("t", manifest(aws, url)), "Spectrum Scan Error")


@pytest.mark.parametrize("option", ["REGION 'us-east-1'", "MAXERROR 10", "TRUNCATECOLUMNS", "GZIP"])
def test_options_for_other_formats_are_refused(aws: Aws, cursor: Any, option: str) -> None:
    url = manifest(aws, parquet(aws, "1.parquet", ROWS))
    with pytest.raises(Exception, match=f"{option.split()[0]} argument is not supported for PARQUET based COPY"):
        cursor.execute(copy("t", url, f"MANIFEST {option}"))


def test_a_copy_needs_a_role_of_the_right_shape(aws: Aws, cursor: Any) -> None:
    url = manifest(aws, parquet(aws, "1.parquet", ROWS))
    refused(cursor, f"COPY t FROM '{url}' FORMAT AS PARQUET MANIFEST", "credentials")
    refused(cursor, copy("t", url).replace(ROLE, "clickctl"), "role")
    cursor.execute(copy("t", url).replace(f"'{ROLE}'", "default"))


def test_a_list_of_columns_says_which_the_file_has(standin: Standin, aws: Aws, cursor: Any) -> None:
    url = manifest(aws, parquet(aws, "1.parquet", {"x": pa.array([7], pa.int64())}))
    cursor.execute(copy("t (id)", url))
    assert standin.query("SELECT id, name FROM t") == [(7, None)]
    with pytest.raises(Exception, match="42703"):
        cursor.execute(copy("t (nothing)", url))


def test_a_copy_that_fails_fails_the_transaction(standin: Standin, aws: Aws, cursor: Any) -> None:
    cursor.execute("BEGIN")
    cursor.execute("INSERT INTO t VALUES (9, 'x')")
    refused(cursor, copy("t", f"{aws.lake.processed}/none.manifest"))
    with pytest.raises(Exception, match="25P02"):
        cursor.execute("SELECT 1")
    cursor.execute("COMMIT")
    assert standin.query("SELECT count(*) FROM t") == [(0,)]


def test_super_takes_nested_columns_with_serializetojson(standin: Standin, aws: Aws, cursor: Any) -> None:
    cursor.execute("CREATE TABLE nested (a SUPER)")
    url = manifest(aws, parquet(aws, "1.parquet", {"a": pa.array([{"b": [1, 2]}])}))
    refused(cursor, copy("nested", url), "incompatible Parquet schema")
    cursor.execute(copy("nested", url, "SERIALIZETOJSON MANIFEST"))
    assert standin.query("SELECT json_serialize(a) FROM nested") == [('{"b":[1,2]}',)]
