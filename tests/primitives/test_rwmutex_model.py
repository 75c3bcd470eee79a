"""`RWMutex` against a model: four tasks that read, write, try, downgrade, release and cancel each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmodels import Model, RWModel, Step, Subject, compare, steps_of

from anymutex import RWMutex

if TYPE_CHECKING:
    from collections.abc import Callable

TAKES = (
    "acquire read",
    "acquire read",
    "acquire write",
    "try read",
    "try write",
    "nowait read",
    "nowait write",
)
GIVES = ("release read", "release read", "release write", "release write", "downgrade")
STEPS = steps_of(TAKES, GIVES, [""])

# Easily got wrong, and rarely found by chance.
NEXT_WRITER_GIVES_UP = [
    Step(0, "acquire read", ""),
    Step(1, "acquire write", ""),
    Step(2, "acquire write", ""),
    Step(3, "acquire read", ""),
    Step(0, "release read", "", ends=1, when="after", natively=True),
]
NEXT_WRITER_GIVES_UP_ALONE = [
    Step(0, "acquire read", ""),
    Step(1, "acquire write", ""),
    Step(2, "acquire read", ""),
    Step(3, "acquire read", ""),
    Step(0, "release read", "", ends=1, when="after", natively=True),
]
LAST_READER_LEAVES_AS_WRITER_GIVES_UP = [
    Step(0, "acquire read", ""),
    Step(1, "acquire write", ""),
    Step(2, "acquire read", ""),
    Step(0, "release read", "", ends=1, when="before"),
]
DOWNGRADED_AND_READ_AGAIN = [
    Step(0, "acquire write", ""),
    Step(1, "acquire read", ""),
    Step(0, "downgrade", "", ends=1, when="after", natively=True),
    Step(0, "acquire read", ""),
    Step(2, "acquire write", ""),
    Step(0, "release read", ""),
    Step(0, "release write", ""),
]
ONE_WRITE_IS_RELEASED_ONCE = [
    Step(0, "acquire write", ""),
    Step(0, "downgrade", ""),
    Step(0, "acquire read", ""),
    Step(0, "release write", ""),
    Step(0, "release write", ""),
]


class OneRWMutex(Subject):
    """An RWMutex with both its sides."""

    def __init__(self) -> None:
        self._rw = RWMutex()

    async def do(self, who: int, verb: str, key: str) -> object:
        """Call the method of the side."""
        how, _, name = verb.rpartition(" ")
        side = self._rw.writer if name == "write" else self._rw.reader
        if how == "acquire":
            await side.acquire()
            return "done"
        methods: dict[str, Callable[[], bool | None]] = {
            "try": side.try_acquire,
            "nowait": side.acquire_nowait,
            "release": side.release,
            "": self._rw.downgrade,
        }
        result = methods[how]()
        return "done" if result is None else result

    def held(self, verb: str, key: str) -> bool:
        """Ask the side."""
        return (self._rw.reader if "read" in verb else self._rw.writer).held()

    def state(self) -> object:
        """Of each side whether it is held, and how many wait."""
        sides = self._rw.reader, self._rw.writer
        return tuple((side.locked(), side.statistics().tasks_waiting) for side in sides)


def make() -> tuple[Model, Subject]:
    """Fresh ones."""
    return RWModel(), OneRWMutex()


def test_it_does_what_the_model_does() -> None:
    """After each step everybody has what the model says, and the others wait in its order."""
    compare(
        make,
        STEPS,
        NEXT_WRITER_GIVES_UP,
        NEXT_WRITER_GIVES_UP_ALONE,
        LAST_READER_LEAVES_AS_WRITER_GIVES_UP,
        DOWNGRADED_AND_READ_AGAIN,
        ONE_WRITE_IS_RELEASED_ONCE,
    )
