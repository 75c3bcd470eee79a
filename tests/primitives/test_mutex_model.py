"""`Mutex` against a model: two of them, and four tasks that take, try, release and cancel each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmodels import ExclusiveModel, Model, Subject, compare, steps_of

from anymutex import Mutex

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = "xy"
TAKES = (*["acquire"] * 6, "acquire_nowait", "try_acquire")
STEPS = steps_of(TAKES, ["release"], KEYS)


class Mutexes(Subject):
    """A mutex for each of `KEYS`, of either kind."""

    def __init__(self) -> None:
        self._locks = {key: Mutex(key, fast_acquire=key == "y") for key in KEYS}

    async def do(self, who: int, verb: str, key: str) -> object:
        """Call the method."""
        lock = self._locks[key]
        if verb == "acquire":
            await lock.acquire()
            return "done"
        methods: dict[str, Callable[[], bool | None]] = {
            "acquire_nowait": lock.acquire_nowait,
            "try_acquire": lock.try_acquire,
            "release": lock.release,
        }
        result = methods[verb]()
        return "done" if result is None else result

    def held(self, verb: str, key: str) -> bool:
        """Ask it."""
        return self._locks[key].held()

    def state(self) -> object:
        """Of each whether it is held, and how many wait."""
        return {key: (lock.locked(), lock.statistics().tasks_waiting) for key, lock in self._locks.items()}


def make() -> tuple[Model, Subject]:
    """Fresh ones."""
    return ExclusiveModel(KEYS), Mutexes()


def test_it_does_what_the_model_does() -> None:
    """After each step everybody has what the model says, and the others wait in its order."""
    compare(make, STEPS)
