"""checkov finds nothing in the module that is not left out with a reason. It asks nobody: skip-download is set."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import environments
from tests.terraform.harness import MODULE

pytestmark = pytest.mark.xdist_group("terraform")

VERSION = "3.3.30"
# Of its many modules a run needs few: they are compiled when they are first imported.
_PACKAGES = ("--no-compile", f"checkov=={VERSION}")
_WITH_REASON = re.compile(r"checkov:skip=CKV2?_AWS_\d+: ?\w.*\w")
_SKIPPED = re.compile(r"\s+- (CKV2?_AWS_\d+)$")
_POLICIES = re.compile(r"CKV_AWS_(10[7-9]|11[01]|356)")  # what one policy may, another may not


@pytest.fixture(scope="session")
def checkov() -> Path:
    """Its Python, made once; where CI says so, it fails to be there instead of leaving the tests out."""
    try:
        return environments.interpreter(f"checkov-{VERSION}", *_PACKAGES)
    except environments.NoEnvironment as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"checkov cannot be installed: {missing}", pytrace=False)
        pytest.skip(f"no checkov: {missing}")


@pytest.fixture(scope="module")
def report(begun: object, checkov: Path) -> dict[str, Any]:
    argv = [str(checkov), "-m", "checkov.main", "-d", str(MODULE), "-o", "json", "--soft-fail"]
    done = subprocess.run(argv, cwd=MODULE.parent, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_finds_nothing_that_is_not_waived(report: dict[str, Any]) -> None:
    failed = [f"{one['check_id']} {one['resource']}: {one['check_name']}" for one in report["results"]["failed_checks"]]
    assert not failed
    assert report["summary"]["passed"] > 100, "it has not read the module"
    assert not report["summary"]["parsing_errors"]


def test_whatever_is_left_out_of_a_resource_has_a_reason() -> None:
    skips = [
        f"{path.name}: {line.strip()}"
        for path in MODULE.glob("*.tf")
        for line in path.read_text("utf-8").splitlines()
        if "checkov:" in line and not _WITH_REASON.search(line)
    ]
    assert not skips


def test_whatever_is_left_out_of_the_module_has_a_reason_and_is_no_check_of_policies() -> None:
    reasoned, skipped = False, []
    for line in (MODULE / ".checkov.yaml").read_text("utf-8").partition("skip-check:")[2].splitlines():
        if found := _SKIPPED.match(line):
            assert reasoned, f"{found[1]} is left out for no reason"
            skipped.append(found[1])
        else:
            reasoned = line.strip().startswith("#")
    assert skipped
    assert not [check for check in skipped if _POLICIES.fullmatch(check)]
