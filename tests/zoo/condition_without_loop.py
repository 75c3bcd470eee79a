"""A task waits at a condition for two parts, and takes them when it is woken, without a second look.

Racy: P makes the first part and notifies, and later the second one. C looks once, waits once, and takes both;
woken between the two it finds one. The model below counts.

Safe: C looks again each time it is woken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Condition, Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (26, 10)
SAFE = 26
KIND = "exception"


async def put_both(parts: list[str], changed: anyio.Condition) -> None:
    """Make one after the other, and tell each time."""
    for part in ("lid", "box"):
        await anyio.lowlevel.checkpoint()
        async with changed:
            parts.append(part)
            changed.notify_all()


async def racy() -> None:
    """Look once."""
    parts: list[str] = []
    taken: list[str] = []
    changed = anyio.Condition()

    async def take() -> None:
        async with changed:
            if len(parts) < 2:
                await changed.wait()
            taken.extend(parts)

    async with anyio.create_task_group() as group:
        group.start_soon(take)
        group.start_soon(put_both, parts, changed)
    assert len(taken) == 2, f"took {taken}"


async def safe() -> None:
    """Look until both are there."""
    parts: list[str] = []
    taken: list[str] = []
    changed = anyio.Condition()

    async def take() -> None:
        async with changed:
            while len(parts) < 2:
                await changed.wait()
            taken.extend(parts)

    async with anyio.create_task_group() as group:
        group.start_soon(take)
        group.start_soon(put_both, parts, changed)
    assert len(taken) == 2, f"took {taken}"


def model(*, loops: bool) -> Model:
    """The same without an event loop."""
    parts: list[str] = []
    taken: list[str] = []
    changed = Condition()

    def take() -> Steps:
        yield from changed.acquire()
        if len(parts) < 2:
            yield from changed.sleep()
        while loops and len(parts) < 2:
            yield from changed.sleep()
        taken.extend(parts)
        changed.release()

    def put_both() -> Steps:
        for part in ("lid", "box"):
            yield
            yield from changed.acquire()
            parts.append(part)
            changed.notify_all()
            changed.release()

    return Model([take(), put_both()], lambda: len(taken) == 2)


def racy_model() -> Model:
    """Of `racy`."""
    return model(loops=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(loops=True)
