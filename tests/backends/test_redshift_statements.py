"""Every statement a load sends, in full: golden texts in tests/backends/golden. `UPDATE_GOLDEN=1` writes them anew."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import clickctl
from tests.aws.test_glue_engine import create_tables
from tests.backends.hot import HOT_SQL, Hot, redshift_beside

pytest.importorskip("redshift_connector")

if TYPE_CHECKING:
    from tests.aws.harness.account import Aws
    from tests.redshift.server import Standin

GOLDEN = Path(__file__).parent / "golden"
H13 = "2026-01-05T13"


def told(standin: Standin, since: int, hot: Hot) -> str:
    """The statements sent since, with their values, and nothing that differs from run to run."""
    texts = []
    for statement in standin.statements[since:]:
        values = [str(value) for value in statement.values or ()]
        texts.append(f"{statement};" + (f"\n-- {', '.join(values)}" if values else ""))
    text = "\n\n".join(texts).replace(hot.small.roots.processed, "s3://lake/processed")
    text = re.sub(r"\b[0-9a-f]{32}\b, (\d+), \d+", r"<fingerprint>, \1, <bytes>", text)
    return f"{text}\n"


def check(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def test_the_tables_are_made_by_these_statements(hot_redshift: Hot, standin: Standin) -> None:
    hot_redshift.load()
    check("create", told(standin, 0, hot_redshift))


def test_a_day_is_loaded_by_these_statements(hot_redshift: Hot, standin: Standin) -> None:
    hot_redshift.load()
    hot_redshift.small.put(H13, "/a", "/a", "/b")
    hot_redshift.small.run(H13)
    since = len(standin.statements)
    hot_redshift.load()
    check("load", told(standin, since, hot_redshift))


def test_an_unchanged_window_takes_two_statements(hot_redshift: Hot, standin: Standin) -> None:
    hot_redshift.small.put(H13, "/a")
    hot_redshift.small.run(H13)
    hot_redshift.load()
    loader = hot_redshift.loader(hot_redshift.warehouse(), "unchanged")
    since = len(standin.statements)
    assert not loader.plan().plan.to_do
    loader.warehouse.close()
    check("unchanged", told(standin, since, hot_redshift))


def test_a_day_is_given_up_by_these_statements(hot_redshift: Hot, standin: Standin) -> None:
    hot_redshift.small.put(H13, "/a")
    hot_redshift.small.run(H13)
    hot_redshift.load()
    since = len(standin.statements)
    hot_redshift.on("2026-02-01").load()
    check("expire", told(standin, since, hot_redshift))


def test_users_are_rebuilt_by_these_statements(hot_redshift: Hot, standin: Standin) -> None:
    hot_redshift.small.put(H13, "/a")
    hot_redshift.small.run(H13)
    hot_redshift.on("2026-02-01").load()
    since = len(standin.statements)
    hot_redshift.on("2026-02-01").load(rebuild=True)
    check("rebuild", told(standin, since, hot_redshift))


def test_spectrum_is_set_up_by_these_statements(
    hot_redshift: Hot, aws: Aws, standin: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_tables(aws)
    hot = redshift_beside(hot_redshift.small, standin, monkeypatch, external_schema="lake")
    hot.load()
    since = len(standin.statements)
    warehouse = hot.warehouse()
    warehouse.create()
    warehouse.close()
    check("spectrum", told(standin, since, hot))


def test_a_table_that_was_dropped_is_made_again_by_these_statements(hot_redshift: Hot, standin: Standin) -> None:
    hot_redshift.load()
    standin.query("DROP TABLE clickctl_user_days")
    since = len(standin.statements)
    hot_redshift.load()
    check("remade", told(standin, since, hot_redshift))


def test_every_statement_there_is_stands_in_these_texts() -> None:
    texts = "".join(re.sub(r"\$\d+", "?", path.read_text("utf-8")) for path in GOLDEN.glob("*.sql"))
    names = [path.stem for path in Path(clickctl.__file__).parent.glob("sql/hot/*.sql")]
    assert len(names) > 30
    assert [name for name in names if HOT_SQL.text(name, external="lake", database="clickstream") not in texts] == []


def test_truncate_is_never_sent_because_it_commits() -> None:
    texts = [path.read_text("utf-8") for path in GOLDEN.glob("*.sql")]
    assert len(texts) == 7
    assert not any(re.search("truncate|append", text, re.IGNORECASE) for text in texts)
