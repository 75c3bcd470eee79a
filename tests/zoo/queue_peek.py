"""Two consumers look whether there is something in the queue, and then receive it: there is one item.

Racy: A1 looks and goes to receive, which lets the others in first; A2 has the item, or waits for ever if
there is none left. B alike, but B1 after A2 finds nothing and is all of B. A1 A2 B1 is fine, A1 B1 A2 B2 and
A1 B1 B2 A2 are not. With B first as many: 6 schedules, 4 fail.

Safe: A1 takes it in the step that looks. A and B have one step each: 2 schedules.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (6, 4)
SAFE = 2
KIND = "deadlock"


async def racy() -> None:
    """Look, and then receive."""
    send, receive = anyio.create_memory_object_stream[str](1)

    async def consume() -> None:
        if receive.statistics().current_buffer_used:
            await receive.receive()

    with send, receive:
        send.send_nowait("item")
        async with anyio.create_task_group() as group:
            group.start_soon(consume)
            group.start_soon(consume)


async def safe() -> None:
    """Receive, or see that there is nothing."""
    send, receive = anyio.create_memory_object_stream[str](1)

    async def consume() -> None:
        with suppress(anyio.WouldBlock):
            receive.receive_nowait()

    with send, receive:
        send.send_nowait("item")
        async with anyio.create_task_group() as group:
            group.start_soon(consume)
            group.start_soon(consume)


def racy_model() -> Model:
    """Of `racy`."""
    items = ["item"]

    def consume() -> Steps:
        if items:
            yield
            if not items:
                yield lambda: False
            items.pop()

    return Model([consume(), consume()])


def safe_model() -> Model:
    """Of `safe`."""
    items = ["item"]

    def consume() -> Steps:
        if items:
            items.pop()
        yield from ()

    return Model([consume(), consume()])
