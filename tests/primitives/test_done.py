"""DONE: awaiting it gives None at once, any number of times, anywhere."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

import anyio
from turns import run_in_thread

from anymutex.primitives.done import DONE


async def await_done(times: int) -> list[None]:
    """Await it again and again."""
    return [await DONE for _ in range(times)]  # type: ignore[func-returns-value]


def test_it_never_suspends() -> None:
    """A coroutine that awaits it ends in its first step, without an event loop."""
    coroutine = await_done(3)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result = stop.value

    assert [None] * 3 == result


async def test_it_gives_none_on_every_backend() -> None:
    """Also as the last thing a task does."""
    assert [None] * 3 == await await_done(3)
    async with anyio.create_task_group() as group:
        group.start_soon(await_done, 1)


async def test_no_other_task_runs_meanwhile() -> None:
    """Nothing is given up in an `__aexit__`."""
    ran: list[bool] = []

    async def other() -> None:
        ran.append(True)

    async with anyio.create_task_group() as group:
        await anyio.lowlevel.checkpoint()
        ran.clear()
        group.start_soon(other)
        before = list(ran)
        await await_done(100)

        assert before == ran


def test_threads_may_share_it() -> None:
    """It has no state."""
    assert [[None]] * 3 == [run_in_thread(lambda: asyncio.run(await_done(1))) for _ in range(3)]


def test_an_async_with_may_return_it() -> None:
    """What it is for."""

    class Block:
        """Has nothing to wait for on exit."""

        async def __aenter__(self) -> str:
            return "inside"

        def __aexit__(self, *_: object) -> Any:
            return DONE

    async def main() -> str:
        async with Block() as where:
            return where
        raise AssertionError  # an exception is not swallowed, nor is a return

    assert "inside" == asyncio.run(main())


def test_an_exception_passes_through() -> None:
    """None is false: nothing is suppressed."""

    class Block:
        """Has nothing to wait for on exit."""

        async def __aenter__(self) -> None:
            return None

        def __aexit__(self, *_: object) -> Any:
            return DONE

    async def main() -> str:
        try:
            async with Block():
                raise KeyError(1)
        except KeyError:
            return "passed"

    assert "passed" == asyncio.run(main())


def test_nothing_is_allocated() -> None:
    """One iterator serves all: that is why it is there."""

    async def main() -> int:
        await DONE
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(100):
            await DONE
        return tracemalloc.get_traced_memory()[0] - before

    tracemalloc.start()
    try:
        coroutine = main()
        grown = -1
        try:
            coroutine.send(None)
        except StopIteration as stop:
            grown = stop.value
    finally:
        tracemalloc.stop()

    assert 0 <= grown < 200
    assert DONE.__await__() is DONE.__await__()
