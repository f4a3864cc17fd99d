"""awswrangler.redshift, through the real driver: what clickctl is measured against must work here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.redshift.parquets import ROLE

if TYPE_CHECKING:
    from tests.aws.harness.account import Aws
    from tests.redshift.server import Standin

wr = pytest.importorskip("awswrangler")
pd = pytest.importorskip("pandas")


def load(standin: Standin, aws: Aws, rows: dict[str, list[object]], **options: object) -> None:
    with standin.connect() as connection:
        wr.redshift.copy(
            df=pd.DataFrame(rows), path=f"{aws.lake.processed}/wrangler/", con=connection, schema="public", table="t",
            iam_role=ROLE, **options,
        )  # fmt: skip


def test_append_adds_rows(standin: Standin, aws: Aws) -> None:
    for _ in range(2):
        load(
            standin,
            aws,
            {"id": [1, 2], "name": ["a", None]},
            mode="append",
            diststyle="KEY",
            distkey="id",
            sortkey=["id"],
        )
    assert standin.query("SELECT id, name FROM t ORDER BY id") == [(1, "a"), (1, "a"), (2, None), (2, None)]


def test_upsert_replaces_rows_by_key(standin: Standin, aws: Aws) -> None:
    load(standin, aws, {"id": [1, 2], "name": ["a", "b"]}, mode="upsert", primary_keys=["id"])
    load(standin, aws, {"id": [2, 3], "name": ["B", "c"]}, mode="upsert", primary_keys=["id"], lock=True)
    assert standin.query("SELECT id, name FROM t ORDER BY id") == [(1, "a"), (2, "B"), (3, "c")]


@pytest.mark.parametrize("method", ["drop", "cascade", "delete", "truncate"])
def test_overwrite_leaves_the_new_rows(standin: Standin, aws: Aws, method: str) -> None:
    load(standin, aws, {"id": [1]}, mode="append")
    if method == "truncate":  # it truncates in a block, which the stand-in refuses: Redshift would commit
        with pytest.raises(Exception, match="25001"):
            load(standin, aws, {"id": [2]}, mode="overwrite", overwrite_method=method)
        return
    load(standin, aws, {"id": [2]}, mode="overwrite", overwrite_method=method)
    assert standin.query("SELECT id FROM t") == [(2,)]


def test_files_are_copied_with_keys_of_the_session_too(standin: Standin, aws: Aws) -> None:
    path = f"{aws.lake.processed}/files/"
    wr.s3.to_parquet(pd.DataFrame({"id": [1], "new": [1.5]}), path=path, dataset=True)
    with standin.connect() as connection:
        wr.redshift.copy_from_files(path=path, con=connection, schema="public", table="t")
    assert standin.query("SELECT id, new FROM t") == [(1, 1.5)]


def test_new_columns_are_added(standin: Standin, aws: Aws) -> None:
    load(standin, aws, {"id": [1]}, mode="append")
    load(standin, aws, {"id": [2], "more": ["x"]}, mode="append", add_new_columns=True)
    assert standin.query("SELECT id, more FROM t ORDER BY id") == [(1, None), (2, "x")]


def test_to_sql_and_read_work(standin: Standin, aws: Aws) -> None:
    with standin.connect() as connection:
        wr.redshift.to_sql(pd.DataFrame({"id": [1, 2], "name": ["a", "b"]}), connection, "t", "public", mode="append")
        found = wr.redshift.read_sql_query("SELECT id, name FROM t ORDER BY id", connection)
    assert found.values.tolist() == [[1, "a"], [2, "b"]]
