"""Where a function may have given up control between two of its lines, read from its source."""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache

from anymutex import stacks
from anymutex.watch.spelling import in_own_scope

_SUSPENDING = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)
_MOST = 3


def awaits_between(file: str, function: str, first: int, last: int) -> tuple[stacks.Place, ...]:
    """The lines of `function` with an `await` from line `first` to line `last`; all if there are none."""
    lines = sorted(
        line
        for start, end, name, found in _awaits_in(file)
        if name == function and start <= first <= end
        for line in found
    )
    between = [line for line in lines if first <= line <= last] or lines
    return tuple(stacks.place_in(file, line, function) for line in dict.fromkeys(between[:_MOST]))


@lru_cache(maxsize=256)
def _awaits_in(file: str) -> tuple[tuple[int, int, str, tuple[int, ...]], ...]:
    """Of each async function in a file: first line, last line, name, and the lines of its awaits."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return ()
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return tuple(
        (
            function.lineno,
            function.end_lineno or function.lineno,
            function.name,
            tuple(inner.lineno for inner in in_own_scope(function) if isinstance(inner, _SUSPENDING)),
        )
        for function in functions
    )
