"""Worker threads."""

from __future__ import annotations

import threading

import anyio
from anyio import from_thread, to_thread


async def computed_in_a_thread() -> None:
    """Its value comes back."""
    assert await to_thread.run_sync(sum, [1, 2, 3]) == 6


async def two_threads_and_a_lock() -> None:
    """A lock of the loop's tasks is held over the call."""
    lock = anyio.Lock()
    inside = 0

    def enter_and_leave() -> None:
        nonlocal inside
        inside += 1
        assert inside == 1
        inside -= 1

    async def work() -> None:
        async with lock:
            await to_thread.run_sync(enter_and_leave)

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        group.start_soon(work)


async def an_error_in_a_thread() -> None:
    """It comes back too."""
    caught = ""
    try:
        await to_thread.run_sync(int, "x")
    except ValueError as error:
        caught = type(error).__name__
    assert caught == "ValueError"


async def threads_limited_to_one() -> None:
    """By a limiter of their own."""
    limiter = anyio.CapacityLimiter(1)
    inside = threading.Lock()

    def work() -> None:
        assert inside.acquire(blocking=False)
        inside.release()

    async def call() -> None:
        await to_thread.run_sync(work, limiter=limiter)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(call)
    assert limiter.borrowed_tokens == 0


async def a_call_back_into_the_loop() -> None:
    """A thread runs a function of the loop, and gets its value."""
    event = anyio.Event()

    def work() -> int:
        from_thread.run_sync(event.set)
        return from_thread.run(answer)

    async def answer() -> int:
        await event.wait()
        return 42

    assert await to_thread.run_sync(work) == 42
