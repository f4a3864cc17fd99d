"""The source as mypy understands it: every function and class by its full name, and what each name in it means.

Names alone would not do: `run` and `get` are methods of many things, of which few ask AWS. mypy is
needed for development anyway; its library is not promised to stay as it is, so all use of it is here.
"""

from __future__ import annotations

import ast
import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mypy import build
from mypy.modulefinder import BuildSource
from mypy.nodes import (
    AssignmentStmt,
    ClassDef,
    Decorator,
    Expression,
    FuncDef,
    MemberExpr,
    MypyFile,
    Node,
    RefExpr,
    SymbolNode,
    TypeInfo,
    Var,
)
from mypy.options import Options
from mypy.subtypes import is_protocol_implementation
from mypy.traverser import NameAndMemberCollector
from mypy.types import (
    CallableType,
    Instance,
    LiteralType,
    Overloaded,
    ProperType,
    TupleType,
    Type,
    TypeType,
    TypeVarType,
    UnionType,
    get_proper_type,
)
from mypy.typevars import fill_typevars_with_any

from tests.conftest import REPO

PARTS = ("clickctl", "lambda_src", "glue_scripts")

_LOCAL, _ENGINES = "clickctl.local.", ("clickctl.local.engine", "clickctl.local.spark")
"""Ports are those of the aws backend; but the engines of `--engine local` and `spark` run on its lake too."""

_OF_FILES = ("close", "read", "readinto", "write")
"""Methods that the standard library calls on what can be closed, as `closing` and `gzip` do."""

Place = tuple[int, int, int | None, int | None]


@dataclass
class Program:
    """`functions`, `classes` and `globals` by full name, the last with what they are made of."""

    sources: dict[str, ast.Module]
    types: dict[Expression, Type]
    functions: dict[str, FuncDef] = field(default_factory=dict)
    classes: dict[str, ClassDef] = field(default_factory=dict)
    globals: dict[str, Expression] = field(default_factory=dict)
    named: dict[tuple[str, Place], RefExpr] = field(default_factory=dict)
    _found: dict[object, list[SymbolNode]] = field(default_factory=dict)
    _below: dict[TypeInfo, list[TypeInfo]] = field(default_factory=dict)

    def meant(self, module: str, name: ast.expr) -> list[SymbolNode]:
        """What a name or an attribute in the source of a module may be."""
        key = module, _place(name)
        if key not in self._found:
            found = self.named.get(key)
            self._found[key] = list(self._resolved(found)) if found else []
        return self._found[key]

    def references(self, name: str) -> Iterator[str]:
        """Full names of what a function, class or global refers to: called there, or handed on to be called."""
        nodes: list[Node | None] = [self.functions.get(name), self.globals.get(name)]
        if definition := self.classes.get(name):
            yield from self._of_an_object(definition)
            nodes += [node for node in definition.defs.body if isinstance(node, AssignmentStmt)]
        for node in nodes:
            for one in _names_in(node):
                yield from (found.fullname for found in self._resolved(one))

    def _resolved(self, name: RefExpr) -> Iterator[SymbolNode]:
        if isinstance(name, MemberExpr) and (infos := self._infos_of(name.expr)):
            for info in infos:
                yield from self._members(info, name.name)
        elif name.node is not None:
            yield name.node

    def _infos_of(self, value: Expression) -> list[TypeInfo]:
        found = self.types.get(value)
        return [] if found is None else list(_infos(get_proper_type(found)))

    def _members(self, info: TypeInfo, name: str) -> list[SymbolNode]:
        """What an attribute of such an object may be: of the class, of those below it, of those that fit a protocol."""
        key = info.fullname, name
        if key not in self._found:
            found = [symbol.node for one in self._possible(info) if (symbol := one.get(name)) and symbol.node]
            self._found[key] = list({node.fullname: node for node in found}.values())
        return self._found[key]

    def _possible(self, info: TypeInfo) -> list[TypeInfo]:
        if info not in self._below:
            ours = info.is_protocol and info.fullname in self.classes
            others = [one.info for one in self.classes.values() if one.info is not info]
            fit = [one for one in others if info in one.mro or (ours and _fits(one, info))]
            self._below[info] = [info, *fit]
        return self._below[info]

    def _of_an_object(self, definition: ClassDef) -> Iterator[str]:
        """What runs when an object is made and handed about: its special methods, and those of a file if it is one."""
        info = definition.info
        also = _OF_FILES if info.get("close") else ()
        names = {name for one in info.mro for name in one.names}
        for name in names:
            if name in also or (name.startswith("__") and name.endswith("__")):
                symbol = info.get(name)
                if symbol and symbol.node:
                    yield symbol.node.fullname


def read_program(root: Path = REPO) -> Program:
    """Everything in PARTS, but for what belongs to the local backend alone."""
    paths = {_module(path, root): path for part in PARTS for path in sorted((root / part).rglob("*.py"))}
    options = Options()
    options.export_types = options.preserve_asts = options.check_untyped_defs = options.ignore_missing_imports = True
    options.incremental, options.cache_dir = False, os.devnull
    options.follow_imports = "skip"  # of others' code only the standard library's hints are read
    gc.disable()  # hundreds of thousands of objects that all stay
    try:
        built = build.build([BuildSource(str(path), module, None) for module, path in paths.items()], options)
    finally:
        gc.enable()
    ours = {module: path for module, path in paths.items() if of_the_aws_backend(module)}
    program = Program({module: ast.parse(path.read_text("utf-8")) for module, path in ours.items()}, built.types)
    for module in ours:
        _collect(program, module, built.files[module])
    return program


def of_the_aws_backend(name: str) -> bool:
    return not name.startswith(_LOCAL) or name.startswith(_ENGINES)


def _module(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def _collect(program: Program, module: str, file: MypyFile) -> None:
    program.named.update({(module, _place(name)): name for name in _names_in(file)})
    definitions: list[object] = list(file.defs)
    for node in definitions:  # grows by what is inside classes
        match node:
            case FuncDef():
                program.functions[node.fullname] = node
            case Decorator():
                program.functions[node.func.fullname] = node.func
            case ClassDef():
                program.classes[node.fullname] = node
                definitions += node.defs.body
            case AssignmentStmt():
                names = [name.node for name in node.lvalues if isinstance(name, RefExpr)]
                program.globals |= {name.fullname: node.rvalue for name in names if isinstance(name, Var)}


def _fits(one: TypeInfo, protocol: TypeInfo) -> bool:
    if one.is_protocol or not all(map(one.get, protocol.protocol_members)):
        return False
    left, right = fill_typevars_with_any(one), fill_typevars_with_any(protocol)
    left = left.partial_fallback if isinstance(left, TupleType) else left
    return isinstance(right, Instance) and is_protocol_implementation(left, right)


def _names_in(node: Node | None) -> list[RefExpr]:
    seen = NameAndMemberCollector()
    if node:
        node.accept(seen)
    return [*seen.name_exprs, *seen.member_exprs]


def _place(node: ast.expr | RefExpr) -> Place:
    if isinstance(node, ast.expr):
        return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset
    return node.line, node.column, node.end_line, node.end_column


def _infos(found: ProperType) -> Iterator[TypeInfo]:
    """The classes that a value of this type may be of."""
    match found:
        case Instance():
            yield found.type
        case UnionType():
            for item in found.items:
                yield from _infos(get_proper_type(item))
        case TupleType():
            yield found.partial_fallback.type
        case LiteralType():
            yield found.fallback.type
        case TypeType():
            yield from _infos(found.item)
        case TypeVarType():
            yield from _infos(get_proper_type(found.upper_bound))
        case CallableType() | Overloaded() if found.is_type_obj():
            yield found.type_object()
