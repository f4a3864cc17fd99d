"""The runbook as a page: each entry is whole, is found, and is run."""

from __future__ import annotations

import re

import pytest

from tests.conftest import REPO
from tests.runbook.page import START, Entry, entries, names_of_tests

ENTRIES = [entry for entry in entries() if entry.title != START]
PARTS = ("**you see**", "**run**", "**it does**", "**it worked**")


def test_every_entry_is_run_by_a_test_of_its_name() -> None:
    assert {entry.test for entry in entries()} == names_of_tests()


@pytest.mark.parametrize("of", ENTRIES, ids=lambda entry: entry.title)
def test_an_entry_tells_what_you_see_what_to_run_what_it_does_and_how_you_know_it_worked(of: Entry) -> None:
    places = [of.prose.lower().find(part) for part in PARTS]
    assert -1 not in places and places == sorted(places), places
    assert "sh" in [kind for kind, _ in of.blocks]


def test_the_index_leads_to_every_entry() -> None:
    text = (REPO / "docs/runbook.md").read_text("utf-8")
    index = text.split("## Index")[1].split("\n## ")[0]
    linked = set(re.findall(r"\]\(#([\w-]+)\) \|$", index, re.MULTILINE))
    assert linked == {re.sub(r"[^\w\- ]", "", entry.title.lower()).replace(" ", "-") for entry in ENTRIES}


def test_every_alarm_is_in_the_index_and_names_an_entry() -> None:
    code = (REPO / "terraform/alarms.tf").read_text("utf-8")
    titles = {entry.title for entry in ENTRIES}
    named = set(re.findall(r'\bsee\s*=\s*"([^"]+)"', code)) | set(re.findall(r'runbook\.md, \\"([^$"\\]+)\\"', code))
    assert named and named <= titles
    index = (REPO / "docs/runbook.md").read_text("utf-8").split("## Hours and days")[0]
    alarms = re.findall(r"^    ([a-z]+-?[a-z]*) = \{\n      means", code, re.MULTILINE)
    told = re.findall(r"`([a-z…-]+)`", index)
    assert len(alarms) > 10
    assert [name for name in alarms if name not in told and f"{name.split('-')[0]}-…" not in told] == []
