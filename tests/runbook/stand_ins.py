"""Stands for Terraform: refuses what terraform/ does not know, prints prepared outputs, and makes nothing.

That the module can be applied is for tests/terraform; here only what the runbook's lines name is looked at.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

MODULE = Path(__file__).parents[2] / "terraform"
_COMMANDS = {("apply",), ("plan",), ("output",), ("workspace", "new")}


def main(words: list[str]) -> None:
    code = "".join(path.read_text("utf-8") for path in MODULE.glob("*.tf"))
    if words.pop(0) != "-chdir=terraform":
        sys.exit("the runbook's lines are run from the root of the checkout: terraform -chdir=terraform")
    verbs = [word for word in words[:2] if word.isalpha()]
    if tuple(verbs) not in _COMMANDS:
        sys.exit(f"the runbook has no business with terraform {' '.join(verbs)}")
    given = [words[n + 1] for n, word in enumerate(words) if word == "-var"]
    for name, value in (setting.split("=", 1) for setting in given):
        if not re.search(rf'^variable "{name}"', code, re.MULTILINE):
            sys.exit(f"terraform/ has no variable {name}")
        if name == "dist" and not os.path.isdir(os.path.normpath(f"terraform/{value}")):
            sys.exit(f"terraform/{value} is no folder")
    if verbs == ["output"]:
        print(Path(os.environ["RUNBOOK_OUTPUTS"]).read_text("utf-8"))


if __name__ == "__main__":
    main(sys.argv[1:])
