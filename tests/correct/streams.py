"""anyio's memory object streams."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint


async def sent_in_order() -> None:
    """Through a buffer of one."""
    send, receive = anyio.create_memory_object_stream[int](1)
    got: list[int] = []

    async def produce() -> None:
        with send:
            for number in range(3):
                await send.send(number)

    async def consume() -> None:
        with receive:
            async for number in receive:
                got.append(number)  # noqa: PERF401  # one at a time

    async with anyio.create_task_group() as group:
        group.start_soon(produce)
        group.start_soon(consume)
    assert got == [0, 1, 2]


async def handed_over_without_a_buffer() -> None:
    """Who sends waits until somebody has it."""
    send, receive = anyio.create_memory_object_stream[int]()
    has_got = False

    async def consume() -> None:
        nonlocal has_got
        assert await receive.receive() == 1
        has_got = True

    with send, receive:
        async with anyio.create_task_group() as group:
            group.start_soon(consume)
            with pytest.raises(anyio.WouldBlock):
                send.send_nowait(0)
            await send.send(1)
        assert has_got


async def shared_by_two_consumers() -> None:
    """Each item comes to one of them, and both end with the last one who sends."""
    send, receive = anyio.create_memory_object_stream[int](2)
    got: list[int] = []

    async def consume() -> None:
        with receive.clone() as mine:
            async for number in mine:
                got.append(number)
                await checkpoint()

    with receive:
        async with anyio.create_task_group() as group:
            group.start_soon(consume)
            group.start_soon(consume)
            with send:
                for number in range(4):
                    await send.send(number)
    assert sorted(got) == [0, 1, 2, 3]


async def fed_by_two_producers() -> None:
    """It ends when both have closed their clones."""
    send, receive = anyio.create_memory_object_stream[str]()

    async def produce(name: str) -> None:
        with send.clone() as mine:
            await mine.send(f"{name}1")
            await mine.send(f"{name}2")

    with receive:
        async with anyio.create_task_group() as group:
            with send:
                group.start_soon(produce, "a")
                group.start_soon(produce, "b")
                await anyio.wait_all_tasks_blocked()
            got = [item async for item in receive]
    assert sorted(got) == ["a1", "a2", "b1", "b2"]
    assert got.index("a1") < got.index("a2")
    assert got.index("b1") < got.index("b2")


async def broken_when_nobody_receives() -> None:
    """Who waits to send is told."""
    send, receive = anyio.create_memory_object_stream[int]()

    async def produce() -> None:
        with send, pytest.raises(anyio.BrokenResourceError):
            await send.send(1)

    async with anyio.create_task_group() as group:
        group.start_soon(produce)
        await checkpoint()
        receive.close()


async def ended_while_somebody_receives() -> None:
    """Who waits is told."""
    send, receive = anyio.create_memory_object_stream[int]()

    async def consume() -> None:
        with receive, pytest.raises(anyio.EndOfStream):
            await receive.receive()

    async with anyio.create_task_group() as group:
        group.start_soon(consume)
        await checkpoint()
        send.close()


async def nothing_lost_by_a_cancelled_receiver() -> None:
    """What it did not get is there for the next one."""
    send, receive = anyio.create_memory_object_stream[int](1)
    scope = anyio.CancelScope()
    got: list[int] = []

    async def consume() -> None:
        with scope:
            got.append(await receive.receive())

    with send, receive:
        async with anyio.create_task_group() as group:
            group.start_soon(consume)
            await checkpoint()
            scope.cancel()
            send.send_nowait(1)
        if not got:
            got.append(receive.receive_nowait())
    assert got == [1]


async def nothing_left_by_a_cancelled_sender() -> None:
    """What it could not send does not come later."""
    send, receive = anyio.create_memory_object_stream[int](1)
    scope = anyio.CancelScope()
    send.send_nowait(0)

    async def produce() -> None:
        with scope:
            await send.send(1)

    with send, receive:
        async with anyio.create_task_group() as group:
            group.start_soon(produce)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
        assert await receive.receive() == 0
        with pytest.raises(anyio.WouldBlock):
            receive.receive_nowait()


async def asked_and_answered() -> None:
    """Each answer comes to who has asked."""
    send, receive = anyio.create_memory_object_stream[tuple[int, list[int], anyio.Event]](1)

    async def ask(number: int) -> None:
        answer: list[int] = []
        is_there = anyio.Event()
        await send.send((number, answer, is_there))
        await is_there.wait()
        assert answer == [number * number]

    async def serve() -> None:
        for _ in range(3):
            number, answer, is_there = await receive.receive()
            await checkpoint()
            answer.append(number * number)
            is_there.set()

    with send, receive:
        async with anyio.create_task_group() as group:
            group.start_soon(serve)
            for number in range(3):
                group.start_soon(ask, number)


async def described_by_its_statistics() -> None:
    """What is in the buffer, and who waits."""
    send, receive = anyio.create_memory_object_stream[int](1)
    with send, receive:
        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(send.send, number)
            await anyio.wait_all_tasks_blocked()
            told = send.statistics()
            assert (told.current_buffer_used, told.tasks_waiting_send) == (1, 2)
            assert sorted([await receive.receive() for _ in range(3)]) == [0, 1, 2]
