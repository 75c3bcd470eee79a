"""What a suspended frame awaits, in the words of its source: `jobs.get`, `self.mu`, `worker`.

Python knows which expression an instruction belongs to; of `async with a, b` only from 3.13 on which of the
two. Where that can't be told, nothing is said.
"""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache
from itertools import islice
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType, FrameType


def awaited_text(frame: FrameType) -> str:
    """What `frame` awaits, without the arguments of a call; empty where the source does not tell."""
    return _text_at(frame.f_code, max(frame.f_lasti, 0))


@lru_cache(maxsize=1024)
def _text_at(code: CodeType, offset: int) -> str:
    expression = _subject(_parsed(_segment(code, offset)))
    if isinstance(expression, ast.Call):
        expression = expression.func
    return ast.unparse(expression) if expression is not None else ""


def _segment(code: CodeType, offset: int) -> str:
    """The source of the expression, or of the statement, that an instruction belongs to."""
    first, last, start, end = next(islice(code.co_positions(), offset // 2, None), (None,) * 4)
    if first is None or last is None or start is None or end is None:
        return ""
    lines = [linecache.getline(code.co_filename, number) for number in range(first, last + 1)]
    encoded = [line.encode() for line in lines]  # columns are counted in bytes
    encoded[-1] = encoded[-1][:end]
    encoded[0] = b" " * start + encoded[0][start:]
    return dedent(b"".join(encoded).decode(errors="replace"))


def _parsed(source: str) -> ast.AST | None:
    for text in (source, f"async def _():\n  {source.strip()}\n    pass"):  # the head alone of an async with
        try:
            return ast.parse(text.strip())
        except SyntaxError:
            continue
    return None


def _subject(tree: ast.AST | None) -> ast.expr | None:
    """What is awaited, entered or looped over in the outermost such expression."""
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Await):
            return node.value
        if isinstance(node, ast.AsyncFor):
            return node.iter
        if isinstance(node, ast.AsyncWith):
            return node.items[0].context_expr if len(node.items) == 1 else None
    body = getattr(tree, "body", [])
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
