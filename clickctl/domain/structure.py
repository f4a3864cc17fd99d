"""JSON and TOML values to frozen dataclasses and back: strict, by their type hints.

One reader serves the ledger, the saved plan and the configuration. It knows the few types they
use: dataclasses, str, int, float, bool, None-able, tuple[X, ...], dict[str, X], Hour, Day, Unit.
"""

from __future__ import annotations

import dataclasses
import reprlib
import types
import typing
from functools import cache
from typing import Any, TypeVar

from clickctl.domain.hours import Day, Hour, Unit, unit_from_name

T = TypeVar("T")

_NAMES: dict[Any, str] = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
_NAMES |= {tuple: "a list", dict: "a table"}
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 100


class StructureError(ValueError):
    """A value does not have the shape its type asks for; `path` says where."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path or 'document'}: {problem}")
        self.path = path
        self.problem = problem


def to_plain(value: Any) -> Any:
    """Dataclasses, hours and days to dicts, lists and strings, ready for json.dumps."""
    if isinstance(value, (Hour, Day)):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value  # a StrEnum is text


def from_plain(kind: type[T], value: Any, path: str = "", *, strict: bool = False) -> T:
    """Read `value` as `kind`. Unknown keys are an error only when `strict`.

    Raises StructureError with the dotted path of what is wrong.
    """
    return typing.cast("T", _read(kind, value, path, strict))


@cache
def hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _read(kind: Any, value: Any, path: str, strict: bool) -> Any:
    if kind == Unit or kind in (Hour, Day):
        return _read_unit(kind, value, path)
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(typing.cast(type, kind), value, path, strict)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        inner = [arg for arg in args if arg is not type(None)]
        return None if value is None and len(inner) < len(args) else _read(inner[0], value, path, strict)
    if origin is tuple and isinstance(value, (list, tuple)):
        return tuple(_read(args[0], item, f"{path}[{n}]", strict) for n, item in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {key: _read(args[1], item, f"{path}.{key}", strict) for key, item in value.items()}
    return _read_scalar(origin or kind, value, path)


def _read_scalar(kind: Any, value: Any, path: str) -> Any:
    if kind is float and type(value) is int and abs(value) < 1 << 53:
        return float(value)
    if kind in (str, int, float, bool) and type(value) is kind:
        return value
    raise StructureError(path, f"{_shown(value)} is not {_NAMES.get(kind, kind)}")


def _shown(value: Any) -> str:
    """The value, cut short: damaged documents hold anything, at any length and depth."""
    return _REPR.repr(value)


def _read_unit(kind: Any, value: Any, path: str) -> Unit:
    try:
        unit = unit_from_name(value)
    except (ValueError, TypeError, AttributeError):
        raise StructureError(path, f"{_shown(value)} is not an hour or a day") from None
    if kind != Unit and not isinstance(unit, kind):
        raise StructureError(path, f"{_shown(value)} is not {'an hour' if kind is Hour else 'a day'}")
    return unit


def _read_dataclass(kind: type, value: Any, path: str, strict: bool) -> Any:
    if not isinstance(value, dict):
        raise StructureError(path, f"{_shown(value)} is not a table")
    known = {f.name: f for f in dataclasses.fields(kind)}
    if strict and (unknown := sorted(set(value) - set(known))):
        raise StructureError(f"{path}.{unknown[0]}".lstrip("."), "unknown key")
    fields = hints(kind)
    given = {
        name: _read(fields[name], value[name], f"{path}.{name}".lstrip("."), strict) for name in known if name in value
    }
    for name, field in known.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in given:
            raise StructureError(f"{path}.{name}".lstrip("."), "is missing")
    try:
        return kind(**given)
    except ValueError as error:
        raise StructureError(path, str(error)) from None
