"""Cancellation by scopes."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint


async def cancelled_by_itself() -> None:
    """The next await ends the block."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        await checkpoint()
        raise AssertionError("it was cancelled")
    assert scope.cancelled_caught


async def cancelled_by_a_sibling() -> None:
    """All tasks of the group end, and nothing is raised."""
    ended: list[str] = []

    async def sleep(name: str) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(name)

    async with anyio.create_task_group() as group:
        group.start_soon(sleep, "a")
        group.start_soon(sleep, "b")
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert sorted(ended) == ["a", "b"]


async def cancelled_before_it_begins() -> None:
    """A task that has not begun yet begins, and ends at its first await."""
    reached: list[str] = []

    async def work() -> None:
        reached.append("begin")
        await checkpoint()
        reached.append("end")

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        group.cancel_scope.cancel()
    assert reached == ["begin"]


async def cancelled_inside_only() -> None:
    """The outer scope goes on."""
    with anyio.CancelScope() as outer:
        with anyio.CancelScope() as inner:
            inner.cancel()
            await anyio.sleep(1)
        await checkpoint()
    assert (inner.cancelled_caught, outer.cancelled_caught) == (True, False)


async def cancelled_from_outside() -> None:
    """The inner scope does not catch what the outer one has cancelled."""
    with anyio.CancelScope() as outer:
        with anyio.CancelScope() as inner:
            outer.cancel()
            await anyio.sleep(1)
        raise AssertionError("it was cancelled")
    assert (inner.cancelled_caught, outer.cancelled_caught) == (False, True)


async def shielded_until_it_is_done() -> None:
    """A shield holds off the cancellation, and it comes behind it."""
    steps: list[str] = []

    async def work() -> None:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(1)
            steps.append("saved")
        await checkpoint()
        steps.append("too far")

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        await checkpoint()
        group.cancel_scope.cancel()
    assert steps == ["saved"]


async def cleaned_up_under_a_shield() -> None:
    """What has to await on its way out can."""
    is_closed = False

    async def work() -> None:
        nonlocal is_closed
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.5)
                is_closed = True

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert is_closed


async def cancelled_again_on_its_way_out() -> None:
    """Without a shield each await on the way out is cancelled too."""
    awaits = 0

    async def work() -> None:
        nonlocal awaits
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            for _ in range(3):
                with pytest.raises(anyio.get_cancelled_exc_class()):
                    await anyio.sleep(1)
                awaits += 1
            raise

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert awaits == 3


async def ended_by_an_error_of_a_sibling() -> None:
    """The error comes out of the group, and the others are cancelled."""
    is_ended = False

    async def sleep() -> None:
        nonlocal is_ended
        try:
            await anyio.sleep_forever()
        finally:
            is_ended = True

    async def fail() -> None:
        await started.wait()
        raise ValueError("bad")

    async def start() -> None:
        started.set()
        await sleep()

    started = anyio.Event()
    with pytest.raises(ExceptionGroup) as caught:
        async with anyio.create_task_group() as group:
            group.start_soon(start)
            group.start_soon(fail)
    assert caught.group_contains(ValueError, match="bad")
    assert is_ended


async def a_race_of_two() -> None:
    """The first one cancels the other: there is one winner or, if both had ended, two."""
    winners: list[str] = []

    async def run(name: str, steps: int) -> None:
        for _ in range(steps):
            await checkpoint()
        winners.append(name)
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(run, "a", 2)
        group.start_soon(run, "b", 2)
    assert winners in (["a"], ["b"])


async def a_worker_stopped_and_started_again() -> None:
    """Each is gone before the next one begins."""
    running = 0

    async def work(scope: anyio.CancelScope, ended: anyio.Event) -> None:
        nonlocal running
        try:
            with scope:
                running += 1
                assert running == 1
                await anyio.sleep_forever()
        finally:
            running -= 1
            ended.set()

    async with anyio.create_task_group() as group:
        for _ in range(3):
            scope, ended = anyio.CancelScope(), anyio.Event()
            group.start_soon(work, scope, ended)
            await checkpoint()
            scope.cancel()
            await ended.wait()
    assert running == 0
