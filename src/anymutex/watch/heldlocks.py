"""Which locks a task holds where it stands, read from its frames and their source.

Rule 1. A lock is held in the body of a `with` or `async with`, and between `x.acquire()` and the last
        `x.release()` of one function. Only what stands in the functions under way is seen: a lock that a
        context manager of the program's own takes inside is not.
Rule 2. A lock is known by the object, if its expression is a name or a path of attributes; else, as in
        `self.locks[key]`, by the expression: a lock for each key is made and dropped all the time.
Rule 3. What such an expression gives is not evaluated, so it must be called a lock to count as one. One that
        is made on the spot, `Lock()`, keeps nobody out.
Rule 4. A semaphore counts as a lock while nothing of it is left.
"""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from anymutex import tasks
from anymutex.watch.guards import looked_up
from anymutex.watch.spelling import in_own_scope, last_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

Token: TypeAlias = "int | str"
_SIDES = {"reader", "writer", "read", "write", "hold"}
_NAMED = ("lock", "mutex", "guard", "exclusive")
_FARTHEST = 40


class _Stretch(NamedTuple):
    """Lines of one function between which a lock may be held."""

    function: str
    first: int
    last: int
    lock: ast.expr


def held_at(frame: FrameType | None, *lines: int) -> frozenset[Token]:
    """The locks that the running task holds where `frame` stands.

    Args:
        frame: The frame of one of its functions that are under way.
        lines: The lines of that function to look at, if not where it stands; held at all of them, and in
            between.
    """
    task = tasks.current()
    outermost = None if task is None else getattr(tasks.coroutine_of(task), "cr_frame", None)
    held: set[Token] = set()
    left = _FARTHEST
    while frame is not None and left:
        held.update(_held_in(frame, lines or (frame.f_lineno,)))
        frame, lines, left = (None if frame is outermost else frame.f_back), (), left - 1
    return frozenset(held)


def _held_in(frame: FrameType, lines: tuple[int, ...]) -> Iterator[Token]:
    code = frame.f_code
    for stretch in _stretches_in(code.co_filename):
        is_here = stretch.function == code.co_name and code.co_firstlineno <= stretch.first
        if is_here and all(stretch.first <= line <= stretch.last for line in lines):
            token = _token(stretch.lock, frame)
            if token is not None:
                yield token


def _token(expression: ast.expr, frame: FrameType) -> Token | None:
    expression = _without_side(expression)
    text = ast.unparse(expression)
    found = None if isinstance(expression, ast.Call) else looked_up(text, None, frame)
    if found is not None and not isinstance(expression, ast.Subscript):
        return id(found[0]) if _lets_in_one(found[0]) else None
    name = last_name(expression) or ""
    is_made_here = isinstance(expression, ast.Call) and name[:1].isupper()
    return None if is_made_here or not any(word in text.lower() for word in _NAMED) else text


def _without_side(node: ast.expr) -> ast.expr:
    """The lock itself, of `lock.writer` or `lock.write()`."""
    inner = node.func if isinstance(node, ast.Call) else node
    return inner.value if isinstance(inner, ast.Attribute) and inner.attr in _SIDES else node


def _lets_in_one(lock: Any) -> bool:
    kind = type(lock)
    if kind.__module__.startswith("anymutex."):
        return True
    if not (hasattr(kind, "acquire") and hasattr(kind, "release")):
        return False
    if not any(word in kind.__name__ for word in ("Semaphore", "Limiter")):
        return True
    left = getattr(lock, "value", getattr(lock, "available_tokens", None))
    return bool(left == 0 if left is not None else lock.locked())


@lru_cache(maxsize=256)
def _stretches_in(file: str) -> tuple[_Stretch, ...]:
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return ()
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return tuple(stretch for function in functions for stretch in _stretches_of(function))


def _stretches_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[_Stretch]:
    made = _made_by_calls(function)
    taken: dict[str, int] = {}
    for node in in_own_scope(function):
        match node:
            case ast.With() | ast.AsyncWith():
                last = node.end_lineno or node.lineno
                for item in node.items:
                    lock = item.context_expr
                    lock = made.get(lock.id, lock) if isinstance(lock, ast.Name) else lock
                    yield _Stretch(function.name, node.body[0].lineno, last, lock)
            case ast.Call(func=ast.Attribute(value=lock, attr="acquire")):
                taken.setdefault(ast.unparse(lock), node.lineno)
    for node in in_own_scope(function):
        match node:
            case ast.Call(func=ast.Attribute(value=lock, attr="release")):
                if (first := taken.get(ast.unparse(lock))) is not None:
                    yield _Stretch(function.name, first, node.lineno, lock)


def _made_by_calls(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, ast.expr]:
    """The local names that stand for the result of a call or for an item, each with that."""
    found: dict[str, ast.expr] = {}
    for node in in_own_scope(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() | ast.Subscript() as value):
                found[name] = value
    return found
