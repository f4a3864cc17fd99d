"""Which operations of AWS a function calls: clients of boto3 followed from where they are made to where they are used.

To mypy a client is Any. So what is known of it, the service it is of, is carried along here: through
variables, parameters, attributes and return values, whatever the order of the calls.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

import botocore.session
from botocore import xform_name
from mypy.nodes import Decorator, FuncDef, SymbolNode, TypeInfo

from tests.permissions.program import Program

MAKERS = ("clickctl.aws.clients.client", "clickctl.aws.doctor_asking.Account.client")
"""Functions whose first argument names the service of the client they return."""

HELPERS = {
    "download_fileobj": ("HeadObject", "GetObject"),
    "upload_file": ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload",
                    "AbortMultipartUpload"),
    "copy": ("HeadObject", "CopyObject", "CreateMultipartUpload", "UploadPartCopy", "CompleteMultipartUpload",
             "AbortMultipartUpload"),
}  # fmt: skip
"""What boto3's own methods of an S3 client call: s3transfer 0.19, download.py, upload.py, copies.py and tasks.py."""

OTHERS = {"AssumeRoleCredentialFetcher": ("sts", "AssumeRole")}
"""What botocore calls by itself, by the name that sets it going."""

_NO_CALL = ("meta", "exceptions")


class Call(NamedTuple):
    """One operation, as botocore's model names it: `s3`, `ListObjectsV2`."""

    service: str
    operation: str


class _Value(NamedTuple):
    """What is known of a value: it is a client of a service, or a text."""

    kind: str
    text: str


@dataclass
class Clients:
    """`calls` by the full name of the function they are made in; `problems` are what could not be understood."""

    program: Program
    calls: dict[str, set[Call]] = field(default_factory=lambda: defaultdict(set))
    problems: list[str] = field(default_factory=list)
    _known: dict[object, set[_Value]] = field(default_factory=lambda: defaultdict(set))

    def read(self) -> Clients:
        places, size = list(_places(self.program)), -1
        while size != (size := sum(map(len, self._known.values()))):
            for place in places:
                self._learn(place)
        for place in places:
            self._find(place)
        return self

    def _learn(self, place: _Place) -> None:
        match place.node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assign(place, target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                self._assign(place, target, value)
            case ast.Return(value=ast.expr() as value) if place.returns in self.program.functions:
                self._known[self.program.functions[place.returns]] |= self._values(place, value)
            case ast.Call() as call:
                for function in self._called(place, call.func):
                    self._pass(place, call, function)

    def _assign(self, place: _Place, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, its in zip(target.elts, value.elts, strict=False):
                self._assign(place, one, its)
        for node in self.program.meant(place.module, target):
            self._known[node] |= self._values(place, value)

    def _pass(self, place: _Place, call: ast.Call, function: FuncDef) -> None:
        bound = bool(function.info) and not function.is_static
        parameters = [argument.variable for argument in function.arguments][bound:]
        by_name = {parameter.name: parameter for parameter in parameters}
        given = [*zip(parameters, call.args, strict=False)]
        given += [(by_name[word.arg], word.value) for word in call.keywords if word.arg in by_name]
        for parameter, value in given:
            self._known[parameter] |= self._values(place, value)

    def _values(self, place: _Place, value: ast.expr) -> set[_Value]:
        match value:
            case ast.Constant(value=str(text)):
                return {_Value("text", text)}
            case ast.Call(func=func, args=[ast.Constant(value=str(service)), *_]) if self._is_maker(place, func):
                return {_Value("client", service)}
            case ast.Call(func=func):
                functions = [node for node in self.program.meant(place.module, func) if not isinstance(node, TypeInfo)]
                return set().union(*(self._known.get(_function(node), ()) for node in functions))
            case ast.Name() | ast.Attribute():
                nodes = self.program.meant(place.module, value)
                return set().union(*(self._known.get(_function(node) or node, ()) for node in nodes))
        return set()

    def _services(self, place: _Place, value: ast.expr) -> list[str]:
        return sorted(text for kind, text in self._values(place, value) if kind == "client")

    def _is_maker(self, place: _Place, func: ast.expr) -> bool:
        return any(node.fullname in MAKERS for node in self.program.meant(place.module, func))

    def _called(self, place: _Place, func: ast.expr) -> Iterator[FuncDef]:
        for node in self.program.meant(place.module, func):
            made = node.get("__init__") if isinstance(node, TypeInfo) else None
            if function := _function(made.node if made else node):
                yield function

    def _find(self, place: _Place) -> None:
        """What is called at this place. Of a client every attribute is an operation, called there or handed on."""
        match place.node:
            case ast.Call(func=ast.Attribute(value=client, attr="get_paginator"), args=[ast.Constant(value=name)]):
                self._note(place, client, str(name))
            case ast.Call(func=ast.Name(id="getattr"), args=[client, name]):
                for text in (text for kind, text in self._values(place, name) if kind == "text"):
                    self._note(place, client, text)
            case ast.Call(func=func, args=args) if self._is_maker(place, func) and place.function not in MAKERS:
                if not (args and isinstance(args[0], ast.Constant)):
                    self.problems.append(f"{place}: the service of a client is not written there")
            case ast.Attribute(attr=attr) if attr in OTHERS:
                self.calls[place.function].add(Call(*OTHERS[attr]))
            case ast.Attribute(value=client, attr=attr) if attr not in (*_NO_CALL, "get_paginator"):
                if not self._note(place, client, attr) and not self.program.meant(place.module, place.node):
                    self._doubt(place, attr)

    def _note(self, place: _Place, client: ast.expr, name: str) -> bool:
        """Note the operations of this name; false where the value is no client."""
        services = self._services(place, client)
        for service in services:
            found = HELPERS.get(name, ()) if service == "s3" else ()
            found = found or tuple(filter(None, [operations(service).get(name)]))
            self.calls[place.function].update(Call(service, operation) for operation in found)
            if not found:
                self.problems.append(f"{place}: {service} has no operation {name}")
        return bool(services)

    def _doubt(self, place: _Place, name: str) -> None:
        """A method of something unknown that is called like an operation."""
        if "_" in name and any(name in operations(service) for service in self._all_services()):
            self.problems.append(f"{place}: {name} of something that is not known to be a client")

    def _all_services(self) -> set[str]:
        return {text for values in self._known.values() for kind, text in values if kind == "client"}


@dataclass(frozen=True)
class _Place:
    """A node of the source: in which module, in which function or method, and whose its `return` is."""

    module: str
    function: str
    returns: str
    node: ast.AST

    def __str__(self) -> str:
        return f"{self.function}, line {getattr(self.node, 'lineno', '?')}"


def _places(program: Program) -> Iterator[_Place]:
    for module, tree in program.sources.items():
        yield from _within(_Place(module, module, "", tree))


def _within(outer: _Place) -> Iterator[_Place]:
    """Nested functions and lambdas count as the function they are in; only what they return is their own."""
    for child in ast.iter_child_nodes(outer.node):
        here = replace(outer, node=child)
        if isinstance(child, ast.ClassDef) and not outer.returns:
            here = replace(here, function=f"{outer.function}.{child.name}")
        elif isinstance(child, ast.FunctionDef) and not outer.returns:
            name = f"{outer.function}.{child.name}"
            here = replace(here, function=name, returns=name)
        elif isinstance(child, ast.FunctionDef | ast.Lambda):
            here = replace(here, returns="nested")
        yield here
        yield from _within(here)


def _function(node: SymbolNode | None) -> FuncDef | None:
    if isinstance(node, Decorator):
        return node.func
    return node if isinstance(node, FuncDef) else None


@lru_cache
def operations(service: str) -> dict[str, str]:
    """Operations of a service in botocore's model, by the names that methods of its client have."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}
