"""What Terraform can say of the module by itself: form, types, and the promises in terraform/tests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.terraform.harness import MODULE, Terraform

pytestmark = pytest.mark.xdist_group("terraform")

_RUN = re.compile(r'^run "(\w+)"', re.MULTILINE)
RUNS = [
    (path.relative_to(MODULE).as_posix(), name)
    for path in sorted(MODULE.glob("tests/*.tftest.hcl"))
    for name in _RUN.findall(path.read_text("utf-8"))
]


def test_files_are_formatted(offline: Terraform) -> None:
    assert offline.run("fmt", "-check", "-recursive", "-diff") == ""


def test_the_module_is_valid(offline: Terraform) -> None:
    assert json.loads(offline.run("validate", "-json"))["diagnostics"] == []


@pytest.fixture(scope="module")
def told(offline: Terraform) -> list[dict[str, Any]]:
    """What one call of `terraform test` says of all runs: most of its time it starts the provider."""
    return [json.loads(line) for line in offline.run("test", "-json", code=None).splitlines()]


@pytest.mark.parametrize(("file", "name"), RUNS, ids=[name for _, name in RUNS])
def test_a_run_of_terraform_test(file: str, name: str, told: list[dict[str, Any]]) -> None:
    ended = [
        line["test_run"]["status"]
        for line in told
        if line["type"] == "test_run"
        and (line["test_run"]["path"], line["test_run"]["run"]) == (file, name)
        and "status" in line["test_run"]  # not that it goes on
    ]
    assert ended[-1:] == ["pass"], "\n".join(_troubles(told, file, name)) or "it was not run"


def test_nothing_of_terraform_test_fails_outside_of_its_runs(told: list[dict[str, Any]]) -> None:
    assert [line["test_summary"]["status"] for line in told if line["type"] == "test_summary"] == ["pass"]


def _troubles(told: list[dict[str, Any]], file: str, name: str) -> Iterator[str]:
    for line in told:
        if line["type"] == "diagnostic" and line.get("@testfile") == file and line.get("@testrun") in (name, None):
            found = line["diagnostic"]
            yield f"{found['summary']}: {found['detail']} ({found.get('snippet', {}).get('code', '')})"
