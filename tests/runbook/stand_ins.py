"""Stands for Terraform: refuses what terraform/ does not know, keeps a record, and makes nothing.

That the module can be applied is for tests/terraform; here only what the runbook's lines name, and what they would
deploy, is looked at.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from fnmatch import fnmatch
from pathlib import Path

MODULE = Path(__file__).parents[2] / "terraform"
RECORD = "RUNBOOK_TERRAFORM"
"""The variable that says where what was run is recorded, as one JSON object a line."""
OUTPUTS = "RUNBOOK_OUTPUTS"
"""The variable that says where a file lies with the outputs there are after an apply."""
_COMMANDS = {("init",), ("apply",), ("plan",), ("output",), ("workspace", "new")}
_DEPLOYED = ("clickctl-alerts-*.zip", "clickctl-[0-9]*.zip", "clickstream_job.py")


def main(words: list[str]) -> None:
    code = "".join(path.read_text("utf-8") for path in MODULE.glob("*.tf"))
    if words.pop(0) != "-chdir=terraform":
        sys.exit("the runbook's lines are run from the root of the checkout: terraform -chdir=terraform")
    verbs = [word for word in words[:2] if word.isalpha()]
    if verbs[:1] != ["workspace"]:
        del verbs[1:]
    if tuple(verbs) not in _COMMANDS:
        sys.exit(f"the runbook has no business with terraform {' '.join(verbs)}")
    settings = dict(words[n + 1].split("=", 1) for n, word in enumerate(words) if word == "-var")
    for name in settings:
        if not re.search(rf'^variable "{name}"', code, re.MULTILINE):
            sys.exit(f"terraform/ has no variable {name}")
    if verbs == ["output"]:
        print(Path(os.environ[OUTPUTS]).read_text("utf-8") if _applied() else "{}")
        return
    dist = deployed(settings.get("dist", "../dist")) if verbs[0] in ("apply", "plan") else {}
    with open(os.environ[RECORD], "a", encoding="utf-8") as record:
        record.write(json.dumps({"command": " ".join(verbs), "settings": settings, "dist": dist}) + "\n")


def deployed(dist: str) -> dict[str, str]:
    """What the module takes from the folder, by name its SHA-256; exits where it would refuse the folder."""
    folder = Path(os.path.normpath(f"terraform/{dist}"))
    found = [[path for path in folder.glob("*") if fnmatch(path.name, pattern)] for pattern in _DEPLOYED]
    if [len(paths) for paths in found] != [1, 1, 1]:
        sys.exit(f"{dist} holds no package of clickctl, or more than one version")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for [path] in found}


def _applied() -> bool:
    """Something was applied in the workspace that is chosen now."""
    record = Path(os.environ[RECORD])
    commands = [json.loads(line)["command"] for line in record.read_text("utf-8").splitlines()]
    return "apply" in commands[commands.index("workspace new") if "workspace new" in commands else 0 :]


if __name__ == "__main__":
    main(sys.argv[1:])
