"""Guards evaluated again: would the test that led here still come out the same way?

Rule 1. Only what can have no effect is evaluated: names, attributes, items of built-in containers, arithmetic
        and comparisons of built-in values, `len` and its like, and functions whose source does no more than
        that: it is evaluated here in the same way, never called.
Rule 2. Whatever else is met makes the answer unknown, and an unknown guard excuses nothing.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import operator
import sys
from functools import lru_cache
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final

from anymutex.watch import containers
from anymutex.watch.containers import MISSING, base_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from anymutex.watch.activations import Activation
    from anymutex.watch.sites import Guard

UNKNOWN: Final = object()
_DEEPEST = 8
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda left, right: left in right, ast.NotIn: lambda left, right: left not in right,
}  # fmt: skip
_UNARY: dict[type, Callable[[Any], Any]] = {
    ast.Not: operator.not_, ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert,
}  # fmt: skip
_PURE_BUILTINS = {
    builtins.len, builtins.min, builtins.max, builtins.sum, builtins.abs, builtins.any, builtins.all,
    builtins.bool, builtins.int, builtins.float, builtins.str, builtins.isinstance, builtins.round,
    builtins.sorted,
    builtins.list, builtins.tuple, builtins.set, builtins.dict,
}  # fmt: skip
_PURE_METHODS = {"get", "keys", "values", "items", "count", "index", "lower", "upper", "strip", "startswith"}


class _NotPure(Exception):
    pass


class _Raises(Exception):
    """The function that is evaluated would raise."""


def still_holds(guard: Guard, activation: Activation) -> bool | None:
    """Whether `guard` of the function of `activation` would let through again; None if that is unknown."""
    frame = frame_of(activation)
    if frame is None:
        return None
    try:
        found = _Evaluation(frame.f_locals, frame.f_globals).value(_parsed(guard.text))
        return guard.outcome is None or bool(found) == guard.outcome
    except _Raises:
        return False if guard.outcome is None else None
    except Exception:
        return None


def looked_up(container: str, key: str | None, frame: FrameType) -> tuple[Any, Any] | None:
    """The container and the key that two expressions of `frame` stand for; None if that can't be told."""
    evaluation = _Evaluation(frame.f_locals, frame.f_globals)
    try:
        return evaluation.value(_parsed(container)), None if key is None else evaluation.value(_parsed(key))
    except Exception:
        return None


def frame_of(activation: Activation) -> FrameType | None:
    """The frame of an activation that called what runs now."""
    site = activation.hooks.sites[activation.index]
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        is_alike = code.co_filename == activation.hooks.file and code.co_name == site.function
        if is_alike and frame.f_locals.get("_@f") is activation:
            return frame
        frame = frame.f_back
    return None


@lru_cache(maxsize=1024)
def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@lru_cache(maxsize=256)
def _definitions_in(file: str) -> dict[tuple[int, str], ast.FunctionDef]:
    """The functions of a file, by first line (decorators count) and name."""
    tree = ast.parse("".join(linecache.getlines(file)))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {(_first_line(function), function.name): function for function in functions}


def _first_line(function: ast.FunctionDef) -> int:
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])


class _Evaluation:
    """Evaluates expressions that can have no effect, and refuses all others."""

    def __init__(self, names: Any, space: dict[str, Any], depth: int = 0) -> None:
        self._names = names
        self._space = space
        self._depth = depth
        if depth > _DEEPEST:
            raise _NotPure

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                return self._name(node.id)
            case ast.Attribute() if not node.attr.startswith("__"):
                return self._attribute(self.value(node.value), node.attr)
            case ast.Subscript():
                return self._item(self.value(node.value), self.value(node.slice))
            case ast.BoolOp():
                return self._bool(node)
            case ast.UnaryOp():
                return _UNARY[type(node.op)](self._checked(self.value(node.operand)))
            case ast.BinOp():
                left, right = self.value(node.left), self.value(node.right)
                return _OPERATORS[type(node.op)](self._checked(left), self._checked(right))
            case ast.Compare():
                return self._compare(node)
            case ast.IfExp():
                return self.value(node.body if self.value(node.test) else node.orelse)
            case ast.Tuple():
                return tuple(self.value(part) for part in node.elts)
            case ast.List() | ast.Set():
                return [self.value(part) for part in node.elts]
            case ast.Call():
                return self._call(node)
            case ast.GeneratorExp() | ast.ListComp() | ast.SetComp() if len(node.generators) == 1:
                return self._comprehension(node)
        raise _NotPure

    def _name(self, name: str) -> Any:
        for space in (self._names, self._space, vars(builtins)):
            if name in space:
                return space[name]
        raise _NotPure

    def _attribute(self, thing: Any, name: str) -> Any:
        found = containers.attribute_of(thing, name)
        if found is not MISSING:
            return found
        for kind in type(thing).__mro__:
            if name in kind.__dict__:
                return self._bound(kind.__dict__[name], thing)
        module = getattr(sys.modules.get(getattr(thing, "__name__", "")), name, MISSING)
        if module is MISSING:
            raise _NotPure
        return module

    def _bound(self, found: Any, thing: Any) -> Any:
        if isinstance(found, FunctionType):
            return MethodType(found, thing)
        if isinstance(found, property) and isinstance(found.fget, FunctionType):
            return self._run(found.fget, [thing])
        raise _NotPure

    def _item(self, thing: Any, key: Any) -> Any:
        if base_of[type(thing)] is not None:
            found = containers.item_of(thing, key)
            if found is MISSING:
                raise _NotPure
            return found
        if isinstance(thing, tuple | str | bytes):
            return thing[key]
        return self._run_operator(thing, "__getitem__", [key])

    def _bool(self, node: ast.BoolOp) -> Any:
        is_or = isinstance(node.op, ast.Or)
        found: Any = None
        for part in node.values:
            found = self._checked(self.value(part))
            if bool(found) == is_or:
                break
        return found

    def _compare(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for sign, part in zip(node.ops, node.comparators, strict=True):
            right = self.value(part)
            if isinstance(sign, ast.In | ast.NotIn) and base_of[type(right)] is not None:
                outcome = containers.has(right, left) == isinstance(sign, ast.In)
            elif isinstance(sign, ast.In | ast.NotIn) and not isinstance(right, tuple | str | frozenset):
                outcome = bool(self._run_operator(right, "__contains__", [left])) == isinstance(sign, ast.In)
            else:
                outcome = bool(_OPERATORS[type(sign)](left, right))
            if not outcome:
                return False
            left = right
        return True

    def _comprehension(self, node: Any) -> list[Any]:
        part = node.generators[0]
        if part.is_async or not isinstance(part.target, ast.Name):
            raise _NotPure
        found = []
        for element in list(self.value(part.iter)):
            inner = _Evaluation({**self._names, part.target.id: element}, self._space, self._depth + 1)
            if all(inner.value(test) for test in part.ifs):
                found.append(inner.value(node.elt))
        return found

    def _call(self, node: ast.Call) -> Any:
        arguments = [self.value(argument) for argument in node.args]
        if node.keywords:
            raise _NotPure
        if isinstance(node.func, ast.Attribute) and node.func.attr in _PURE_METHODS:
            thing = self.value(node.func.value)
            base = base_of[type(thing)] or (str if isinstance(thing, str) else None)
            if base is not None:
                return getattr(base, node.func.attr)(thing, *arguments)
            return self._run_operator(thing, node.func.attr, arguments)
        function = self.value(node.func)
        try:
            if function in _PURE_BUILTINS or getattr(function, "__module__", None) == "time":
                return function(*[self._sized(argument) for argument in arguments])
        except TypeError:
            raise _NotPure from None
        if isinstance(function, MethodType):
            return self._run(function.__func__, [function.__self__, *arguments])
        return self._run(function, arguments)

    def _run_operator(self, thing: Any, name: str, arguments: list[Any]) -> Any:
        function = next((vars(kind)[name] for kind in type(thing).__mro__ if name in vars(kind)), None)
        return self._run(function, [thing, *arguments])

    def _run(self, function: Any, arguments: list[Any]) -> Any:
        if not isinstance(function, FunctionType):
            raise _NotPure
        code = function.__code__
        node = _definitions_in(code.co_filename).get((code.co_firstlineno, code.co_name))
        if node is None or function.__defaults__ or code.co_argcount != len(arguments):
            raise _NotPure
        names = dict(zip(code.co_varnames, arguments, strict=False))
        inner = _Evaluation(names, function.__globals__, self._depth + 1)
        return inner.body(node.body)

    def body(self, statements: list[ast.stmt]) -> Any:
        """Run the body of a pure function."""
        outcome = self._block(statements)
        return None if outcome is UNKNOWN else outcome

    def _block(self, statements: list[ast.stmt]) -> Any:
        for statement in statements:
            match statement:
                case ast.Return():
                    return None if statement.value is None else self.value(statement.value)
                case ast.If():
                    taken = statement.body if self._checked(self.value(statement.test)) else statement.orelse
                    outcome = self._block(taken)
                    if outcome is not UNKNOWN:
                        return outcome
                case ast.Assign(targets=[ast.Name() as target]):
                    self._names[target.id] = self.value(statement.value)
                case ast.Raise():
                    raise _Raises
                case ast.Assert():
                    if not self._checked(self.value(statement.test)):
                        raise _Raises
                case ast.Expr(value=ast.Constant()) | ast.Pass():
                    pass
                case _:
                    raise _NotPure
        return UNKNOWN

    def _checked(self, value: Any) -> Any:
        """An operand whose operators are not the user's code."""
        kind = type(value)
        if kind.__module__ in {"builtins", "datetime", "decimal", "collections", "enum"} or base_of[kind]:
            return value
        if any(name in vars(base) for base in kind.__mro__[:-1] for name in ("__bool__", "__len__")):
            raise _NotPure
        return value

    def _sized(self, value: Any) -> Any:
        kind = type(value)
        if kind.__module__ == "builtins" or base_of[kind] is not None:
            return value
        raise _NotPure
