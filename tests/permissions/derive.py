"""From an entry point to the operations of AWS that it may come to, and the way there."""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache

from clickctl.cli import COMMANDS
from tests.permissions.clients import Call, Clients
from tests.permissions.program import Program, read_program

JOB, FUNCTION = "glue_scripts.clickstream_job.main", "lambda_src.handler.handle"


@dataclass
class Derived:
    """`ways` has for each call the functions from the entry point to the one that makes it."""

    ways: dict[Call, tuple[str, ...]] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)

    @property
    def calls(self) -> set[Call]:
        return set(self.ways)


@dataclass(frozen=True)
class Derivation:
    program: Program
    clients: Clients

    def of(self, entry: str, without: Collection[str] = ()) -> Derived:
        """What an entry point calls, by the shortest way. Functions named in `without` are not entered."""
        assert entry in self.program.functions, f"there is no {entry}"
        found, came_from, waiting = Derived(), {entry: ""}, deque([entry])
        while waiting:
            name = waiting.popleft()
            found.entered.add(name)
            for call in self.clients.calls.get(name, ()):
                found.ways.setdefault(call, _way(came_from, name))
            for other in self._next(name):
                if other not in came_from and other not in without:
                    came_from[other] = name
                    waiting.append(other)
        return found

    def _next(self, name: str) -> list[str]:
        known = (self.program.functions, self.program.classes, self.program.globals)
        return [other for other in self.program.references(name) if any(other in names for names in known)]


@lru_cache
def derivation() -> Derivation:
    """Of the source as it is; read once."""
    program = read_program()
    return Derivation(program, Clients(program).read())


def commands() -> dict[str, str]:
    """The function of every command, by the words of the command."""
    found: dict[str, str] = {}
    for name in COMMANDS:
        module = importlib.import_module(f"clickctl.commands.{name.replace('-', '_')}")
        grouped = getattr(module, "COMMANDS", None)
        functions = {f"{name} {sub}": one for sub, one in grouped.items()} if grouped else {name: module.command}
        found |= {words: f"{one.__module__}.{one.__qualname__}" for words, one in functions.items()}
    return found


def _way(came_from: dict[str, str], name: str) -> tuple[str, ...]:
    way = [name]
    while name := came_from[name]:
        way.append(name)
    return tuple(reversed(way))
