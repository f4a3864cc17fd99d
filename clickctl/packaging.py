"""What AWS is given: the Lambda's zip, and the library's zip, the script and the wheels of the Glue job.

The same sources make the same bytes on every machine: names in order, one date, stored and not
compressed (compressors differ between versions; these are a few hundred kilobytes).
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import clickctl
from clickctl.domain.errors import ConfigError, EngineError, LakeError
from clickctl.domain.secrets import one_line

_DATE = (1980, 1, 1, 0, 0, 0)  # the first a zip can tell
_MODE = 0o100644 << 16
_LIBRARY = ("clickctl/**/*.py", "clickctl/**/*.sql")
_OF_THE_LAMBDA = (
    *(f"clickctl/{name}.py" for name in ("__init__", "alerting", "alerts", "found", "lakes", "receipts", "roots")),
    *(f"clickctl/aws/{name}.py" for name in ("__init__", "alerts", "clients", "errors", "lake", "listing", "streams")),
    "clickctl/domain/*.py",
    "lambda_src/*.py",
)
HANDLER = "lambda_src.handler.handle"
JOB_MODULES = ("msgspec==0.22.0", "zlib-ng==1.1.0")
"""What the job imports and Glue lacks, in versions that the tests have run with. Neither depends on another.

The default of glue.python_modules in terraform/variables.tf is the same; a test compares them.
"""
_FOR_GLUE = ("--platform=manylinux2014_x86_64", "--python-version=3.11", "--implementation=cp")
"""Glue 5.0 and 5.1 have Python 3.11, Amazon Linux 2023 and glibc 2.34 (Glue developer guide, Python libraries)."""


@dataclass(frozen=True)
class Package:
    """One file that was written. `sha256` in hex; `hash` the same in base64, as Lambda's CodeSha256 has it."""

    path: str
    purpose: str
    bytes: int
    sha256: str
    hash: str


def write_packages(out: Path, *, wheels: bool = False) -> tuple[Package, ...]:
    """Write the three files into a folder, and the job's wheels below it. Their other versions there are removed.

    Raises LakeError when it cannot be written, and with `wheels` what job_wheels does, before anything is written.
    """
    script = glue_script()
    modules = job_wheels() if wheels else {}
    made = {
        f"clickctl-alerts-{clickctl.__version__}.zip": (
            f"Lambda, handler {HANDLER}",
            _zip(_files(_home(), _OF_THE_LAMBDA)),
        ),
        f"clickctl-{clickctl.__version__}.zip": (
            "Glue job, --extra-py-files",
            _zip(_files(_home(), _LIBRARY)),
        ),
        script.name: ("Glue job, script", script.read_bytes()),
        **{f"wheels/{name}": ("Glue job, --additional-python-modules", data) for name, data in modules.items()},
    }
    try:
        (out / "wheels" if wheels else out).mkdir(parents=True, exist_ok=True)
        written = tuple(_written(out / name, purpose, data) for name, (purpose, data) in made.items())
        _drop_others(out, made)
        return written
    except OSError as error:
        hint = "Name another folder with --out."
        changed = "Files written before it are whole; that one is as it was."
        raise LakeError(
            f"Cannot write {error.filename or out}: {error.strerror}.", hint=hint, changed=changed
        ) from None


def job_wheels() -> dict[str, bytes]:
    """The wheels of JOB_MODULES by file name, from wherever pip is set up to look.

    Raises ConfigError where this Python has no pip, and EngineError where pip does not get them.
    """
    if importlib.util.find_spec("pip") is None:
        again = "'python -m ensurepip' adds it, or run clickctl package in an environment that has it."
        raise ConfigError(f"{sys.executable} has no pip to download wheels with.", hint=again)
    with tempfile.TemporaryDirectory(prefix="clickctl-wheels-") as folder:
        how = ("--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:")
        argv = [sys.executable, "-m", "pip", "download", *how, *_FOR_GLUE, f"--dest={folder}", *JOB_MODULES]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            why = one_line(" ".join(line[7:] for line in said if line.startswith("ERROR: ")) or said[-1])
            hint = "They come from a package index: see that this machine reaches one (pip config list), then again."
            raise EngineError(f"pip cannot download {', '.join(JOB_MODULES)}: {why}", hint=hint)
        return {path.name: path.read_bytes() for path in sorted(Path(folder).glob("*.whl"))}


def _drop_others(out: Path, written: Iterable[str]) -> None:
    """Other versions of what was written: Terraform takes what is there, and pip one of each."""
    for name in written:
        for path in out.glob(re.sub(r"-\d.*(\.\w+)$", r"-[0-9]*\1", name)):
            if path.relative_to(out).as_posix() != name:
                path.unlink()


def glue_script() -> Path:
    """The Glue job's script: beside the package in a checkout, in it where it is installed."""
    package = Path(clickctl.__file__).parent
    for folder in (package, package.parent):
        if (script := folder / "glue_scripts" / "clickstream_job.py").is_file():
            return script
    raise ConfigError(
        "glue_scripts/clickstream_job.py is missing from this installation.", hint="Install clickctl again."
    )


def _home() -> Path:
    return Path(clickctl.__file__).parent.parent


def _files(home: Path, patterns: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Names within the zip, in order, and their content."""
    paths = {path for pattern in patterns for path in home.glob(pattern) if path.is_file()}
    for path in sorted(paths):
        name = path.relative_to(home).as_posix()
        if not name.startswith("clickctl/glue_scripts/"):
            yield name, path.read_bytes()


def _zip(files: Iterable[tuple[str, bytes]]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr, entry.create_system = _MODE, 3  # as on Unix, wherever it is made
            archive.writestr(entry, content)
    return data.getvalue()


def _written(path: Path, purpose: str, data: bytes) -> Package:
    """Whole or not at all: a full disk leaves what was there."""
    whole = path.with_name(f".{path.name}~")
    try:
        whole.write_bytes(data)
        whole.replace(path)
    finally:
        whole.unlink(missing_ok=True)
    digest = hashlib.sha256(data)
    return Package(str(path), purpose, len(data), digest.hexdigest(), base64.b64encode(digest.digest()).decode())
