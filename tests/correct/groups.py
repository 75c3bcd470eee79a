"""Task groups, nested and with `start`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from anyio.lowlevel import checkpoint

if TYPE_CHECKING:
    from anyio.abc import TaskGroup, TaskStatus


async def waited_for_to_the_end() -> None:
    """Behind the group all its tasks have ended."""
    done = 0

    async def work() -> None:
        nonlocal done
        await checkpoint()
        await checkpoint()
        done += 1

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(work)
    assert done == 4


async def started_with_a_value() -> None:
    """`start` comes back when the task says so, with its value."""
    is_over = anyio.Event()

    async def serve(*, task_status: TaskStatus[int]) -> None:
        await checkpoint()
        task_status.started(80)
        await is_over.wait()

    async with anyio.create_task_group() as group:
        assert await group.start(serve) == 80
        is_over.set()


async def two_started_one_after_the_other() -> None:
    """The second one finds the first one ready."""
    ready: list[str] = []

    async def serve(name: str, needs: list[str], *, task_status: TaskStatus[None]) -> None:
        assert ready == needs
        await checkpoint()
        ready.append(name)
        task_status.started()
        await checkpoint()

    async with anyio.create_task_group() as group:
        await group.start(serve, "database", [])
        await group.start(serve, "server", ["database"])
    assert ready == ["database", "server"]


async def failed_before_it_was_started() -> None:
    """`start` raises what the task has raised, and the group goes on."""

    async def serve(*, task_status: TaskStatus[None]) -> None:
        await checkpoint()
        raise ValueError("no port is free")

    async with anyio.create_task_group() as group:
        with pytest.raises(ValueError, match="no port is free"):
            await group.start(serve)
        group.start_soon(checkpoint)


async def ended_without_having_been_started() -> None:
    """`start` tells."""

    async def serve(*, task_status: TaskStatus[None]) -> None:
        await checkpoint()

    async with anyio.create_task_group() as group:
        with pytest.raises(RuntimeError):
            await group.start(serve)


async def cancelled_while_it_starts() -> None:
    """A limit around `start` ends the task too."""
    is_ended = False

    async def serve(*, task_status: TaskStatus[None]) -> None:
        nonlocal is_ended
        try:
            await anyio.sleep_forever()
        finally:
            is_ended = True

    async with anyio.create_task_group() as group:
        with anyio.move_on_after(1) as scope:
            await group.start(serve)
        assert scope.cancelled_caught
    assert is_ended


async def one_within_another() -> None:
    """The inner one ends before the outer one goes on."""
    order: list[str] = []

    async def work(name: str) -> None:
        await checkpoint()
        order.append(name)

    async def nest() -> None:
        async with anyio.create_task_group() as inner:
            inner.start_soon(work, "inner")
            inner.start_soon(work, "inner")
        order.append("behind")

    async with anyio.create_task_group() as outer:
        outer.start_soon(nest)
    assert order == ["inner", "inner", "behind"]


async def children_that_have_children() -> None:
    """In one group, three generations."""
    born: list[int] = []

    async def live(group: TaskGroup, generation: int) -> None:
        born.append(generation)
        await checkpoint()
        if generation < 2:
            for _ in range(2):
                group.start_soon(live, group, generation + 1)

    async with anyio.create_task_group() as group:
        group.start_soon(live, group, 0)
    assert sorted(born) == [0, 1, 1, 2, 2, 2, 2]


async def results_gathered() -> None:
    """Each in its place."""
    results: list[int | None] = [None] * 3

    async def square(number: int) -> None:
        for _ in range(number):
            await checkpoint()
        results[number] = number * number

    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(square, number)
    assert results == [0, 1, 4]


async def errors_gathered() -> None:
    """Of two tasks that fail in one step each, neither error is lost."""

    async def fail(error: Exception) -> None:
        raise error

    with pytest.raises(ExceptionGroup) as caught:
        async with anyio.create_task_group() as group:
            group.start_soon(fail, ValueError())
            group.start_soon(fail, KeyError())
    assert {type(error) for error in caught.value.exceptions} == {ValueError, KeyError}


async def the_inner_one_cancelled() -> None:
    """The outer one's tasks go on."""
    done: list[str] = []

    async def sleep(name: str, seconds: float) -> None:
        await anyio.sleep(seconds)
        done.append(name)

    async with anyio.create_task_group() as outer:
        outer.start_soon(sleep, "outer", 2)
        async with anyio.create_task_group() as inner:
            inner.start_soon(sleep, "inner", 2)
            await anyio.sleep(1)
            inner.cancel_scope.cancel()
    assert done == ["outer"]


async def a_pipeline() -> None:
    """Three stages, each in a task of its own."""
    first, second = (anyio.create_memory_object_stream[int](1) for _ in range(2))
    got: list[int] = []

    async def number() -> None:
        with first[0] as send:
            for value in range(3):
                await send.send(value)

    async def double() -> None:
        with first[1] as receive, second[0] as send:
            async for value in receive:
                await send.send(2 * value)

    async def collect() -> None:
        with second[1] as receive:
            async for value in receive:
                got.append(value)  # noqa: PERF401  # one at a time

    async with anyio.create_task_group() as group:
        for stage in (collect, double, number):
            group.start_soon(stage)
    assert got == [0, 2, 4]
