"""Where blocks of the runbook are run: in bash, beside a configuration, with the commands that a person has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clickctl.packaging import write_packages
from tests.backends.small_lake import SmallLake
from tests.conftest import REPO, Ran, Shell
from tests.runbook.page import Entry
from tests.runbook.stand_ins import OUTPUTS, RECORD

AWS_CLI = "RUNBOOK_AWS"
"""The variable that says where the AWS CLI is."""

DAY = ("2026-01-05", "2026-01-06")
"""The day of the page, as a range."""


def tools(folder: Path) -> str:
    """A PATH that begins with clickctl and python3 of this environment, and the stand-ins for what is not run here."""
    python, stand_ins = sys.executable, Path(__file__).with_name("stand_ins.py")
    for name, line in {
        "clickctl": f'exec {python} -m clickctl "$@"',
        "python3": f'exec {python} "$@"',
        "terraform": f'exec {python} {stand_ins} "$@"',
        # A login opens a browser: that is the one command of the page which is not run. The endpoint is given because
        # not every version of the CLI takes it from the environment, for SQS not even recent ones.
        "aws": f'[ "$*" = "sso login" ] || exec "${AWS_CLI}" --endpoint-url "$AWS_ENDPOINT_URL" "$@"',
    }.items():
        tool = folder / name
        tool.write_text(f"#!/bin/sh\n{line}\n")
        tool.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@dataclass
class Place:
    """`words` are what the page says and what it is here."""

    entry: Entry
    shell: Shell
    path: str
    words: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.shell.folder

    def run(self, begins: str, *, code: int = 0, **words: str) -> Ran:
        """Run the block that begins so, whole; `words` are placeholders of it. A line that fails ends it."""
        block = self.entry.take(begins)
        for said, meant in {**self.words, **words}.items():
            block = block.replace(said, meant)
        return self.bash(block, code)

    def bash(self, block: str, code: int = 0) -> Ran:
        settings = {"PYTHONPATH": str(REPO), "CLICKCTL_CONFIG": str(self.shell.config), "PATH": self.path}
        terraform = {RECORD: str(self._record), OUTPUTS: str(self._outputs)}
        argv, env = ["bash", "-e", "-o", "pipefail", "-c", block], {**os.environ, **settings, **terraform}
        done = subprocess.run(
            argv, cwd=self.folder, env=env, timeout=120, text=True, stdin=subprocess.DEVNULL, capture_output=True
        )
        assert done.returncode == code, f"{block}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return Ran(done.returncode, done.stdout, done.stderr)

    def with_terraform(self, **configuration: Any) -> None:
        """The module beside the configuration, a release in `dist`, and what an apply will put out."""
        (self.folder / "terraform").symlink_to(REPO / "terraform")
        write_packages(self.folder / "dist")
        self._record.touch()
        self._outputs.write_text(json.dumps({"clickctl": {"value": configuration}}))

    @property
    def terraform(self) -> list[dict[str, Any]]:
        """What Terraform was told, one after the other: command, settings, and what lay in its dist."""
        return [json.loads(line) for line in self._record.read_text("utf-8").splitlines()]

    @property
    def _record(self) -> Path:
        return self.folder / "terraform.jsonl"

    @property
    def _outputs(self) -> Path:
        return self.folder / "outputs.json"

    def sees(self, ran: Ran, *lines: int) -> None:
        """What the entry shows is what was printed: all lines of its block, or those of these numbers."""
        shown = self.entry.take("", kind="").splitlines()
        for number, line in enumerate(shown):
            if not lines or number in lines:
                pattern = ".*".join(re.escape(part) for part in line.split("…"))
                assert re.search(pattern, ran.out + ran.err), f"{line!r} is not in\n{ran.out}{ran.err}"

    def states(self, *units: str) -> set[str]:
        """The states that `status` has for these days, or hours."""
        found = self.shell("status", DAY[0], "2026-01-07", "--output", "json").json["hours"]
        return {one["state"] for one in found if not units or one["hour"].startswith(units)} - {"missing", "future"}


@dataclass
class Folders(Place):
    """A lake of folders. Hours are put and run as in tests/backends."""

    lake: SmallLake = field(kw_only=True)

    def __init__(self, entry: Entry, shell: Shell, path: str, lake: SmallLake) -> None:
        super().__init__(entry, shell, path)
        self.lake = lake

    def with_new_rules(self, **quality: Any) -> None:
        """Terraform whose variable `quality` was changed, and not yet applied."""
        self.with_terraform(backend="local", lake=vars(self.lake.roots), quality=quality)

    def put(self, hour: str, *pages: Any, name: str = "part-0.json", run: bool = False) -> None:
        self.lake.put(hour, *pages, name=name)
        if run:
            self.lake.run(hour)
