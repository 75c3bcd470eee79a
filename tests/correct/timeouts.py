"""Clocks, sleep, move_on_after and fail_after."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint


async def moved_on() -> None:
    """After its time."""
    began = anyio.current_time()
    with anyio.move_on_after(2) as scope:
        await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert anyio.current_time() - began == pytest.approx(2)


async def failed() -> None:
    """With a TimeoutError."""
    with pytest.raises(TimeoutError):
        with anyio.fail_after(1):
            await anyio.sleep(5)


async def done_in_time() -> None:
    """Then nothing happens, also later."""
    with anyio.fail_after(2) as scope:
        await anyio.sleep(1)
    await anyio.sleep(5)
    assert not scope.cancelled_caught


async def one_within_another() -> None:
    """The shorter one counts, be it inside or outside."""
    for outside, inside in ((1, 5), (5, 1)):
        with anyio.move_on_after(outside) as outer:
            with anyio.move_on_after(inside) as inner:
                await anyio.sleep(10)
        assert (outer.cancelled_caught, inner.cancelled_caught) == (outside == 1, inside == 1)


async def put_off() -> None:
    """A deadline may be moved while it runs."""
    with anyio.move_on_after(1) as scope:
        await anyio.sleep(0.5)
        scope.deadline += 2
        await anyio.sleep(2)
    assert not scope.cancelled_caught


async def woken_in_the_order_of_their_times() -> None:
    """Whoever began to sleep first."""
    woken: list[int] = []

    async def sleep(seconds: int) -> None:
        await anyio.sleep(seconds)
        woken.append(seconds)

    async with anyio.create_task_group() as group:
        for seconds in (3, 1, 2):
            group.start_soon(sleep, seconds)
    assert woken == [1, 2, 3]


async def slept_until_a_time() -> None:
    """All who sleep until it wake at it."""
    begin = anyio.current_time()
    times: list[float] = []

    async def sleep() -> None:
        await anyio.sleep_until(begin + 3)
        times.append(anyio.current_time() - begin)

    async with anyio.create_task_group() as group:
        group.start_soon(sleep)
        group.start_soon(sleep)
    assert times == pytest.approx([3, 3])


async def a_lock_not_got_in_time() -> None:
    """Who gives up leaves the line, and who comes later gets it."""
    lock = anyio.Lock()

    async def hold() -> None:
        async with lock:
            await anyio.sleep(3)

    async def try_it() -> None:
        await anyio.sleep(1)
        with anyio.move_on_after(1) as scope:
            async with lock:
                raise AssertionError("it is held")
        assert scope.cancelled_caught

    async with anyio.create_task_group() as group:
        group.start_soon(hold)
        group.start_soon(try_it)
    lock.acquire_nowait()


async def an_event_at_the_last_moment() -> None:
    """At the same time as the deadline either may come first, but not both and not neither."""
    event = anyio.Event()
    outcomes: list[str] = []

    async def set_it() -> None:
        await anyio.sleep(1)
        event.set()

    async def wait() -> None:
        with anyio.move_on_after(1) as scope:
            await event.wait()
            outcomes.append("event")
        if scope.cancelled_caught:
            outcomes.append("deadline")

    async with anyio.create_task_group() as group:
        group.start_soon(set_it)
        group.start_soon(wait)
    assert outcomes in (["event"], ["deadline"])


async def shielded_from_a_deadline() -> None:
    """What is shielded ends, and the deadline shows behind it."""
    saved = False
    with anyio.move_on_after(1) as scope:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(2)
            saved = True
        await checkpoint()
    assert saved
    assert scope.cancelled_caught


async def tried_again_with_longer_and_longer_pauses() -> None:
    """Until it works, at the time that follows."""
    began = anyio.current_time()
    tries = 0

    async def connect() -> None:
        nonlocal tries
        tries += 1
        await checkpoint()
        if tries < 4:
            raise OSError("refused")

    pause = 1
    while True:
        try:
            await connect()
            break
        except OSError:
            await anyio.sleep(pause)
            pause *= 2
    assert tries == 4
    assert anyio.current_time() - began == pytest.approx(7)


async def a_heartbeat_beside_the_work() -> None:
    """It beats as often as there were seconds, and ends with the work."""
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await anyio.sleep(1)
            beats += 1

    async with anyio.create_task_group() as group:
        group.start_soon(beat)
        await anyio.sleep(10.5)
        group.cancel_scope.cancel()
    assert beats == 10


async def a_long_sleep_beside_a_heartbeat() -> None:
    """Ten minutes are no hang."""
    is_over = False

    async def beat() -> None:
        while not is_over:  # noqa: ASYNC110  # it has nothing to wait for
            await anyio.sleep(1)

    async with anyio.create_task_group() as group:
        group.start_soon(beat)
        await anyio.sleep(600)
        is_over = True
