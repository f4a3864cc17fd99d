"""Why a role needs what it needs: the actions its code comes to, with the way there."""

from __future__ import annotations

from collections.abc import Mapping

from tests.permissions.actions import VERSIONED, needed_by
from tests.permissions.derive import derivation
from tests.permissions.needs import NOT_CONFIGURED, Role


def reasons(role: Role) -> Mapping[str, str]:
    """By action: the entry point and the function that calls it."""
    found: dict[str, str] = {}
    for entry in role.entries:
        derived = derivation().of(entry, role.without)
        for call, way in derived.ways.items():
            if call not in NOT_CONFIGURED:
                reason = f"{way[0]} needs it for {call.service}.{call.operation} in {way[-1]}"
                found = {**dict.fromkeys(needed_by(call), reason), **found}
        for function, action in VERSIONED.items():
            if function in derived.entered:
                found.setdefault(action, f"{entry} needs it in {function}")
    return found
