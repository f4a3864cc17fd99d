"""Who may import whom, and that nothing heavy is loaded before it is used."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.lakes import Put, fill
from tests.conftest import REPO, Shell

PACKAGE = REPO / "clickctl"
HEAVY = re.compile(
    r"\b(pyarrow|numpy|duckdb|msgspec|boto3|botocore|pyspark|pandas|pydantic|jinja2|rich\.table|rich\.progress)$"
)


def test_imports_keep_the_contracts(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    linter = pytest.importorskip("importlinter.cli")
    monkeypatch.chdir(REPO)
    broken = linter.lint_imports(config_filename=str(REPO / ".importlinter"), cache_dir=None)
    assert not broken, capsys.readouterr().out


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""


@pytest.mark.parametrize(
    ("files", "ours"),
    [
        ("domain/*.py", ("clickctl.domain",)),
        ("plan/*.py", ("clickctl.domain", "clickctl.plan")),
        ("ports.py", ("clickctl.domain", "clickctl.plan")),
        ("settings.py", ()),
        ("roots.py", ()),
        ("config.py", ("clickctl.domain", "clickctl.roots", "clickctl.settings")),
        ("arguments.py", ("clickctl.domain", "clickctl.roots", "clickctl.settings")),
    ],
)
def test_the_pure_parts_import_the_standard_library_and_what_lies_below(files: str, ours: tuple[str, ...]) -> None:
    found = sorted(PACKAGE.glob(files))
    assert found
    for path in found:
        for name in imported(path):
            assert name.startswith(ours) or name.split(".")[0] in sys.stdlib_module_names, f"{path}: {name}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "plan").glob("*.py")), ids=lambda path: path.stem)
def test_plans_read_no_clock_and_no_files(path: Path) -> None:
    assert not {"os", "pathlib", "time", "subprocess", "io", "random", "uuid"} & set(imported(path))
    assert not re.search(r"\b(now|today|utcnow|open|print)\(", path.read_text("utf-8"))


def test_only_the_command_layer_reads_the_clock_to_decide() -> None:
    deciders = [*(PACKAGE / "domain").glob("*.py"), *(PACKAGE / "plan").glob("*.py"), PACKAGE / "observe.py"]
    assert not [path for path in deciders if re.search(r"\.(now|utcnow|today)\(", path.read_text("utf-8"))]


def loaded(shell: Shell, *words: str) -> set[str]:
    argv = [sys.executable, "-X", "importtime", "-m", "clickctl", *words]
    ran = subprocess.run(
        argv, cwd=shell.folder, env={**os.environ, "PYTHONPATH": str(REPO)}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return {line.rsplit("|", 1)[1].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}


def test_help_and_a_dry_run_load_nothing_heavy(shell: Shell, put_raw: Put) -> None:
    fill(put_raw, "2026-01-05", [13])
    config = ("--config", str(shell.config))
    dry_run = ("run-partition", "2026-01-05T13", "--dry-run", "--output", "json")
    for words in (("--help",), (*config, *dry_run), (*config, "status", "--output", "json")):
        modules = loaded(shell, *words)
        assert "clickctl.cli" in modules
        assert not {name for name in modules if HEAVY.search(name)}
    assert "clickctl.execute" not in loaded(shell, "--help")
