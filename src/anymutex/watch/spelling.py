"""How code spells things: paths, names, and what suspends, read from the tree alone."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

AnyFunction: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

_SUSPENDING = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_MISSING_ITEM = {"KeyError", "ValueError", "IndexError", "LookupError", "Exception", "BaseException"}


def path_of(node: ast.AST) -> str | None:
    """`a`, `a.b` or `a.b[k]` as one text, or None for what is no such path."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            base = path_of(node.value)
            return base and f"{base}.{node.attr}"
        case ast.Subscript():
            base = path_of(node.value)
            return base and f"{base}[{ast.unparse(node.slice)}]"
    return None


def root_of(node: ast.AST) -> str | None:
    """The name that a path begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def last_name(node: ast.AST | None) -> str | None:
    """The innermost name of a path: of `a.b.c` and `a.b.c()` it is `c`."""
    match node:
        case ast.Attribute():
            return node.attr
        case ast.Name():
            return node.id
        case ast.Call():
            return last_name(node.func)
        case ast.Subscript():
            return last_name(node.value)
    return None


def in_own_scope(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below `node` that belong to the same function; nested functions are given, not entered."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, _SCOPES):
            yield from in_own_scope(child)


def stored_names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that are assigned inside of `nodes`, each as often as it is."""
    for top in nodes:
        for inner in in_own_scope(top):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id


def suspends(nodes: list[ast.stmt] | list[ast.expr]) -> bool:
    """Whether control may be given up inside of `nodes`."""
    return any(_gives_up(node) for top in nodes for node in (top, *in_own_scope(top)))


def _gives_up(node: ast.AST) -> bool:
    return isinstance(node, _SUSPENDING) or (isinstance(node, ast.comprehension) and bool(node.is_async))


def exits(body: list[ast.stmt]) -> bool:
    """Whether `body` never goes on to what follows it."""
    return bool(body) and isinstance(body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def leaves_function(body: list[ast.stmt]) -> bool:
    """Whether `body` ends the function."""
    return bool(body) and isinstance(body[-1], ast.Return | ast.Raise)


def is_empty(node: ast.expr) -> bool:
    """Whether the expression makes an empty container."""
    match node:
        case ast.List() | ast.Set() | ast.Tuple():
            return not node.elts
        case ast.Dict():
            return not node.keys
        case ast.Call():
            return not node.args and last_name(node.func) in {
                "set", "dict", "list", "deque", "OrderedDict", "Counter", "defaultdict",
            }  # fmt: skip
    return False


def is_full_slice(node: ast.AST) -> bool:
    """Whether it is the `[:]` of `x[:]`: all of a list."""
    return isinstance(node, ast.Slice) and node.lower is node.upper is node.step is None


def catches_missing_item(handlers: list[ast.ExceptHandler]) -> bool:
    """Whether one of the handlers catches what a missing key or element raises."""
    return any(_is_broad(handler.type) for handler in handlers)


def suppresses_missing_item(node: ast.With | ast.AsyncWith) -> bool:
    """Whether it is `with suppress(KeyError):` or the like."""
    calls = (item.context_expr for item in node.items)
    return any(
        isinstance(call, ast.Call)
        and last_name(call.func) == "suppress"
        and any(_is_broad(kind) for kind in call.args)
        for call in calls
    )


def _is_broad(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_is_broad(one) for one in kind.elts)
    return kind is None or last_name(kind) in _MISSING_ITEM


def bound_names(node: AnyFunction | ast.Lambda) -> set[str]:
    """The names that are local to a function: parameters and what it assigns."""
    names = {argument.arg for argument in arguments_of(node)}
    for inner in in_own_scope(node):
        match inner:
            case ast.Name(ctx=ast.Store() | ast.Del()):
                names.add(inner.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(inner.name)
            case ast.ExceptHandler() if inner.name:
                names.add(inner.name)
            case ast.Import() | ast.ImportFrom():
                names.update((alias.asname or alias.name).partition(".")[0] for alias in inner.names)
            case ast.MatchAs() | ast.MatchStar() if inner.name:
                names.add(inner.name)
    return names - declared(node, ast.Global) - declared(node, ast.Nonlocal)


def declared(node: ast.AST, kind: type[ast.Global] | type[ast.Nonlocal]) -> set[str]:
    """The names that a function declares `global`, or `nonlocal`."""
    return {name for inner in in_own_scope(node) if isinstance(inner, kind) for name in inner.names}


def declared_within(node: ast.AST, kind: type[ast.Global] | type[ast.Nonlocal]) -> set[str]:
    """The same, of all functions nested in it."""
    return {name for inner in ast.walk(node) if isinstance(inner, kind) for name in inner.names}


def arguments_of(node: AnyFunction | ast.Lambda) -> list[ast.arg]:
    """All parameters, in the order of their positions, keyword-only ones after."""
    arguments = node.args
    rest = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]
