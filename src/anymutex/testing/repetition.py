"""How a failing schedule is run again, in the words of the door that its finder came through.

Who called `explore` calls `replay`; who typed a command types one. A door that knows what its user types
wraps the program in a `Repeatable`; everybody else passes the program through untouched.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from anymutex.testing.driver import AsyncProgram

Repetition: TypeAlias = Callable[[str, str], str]
"""Given a token and a backend: the line that runs that schedule there."""


@dataclass(frozen=True)
class Repeatable:
    """A program, with what its user does to run one schedule of it again."""

    program: AsyncProgram
    repetition: Repetition

    def __call__(self) -> Awaitable[Any]:
        """Start the program."""
        return self.program()


def repetition_of(program: AsyncProgram, *, races: bool = False) -> Repetition:
    """What the program says itself, or else the call of `replay`.

    Args:
        program: What is run.
        races: Whether its await races are failures; a door that lets its user ask for that says so itself.

    >>> async def buy(): pass
    >>> repetition_of(buy)("v1,3=0.1", "asyncio")
    "replay(buy, 'v1,3=0.1', backend='asyncio')"
    """
    if isinstance(program, Repeatable):
        return program.repetition
    return by_call(getattr(program, "__name__", type(program).__name__), races=races)


def by_call(program: str, *, races: bool = False) -> Repetition:
    """As Python: `program` is its name."""
    more = ", races=True" if races else ""
    return lambda token, backend: f"replay({program}, {token!r}, backend={backend!r}{more})"


def by_command(target: str, arguments: Sequence[str] = (), *, races: bool = False) -> Repetition:
    """As a command: `target` is `FILE[:function]`, `arguments` are the program's own.

    >>> by_command("my shop.py:sell", ["--till", "2"])("v1,4x0.2", "trio")
    "anymutex replay v1,4x0.2 'my shop.py:sell' --backend trio -- --till 2"
    """
    more = ["--races"] * races + (["--", *arguments] if arguments else [])
    return lambda token, backend: shlex.join(
        ["anymutex", "replay", token, target, "--backend", backend, *more]
    )


def by_pytest(test: str) -> Repetition:
    """As a run of pytest: `test` is what pytest calls it, on the one backend.

    >>> by_pytest("tests/test_shop.py::test_sell[trio]")("v1,3=0.1", "trio")
    "pytest 'tests/test_shop.py::test_sell[trio]' --replay v1,3=0.1"
    """
    return lambda token, backend: shlex.join(["pytest", test, "--replay", token])
