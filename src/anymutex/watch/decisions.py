"""Decisions: what the value of a local name tells of the tests that have decided which value it got.

    discount = 0
    if self.can_redeem(code):
        discount = 10
    ...
    if discount:              # this rests on `self.can_redeem(code)`, and on its outcome

Rule 1. Where a constant was replaced in one branch only, the truth of the name tells whether it was taken.
Rule 2. A name that is assigned anew tells nothing of the tests before; one that is in both branches tells of
        both outcomes, of which one always holds.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anymutex.watch.sites import Guard

_UNKNOWN = object()


class Decisions:
    """Of the local names of one function, as far as it was gone through."""

    def __init__(self) -> None:
        self._constants: dict[str, object] = {}
        self._nones: set[str] = set()  # names that held None before they were assigned in a branch
        self._outcomes: dict[tuple[str, bool], tuple[Guard, ...]] = {}  # what a true name tells, or a false

    def assigned(self, name: str, value: ast.expr | None) -> None:
        """A name gets a value."""
        self._outcomes.pop((name, True), None)
        self._outcomes.pop((name, False), None)
        self._constants.pop(name, None)
        self._nones.discard(name)
        if isinstance(value, ast.Constant):
            self._constants[name] = value.value

    def constants(self) -> dict[str, object]:
        """The names that hold constants now."""
        return dict(self._constants)

    def branched(self, names: Iterable[str], before: dict[str, object], guard: Guard | None) -> None:
        """A branch that was entered under a test has assigned `names`.

        Args:
            names: What was assigned there; if it was in the other branch too, both are told of.
            before: What `constants` gave before it.
            guard: The test with the outcome that leads into the branch; None if it can't be told.
        """
        for name in names:
            now = self._constants.pop(name, _UNKNOWN)
            if guard is not None and name in before:
                self._replaced(name, before[name], now, guard)

    def _replaced(self, name: str, before: object, now: object, guard: Guard) -> None:
        """In the branch behind `guard` a constant gave way to another value."""
        was = bool(before)
        if now is not _UNKNOWN and bool(now) == was:
            return
        self._outcomes[name, not was] = (*self._outcomes.get((name, not was), ()), guard)
        if before is None:
            self._nones.add(name)
        if now is not _UNKNOWN and guard.outcome is not None:
            self._outcomes[name, was] = (guard._replace(outcome=not guard.outcome),)

    def implied(self, test: ast.expr, outcome: bool) -> Iterator[Guard]:
        """What must have been so if `test` comes out this way."""
        match test:
            case ast.Name():
                yield from self._outcomes.get((test.id, outcome), ())
            case ast.UnaryOp(op=ast.Not()):
                yield from self.implied(test.operand, not outcome)
            case ast.Compare(left=ast.Name(id=name), ops=[sign], comparators=[ast.Constant(value=None)]) if (
                name in self._nones
            ):
                yield from self.implied(test.left, isinstance(sign, ast.IsNot) == outcome)
            case ast.BoolOp() if isinstance(test.op, ast.And if outcome else ast.Or):
                for part in test.values:
                    yield from self.implied(part, outcome)
