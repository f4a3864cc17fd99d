"""Statements of policies as single grants, to be compared and to be asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

Condition = tuple[tuple[str, str, tuple[str, ...]], ...]
"""Operator, key and values of each part, sorted."""


class Grant(NamedTuple):
    """One action on one resource, as a policy writes it."""

    action: str
    resource: str
    condition: Condition = ()

    def __str__(self) -> str:
        where = "".join(f", {key} {operator} {' '.join(values)}" for operator, key, values in self.condition)
        return f"{self.action} on {self.resource}{where}"


def condition(operator: str, key: str, *values: str) -> Condition:
    return ((operator, key, tuple(sorted(values))),)


def granted(statements: Iterable[Mapping[str, Any]]) -> set[Grant]:
    """What statements allow. ValueError for one that is not read here, so that nothing is passed over."""
    return {grant for statement in statements for grant in _grants(statement)}


def permits(grants: Collection[Grant], action: str, resource: str, **context: str) -> bool:
    """Whether one of the grants allows it. Of conditions those on `context` count, by `name` without its service."""
    return any(
        grant.action == action and fnmatchcase(resource, grant.resource) and _holds(grant.condition, context)
        for grant in grants
    )


def _grants(statement: Mapping[str, Any]) -> Iterator[Grant]:
    known = {"Sid", "Effect", "Action", "Resource", "Condition"}
    if statement.get("Effect") != "Allow" or not {"Action", "Resource"} <= statement.keys() <= known:
        raise ValueError(f"no plain permission: {statement}")
    parts = [
        (operator, key, tuple(sorted(_listed(values))))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    for action in _listed(statement["Action"]):
        for resource in _listed(statement["Resource"]):
            yield Grant(action, resource, tuple(sorted(parts)))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _holds(wanted: Condition, context: Mapping[str, str]) -> bool:
    for operator, key, values in wanted:
        given = context.get(key.partition(":")[2])
        if given is None and not operator.endswith("IfExists"):
            return False
        if given is not None and not any(fnmatchcase(given, value) for value in values):
            return False
    return True
