"""Ctrl-C in the middle of a mutex: on trio a KeyboardInterrupt can fall between any two bytecodes."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest
from interrupts import InterruptAt
from turns import TRIO_BACKENDS, leaves, run_on, settle

from anymutex import Mutex

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
ENOUGH = 2000


pytestmark = pytest.mark.usefixtures("default_ctrl_c")


async def use_alone(lock: Mutex) -> None:
    """Take the lock in every way there is."""
    async with lock:
        await anyio.lowlevel.checkpoint()
    if lock.try_acquire():
        lock.release()


async def use_contended(lock: Mutex) -> None:
    """Take the lock against another task."""

    async def other() -> None:
        async with lock:
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group, lock:
        group.start_soon(other)
        await settle()


USES: dict[str, Callable[[Mutex], Awaitable[None]]] = {"alone": use_alone, "contended": use_contended}


def interrupt(use: Callable[[Mutex], Awaitable[None]], line: int) -> tuple[bool, bool, object]:
    """Send SIGINT at `line`: tell if it was sent, and afterwards if the lock is held and by whom."""
    lock = Mutex()
    state: list[tuple[bool, object]] = []
    tracer = InterruptAt(line)

    async def main() -> None:
        await use(Mutex())
        try:
            sys.settrace(tracer)
            try:
                await use(lock)
            finally:
                sys.settrace(None)
        finally:
            statistics = lock.statistics()
            state.append((statistics.locked, statistics.owner))

    try:
        run_on(TRIO_BACKENDS["trio"], main)
    except BaseException as error:
        assert {KeyboardInterrupt} == {type(leaf) for leaf in leaves(error)}
    [(locked, owner)] = state
    return tracer.left <= 0, locked, owner


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_an_interrupt_at_any_line_leaves_no_lock_held(use: Callable[[Mutex], Awaitable[None]]) -> None:
    """Wherever in anymutex the signal falls, the lock is free once the block was left."""
    stuck: dict[int, object] = {}
    for line in range(1, ENOUGH):
        sent, locked, owner = interrupt(use, line)
        if not sent:
            break
        if locked:
            stuck[line] = owner

    assert {} == stuck
    assert 1 < line < ENOUGH


def test_an_interrupt_inside_the_block_releases() -> None:
    """A signal in the guarded code itself unwinds through the block."""
    lock = Mutex()
    states: list[bool] = []

    async def main() -> None:
        try:
            async with lock:
                states.append(lock.locked())
                signal.raise_signal(signal.SIGINT)
                await anyio.lowlevel.checkpoint()
        finally:
            states.append(lock.locked())

    with pytest.raises(BaseException) as caught:
        run_on(TRIO_BACKENDS["trio"], main)

    assert [KeyboardInterrupt] == [type(leaf) for leaf in leaves(caught.value)]
    assert [True, False] == states
