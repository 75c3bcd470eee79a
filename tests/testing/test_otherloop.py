"""A program that calls asyncio or trio itself is explored there, and not blamed for failing on the other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio
import pytest
import trio
from anyio.lowlevel import checkpoint

from anymutex.errors import UsageError
from anymutex.testing import explore, replay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def gathered() -> None:
    """Leave coroutines that were never begun where there is no loop."""
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))


async def tasks_of_asyncio() -> None:
    """In a group."""
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(1))


async def event_of_asyncio() -> None:
    """It fails on None in asyncio's own code."""
    event = asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)
    await event.wait()


async def sleep_of_asyncio() -> None:
    """It gives trio what trio can't read, in a task."""
    async with anyio.create_task_group() as group:
        group.start_soon(asyncio.sleep, 0)


async def future_of_asyncio() -> None:
    """Made by code in C."""
    future: asyncio.Future[None] = asyncio.Future()
    future.set_result(None)
    await future


async def nursery() -> None:
    """Open one."""
    async with trio.open_nursery() as opened:
        opened.start_soon(trio.sleep, 1)


async def sleep_of_trio() -> None:
    """It gives asyncio what asyncio can't read."""
    await trio.lowlevel.checkpoint()


async def limit_of_trio() -> None:
    """It asks for the time."""
    with trio.move_on_after(1):
        await checkpoint()


OF_ASYNCIO: list[Callable[[], Awaitable[None]]] = [
    gathered,
    tasks_of_asyncio,
    event_of_asyncio,
    sleep_of_asyncio,
    future_of_asyncio,
]
OF_TRIO: list[Callable[[], Awaitable[None]]] = [nursery, sleep_of_trio, limit_of_trio]


def test_the_other_backend_is_left_out() -> None:
    """The verdict is that of the one it is written for, and says so; alone, the other is refused."""
    for programs, own, other in ((OF_ASYNCIO, "asyncio", "trio"), (OF_TRIO, "trio", "asyncio")):
        for program in programs:
            result = explore(program)

            assert ("proved", [own], [other]) == (
                result.verdict,
                list(result.schedules),
                list(result.left_out),
            )
            assert f"not run on {other}: it calls {own}" in str(result)
            with pytest.raises(UsageError, match=f"can't run on {other}: it calls {own}.*{own}'"):
                explore(program, backends=other)
            with pytest.raises(UsageError, match=f"can't run on {other}"):
                replay(program, "v1", backend=other)


def test_who_calls_both_is_refused() -> None:
    """There is no backend left to tell anything of."""

    async def program() -> None:
        try:
            asyncio.get_running_loop()
        finally:
            await sleep_of_trio()

    with pytest.raises(UsageError, match="can't run on"):
        explore(program)


def test_a_call_that_needs_bad_luck_is_a_failure() -> None:
    """The program runs on both loops, but for one branch of it."""

    async def program() -> None:
        order: list[int] = []

        async def note(number: int) -> None:
            order.append(number)
            if order == [2]:
                asyncio.get_running_loop()

        async with anyio.create_task_group() as group:
            group.start_soon(note, 1)
            group.start_soon(note, 2)

    result = explore(program)

    assert result.failure is not None
    assert result.failure.backend == "trio"
    assert result.failure.token == "v1,1=0.1"
