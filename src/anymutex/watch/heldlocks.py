"""Which locks a task holds where it stands, read from its frames and their source.

Rule 1. A lock is held in the body of a `with` or `async with`, and between `x.acquire()` and the last
        `x.release()` of one function. Only what stands in the functions under way is seen: a lock that a
        context manager of the program's own takes inside is not.
Rule 2. A lock is known by the object, if its expression is a name or a path of attributes; one out of a
        `KeyedMutex` by that; else, as in `self.locks[key]`, by the expression. A lock for each key is made
        and dropped all the time, and who asks for the same location asks for the same key.
Rule 3. A call is not made, so its expression must speak of a lock to count as one. One that is made on the
        spot, `Lock()`, keeps nobody out.
Rule 4. A semaphore counts as a lock if nothing of it is left while a window is open.
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


def held_at(frame: FrameType | None, *lines: int, surely: bool = False) -> frozenset[Token]:
    """The locks that the running task holds where `frame` stands.

    Args:
        frame: The frame of one of its functions that are under way.
        lines: The lines of that function to look at, if not where it stands; held at all of them, and in
            between.
        surely: Whether a semaphore counts only while nothing of it is left (rule 4).
    """
    task = tasks.current()
    outermost = None if task is None else getattr(tasks.coroutine_of(task), "cr_frame", None)
    held: set[Token] = set()
    left = _FARTHEST
    while frame is not None and left:
        held.update(_held_in(frame, lines or (frame.f_lineno,), surely))
        frame, lines, left = (None if frame is outermost else frame.f_back), (), left - 1
    return frozenset(held)


def _held_in(frame: FrameType, lines: tuple[int, ...], surely: bool) -> Iterator[Token]:
    code = frame.f_code
    for stretch in _stretches_in(code.co_filename):
        is_here = stretch.function == code.co_name and code.co_firstlineno <= stretch.first
        if is_here and all(stretch.first <= line <= stretch.last for line in lines):
            token = _token(stretch.lock, frame, surely)
            if token is not None:
                yield token


def _token(expression: ast.expr, frame: FrameType, surely: bool) -> Token | None:
    expression = _without_side(expression)
    if isinstance(expression, ast.Call | ast.Subscript):
        return _token_of_result(expression, frame, surely)
    found = looked_up(ast.unparse(expression), None, frame)
    return id(found[0]) if found is not None and _lets_in_one(found[0], surely) else None


def _token_of_result(expression: ast.Call | ast.Subscript, frame: FrameType, surely: bool) -> Token | None:
    """What a call or an item is known by (rules 2 and 3)."""
    text = ast.unparse(expression)
    base = expression.value if isinstance(expression, ast.Subscript) else expression.func
    base = base.value if isinstance(base, ast.Attribute) and isinstance(expression, ast.Call) else base
    family = looked_up(ast.unparse(base), None, frame)
    if family is not None and _is_ours(family[0]):
        return id(family[0])
    item = looked_up(text, None, frame) if isinstance(expression, ast.Subscript) else None
    if item is not None:
        return text if _lets_in_one(item[0], surely) else None
    is_made_here = isinstance(expression, ast.Call) and (last_name(expression) or "")[:1].isupper()
    return None if is_made_here or not any(word in text.lower() for word in _NAMED) else text


def _without_side(node: ast.expr) -> ast.expr:
    """The lock itself, of `lock.writer` or `lock.write()`."""
    inner = node.func if isinstance(node, ast.Call) else node
    return inner.value if isinstance(inner, ast.Attribute) and inner.attr in _SIDES else node


def _is_ours(thing: Any) -> bool:
    """Whether it is a lock of anymutex, or has some, such as a `KeyedMutex`."""
    return type(thing).__module__.startswith("anymutex.primitives.")


def _lets_in_one(lock: Any, surely: bool) -> bool:
    kind = type(lock)
    if _is_ours(lock):
        return True
    if not (hasattr(kind, "acquire") and hasattr(kind, "release")):
        return False
    if not surely or not any(word in kind.__name__ for word in ("Semaphore", "Limiter")):
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
