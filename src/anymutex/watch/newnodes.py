"""The nodes that the rewriter puts into a tree: each has the position of what it stands beside.

Our names can't be spelled in Python, don't begin with two underscores (classes would mangle them) and begin
with one (`import *` leaves them alone).
"""

from __future__ import annotations

import ast
from typing import Any

HOOKS = "_@am"
"""The hooks of the module."""
ACTIVATION = "_@f"
"""The activation of the function."""
CELL = "_@cell_"
"""The scope of a name that nested functions assign, with the name behind it."""


def as_node(argument: ast.expr | str | int | None, at: ast.AST) -> ast.expr:
    if isinstance(argument, ast.Name):  # a key: the node itself stays in its own place
        return ast.copy_location(ast.Name(argument.id, ast.Load()), argument)
    if isinstance(argument, ast.Constant):
        return ast.copy_location(ast.Constant(argument.value), argument)
    return argument if isinstance(argument, ast.expr) else ast.copy_location(ast.Constant(argument), at)


def is_simple(node: ast.expr) -> bool:
    return isinstance(node, ast.Name | ast.Constant)


def unhooked(node: ast.expr) -> ast.expr | None:
    """A name, or attributes of one, without hooks in it; None for all that is more."""
    match node:
        case ast.IfExp(test=ast.Attribute(value=ast.Name(id=name))) if name == HOOKS:
            return unhooked(node.orelse)
        case ast.Name():
            return ast.copy_location(ast.Name(node.id, ast.Load()), node)
        case ast.Attribute() if (base := unhooked(node.value)) is not None:
            return ast.copy_location(ast.Attribute(base, node.attr, ast.Load()), node)
    return None


def statement(value: ast.expr, at: ast.AST) -> ast.stmt:
    return ast.copy_location(ast.Expr(value), at)


def assign(name: str, value: ast.expr, at: ast.AST) -> ast.stmt:
    target = ast.copy_location(ast.Name(name, ast.Store()), at)
    return ast.copy_location(ast.Assign([target], value), at)


def as_list(result: Any) -> list[Any]:
    return result if isinstance(result, list) else [result]
