"""`Guarded` against a model: who enters and reads, what each sees, and which handles are dead."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from lockmodels import ACTORS, Model, RWModel, Step, Subject, compare, steps_of

from anymutex import Guarded, RWMutex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS: dict[str, Callable[[], Any]] = {"Mutex": lambda: None, "RWMutex": RWMutex}
USES = ("add", "look", "look by an old handle", "borrow")


def neighbour(who: int) -> int:
    """Whose handle `who` borrows."""
    return (who + 1) % len(ACTORS)


class GuardedModel(RWModel):
    """A number, and the open blocks of each task."""

    def __init__(self) -> None:
        super().__init__()
        self._value = 0
        self._open: dict[int, list[str]] = defaultdict(list)
        """The sides of the blocks that a task is in, the innermost last."""
        self._dead: set[int] = set()
        """Who has left a block, and so has a dead handle."""

    def holds(self, who: int, verb: str) -> bool:
        """Whether `who` is in a block."""
        return bool(self._open[who])

    def result(self, who: int, verb: str) -> object:
        """Do it."""
        match verb:
            case "enter":
                return super().result(who, "acquire write")
            case "read":
                return super().result(who, "acquire read")
            case "leave":
                return self._exit(who)
            case "add":
                return self._add(who)
            case "look":
                return self._look(who, who)
            case "look by an old handle":
                return "RuntimeError" if who in self._dead else "nothing"
            case _:
                return self._look(who, neighbour(who))

    def _exit(self, who: int) -> object:
        if not self._open[who]:
            return "nothing"
        self._dead.add(who)
        return super().result(who, f"release {self._open[who].pop()}")

    def _add(self, who: int) -> object:
        if not self._open[who]:
            return "RuntimeError" if who in self._dead else "nothing"
        if self._open[who][-1] == "read":
            return "AttributeError"
        self._value += 1
        return "done"

    def _look(self, who: int, whose: int) -> object:
        if not self._open[whose]:
            return "RuntimeError" if whose in self._dead else "nothing"
        holds_the_same = self._open[who] and self._open[who][-1] == self._open[whose][-1]
        return self._value if holds_the_same else "RuntimeError"

    def let_in(self, who: int, side: str) -> None:
        """Its block begins."""
        super().let_in(who, side)
        self._open[who].append(side)

    def give_back(self, who: int, what: str) -> None:
        """Its block never began."""
        self._open[who].pop()
        super().give_back(who, what)

    def held(self) -> Iterator[Step]:
        """Leave all blocks."""
        for who, sides in tuple(self._open.items()):
            for _ in sides:
                yield Step(who, "leave", "")


class OneGuarded(Subject):
    """A Guarded, and the blocks and handles of each task."""

    def __init__(self, lock: Any) -> None:
        self._guarded = Guarded(0, lock=lock)
        self._open: dict[int, list[tuple[Any, Any]]] = defaultdict(list)
        self._dead: dict[int, Any] = {}

    async def do(self, who: int, verb: str, key: str) -> object:
        """Enter, leave, or use a handle."""
        if verb in ("enter", "read"):
            block = self._guarded if verb == "enter" else self._guarded.read()
            self._open[who].append((block, await block.__aenter__()))
            return "done"
        if verb == "leave":
            return await self._leave(who)
        old = self._dead.get(who)
        new = self._handle_of(neighbour(who) if verb == "borrow" else who)
        handle = old if verb == "look by an old handle" else new
        if handle is None:
            return "nothing"
        if verb != "add":
            return handle.value
        handle.value += 1
        return "done"

    async def _leave(self, who: int) -> object:
        if not self._open[who]:
            return "nothing"
        block, self._dead[who] = self._open[who].pop()
        await block.__aexit__(None, None, None)
        return "done"

    def _handle_of(self, who: int) -> Any:
        return self._open[who][-1][1] if self._open[who] else self._dead.get(who)

    def held(self, verb: str, key: str) -> bool:
        """Ask the lock, either side."""
        return any(side.held() for side in self._sides())

    def state(self) -> object:
        """Of each side whether it is held, and how many wait."""
        states = [(side.locked(), side.statistics().tasks_waiting) for side in self._sides()]
        return tuple(states) if len(states) == 2 else ((False, 0), *states)

    def _sides(self) -> list[Any]:
        lock = self._guarded.lock
        return [lock.reader, lock.writer] if isinstance(lock, RWMutex) else [lock]


@pytest.mark.parametrize("kind", KINDS)
def test_it_does_what_the_model_does(kind: str) -> None:
    """After each step everybody has got what the model says, and sees the value that it says."""

    def make() -> tuple[Model, Subject]:
        return GuardedModel(), OneGuarded(KINDS[kind]())

    enters = ("enter", "enter", "read", "read") if kind == "RWMutex" else ("enter", "enter")
    compare(make, steps_of((*enters, *USES), ("leave", *USES), [""]))
