"""clickctl package --wheels: the modules that Glue lacks, as files, for a job that reaches no package index."""

from __future__ import annotations

import os
import re
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from clickctl.packaging import JOB_MODULES
from tests.conftest import REPO, Shell
from tests.test_docs import page

TAGS = "cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64"


def wheel(folder: Path, name: str, version: str, tags: str = TAGS) -> None:
    """As little as pip takes for a wheel. It depends on what is nowhere: --no-deps must not ask for it."""
    info = f"{name}-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-{tags}.whl", "w") as file:
        file.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: no\n"
        )
        file.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {TAGS}\n")
        file.writestr(f"{info}/RECORD", "")


def shelf(folder: Path) -> dict[str, str]:
    """An environment in which pip knows nothing but these wheels."""
    return {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


def pinned() -> Iterable[tuple[str, str]]:
    return ((name.replace("-", "_"), version) for name, version in (module.split("==") for module in JOB_MODULES))


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """The wheels asked for, among others that pip could mistake for them."""
    for name, version in pinned():
        wheel(tmp_path / "shelf", name, version)
        wheel(tmp_path / "shelf", name, "99.0")
        wheel(tmp_path / "shelf", name, version, "cp312-cp312-manylinux2014_x86_64")
        wheel(tmp_path / "shelf", name, version, "cp311-cp311-win_amd64")
    return tmp_path / "shelf"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_wheels_of_the_pinned_versions_for_glue_are_written_beside_the_zips(shell: Shell, wheels: Path) -> None:
    ran = shell("package", "--wheels", "--output", "json", env=shelf(wheels))
    wanted = {f"{name}-{version}-{TAGS}.whl" for name, version in pinned()}
    assert names(shell.folder / "dist/wheels") == wanted
    written: list[dict[str, Any]] = ran.json
    assert {one["path"] for one in written[3:]} == {f"dist/wheels/{name}" for name in wanted}
    assert {one["purpose"] for one in written[3:]} == {"Glue job, --additional-python-modules"}
    assert "msgspec==" in ran.err
    assert names(shell.folder / "dist") == {*(Path(one["path"]).name for one in written[:3]), "wheels"}


def test_other_versions_go_and_what_is_not_ours_stays(shell: Shell, wheels: Path) -> None:
    (shell.folder / "dist/wheels").mkdir(parents=True)
    gone = ["clickctl-0.0.9.zip", "clickctl-alerts-0.0.9.zip", "wheels/msgspec-0.1-x.whl"]
    kept = ["clickctl-notes.zip", "clickstream_job.py.orig", "wheels/msgspec_more-1-x.whl", "wheels/other-1-x.whl"]
    for name in (*gone, *kept):
        (shell.folder / "dist" / name).touch()
    shell("package", "--wheels", env=shelf(wheels))
    there = {path.relative_to(shell.folder / "dist").as_posix() for path in shell.folder.glob("dist/**/*.*")}
    assert there > set(kept)
    assert not there & set(gone)
    assert len(there) == len(kept) + 5
    shell("package", env=shelf(wheels))
    assert len(names(shell.folder / "dist/wheels")) == 4


def test_what_pip_cannot_get_is_told_and_nothing_is_written(shell: Shell, wheels: Path) -> None:
    for path in wheels.glob("zlib*"):
        path.unlink()
    ran = shell("package", "--wheels", env=shelf(wheels), code=5)
    assert "pip cannot download" in ran.err
    assert "No matching distribution found for zlib-ng==" in ran.err
    assert "Nothing was changed." in ran.err
    assert "pip config list" in ran.err
    assert not (shell.folder / "dist").exists()


def test_a_python_without_pip_is_told_how_to_get_it(shell: Shell, wheels: Path) -> None:
    # A folder on the path that hides pip as an environment without it does.
    (shell.folder / "sitecustomize.py").write_text(
        "from importlib.machinery import PathFinder as P\n"
        "find = P.find_spec\n"
        "P.find_spec = lambda name, *where: None if name == 'pip' else find(name, *where)\n"
    )
    ran = shell("package", "--wheels", env={**shelf(wheels), "PYTHONPATH": f"{shell.folder}:{REPO}"}, code=3)
    assert f"{sys.executable} has no pip" in ran.err
    assert "python -m ensurepip" in ran.err


def test_terraform_asks_for_the_same_versions() -> None:
    (found,) = re.findall(r"python_modules\s*=\s*optional\(list\(string\), \[(.*?)\]\)", page("terraform/variables.tf"))
    assert tuple(re.findall(r'"([^"]+)"', found)) == JOB_MODULES


def test_the_versions_are_ones_that_the_local_engine_may_have() -> None:
    asked = re.findall(r"^local = \[(.*)\]$", page("pyproject.toml"), re.MULTILINE)[0]
    wanted = {(one := Requirement(text)).name: one.specifier for text in re.findall(r'"([^"]+)"', asked)}
    for module in JOB_MODULES:
        name, version = module.split("==")
        assert wanted[name].contains(version), module
