"""Sources stay short, and say nothing about the machine they were written on."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPO

FILE_LINES, FUNCTION_LINES = 250, 45
SOURCES = sorted([*REPO.glob("clickctl/**/*.py"), *REPO.glob("glue_scripts/**/*.py"), *REPO.glob("lambda_src/**/*.py")])
# Put together, so that this file is not found by its own search.
MACHINE = re.compile("|".join(("/wo" + "rk/", "/tmp/" + "pv", "/ro" + "ot/", r"/tmp/bash_" + "jobs")))
REGISTRY = re.compile(
    r"(index-"
    + r"url|trusted-"
    + r"host|https?://[^\s/\"')]*(pypi|python"
    + r"hosted|artifactory|nexus|registry|mirror))",
    re.IGNORECASE,
)


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.splitlines() if (path := REPO / name).is_file()]


def test_no_file_is_longer_than_a_reader_has_patience() -> None:
    long = {
        str(path.relative_to(REPO)): n
        for path in SOURCES
        if (n := len(path.read_text("utf-8").splitlines())) > FILE_LINES
    }
    assert not long


def test_no_function_is_longer_than_a_screen() -> None:
    """From the first line of its body, without its docstring: options are declared one a line."""
    long = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
                if (lines := (node.end_lineno or 0) - body[0].lineno + 1) > FUNCTION_LINES:
                    long[f"{path.relative_to(REPO)}:{node.name}"] = lines
    assert not long


@pytest.mark.parametrize("pattern", [MACHINE, REGISTRY], ids=["machine", "registry"])
def test_no_file_names_a_machine_or_a_registry(pattern: re.Pattern[str]) -> None:
    found = []
    for path in tracked():
        data = path.read_bytes()
        if b"\0" not in data:
            hits = pattern.finditer(data.decode("utf-8", "replace"))
            found += [f"{path.relative_to(REPO)}: {hit.group()}" for hit in hits]
    assert not found
