"""Producers and consumers at memory object streams, with counts that both sides keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

PAIRS = 4


class Counts:
    """How many were sent and received."""

    def __init__(self) -> None:
        self.sent = 0
        self.received: dict[int, int] = {}


async def main(times: int) -> None:
    """Send `times` items from each producer."""
    counts = Counts()

    async def produce(stream: MemoryObjectSendStream[int]) -> None:
        async with stream:
            for number in range(times):
                await stream.send(number)
                counts.sent += 1

    async def consume(name: int, stream: MemoryObjectReceiveStream[int]) -> None:
        async with stream:
            async for _ in stream:
                counts.received[name] = counts.received.get(name, 0) + 1

    sending, receiving = anyio.create_memory_object_stream[int](10)
    async with sending, receiving, anyio.create_task_group() as group:
        for name in range(PAIRS):
            group.start_soon(produce, sending.clone())
            group.start_soon(consume, name, receiving.clone())
        await sending.aclose()
    assert sum(counts.received.values()) == counts.sent == times * PAIRS
