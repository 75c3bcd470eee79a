"""The tool that ends coroutines at each of their awaits: does it, and does it see what a bad lock leaves?"""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from cancelling import Gate, Play, Scene, Victim, every_way

if TYPE_CHECKING:
    from cancelling import Pause, Way


async def count_to_four(counted: list[int]) -> None:
    """Suspend four times."""
    for number in range(1, 5):
        await anyio.lowlevel.checkpoint()
        counted.append(number)


@every_way
async def test_a_victim_is_ended_at_the_suspension_it_should(way: Way) -> None:
    """What comes before is done, what comes after is not."""
    done: list[list[int]] = []
    for at in range(1, 5):
        counted: list[int] = []
        victim = Victim(count_to_four(counted), way, at)
        async with anyio.create_task_group() as group:
            group.start_soon(victim.run)
        assert not victim.came_through
        done.append(counted)

    assert [[], [1], [1, 2], [1, 2, 3]] == done


@every_way
async def test_a_victim_that_is_spared_comes_through(way: Way) -> None:
    """Its suspensions are counted, and it may be ended too late."""
    counted: list[int] = []
    victim = Victim(count_to_four(counted), way, at=5)
    async with anyio.create_task_group() as group:
        group.start_soon(victim.run)

    assert [1, 2, 3, 4] == counted
    assert (True, 4, None) == (victim.came_through, victim.suspensions, victim.ended_at)


class BadLock:
    """A lock as one writes it first: whoever is handed it and is gone by then has it for ever."""

    def __init__(self) -> None:
        self.is_held = False
        self.waiting: deque[Gate] = deque()

    async def hold(self, pause: Pause) -> None:
        """Take it, pause, give it back."""
        if self.is_held:
            gate = Gate()
            self.waiting.append(gate)
            await gate.wait()
        self.is_held = True
        try:
            await pause()
        finally:
            if self.waiting:
                self.waiting.popleft().open()
            else:
                self.is_held = False


def bad_scene() -> Scene:
    """Three tasks at one of them."""
    lock = BadLock()
    part = lock.hold
    return Scene(part, part, lambda: (lock.is_held, len(lock.waiting)), lambda _: (False, 0), holder=part)


async def test_a_bad_lock_is_good_enough_if_nobody_is_cancelled() -> None:
    """So a test without cancellation passes it."""
    play = Play(bad_scene())
    outcome = await play.run()

    assert play.expected(outcome) == outcome


@every_way
async def test_a_bad_lock_is_seen_to_strand_others(way: Way) -> None:
    """The witness and the latecomer wait for ever, and the lock is held by nobody who lives."""
    for when in (1, "queued", "before"):
        outcome = await Play(bad_scene(), way, when).run()

        assert {"witness", "latecomer"} == outcome.stranded
        assert (True, 1) == outcome.left
