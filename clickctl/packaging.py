"""What AWS is given: the Lambda's zip, and the library's zip and the script of the Glue job.

The same sources make the same bytes on every machine: names in order, one date, stored and not
compressed (compressors differ between versions; these are a few hundred kilobytes).
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import clickctl
from clickctl.domain.errors import ConfigError, LakeError

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


@dataclass(frozen=True)
class Package:
    """One file that was written. `sha256` in hex; `hash` the same in base64, as Lambda's CodeSha256 has it."""

    path: str
    purpose: str
    bytes: int
    sha256: str
    hash: str


def write_packages(out: Path) -> tuple[Package, ...]:
    """Write all three files into a folder. Raises LakeError when it cannot be written."""
    script = glue_script()
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
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        return tuple(_written(out / name, purpose, data) for name, (purpose, data) in made.items())
    except OSError as error:
        hint = "Name another folder with --out."
        changed = "Files written before it are whole; that one is as it was."
        raise LakeError(
            f"Cannot write {error.filename or out}: {error.strerror}.", hint=hint, changed=changed
        ) from None


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
