"""Worker threads."""

from __future__ import annotations

import threading
import time

import anyio
from anyio import from_thread, to_thread
from anyio.lowlevel import checkpoint


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


async def done_long_before_a_deadline() -> None:
    """A thread that takes a moment of real time is not late by the virtual clock."""
    with anyio.fail_after(1):
        await to_thread.run_sync(time.sleep, 0.001)


async def beside_tasks_that_go_on() -> None:
    """They do what they do meanwhile, and nothing of either is lost."""
    done: list[str] = []

    async def work() -> None:
        for _ in range(2):
            await checkpoint()
            done.append("task")

    async def call() -> None:
        await to_thread.run_sync(done.append, "thread")
        await to_thread.run_sync(done.append, "thread")

    async with anyio.create_task_group() as group:
        for task in (work, call, work, call):
            group.start_soon(task)
    assert sorted(done) == ["task"] * 4 + ["thread"] * 4


async def waiting_for_what_a_task_does() -> None:
    """A thread waits in the loop for an event that a task sets a second later."""
    event = anyio.Event()

    async def set_it() -> None:
        await anyio.sleep(1)
        event.set()

    async with anyio.create_task_group() as group:
        group.start_soon(set_it)
        await to_thread.run_sync(from_thread.run, event.wait)
    assert event.is_set()


async def not_begun_by_who_is_cancelled() -> None:
    """Who is cancelled before it calls runs nothing; who has called gets the end of it."""
    calls: list[str] = []
    scope = anyio.CancelScope()

    async def call() -> None:
        with scope:
            await to_thread.run_sync(calls.append, "begun")
            calls.append("ended")

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        await checkpoint()
        scope.cancel()
    assert calls in ([], ["begun"], ["begun", "ended"])
