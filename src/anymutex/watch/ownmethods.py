"""What methods do to the attributes of their own object, for calls of them from other methods."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from anymutex.watch.spelling import in_own_scope, last_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anymutex.watch.spelling import AnyFunction

Methods: TypeAlias = "dict[tuple[tuple[str, ...], str], Method]"


class Method(NamedTuple):
    """The attributes of `self` that a method reads and writes, the latter with the line."""

    reads: frozenset[str]
    writes: dict[str, int]


def methods_in(tree: ast.Module) -> Methods:
    """All methods of a module that can't suspend, by the classes that have or inherit them and their name."""
    found: Methods = {}
    _collect(tree.body, (), found)
    return found


def _collect(body: Iterable[ast.AST], classes: tuple[str, ...], found: Methods) -> None:
    for node in body:
        if isinstance(node, ast.ClassDef):
            _collect(node.body, (*classes, node.name), found)
            _inherit(node, classes, found)
        elif isinstance(node, ast.FunctionDef) and classes:
            found[classes, node.name] = _method_of(node)


def _inherit(node: ast.ClassDef, classes: tuple[str, ...], found: Methods) -> None:
    """Bases come before the class that names them."""
    for base in node.bases:
        place = (*classes, last_name(base))
        for (owner, name), method in list(found.items()):
            if owner == place:
                found.setdefault(((*classes, node.name), name), method)


def _method_of(node: AnyFunction) -> Method:
    reads: set[str] = set()
    writes: dict[str, int] = {}
    for inner in in_own_scope(node):
        match inner:
            case ast.Attribute(value=ast.Name(id="self"), ctx=ast.Load()):
                reads.add(inner.attr)
    for statement in node.body:  # what is written in some cases only is no state of one request
        match statement:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self")) as target]):
                writes.setdefault(target.attr, target.lineno)
    return Method(frozenset(reads), writes)
