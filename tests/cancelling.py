"""Ends a coroutine at each of its awaits, in every way there is, and tells what it leaves behind.

Rule 1. A `Scene` is about three tasks: a holder, a victim that comes behind it, a witness that comes behind
        the victim. Each makes a pause where it has got what it wanted; all pauses end at the same moment.
Rule 2. The victim alone is ended: exactly at its i-th suspension (an int), while everybody stands still
        ("queued"), or in the step in which the pauses end and the holder lets go, just "before" or "after".
Rule 3. Whatever happens to the victim, the others notice nothing of it: the holder keeps what it has, the
        witness comes through, and so does whoever comes later. What is left is what the scene says.
Rule 4. Nothing here asks a clock: who does not come through is given up after some turns of the loop.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import pytest
import trio
from turns import ASYNCIO_BACKENDS, BACKENDS, native_task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator

    from anyio.abc import TaskGroup
    from turns import Backend

    Pause: TypeAlias = Callable[[], Awaitable[None]]
    Part: TypeAlias = Callable[[Pause], Coroutine[Any, Any, object]]
    Way: TypeAlias = "Callable[[Victim], object]"
    When: TypeAlias = int | str

MOMENTS = ("queued", "before", "after")


async def some_turns() -> None:
    """Let every task do what it can, as `turns.settle` does; shorter, as it happens thousands of times."""
    turn = partial(asyncio.sleep, 0) if is_asyncio() else trio.lowlevel.cancel_shielded_checkpoint
    for _ in range(8):
        await turn()


def leave_debug_mode() -> None:
    """Make asyncio quick for the rest of a run: in debug mode each step takes a stack, ten times the time."""
    if is_asyncio():
        asyncio.get_running_loop().set_debug(False)


@asynccontextmanager
async def company() -> AsyncIterator[TaskGroup]:
    """A task group for tasks that wait for each other: it fails where they would do so for ever."""

    async def watch() -> None:
        await anyio.sleep(10)
        raise AssertionError("still waiting after 10 s")

    async with anyio.create_task_group() as watching:
        watching.start_soon(watch, name="watchdog")
        async with anyio.create_task_group() as group:
            yield group
        watching.cancel_scope.cancel()


def is_asyncio() -> bool:
    """Whether the running task is one of asyncio's."""
    return isinstance(native_task(), asyncio.Task)


# --- a coroutine, and the ways to end it ------------------------------------------------------------------


def by_scope(victim: Victim) -> None:
    """Cancel the scope around it."""
    victim.scope.cancel()


def by_task(victim: Victim) -> None:
    """Cancel its task, asyncio's own way."""
    victim.task.cancel()


def by_close(victim: Victim) -> None:
    """Close it: GeneratorExit at its await, at once or when its task goes on, which the scope makes it do."""
    victim.is_doomed = True
    victim.scope.cancel()


_PAIRS: dict[str, tuple[Backend, Way]] = {
    **{f"{name}-scope": (backend, by_scope) for name, backend in BACKENDS.items()},
    **{f"{name}-task": (backend, by_task) for name, backend in ASYNCIO_BACKENDS.items()},
    **{f"{name}-close": (backend, by_close) for name, backend in BACKENDS.items()},
}
every_way = pytest.mark.parametrize(("anyio_backend", "way"), _PAIRS.values(), ids=_PAIRS)
"""Gives a test `way`, each on the backends that have it."""


class Gate:
    """An `anyio.Event` whose waiters may be closed, which trio's own can't stand."""

    def __init__(self) -> None:
        self._is_open = False
        self._event = anyio.Event()  # for asyncio
        self._parked: set[Any] = set()  # for trio

    async def wait(self) -> None:
        """Suspend until it is open, or once."""
        if self._is_open or is_asyncio():
            await self._event.wait()
            return
        task = native_task()

        def leave(_: object) -> trio.lowlevel.Abort:
            self._parked.discard(task)
            return trio.lowlevel.Abort.SUCCEEDED

        self._parked.add(task)
        try:
            await trio.lowlevel.wait_task_rescheduled(leave)
        finally:
            self._parked.discard(task)

    def open(self) -> None:
        """Let all pass from now on."""
        self._is_open = True
        self._event.set()
        for task in self._parked:
            trio.lowlevel.reschedule(task)


class Victim:
    """A coroutine that is run step by step, and ended at one of its suspensions, or when somebody says so.

    Args:
        coroutine: What is run.
        way: How it is ended.
        at: The suspension to end it at, counted from 1; None for no such.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, object], way: Way, at: int | None = None) -> None:
        self.scope = anyio.CancelScope()
        self.task: Any = None
        self.is_doomed = False  # to be closed instead of being gone on with
        self.suspensions = 0
        self.ended_at: int | None = None  # the suspension that it did not come back from
        self.came_through = False
        self._coroutine = coroutine
        self._way = way
        self._at = at

    async def run(self) -> None:
        """Run it to its end, whichever that is; the body of the victim's task."""
        self.task = native_task()
        try:
            with self.scope:
                await self
        except asyncio.CancelledError:
            if self._way is not by_task:
                raise

    def end(self) -> None:
        """End it now."""
        self._way(self)

    def __await__(self) -> Generator[Any, Any, None]:
        go_on = partial(self._coroutine.send, None)
        while True:
            try:
                trap = go_on()
            except StopIteration:
                self.came_through = True
                return
            except BaseException:
                self.ended_at = self.suspensions
                raise
            self.suspensions += 1
            if self.suspensions == self._at:
                self.end()
            try:
                go_on = partial(self._coroutine.send, None if self.is_doomed else (yield trap))
            except BaseException as error:  # trio never throws: it sends what will raise
                go_on = partial(self._coroutine.throw, error)
            if self.is_doomed:
                self.ended_at = self.suspensions
                self._coroutine.close()
                return


# --- what happens around it -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scene:
    """Who meets where, and what is left of it."""

    victim: Part
    witness: Part
    state: Callable[[], object]
    """What can be seen from outside: who holds, how many wait, what is stored."""
    left: Callable[[bool], object]
    """What `state` is to be in the end, told whether the victim came through."""
    holder: Part | None = None
    shares: bool = False
    """Whether the victim gets what it wants beside the holder."""
    lets_in: bool = False
    """Whether only the victim keeps the witness out, so that without it nobody waits for the holder."""


@dataclass(frozen=True)
class Outcome:
    """What came of a play: the same as is expected of it, or something is wrong."""

    came_through: bool
    """Whether the victim came to its own end."""
    ended_at: int | None
    """Else the suspension that it did not come back from."""
    early: set[str]
    """Who had got what it wanted before the pauses ended."""
    stranded: set[str]
    """Who had to be given up."""
    left: object
    """The state in the end."""


class Play:
    """One performance of a scene.

    Args:
        scene: A fresh one.
        way: How the victim is ended.
        when: At which of its suspensions, or in which of the `MOMENTS`; None to spare it.
    """

    def __init__(self, scene: Scene, way: Way = by_scope, when: When | None = None) -> None:
        self._scene = scene
        self._when = when
        self._inside: list[str] = []
        self._stranded: set[str] = set()
        self._pauses_end = Gate()
        self._is_over_early = False  # whether the victim was ended before the pauses were
        at = when if isinstance(when, int) else None
        self.victim = Victim(scene.victim(self._pause_of("victim")), way, at)

    async def run(self) -> Outcome:
        """Let all come in turn, end the victim, let all go on, and let somebody come later."""
        scene, victim = self._scene, self.victim
        async with anyio.create_task_group() as group:
            if scene.holder:
                await self._come(group, "holder", self._hold(scene.holder))
            await self._come(group, "victim", victim.run())
            await self._come(group, "witness", scene.witness(self._pause_of("witness")))
            self._end_if("queued")
            await some_turns()
            self._is_over_early = victim.ended_at is not None
            early = set(self._inside)
            self._end_pauses()
            await self._until_none_is_stranded()
            left = scene.state()
            await self._come(group, "latecomer", scene.witness(self._pause_of("latecomer")))
            await self._until_none_is_stranded()
            stranded = self._stranded.copy()
            group.cancel_scope.cancel()
        return Outcome(victim.came_through, victim.ended_at, early, stranded, left)

    def expected(self, actual: Outcome) -> Outcome:
        """What should have come of it; taken from `actual` where that is left open."""
        came_through, ended_at = self._end_expected(actual)
        must, may = self._early_expected()
        return Outcome(
            came_through, ended_at, must | (actual.early & may), set(), self._scene.left(came_through)
        )

    def _end_expected(self, actual: Outcome) -> tuple[bool, int | None]:
        if self._when is None:
            return True, None
        if self._when == "queued":
            return False, actual.ended_at or 1
        if isinstance(self._when, str):  # it is up to the backend which of the two is quicker
            return actual.came_through, actual.ended_at
        # A trio checkpoint asks whether it is cancelled when it has suspended, and then suspends once more.
        return False, self._when + (actual.ended_at == self._when + 1)

    def _early_expected(self) -> tuple[set[str], set[str]]:
        scene = self._scene
        if scene.holder is None:
            return set(), {"victim", "witness"}
        must, may = {"holder"}, set()
        if scene.shares:
            may.add("victim")
        if scene.lets_in:
            (must if self._is_over_early else may).add("witness")
        return must, may

    async def _come(self, group: TaskGroup, name: str, coroutine: Coroutine[Any, Any, object]) -> None:
        async def part() -> None:
            await coroutine
            self._stranded.discard(name)

        self._stranded.add(name)
        group.start_soon(part, name=name)
        await some_turns()

    async def _hold(self, holder: Part) -> None:
        await holder(self._pause_of("holder"))
        self._end_if("after")  # still the same step

    def _pause_of(self, name: str) -> Pause:
        async def pause() -> None:
            self._inside.append(name)
            await self._pauses_end.wait()
            if name == "holder":
                self._end_if("before")

        return pause

    def _end_pauses(self) -> None:
        if self._scene.holder:
            self._pauses_end.open()
            return
        self._end_if("before")
        self._pauses_end.open()
        self._end_if("after")

    def _end_if(self, moment: str) -> None:
        if self._when == moment:
            self.victim.end()

    async def _until_none_is_stranded(self) -> None:
        for _ in range(4):
            await some_turns()
            if not self._stranded:
                return
