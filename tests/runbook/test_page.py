"""The runbook as a page: each entry is whole, is found, and is run."""

from __future__ import annotations

import re

import pytest

from tests.conftest import REPO
from tests.runbook.page import PAGE, START, Entry, entries, names_of_tests

ENTRIES = [entry for entry in entries() if entry.title != START]
PARTS = ("**you see**", "**run**", "**it does**", "**it worked**")


def index() -> str:
    return PAGE.read_text("utf-8").split("## Index")[1].split("\n## ")[0]


def test_every_entry_is_run_by_a_test_of_its_name() -> None:
    assert {entry.test for entry in entries()} == names_of_tests()


@pytest.mark.parametrize("of", ENTRIES, ids=lambda entry: entry.title)
def test_an_entry_tells_what_you_see_what_to_run_what_it_does_and_how_you_know_it_worked(of: Entry) -> None:
    places = [of.prose.lower().find(part) for part in PARTS]
    assert -1 not in places and places == sorted(places), places
    assert "sh" in [kind for kind, _ in of.blocks]


def test_the_index_leads_to_every_entry() -> None:
    linked = set(re.findall(r"\]\(#([\w-]+)\) \|$", index(), re.MULTILINE))
    assert linked == {re.sub(r"[^\w\- ]", "", entry.title.lower()).replace(" ", "-") for entry in ENTRIES}


def test_every_alarm_is_in_the_index_and_names_an_entry() -> None:
    code = (REPO / "terraform/alarms.tf").read_text("utf-8")
    titles = {entry.title for entry in ENTRIES}
    named = set(re.findall(r'\bsee\s*=\s*"([^"]+)"', code)) | set(re.findall(r'runbook\.md, \\"([^$"\\]+)\\"', code))
    assert named and named <= titles
    alarms = re.findall(r"^    ([a-z]+-?[a-z]*) = \{\n      means", code, re.MULTILINE)
    told = re.findall(r"`([a-z…-]+)`", index())
    assert len(alarms) > 10
    assert [name for name in alarms if name not in told and f"{name.split('-')[0]}-…" not in told] == []


def test_every_state_that_is_not_well_is_in_the_index() -> None:
    states = (REPO / "docs/operations.md").read_text("utf-8").split("\n## States\n")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| (\w+) \|", states, re.MULTILINE)) - {"state", "committed"}
    assert {"waiting", "blocked", "torn"} <= named
    assert {state for state in named if f"`{state}`" not in index()} == set()


OPERATORS = {
    "s3 ls": "ListBucket", "s3 cp": "GetObject PutObject", "s3 mv": "GetObject DeleteObject", "s3 rm": "DeleteObject",
    "s3api list-object-versions": "ListBucketVersions", "s3api get-object": "GetObjectVersion",
    "sqs purge-queue": "PurgeQueue GetQueueUrl", "glue get-job": "GetJob", "glue get-job-runs": "GetJobRuns",
    "lambda get-function-configuration": "GetFunctionConfiguration", "sso login": "",
}  # fmt: skip
"""Lines of the AWS CLI for the role operator, and what they ask of AWS."""
OTHERS = {
    "s3api delete-object": "An administrator", "s3 sync": "an administrator", "kms describe-key": "an administrator",
    "kms cancel-key-deletion": "an administrator", "kms enable-key": "an administrator",
    "--profile clickstream-producer": "only the role `producer`",
}  # fmt: skip
"""Those that the operator may not run, and how the page says whose they are."""


@pytest.mark.parametrize("of", ENTRIES, ids=lambda entry: entry.title)
def test_a_line_of_the_aws_cli_is_the_operators_or_the_entry_says_whose_it_is(of: Entry) -> None:
    policy = (REPO / "terraform/operator.tf").read_text("utf-8")
    lines = [line.split() for kind, block in of.blocks if kind == "sh" for line in block.splitlines()]
    for command in (" ".join(words[1:3]) for words in lines if words[:1] == ["aws"]):
        if command in OTHERS:
            assert OTHERS[command] in of.prose, command
        else:
            service = command.split()[0].removesuffix("api")
            wanted = {f'"{service}:{action}"' for action in OPERATORS[command].split()}
            assert {action for action in wanted if action not in policy} == set(), command
