"""A backfill's plan as a file: written by --plan-out, run by --plan."""

from __future__ import annotations

import json
from pathlib import Path

from clickctl.domain.errors import UsageError
from clickctl.domain.structure import StructureError, from_plain, to_plain
from clickctl.plan.backfill import BackfillPlan
from clickctl.render.console import Talk


def load_plan(path: str) -> BackfillPlan:
    try:
        return from_plain(BackfillPlan, json.loads(Path(path).read_text("utf-8")), strict=True)
    except (OSError, ValueError, RecursionError) as error:
        problem = str(error) if isinstance(error, (OSError, StructureError)) else "it is not JSON"
        raise UsageError(f"{path} is no saved plan: {problem}.", hint="Make one with --plan-out FILE.") from None


def save_plan(plan: BackfillPlan, path: str, talk: Talk) -> None:
    try:
        Path(path).write_text(json.dumps(to_plain(plan), indent=1) + "\n", "utf-8")
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error}.") from None
    talk.say("plan_saved", f"Saved the plan. Run it with: clickctl backfill --plan {path}", path=path)
