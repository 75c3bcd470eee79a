# ruff: noqa: SIM300  # expected == actual, as everywhere in these tests
"""RunBound: which run a lock belongs to, and what is refused."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from turns import BACKENDS, place, run_on

from anymutex import ConflictError, DeadlockError, Mutex, OwnerEndedError, SharedMap

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("first", BACKENDS)
@pytest.mark.parametrize("second", BACKENDS)
def test_a_guard_goes_on_guarding_in_the_next_run(first: str, second: str) -> None:
    """Whoever never locks is told, also when the last run locked properly."""
    mux = Mutex()
    m = SharedMap({1: 1}, guarded_by=mux)

    async def lawful() -> None:
        async with mux:
            m[1] = 2

    def store() -> None:
        m[1] = 3

    accesses: list[Callable[[], object]] = [lambda: m[1], lambda: m.get(1), lambda: m.update({1: 3}), store]

    async def wrong() -> list[type[BaseException]]:
        found: list[type[BaseException]] = []
        for access in accesses:
            try:
                access()
            except ConflictError as error:
                found.append(type(error))
        return found

    run_on(BACKENDS[first], lawful)

    assert [ConflictError] * 4 == run_on(BACKENDS[second], wrong)


@pytest.mark.parametrize("name", BACKENDS)
def test_held_is_false_in_another_thread(name: str) -> None:
    """Also while the holder itself is at work."""
    mux = Mutex()
    answers: list[bool] = []

    async def main() -> None:
        async with mux:
            thread = threading.Thread(target=lambda: answers.append(mux.held()))
            thread.start()
            thread.join()
            answers.append(mux.held())

    run_on(BACKENDS[name], main)

    assert [False, True] == answers


def test_a_loop_that_stands_still_keeps_what_it_holds() -> None:
    """It may be run again: another loop is refused while the lock is held, and served when it is free."""
    mux = Mutex()
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()

    async def leave_it_free() -> None:
        async with mux:
            pass

    try:
        first.run_until_complete(mux.acquire())
        with pytest.raises(RuntimeError, match="is in use by the asyncio run of thread"):
            second.run_until_complete(leave_it_free())
        first.run_until_complete(first.create_task(asyncio.sleep(0)))
        mux_of_second = Mutex()
        second.run_until_complete(mux_of_second.acquire())
        assert mux_of_second.locked()
    finally:
        first.close()
        second.close()

    assert not mux.locked()


@pytest.mark.parametrize("name", BACKENDS)
def test_taken_at_names_the_users_line(name: str) -> None:
    """Not contextlib's, through which an AsyncExitStack takes it."""
    mux = Mutex()

    async def main() -> str:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(mux)  # taken
            with pytest.raises(DeadlockError) as caught:
                await mux.acquire()
        return str(caught.value.report)

    text = run_on(BACKENDS[name], main)

    assert place(main, "taken") in text
    assert "contextlib" not in text


@pytest.mark.parametrize("name", BACKENDS)
def test_an_owner_that_ended_leaves_no_cycle(name: str) -> None:
    """The error does not keep the frames of the waiters alive."""

    class Local:
        """Something of the waiter's."""

    mux = Mutex()
    kept: list[weakref.ref[Any]] = []

    async def waiter() -> None:
        local = Local()
        kept.append(weakref.ref(local))
        try:
            await mux.acquire()
        except OwnerEndedError:
            return

    async def owner() -> None:
        await mux.acquire()
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()

    async def main() -> list[object]:
        async with anyio.create_task_group() as group:
            group.start_soon(owner)
            await anyio.lowlevel.checkpoint()
            for _ in range(3):
                group.start_soon(waiter)
        return [one() for one in kept]

    gc.collect()
    gc.disable()
    try:
        assert [None] * 3 == run_on(BACKENDS[name], main)
    finally:
        gc.enable()


@pytest.mark.parametrize("name", BACKENDS)
def test_a_thread_that_writes_beside_a_loop_meets_no_assertion(name: str) -> None:
    """Whatever the moment: the write succeeds, and the reader may be told."""
    m = SharedMap(dict.fromkeys(range(50), 0))
    errors: list[BaseException] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            try:
                m[7] = 1
            except BaseException as error:  # that is what is looked for
                errors.append(error)

    async def read() -> None:
        for _ in range(300):
            try:
                for _ in m:
                    pass
            except ConflictError:
                continue

    thread = threading.Thread(target=write)
    thread.start()
    try:
        run_on(BACKENDS[name], read)
    finally:
        stop.set()
        thread.join()

    assert [] == errors
