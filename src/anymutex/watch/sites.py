"""Sites: the places of instrumented code where something is read, written, called or left.

Rule 1. A site is plain data, written into the compiled module as one constant: it survives the cache.
Rule 2. A *source* is what a value or a decision comes from: the index of a site (0, 1, ...), or below zero
        a parameter of the function (`parameter(0)` is its first), or `CLOSURE`, what it captured.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

Sources: TypeAlias = "frozenset[int]"
NOTHING: Final[Sources] = frozenset()
CLOSURE: Final = -1000

READ, WRITE, CALL, LOOP, RETURN, FUNCTION, WAIT = (
    "read",
    "write",
    "call",
    "loop",
    "return",
    "function",
    "wait",
)


class Guard(NamedTuple):
    """A test that had to come out one way to get here."""

    sites: tuple[int, ...]
    """What it reads."""
    text: str
    """Its source, fit to be evaluated again."""
    outcome: bool | None
    """None for a call that had to return and not to raise."""


class Site(NamedTuple):
    """One place in the code, and what flows there."""

    kind: str
    how: str
    """`attribute`, `[]`, `in`, `len`, the name of a method, ..."""
    line: int
    function: str
    text: str
    """The expression, for reports."""
    path: str | None = None
    """The location as it is spelled, to recognise it in the same function."""
    data: tuple[int, ...] = ()
    """Sources of the value written, returned or waited for, read before a suspension."""
    control: tuple[int, ...] = ()
    """Sources of the decisions that led here."""
    recheck: tuple[int, ...] = ()
    """Sources of either that were read in this very step."""
    arguments: tuple[tuple[str | int, tuple[int, ...]], ...] = ()
    """Of a call: the sources of each argument, by position or name; of the receiver under `RECEIVER`."""
    guards: tuple[Guard, ...] = ()
    value: str | None = None
    """Of a write: the expression written, if it is a name or a constant."""
    is_literal: bool = False
    is_fresh: bool = False
    """Of a write: the same location was read again in this very step, by what feeds or guards it."""
    is_multiple: bool = False
    """Of a read: whether one expression reads many locations, as a comprehension does."""
    is_rechecked: bool = False
    """Of a write: whether one of the tests around it was made in this very step."""
    carries: tuple[int, ...] = ()
    """Of a write: all sources of the value, for whoever reads it from there later."""
    in_test: bool = False
    is_caught: bool = False
    """Whether a handler around it catches that an item is missing."""
    own_write: int | None = None
    drains: tuple[int, ...] = ()
    aliases: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()
    """Of a function: their names, for call sites that name them."""
    owner: int = -1
    """The site of the function it is in."""
    column: int = -1
    container: str | None = None
    """Of an access to an item: the expression of the container."""
    key: str | None = None
    """And of the key."""
    is_drain: bool = False
    """Of a write: whether it empties a container, or puts an empty one in its place."""
    mangled: str = ""
    """The name of an attribute as the object knows it."""

    def plain(self) -> tuple[Any, ...]:
        """As a constant of a code object."""
        return tuple(_plain(field) for field in self)


SPAWNING = frozenset(
    {
        "add_done_callback", "call_at", "call_later", "call_soon", "call_soon_threadsafe", "create_task",
        "ensure_future", "gather", "run_coroutine_threadsafe", "run_in_executor", "run_sync", "spawn",
        "start", "start_soon", "submit", "to_thread", "wait", "wait_for", "as_completed",
    }
)  # fmt: skip
RETURNING_OR_RAISING: Final = "returns or raises"
"""Of a call whose value is used: it may be all that it was called for."""
RECEIVER: Final = "self"
REST: Final = "*"


def parameter(position: int) -> int:
    """The source that stands for the parameter at `position`."""
    return -1 - position


def position_of(source: int) -> int:
    """The position of the parameter that `source` stands for."""
    return -1 - source


def from_plain(fields: tuple[Any, ...]) -> Site:
    """The site that `Site.plain` made a constant of."""
    site = Site(*fields)
    return site._replace(guards=tuple(Guard(*guard) for guard in site.guards))


def _plain(field: Any) -> Any:
    return tuple(_plain(part) for part in field) if isinstance(field, tuple) else field
